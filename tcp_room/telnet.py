"""Telnet is tolerated, not spoken (RFC 854, 855).

Clients of telnet and PuTTY mix commands into what their user types, each begun
by the byte FF, which is never valid UTF-8. They are taken out here. Nothing
that is negotiated is ever used, nothing is negotiated by us, and each option is
declined once, so that no two machines can talk each other into a loop.

One command needs its answer: Ctrl-C in the common Linux client sends IP and DO
TIMING-MARK (RFC 860), and then throws away all that it gets until we say WONT.

XON and XOFF are dropped too: telnet passes Ctrl-Q and Ctrl-S on when its
terminal does not obey them, and nobody means them as text.

A read of nothing but commands is split by one regular expression, in time
linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_IAC: Final = b"\xff"
_BEGIN: Final = b"\xff\xfa"  # of a subnegotiation
_EOF, _AYT = b"\xff\xec", b"\xff\xf6"
_WONT, _DONT = b"\xff\xfc", b"\xff\xfe"
_DO_TIMING_MARK: Final = b"\xff\xfd\x06"
_WONT_TIMING_MARK: Final = b"\xff\xfc\x06"
_YES: Final = b"* yes, still here\r\n"
_XON, _XOFF = b"\x11", b"\x13"
_FLOW_CONTROL: Final = _XON + _XOFF
# What to answer to which verb, to decline.
_DECLINE: Final = {b"\xff\xfd": _WONT, b"\xff\xfb": _DONT}
# What stands for text: an escaped FF (which will not pass as UTF-8), and erase character.
_TYPED: Final = {b"\xff\xff": b"\xff", b"\xff\xf7": b"\x08"}
# A subnegotiation up to its end (FF F0; any other FF in it belongs to a pair) or to the packet's.
_VALUE: Final = rb"\xff\xfa[^\xff]*+(?:\xff[^\xf0][^\xff]*+)*+"
_WHOLE: Final = re.compile(_VALUE + rb"\xff\xf0")
# A command: a subnegotiation, a verb with its option, or any other byte that follows FF.
_COMMAND: Final = re.compile(
    rb"(" + _VALUE + rb"(?:\xff\xf0|\xff?\Z)|\xff[\xfb-\xfe].|\xff[^\xfa-\xfe])", re.DOTALL
)


class Heard(NamedTuple):
    """What a packet amounts to."""

    typed: bytes
    reply: bytes = b""  # as much as came, and a line, at the most
    commands: int = 0
    ended: bool = False  # the client has sent its end of input (RFC 1184, 2.5)


class TelnetFilter:
    """Keeps its state between packets, wherever they are cut."""

    __slots__ = ("_cut", "_declined")

    def __init__(self) -> None:
        self._cut = b""  # the beginning of a command whose end is in a later packet: 3 bytes
        self._declined: frozenset[bytes] = frozenset()

    def is_plain(self, data: bytes) -> bool:
        """Whether `feed` would return a packet as it is, and nothing else."""
        return not (self._cut or _IAC in data or _XON in data or _XOFF in data)

    def feed(self, data: bytes) -> Heard:
        if _IAC not in data and not self._cut:
            return Heard(data.translate(None, _FLOW_CONTROL))
        pieces = _COMMAND.split(self._cut + data)
        # A command that is not whole is all that an FF can begin in what is left.
        pieces[-1], begun, rest = pieces[-1].partition(_IAC)
        self._cut = begun + rest
        commands = pieces[1::2]
        pieces[1::2] = [_TYPED.get(command, b"") for command in commands]
        distinct = dict.fromkeys(commands)
        if commands and commands[-1].startswith(_BEGIN):
            self._cut = self._cut or _begun(commands[-1])
        typed = b"".join(pieces).translate(None, _FLOW_CONTROL)
        return Heard(typed, self._answer(distinct, commands), len(commands), _EOF in distinct)

    def _answer(self, distinct: Iterable[bytes], commands: list[bytes]) -> bytes:
        """Are you there? That is answered once a packet: the answer is ten times the question."""
        reply = b"".join(map(self._decline, distinct))
        marks = commands.count(_DO_TIMING_MARK)
        return reply + _WONT_TIMING_MARK * marks + _YES * (_AYT in distinct)

    def _decline(self, command: bytes) -> bytes:
        """The answer to what was not declined yet."""
        answer = _DECLINE.get(command[:2])
        if answer is None or command in self._declined or command == _DO_TIMING_MARK:
            return b""
        self._declined |= {command}
        return answer + command[2:]


def _begun(value: bytes) -> bytes:
    """What is kept of a subnegotiation: nothing if it is whole; else that it has begun, and an FF
    whose pair is in the next packet."""
    if _WHOLE.fullmatch(value):
        return b""
    escapes = len(value) - len(value.rstrip(_IAC))
    return _BEGIN + _IAC * (escapes % 2)
