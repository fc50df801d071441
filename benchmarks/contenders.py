"""Who contends, and through which door: a server, and the wires that its members speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import servers, wires
from benchmarks.crowd import Crowd, Group
from benchmarks.servers import Command, Server
from benchmarks.wires import Wire

# Deliveries on their way, of those who need a system call for each: seconds of it are enough.
_SPARED: Final = 300_000


@dataclass(frozen=True, slots=True)
class Door:
    """A wire, and whether it is spoken at the server's second port."""

    wire: Wire
    is_second: bool = False

    def port(self, server: Server) -> int:
        return server.ports.second if self.is_second else server.ports.first


@dataclass(frozen=True, slots=True)
class Contender:
    """Its members come in by all its doors, in equal parts; at most `most_due` deliveries are on
    their way at a time."""

    name: str
    command: Command
    doors: Sequence[Door]
    most_due: int = 1 << 40

    @property
    def door(self) -> Door:
        return self.doors[0]

    def crowd(self, server: Server, members: int, size: int, name: str = "m") -> Crowd:
        """Raises Faulty."""
        parts = len(self.doors)
        groups = [
            Group(door.wire, door.port(server), members // parts + (index < members % parts))
            for index, door in enumerate(self.doors)
        ]
        return Crowd(groups, size, name)


TEXT: Final = Door(wires.RoomText())
JSON: Final = Door(wires.RoomJson())
WS: Final = Door(wires.RoomWs(), is_second=True)


def room(*doors: Door, name: str = "room", flags: Sequence[str] = ("--rate", "0")) -> Contender:
    return Contender(name, servers.room(*flags), doors)


def floor(wire: wires.Floor, size: int) -> Contender:
    command = servers.floor(len(wire.say(b"")) + size)
    return Contender("floor", command, [Door(wire)], _SPARED)


def _lines(name: str, command: Command) -> Contender:
    return Contender(name, command, [Door(wires.Lines())], _SPARED)


NATS: Final = Contender("nats", servers.NATS, [Door(wires.Nats())])
MOSQUITTO: Final = Contender("mosquitto", servers.MOSQUITTO, [Door(wires.Mqtt())], _SPARED)
MOSQUITTO_WS: Final = Contender(
    "mosquitto ws", servers.MOSQUITTO, [Door(wires.MqttWs(), is_second=True)], _SPARED
)
THREADS: Final = _lines("threads", servers.THREADS)
SELECTORS: Final = _lines("selectors", servers.SELECTORS)
STREAMS: Final = _lines("streams", servers.STREAMS)
NCAT: Final = _lines("ncat", servers.NCAT)
AIOHTTP: Final = Contender("aiohttp", servers.AIOHTTP, [Door(wires.Ws())], _SPARED)
WEBSOCKETS: Final = Contender("websockets", servers.WEBSOCKETS, [Door(wires.Ws())], _SPARED)
