"""What everybody saw, and whether that was right: the pure half of the checker.

A run is written down in a `Record`: what was posted and acknowledged, what each
reader was shown on each of its connections, and the log as it is at the end.
`judge` then asks of it what the room promises:

- the log has each acknowledged post once, at the seq that its writer was told,
  and the posts of one writer in the order in which it sent them;
- a reader of numbered events has had the whole log, once and in order, however
  often it was cut, unless a gap was declared over what the log no longer has;
- a reader of plain text has had, on each connection, a contiguous part of it;
- nobody was shown what the log does not have.

A post that was not acknowledged may be in the log or not; if it is, the same
holds for it. The first and the last post of a run, BEGIN and END, frame it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from itertools import pairwise
from typing import Final, NamedTuple

BEGIN: Final = "begin"
END: Final = "end"
# Of each kind of fault of each reader, as many are told by name.
_EXAMPLES: Final = 5


class Seen(NamedTuple):
    """An event of the log, by the key of its post. Who is not told the seq writes 0."""

    seq: int
    key: str


class Gap(NamedTuple):
    first: int
    last: int
    reason: str


@dataclass(slots=True)
class Visit:
    """One connection of a reader."""

    items: list[Seen | Gap] = field(default_factory=list)
    is_cut: bool = False

    def seen(self) -> Iterator[Seen]:
        return (item for item in self.items if isinstance(item, Seen))


@dataclass(slots=True)
class Reading:
    """One reader. If it is `numbered`, each visit read on behind the last seq of the one before,
    the first from the beginning."""

    name: str
    door: str
    numbered: bool = True
    visits: list[Visit] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The seq behind which to read on: of an event, or of a gap."""
        for visit in reversed(self.visits):
            for item in reversed(visit.items):
                if isinstance(item, Seen):
                    return item.seq
                if item.reason == "trimmed":
                    return item.last
        return 0

    @property
    def has_end(self) -> bool:
        """Whether its last connection has come to the end."""
        return bool(self.visits) and any(item.key == END for item in self.visits[-1].seen())


@dataclass(slots=True)
class Writing:
    """One writer: what it sent, in order, and each answer that said where it stands."""

    name: str
    door: str
    sent: list[str] = field(default_factory=list)
    acks: list[Seen] = field(default_factory=list)
    reconnects: int = 0


@dataclass(slots=True)
class Record:
    """A whole run. `troubles` are sentences about what went wrong otherwise."""

    writings: list[Writing] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    log: list[Seen] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Row:
    """A line of the table."""

    door: str
    sent: int = 0
    acknowledged: int = 0
    received: int = 0
    duplicates: int = 0
    missing: int = 0
    disordered: int = 0
    wrong: int = 0
    gaps: int = 0
    reconnects: int = 0

    def add(self, other: Row) -> None:
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_COUNTED: Final = [column.name for column in fields(Row)[1:]]


@dataclass(frozen=True, slots=True)
class Verdict:
    rows: Sequence[Row]
    faults: Sequence[str]

    @property
    def is_good(self) -> bool:
        return not self.faults

    def total(self, name: str) -> int:
        """A column's sum over the doors."""
        return sum(getattr(row, name) for row in self.rows if row.door != "log")

    def table(self) -> str:
        lines = [["door", *_COUNTED], *([str(cell) for cell in astuple(row)] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if number == 0 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )

    def report(self) -> str:
        verdict = "GOOD" if self.is_good else "NOT GOOD"
        return "\n".join([self.table(), "", *self.faults, verdict])


@dataclass(slots=True)
class _Faults:
    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def row(self, door: str, **counts: int) -> Row:
        found = {column.name: len(getattr(self, column.name)) for column in fields(self)}
        return Row(door, **found, **counts)

    def sentences(self, who: str) -> Iterator[str]:
        for column in fields(self):
            found: list[str] = getattr(self, column.name)
            if found:
                more = ", …" if len(found) > _EXAMPLES else ""
                shown = ", ".join(found[:_EXAMPLES])
                yield f"{who}: {len(found)} {column.name}: {shown}{more}"


def judge(record: Record) -> Verdict:
    rows: dict[str, Row] = {}
    faults = list(record.troubles)
    for writing in record.writings:
        _add(rows, _writers_row(writing))
    for reading in record.readings:
        found = _numbered(reading, record.log) if reading.numbered else _plain(reading, record.log)
        _add(rows, _readers_row(reading, found))
        faults += found.sentences(f"{reading.name} ({reading.door})")
        if not reading.has_end:
            faults.append(f"{reading.name} ({reading.door}) never came to the end")
    found = _logged(record)
    rows["log"] = found.row("log", received=len(record.log))
    faults += found.sentences("the log")
    return Verdict(list(rows.values()), faults)


def _add(rows: dict[str, Row], row: Row) -> None:
    rows.setdefault(row.door, Row(row.door)).add(row)


def _writers_row(writing: Writing) -> Row:
    return Row(
        writing.door,
        sent=len(writing.sent),
        acknowledged=len({ack.key for ack in writing.acks}),
        reconnects=writing.reconnects,
    )


def _readers_row(reading: Reading, found: _Faults) -> Row:
    return found.row(
        reading.door,
        received=sum(1 for visit in reading.visits for _ in visit.seen()),
        gaps=sum(isinstance(item, Gap) for visit in reading.visits for item in visit.items),
        reconnects=max(len(reading.visits) - 1, 0),
    )


# -- the log


def _logged(record: Record) -> _Faults:
    found = _Faults()
    places: dict[str, int] = {}
    for expected, (seq, key) in enumerate(record.log, start=record.log[0].seq if record.log else 1):
        if seq != expected:
            found.disordered.append(f"{seq} where {expected} is due")
        if key in places:
            found.duplicates.append(f"{key} at {places[key]} and {seq}")
        places.setdefault(key, seq)
    posted = {key for writing in record.writings for key in writing.sent}
    found.wrong += [f"{key}, which nobody sent" for key in places if key not in posted]
    for writing in record.writings:
        _acknowledged(writing, places, found)
        _in_its_order(writing, places, found)
    return found


def _acknowledged(writing: Writing, places: Mapping[str, int], found: _Faults) -> None:
    missing = {ack.key: ack.seq for ack in writing.acks if ack.key not in places}
    found.missing += [f"{key}, acknowledged at {seq}" for key, seq in missing.items()]
    found.wrong += [
        f"{key} acknowledged at {seq}, but kept at {places[key]}"
        for seq, key in writing.acks
        if places.get(key, seq) != seq
    ]


def _in_its_order(writing: Writing, places: Mapping[str, int], found: _Faults) -> None:
    kept = [(key, places[key]) for key in writing.sent if key in places]
    for (before, place), (after, next_place) in pairwise(kept):
        if next_place < place:
            found.disordered.append(f"{after} before {before}, of the same writer")


# -- the readers


def _numbered(reading: Reading, log: Sequence[Seen]) -> _Faults:
    found = _Faults()
    kept = dict(log)
    excused: set[int] = set()
    had: set[int] = set()
    keys: set[str] = set()
    highest = 0
    for item in (item for visit in reading.visits for item in visit.items):
        if isinstance(item, Gap):
            _excuse(item, kept, excused, found)
            continue
        seq, key = item
        if seq in had or key in keys:
            found.duplicates.append(f"{key} at {seq}")
        elif seq < highest:
            found.disordered.append(f"{seq} after {highest}")
        if kept.get(seq) != key and seq not in excused:
            found.wrong.append(f"{key} at {seq}, where the log has {kept.get(seq)}")
        had.add(seq)
        keys.add(key)
        highest = max(highest, seq)
    found.missing += [str(seq) for seq in kept if seq not in had and seq not in excused]
    return found


def _excuse(gap: Gap, kept: Mapping[int, str], excused: set[int], found: _Faults) -> None:
    """A gap is an excuse for what is not kept any more, and a fault over what is. (One that says
    the log is another excuses everything: whether that may be, the log's own row says.)"""
    seqs = range(gap.first, gap.last + 1)
    excused.update(seqs)
    if gap.reason == "trimmed":
        found.wrong += [f"a gap over {seq}, which is kept" for seq in seqs if seq in kept]


def _plain(reading: Reading, log: Sequence[Seen]) -> _Faults:
    found = _Faults()
    places = {key: place for place, (_, key) in enumerate(log)}
    for visit in reading.visits:
        had = _contiguous((item.key for item in visit.seen()), places, found)
        if had:
            last = max(had) if visit.is_cut else len(log) - 1
            holes = (place for place in range(min(had), last + 1) if place not in had)
            found.missing += [log[place].key for place in holes]
    return found


def _contiguous(keys: Iterable[str], places: Mapping[str, int], found: _Faults) -> set[int]:
    """The places that one connection has had."""
    had: set[int] = set()
    highest = -1
    for key in keys:
        place = places.get(key)
        if place is None:
            found.wrong.append(f"{key}, which the log does not have")
            continue
        if place in had:
            found.duplicates.append(key)
        elif place < highest:
            found.disordered.append(f"{key} too late")
        had.add(place)
        highest = max(highest, place)
    return had


def followed(
    items: Iterable[Seen | Gap], log: Sequence[tuple[int, str]], after: int = 0
) -> list[str]:
    """What was kept from a reader of numbered events in silence, or shown wrongly: sentences.

    `items` came in this order, over all its connections, to one that had read up to `after`; `key`
    is the whole text. `log` is the log as it is at the end. A gap of reason `epoch` begins anew:
    what came before it was of another log, and is judged for its order alone.
    """
    own, found = list(items), list[str]()
    epochs = [at for at, item in enumerate(own) if isinstance(item, Gap) and item.reason == "epoch"]
    begin = epochs[-1] + 1 if epochs else 0
    found += _in_turn(own[:begin], after, {}, is_past=True)
    kept = {seq: key for seq, key in log if seq > after or epochs}
    found += _in_turn(own[begin:], None if epochs else after, kept, is_past=False)
    return found


def _in_turn(
    items: Sequence[Seen | Gap], after: int | None, kept: Mapping[int, str], *, is_past: bool
) -> Iterator[str]:
    """One log's part. Without `after` the first event may be any."""
    due = None if after is None else after + 1
    for item in items:
        if isinstance(item, Gap):
            if item.reason == "epoch":
                due = None
                continue
            if due is not None and item.first != due:
                yield f"a gap from {item.first} where {due} is due"
            hidden = [seq for seq in range(item.first, item.last + 1) if seq in kept]
            if hidden:
                yield f"a gap over {len(hidden)} that are kept, the first {hidden[0]}"
            due = item.last + 1
            continue
        if due is not None and item.seq != due:
            yield f"{item.seq} where {due} is due"
        if not is_past and kept.get(item.seq, item.key) != item.key:
            yield f"{item.seq} is {item.key[:40]!r}, kept is {kept[item.seq][:40]!r}"
        due = item.seq + 1
    if not is_past and kept and (due is None or due <= max(kept)):
        yield f"nothing from {due} on, of {max(kept)}"
