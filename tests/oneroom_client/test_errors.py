"""What can go wrong."""

from __future__ import annotations

from oneroom_client.errors import Refused
from tcp_room.errors import RoomError


def test_a_refusal_says_its_code_after_its_sentence() -> None:
    refused = Refused.by(RoomError("empty", "there was nothing to say in that"))
    assert (refused.code, str(refused)) == ("empty", "there was nothing to say in that (empty)")
