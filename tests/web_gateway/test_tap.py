"""Between the connection and aiohttp: everything is passed on, and the room hears of it."""

from __future__ import annotations

import asyncio

from tcp_room.member import Condition
from tests.fakes import House
from web_gateway.tap import Tap


class Behind(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def get_buffer(self, sizehint: int) -> bytearray:
        self.heard.append("buffer")
        return bytearray(1)

    def buffer_updated(self, nbytes: int) -> None:
        self.heard.append(nbytes)

    def eof_received(self) -> bool:
        self.heard.append("eof")
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.heard.append(error)

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


def test_all_is_passed_on() -> None:
    behind, session = Behind(), House().enter("alice")[0]
    lost: list[str] = []
    tap = Tap(behind, session.member, lambda: lost.append("lost"))
    tap.get_buffer(-1)
    tap.buffer_updated(1)
    assert tap.eof_received()
    tap.pause_writing()
    tap.resume_writing()
    error = ConnectionResetError()
    tap.connection_lost(error)
    assert behind.heard == ["buffer", 1, "eof", "pause", "resume", error]
    assert lost == ["lost"]


def test_a_full_socket_parks_its_member_until_it_drains() -> None:
    house = House()
    (slow, outlet), (talker, _) = house.enter("slow"), house.enter("talker")
    house.hush()
    tap = Tap(Behind(), slow.member)
    tap.pause_writing()
    talker.receive([b"one", b"two"])
    house.loop.settle()
    conditions = [slow.member.condition]
    assert outlet.lines == []
    tap.resume_writing()
    house.loop.settle()
    conditions.append(slow.member.condition)
    assert conditions == [Condition.PARKED, Condition.LEVEL]
    assert [line[6:] for line in outlet.lines] == ["<talker> one", "<talker> two"]


def test_a_socket_may_drain_when_its_member_has_left() -> None:
    house = House()
    session, _ = house.enter("alice")
    tap = Tap(Behind(), session.member)
    tap.pause_writing()
    house.hall.leave(session.member)
    tap.resume_writing()
    assert not session.member.full
