"""Lines of the JSON view: events as they are read, messages as they are written.

An unknown line is skipped: one that is no event (a greeting for people), and a kind or a field
of a server that is newer than this client.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tcp_room import events, text
from tcp_room.events import Range
from tcp_room.messages import Message

# As those of `events`, with the kinds that their events may be of: to read them one must know.


class Gap(events.Event, frozen=True, tag="gap"):
    """Between two logs there are no numbers to give."""

    reason: str
    first: int = msgspec.field(name="from", default=0)
    last: int = msgspec.field(name="to", default=0)


class History(events.Event, frozen=True, tag="history"):
    events: Sequence[events.Say | events.Act | events.Topic]
    more: bool
    id: str | None = None
    first: int = msgspec.field(name="from", default=1)
    last: int = msgspec.field(name="to", default=0)
    gaps: Sequence[Range] = []


class Found(events.Event, frozen=True, tag="found"):
    events: Sequence[events.Say | events.Act | events.Topic]
    more: bool
    before: int
    id: str | None = None
    lost: int = 0


AnyEvent = (
    events.Say
    | events.Act
    | events.Topic
    | events.Presence
    | events.Typing
    | events.Dm
    | events.Welcome
    | events.Live
    | Gap
    | events.Nick
    | events.Members
    | events.Rooms
    | History
    | Found
    | events.Help
    | events.Notice
    | events.Error
    | events.Pong
)
_encode: Final = msgspec.json.encode
_decoder: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


def decode(line: bytes) -> events.Event | None:
    """None if it is to be passed over."""
    if not line.startswith(b"{"):
        return None
    try:
        event = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(event, Gap):
        return events.Gap(event.first, event.last, event.reason)
    if isinstance(event, History):
        return events.History(*msgspec.structs.astuple(event))
    if isinstance(event, Found):
        return events.Found(*msgspec.structs.astuple(event))
    return event


def encode(message: Message) -> bytes:
    """One line, without its end.

    Raises RoomError if a text of the message has no form in UTF-8: `bad_utf8` for bytes of a
    command line or terminal that were not UTF-8 (Python keeps them as U+DC80 to U+DCFF, PEP 383),
    `bad_text` for any other lone surrogate.
    """
    try:
        return _encode(message)
    except UnicodeEncodeError as error:
        char = error.object[error.start]
    if "\udc80" <= char <= "\udcff":
        text.decode(char.encode("utf-8", "surrogateescape"))
    text.clean(char, len(char))
    raise AssertionError(f"{char!r} was not refused")
