"""What can go wrong for a client of a room."""

from __future__ import annotations

from tcp_room.errors import RoomError


class CannotConnect(Exception):
    """No room answers at that address. The sentence says why, for people."""


class Refused(Exception):
    """The answer is no.

    `code` is stable (see tcp_room.errors.CODES), `text` is a sentence for people.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code, self.text = code, text

    @classmethod
    def by(cls, error: RoomError) -> Refused:
        """The same refusal, found on this side of the wire."""
        return cls(error.code, error.text)


class Unconfirmed(Exception):
    """No answer came, so the message may have arrived or not. The sentence says why."""
