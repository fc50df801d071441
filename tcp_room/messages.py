"""What a JSON client may say, and nothing else.

Decoding is validating: a field of a wrong type, a missing one, an unknown kind
and broken JSON each become a `RoomError`. Unknown fields are ignored, so that
a client of tomorrow can talk to a server of today.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tcp_room.errors import RoomError

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Session = Annotated[str, Meta(min_length=16, max_length=64)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]  # what JavaScript can count to


class Message(msgspec.Struct, tag_field="kind", frozen=True):
    id: Id | None = None


class Hello(Message, tag="hello", frozen=True):
    nick: str | None = None
    room: str | None = None
    since: Seq | None = None
    epoch: str | None = None
    session: Session | None = None
    watch: bool = False
    bot: bool = False


class Say(Message, tag="say", frozen=True, kw_only=True):
    text: str


class Act(Message, tag="act", frozen=True, kw_only=True):
    text: str


class Command(Message, tag="command", frozen=True, kw_only=True):
    line: str


class Nick(Message, tag="nick", frozen=True, kw_only=True):
    nick: str


class Join(Message, tag="join", frozen=True, kw_only=True):
    room: str
    since: Seq | None = None
    epoch: str | None = None


class Topic(Message, tag="topic", frozen=True, kw_only=True):
    text: str


class Typing(Message, tag="typing", frozen=True):
    pass


class Dm(Message, tag="dm", frozen=True, kw_only=True):
    to: str
    text: str


class Who(Message, tag="who", frozen=True):
    pass


class History(Message, tag="history", frozen=True):
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, Meta(ge=1)] | None = None


class Search(Message, tag="search", frozen=True, kw_only=True):
    text: Annotated[str, Meta(max_length=200)]
    before: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Ping(Message, tag="ping", frozen=True):
    pass


AnyMessage = (
    Hello | Say | Act | Command | Nick | Join | Topic | Typing | Dm | Who | History | Search | Ping
)

_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


class _Id(msgspec.Struct):
    id: str | None = None


def decode(line: bytes) -> AnyMessage:
    """One JSON line as a typed message.

    Raises RoomError `bad_json` (not JSON, not UTF-8, nested too deep) or
    `bad_message` (JSON of another shape), each saying where.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError as error:
        raise RoomError("bad_message", f"that message is not right: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RoomError("bad_json", f"that is not JSON: {error}") from None


def id_of(line: bytes) -> str | None:
    """The `id` of a message that could not be decoded, if it has one to be answered with."""
    try:
        return msgspec.json.decode(line, type=_Id).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
