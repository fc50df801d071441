"""Who came and went, as one event: whoever applies it has the true list."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tcp_room.events import Here, Presence, Renamed
from tcp_room.presence import Comings
from tests.fakes import apply_presence

NAMES = st.sampled_from("abcde")
DOORS = st.sampled_from(["tcp", "web"])
STEPS = st.one_of(
    st.tuples(st.just("join"), NAMES, DOORS),
    st.tuples(st.just("leave"), NAMES, DOORS),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("tell"), NAMES, NAMES),
    st.tuples(st.just("ask"), NAMES, NAMES),
)


def told(comings: Comings) -> Presence:
    return comings.take(0, 0, 100)


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=30))
def test_applying_what_is_told_gives_the_true_list(steps: list[tuple[str, str, str]]) -> None:
    """For everybody who was told the list at some time, and everything since."""
    comings = Comings()
    here: dict[str, str] = {}
    copies: dict[str, dict[str, str]] = {"the first": {}}

    def tell(event: Presence) -> None:
        for reader, copy in copies.items():
            copies[reader] = apply_presence(copy, event)

    for step, name, other in steps:
        if step == "join" and name not in here:
            here[name] = other
            comings.join(name, other)
            copies[name] = dict(here)
        elif step == "leave" and name in here:
            comings.leave(name, here.pop(name))
            del copies[name]
        elif step == "rename" and name in here and other not in here:
            tell(told(comings))
            comings.rename(name, other)
            tell(told(comings))
            here[other] = here.pop(name)
            copies[other] = copies.pop(name)
        elif step == "tell":
            tell(told(comings))
        elif step == "ask":
            comings.seen()
            copies["who asked"] = dict(here)
    tell(told(comings))
    assert list(copies.values()) == [here] * len(copies)


def test_there_is_nothing_to_tell_at_first_and_after_it_was_told() -> None:
    comings = Comings()
    assert not comings
    comings.join("al", "tcp")
    assert comings
    told(comings)
    assert not comings


def test_who_came_and_went_was_never_there() -> None:
    comings = Comings()
    comings.join("al", "tcp")
    comings.leave("al", "tcp")
    assert not comings


def test_who_went_and_came_again_was_always_there() -> None:
    comings = Comings()
    comings.leave("al", "tcp")
    comings.join("al", "tcp")
    assert not comings


def test_who_came_again_by_another_door_is_told_of() -> None:
    comings = Comings()
    comings.leave("al", "tcp")
    comings.join("al", "web")
    event = told(comings)
    assert (event.left, event.joined) == (["al"], [Here("al", "web")])


def test_a_storm_is_one_event_with_so_many_names_at_most() -> None:
    comings = Comings()
    for number in range(9):
        comings.join(f"m{number}", "tcp")
        comings.leave(f"n{number}", "tcp")
    event = comings.take(at=5, count=12, names=3)
    assert event == Presence(
        at=5,
        joined=[Here(f"m{number}", "tcp") for number in range(3)],
        left=["n0", "n1", "n2"],
        renamed=[],
        count=12,
    )


def test_a_change_of_name_is_told_by_itself() -> None:
    comings = Comings()
    comings.rename("al", "alan")
    assert told(comings).renamed == [Renamed("al", "alan")]
