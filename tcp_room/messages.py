"""What a JSON client may say, and nothing else.

Decoding is validating: a field of a wrong type, a missing one, an unknown kind
and broken JSON each become a `RoomError`. Unknown fields are ignored, so that
a client of tomorrow can talk to a server of today.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tcp_room.errors import RoomError, echo

# Its characters are checked in `decode`: a pattern here would cost half a microsecond a message.
Id = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema={"pattern": "^[ -~]+$"})]
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
    text: Annotated[str, Meta(extra_json_schema={"maxLength": 200})]  # see `search.words`
    before: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Ping(Message, tag="ping", frozen=True):
    pass


AnyMessage = (
    Hello | Say | Act | Command | Nick | Join | Topic | Typing | Dm | Who | History | Search | Ping
)

_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


class _Id(msgspec.Struct):
    id: Id | None = None


_id_decoder: msgspec.json.Decoder[_Id] = msgspec.json.Decoder(_Id)
BAD_ID: Final = "an id is 1 to 64 printable ASCII characters; send the message with another id"


def decode(line: bytes) -> AnyMessage:
    """One JSON line as a typed message.

    Raises RoomError `bad_json` (not JSON, not UTF-8, nested too deep) or
    `bad_message` (JSON of another shape, an id that is not printable ASCII), each saying where.
    """
    try:
        message = _decoder.decode(line)
    except msgspec.ValidationError as error:
        raise RoomError("bad_message", f"that message is not right: {echo(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RoomError("bad_json", f"that is not JSON: {echo(str(error))}") from None
    id = message.id  # `is_printable_ascii` without its call
    if id is not None and not (id.isascii() and id.isprintable()):
        raise RoomError("bad_message", BAD_ID)
    return message


def is_printable_ascii(text: str) -> bool:
    """What an id is made of, on every door: it reaches other people's terminals."""
    return text.isascii() and text.isprintable()


def id_of(line: bytes) -> str | None:
    """The `id` of a message that could not be decoded, if it has one to be answered with."""
    try:
        id = _id_decoder.decode(line).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return id if id is None or is_printable_ascii(id) else None
