"""Lines of the JSON view as events, for whoever reads them.

What is not known is passed over: a line that is no event (a greeting for
people), a kind or a field of a server that is newer than this client.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tcp_room import events
from tcp_room.events import Range

# As those of `events`, with the kinds that their events may be of: to read them one must know.


class History(events.Event, frozen=True, tag="history"):
    events: Sequence[events.Say | events.Act | events.Topic]
    more: bool
    id: str | None = None
    first: int = msgspec.field(name="from", default=1)
    last: int = msgspec.field(name="to", default=0)
    gaps: Sequence[Range] = ()


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
    | events.Gap
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
_decoder: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


def decode(line: bytes) -> events.Event | None:
    """None if it is to be passed over."""
    if not line.startswith(b"{"):
        return None
    try:
        event = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(event, History):
        return events.History(*msgspec.structs.astuple(event))
    if isinstance(event, Found):
        return events.Found(*msgspec.structs.astuple(event))
    return event
