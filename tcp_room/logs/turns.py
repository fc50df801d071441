"""The events of one commit as one row of the embedded log.

A turn is committed together, so it is kept together: its text is one JSON array, with an
array `[kind, nick, door, text, author, id]` for each event. Its time is the same for all of
them, and their seqs follow each other, so both are columns of the row and not in the array. A row
for each event cost four times as much under load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tcp_room.events import Act, Logged, Say, Topic
from tcp_room.logs.port import Record

_KINDS: Final[dict[str, type[Logged]]] = {"say": Say, "act": Act, "topic": Topic}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}

_Said = tuple[str, str, str, str, str, str | None]
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[_Said]).decode


def to_json(records: Sequence[Record]) -> bytes:
    """The column of these records, which follow each other."""
    return _encode([_said(record.event, record.author) for record in records])


def from_json(first: int, at: int, said: bytes) -> list[Record]:
    """The records of a row: `first` is the seq of its first event, `at` the time of all (ms since
    1970). Raises msgspec.MsgspecError, KeyError (unknown kind)."""
    return [
        Record(_KINDS[kind](seq, id, at, nick, door, text), author)
        for seq, (kind, nick, door, text, author, id) in enumerate(_decode(said), start=first)
    ]


def _said(event: Logged, author: str) -> _Said:
    return _NAMES[type(event)], event.nick, event.door, event.text, author, event.id
