"""Who came and went, as one event: whoever applies it has the true list."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tcp_room.events import Presence
from tcp_room.presence import Comings
from tests.fakes import apply_presence

NAMES = st.sampled_from("abcde")
DOORS = st.sampled_from(["tcp", "web"])
STEPS = st.one_of(
    st.tuples(st.just("join"), NAMES, DOORS),
    st.tuples(st.just("leave"), NAMES, DOORS),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("tell"), NAMES, NAMES),
    st.tuples(st.just("welcome"), NAMES, NAMES),
)


def told(comings: Comings) -> Presence:
    return comings.take(0, 0, 100)


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=30))
def test_applying_what_is_told_gives_the_true_list(steps: list[tuple[str, str, str]]) -> None:
    """For those who were told the list at any time, and everything since."""
    comings = Comings()
    here: dict[str, str] = {}
    copies: list[dict[str, str]] = [{}]
    for step, name, other in steps:
        if step == "join" and name not in here:
            here[name] = other
            comings.join(name, other)
        elif step == "leave" and name in here:
            del here[name]
            comings.leave(name)
        elif step == "rename" and name in here and other not in here:
            # A change of name is told at its place in the order: at once.
            for event in (told(comings), _renaming(comings, name, other)):
                copies = [apply_presence(copy, event) for copy in copies]
            here[other] = here.pop(name)
        elif step == "tell":
            event = told(comings)
            copies = [apply_presence(copy, event) for copy in copies]
        elif step == "welcome":
            comings.seen()
            copies.append(dict(here))
    event = told(comings)
    assert [apply_presence(copy, event) for copy in copies] == [here] * len(copies)


def _renaming(comings: Comings, old: str, new: str) -> Presence:
    comings.rename(old, new)
    return told(comings)
