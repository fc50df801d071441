"""The judge sees each kind of fault, and none where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.verdict import (
    BEGIN,
    END,
    Gap,
    Reading,
    Record,
    Row,
    Seen,
    Visit,
    Writing,
    followed,
    judge,
)

KEYS = (BEGIN, "w0.0", "w0.1", "w0.2", "w0.3", END)
LOG = [Seen(seq, key) for seq, key in enumerate(KEYS, start=1)]


def numbered(*visits: Sequence[Seen | Gap]) -> Reading:
    return Reading("r0", "tcp-json", True, _visits(visits))


def plain(*visits: Sequence[int]) -> Reading:
    """Connections by the places in the log of what they had."""
    return Reading("r0", "tcp-text", False, _visits([[_at(place) for place in v] for v in visits]))


def _at(place: int) -> Seen:
    return Seen(0, KEYS[place] if place < len(KEYS) else f"w9.{place}")


def _visits(visits: Sequence[Sequence[Seen | Gap]]) -> list[Visit]:
    return [
        Visit(list(items), is_cut=number < len(visits))
        for number, items in enumerate(visits, start=1)
    ]


def record(*readings: Reading, log: Sequence[Seen] = LOG) -> Record:
    """A run in which all was acknowledged as LOG has it."""
    marks = Writing("mark", "tcp-json", [BEGIN, END], [LOG[0], LOG[-1]])
    writing = Writing("w0", "ws-json", list(KEYS[1:-1]), LOG[1:-1])
    return Record([marks, writing], list(readings), list(log))


def row(of: Record, door: str) -> Row:
    (found,) = (row for row in judge(of).rows if row.door == door)
    return found


def faults(of: Record) -> str:
    return "; ".join(judge(of).faults)


# -- what is right


@pytest.mark.parametrize(
    "reading",
    [
        numbered(LOG),
        numbered(LOG[:2], [], LOG[2:]),
        plain(range(6)),
        plain([0, 1], [3, 4, 5]),
        plain([0, 1, 2], [1, 2], [5]),
        plain([], [5]),
    ],
)
def test_what_is_right_has_no_faults(reading: Reading) -> None:
    verdict = judge(record(reading))
    assert verdict.is_good
    assert not verdict.faults


def test_a_gap_excuses_what_the_log_no_longer_has() -> None:
    of = record(numbered([Gap(1, 3, "trimmed"), *LOG[3:]]), log=LOG[3:])
    of.writings[1].acks = LOG[3:-1]
    of.writings[0].acks = LOG[-1:]
    assert judge(of).is_good
    assert row(of, "tcp-json").gaps == 1


def test_what_was_not_acknowledged_may_be_there_or_not() -> None:
    of = record(numbered(LOG))
    of.writings[1].acks = []
    of.writings[1].sent.append("w0.4")
    assert judge(of).is_good


def test_the_table_counts_by_door() -> None:
    other = numbered(LOG[:3], [*LOG[3:]])
    of = record(numbered(LOG), other)
    assert row(of, "tcp-json") == Row("tcp-json", 2, 2, received=12, reconnects=1)
    assert row(of, "ws-json") == Row("ws-json", 4, 4)
    assert row(of, "log") == Row("log", received=6)
    assert judge(of).total("sent") == 6
    assert judge(of).table().splitlines()[0].split()[:3] == ["door", "sent", "acknowledged"]
    assert judge(of).report().endswith("GOOD")


# -- what is not, at a reader


def test_a_hole_is_missing() -> None:
    assert row(record(numbered([*LOG[:2], *LOG[3:]])), "tcp-json").missing == 1
    assert "1 missing: 3" in faults(record(numbered([*LOG[:2], *LOG[3:]])))


def test_a_hole_between_connections_is_missing() -> None:
    assert row(record(numbered(LOG[:2], LOG[4:])), "tcp-json").missing == 2


def test_a_second_time_is_a_duplicate() -> None:
    of = record(numbered([*LOG[:3], LOG[2], *LOG[3:]]))
    assert row(of, "tcp-json").duplicates == 1
    of = record(numbered(LOG[:3], LOG[2:]))
    assert row(of, "tcp-json").duplicates == 1


def test_the_wrong_way_round_is_disordered() -> None:
    of = record(numbered([LOG[0], LOG[2], LOG[1], *LOG[3:]]))
    found = row(of, "tcp-json")
    assert (found.disordered, found.missing, found.duplicates) == (1, 0, 0)


def test_what_the_log_does_not_have_is_wrong() -> None:
    of = record(numbered([*LOG[:3], Seen(4, "w0.9"), *LOG[4:]]))
    assert row(of, "tcp-json").wrong == 1
    assert "w0.9 at 4, where the log has w0.2" in faults(of)


def test_a_gap_over_what_is_kept_is_wrong() -> None:
    of = record(numbered([LOG[0], Gap(2, 3, "trimmed"), *LOG[3:]]))
    assert row(of, "tcp-json").wrong == 2


def test_who_never_comes_to_the_end_is_told() -> None:
    assert "never came to the end" in faults(record(numbered(LOG[:-1])))
    assert "never came to the end" in faults(record(numbered()))
    assert "never came to the end" in faults(record(plain([0, 1, 2])))


def test_a_reader_of_text_is_judged_by_connection() -> None:
    found = row(record(plain([0, 2, 1, 1], [3, 5])), "tcp-text")
    assert (found.missing, found.disordered, found.duplicates, found.wrong) == (1, 1, 1, 0)
    assert row(record(plain([0, 9], [5])), "tcp-text").wrong == 1
    assert row(record(plain([0, 3], [5])), "tcp-text").missing == 2


# -- what is not, in the log


def test_an_acknowledged_post_that_is_gone_is_missing() -> None:
    of = record(log=[*LOG[:4], Seen(5, END)])
    of.writings[0].acks = []
    assert row(of, "log").missing == 1
    assert "w0.3, acknowledged at 5" in faults(of)


def test_an_acknowledgement_of_another_seq_is_wrong() -> None:
    of = record(log=LOG)
    of.writings[1].acks = [Seen(4, "w0.1"), *LOG[1:-1]]
    assert row(of, "log").wrong == 1


def test_a_post_kept_twice_is_a_duplicate() -> None:
    assert row(record(log=[*LOG, Seen(7, "w0.0")]), "log").duplicates == 1


def test_a_seq_that_is_left_out_is_disordered() -> None:
    of = record(log=[*LOG[:5], Seen(7, END)])
    of.writings[0].acks = []
    assert row(of, "log").disordered == 1


def test_a_writers_own_order_is_kept() -> None:
    of = record()
    of.writings[1].sent = ["w0.1", "w0.0", "w0.2", "w0.3"]
    assert "w0.0 before w0.1, of the same writer" in faults(of)


def test_what_nobody_sent_is_wrong() -> None:
    assert row(record(log=[*LOG, Seen(7, "w5.5")]), "log").wrong == 1


def test_troubles_are_faults() -> None:
    of = record(numbered(LOG))
    of.troubles.append("r0 was told: no")
    assert not judge(of).is_good
    assert judge(of).report().endswith("NOT GOOD")


def test_where_a_reader_reads_on() -> None:
    assert numbered().last == 0
    assert numbered(LOG[:3], []).last == 3
    assert numbered([LOG[0], Gap(2, 4, "trimmed")]).last == 4
    assert numbered([LOG[0], Gap(1, 9, "epoch")]).last == 1


# -- a reader of one drill


A, B, C = Seen(1, "a"), Seen(2, "b"), Seen(3, "c")


@pytest.mark.parametrize(
    ("items", "log"),
    [
        ([A, B, C], [A, B, C]),
        ([A, Gap(2, 2, "lost"), C], [A, C]),
        ([Gap(1, 2, "trimmed"), C], [C]),
        ([A, B, Gap(0, 0, "epoch"), Seen(2, "x"), C], [A, Seen(2, "x"), C]),
        ([Gap(0, 0, "epoch"), A], [A]),
    ],
)
def test_a_reader_that_misses_nothing_in_silence_followed(
    items: list[Seen | Gap], log: list[Seen]
) -> None:
    assert followed(items, log) == []


@pytest.mark.parametrize(
    ("items", "log", "fault"),
    [
        ([A, C], [A, B, C], "3 where 2 is due"),
        ([A, B, B, C], [A, B, C], "2 where 3 is due"),
        ([A, Gap(2, 2, "lost"), C], [A, B, C], "a gap over 1 that are kept, the first 2"),
        ([A, Gap(3, 3, "lost")], [A], "a gap from 3 where 2 is due"),
        ([A, Seen(2, "x"), C], [A, B, C], "2 is 'x', kept is 'b'"),
        ([A, B], [A, B, C], "nothing from 3 on, of 3"),
        ([A, B, Gap(0, 0, "epoch")], [A], "nothing from None on, of 1"),
        ([A, B, Gap(0, 0, "epoch"), A, C], [A, B, C], "3 where 2 is due"),
    ],
)
def test_a_reader_that_misses_something_in_silence_is_seen(
    items: list[Seen | Gap], log: list[Seen], fault: str
) -> None:
    assert followed(items, log) == [fault]
