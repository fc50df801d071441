"""Who came, left and changed name since it was last told: the net of it, as one event.

Pure bookkeeping. A storm of joins stays one event, and who came and went
unannounced was never there, unless somebody was told the list meanwhile: then
it knows of who came, or misses who went, and must hear of the change as well.
What is told is to be applied in the order left, renamed, joined, so that a name
given up can be taken in the same event.
"""

from __future__ import annotations

from tcp_room.events import Here, Presence, Renamed


class Comings:
    """Notes what happens, and gives the sum of it away."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._joined: dict[str, str] = {}  # nick -> door
        self._left: dict[str, str] = {}
        self._renamed: list[Renamed] = []
        self._unseen: set[str] = set()  # whose last change nobody knows of yet

    def __bool__(self) -> bool:
        return bool(self._joined or self._left or self._renamed)

    def seen(self) -> None:
        """Somebody is told the list as it is now."""
        self._unseen.clear()

    def join(self, nick: str, door: str) -> None:
        """Somebody comes, and is told the list."""
        if nick in self._unseen and self._left.get(nick) == door:
            del self._left[nick]  # back before anybody knew
            self.seen()
        else:
            self._joined[nick] = door
            self.seen()
            self._unseen.add(nick)

    def leave(self, nick: str, door: str) -> None:
        has_come = self._joined.pop(nick, None) is not None
        if has_come and nick in self._unseen:
            self._unseen.remove(nick)
            return
        self._left[nick] = door
        if not has_come:
            self._unseen.add(nick)

    def rename(self, old: str, new: str) -> None:
        """At its place in the order: what happened before must have been taken."""
        assert not self
        self._renamed.append(Renamed(old, new))

    def take(self, at: int, count: int, names: int) -> Presence:
        """The event, with at most `names` of those who came and as many who left; then nothing."""
        event = Presence(
            at=at,
            joined=[Here(nick, door) for nick, door in list(self._joined.items())[:names]],
            left=list(self._left)[:names],
            renamed=self._renamed,
            count=count,
        )
        self._forget()
        return event
