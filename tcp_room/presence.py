"""Who came, left and changed name since it was last told: the net of it, as one event.

Pure bookkeeping. A storm of joins stays one event, and who came and went
unannounced was never there. What is told is to be applied in the order left,
renamed, joined, so that a name given up can be taken in the same event.
"""

from __future__ import annotations

from tcp_room.events import Here, Presence, Renamed


class Comings:
    """Notes what happens, and gives the sum of it away."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._joined: dict[str, str] = {}
        self._left: dict[str, None] = {}
        self._renamed: dict[str, str] = {}  # old -> new

    def __bool__(self) -> bool:
        return bool(self._joined or self._left or self._renamed)

    def join(self, nick: str, door: str) -> None:
        if nick in self._left:
            del self._left[nick]  # back before anybody was told
        else:
            self._joined[nick] = door

    def leave(self, nick: str) -> None:
        if self._joined.pop(nick, None) is None:
            self._left[self._renamed_to(nick) or nick] = None

    def rename(self, old: str, new: str) -> None:
        if old in self._joined:
            self._joined[new] = self._joined.pop(old)
            return
        first = self._renamed_to(old) or old
        if first != new:
            self._renamed[first] = new

    def take(self, at: int, count: int, names: int) -> Presence:
        """The event, with at most `names` of those who came and as many who left; then nothing."""
        event = Presence(
            at=at,
            joined=[Here(nick, door) for nick, door in list(self._joined.items())[:names]],
            left=list(self._left)[:names],
            renamed=[Renamed(old, new) for old, new in self._renamed.items()],
            count=count,
        )
        self._forget()
        return event

    def _renamed_to(self, nick: str) -> str | None:
        """The name under which others still know `nick`, which it is forgotten under."""
        for old, new in self._renamed.items():
            if new == nick:
                del self._renamed[old]
                return old
        return None
