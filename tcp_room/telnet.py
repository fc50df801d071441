"""Telnet is tolerated, not spoken (RFC 854, 855).

Clients of telnet and PuTTY mix commands into what their user types, each begun
by the byte FF, which is never valid UTF-8. They are taken out here. Nothing
that is negotiated is ever used, nothing is negotiated by us, and each option is
declined once, so that no two machines can talk each other into a loop.

One command needs its answer: Ctrl-C in the common Linux client sends IP and DO
TIMING-MARK (RFC 860), and then throws away all that it gets until we say WONT.
"""

from __future__ import annotations

from typing import Final

_IAC: Final = 0xFF
_SE, _AYT, _EC, _SB = 0xF0, 0xF6, 0xF7, 0xFA
_WILL, _WONT, _DO, _DONT = 0xFB, 0xFC, 0xFD, 0xFE
_TIMING_MARK: Final = 6
_BACKSPACE: Final = 0x08
_YES: Final = b"* yes, still here\r\n"
# What to answer to which verb, to decline.
_DECLINE: Final = {_DO: _WONT, _WILL: _DONT}


class TelnetFilter:
    """Keeps its state between packets, wherever they are cut: two bytes, and what was declined."""

    __slots__ = ("_asked", "_cut", "_declined", "_skipping")

    def __init__(self) -> None:
        self._cut = b""  # the beginning of a command whose end is in the next packet
        self._skipping = False  # between SB and SE
        self._asked = False  # "are you there?" in this packet
        self._declined: frozenset[tuple[int, int]] = frozenset()

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What was typed, and what to answer: as much as came, and a line, at the most."""
        if _IAC not in data and not self._cut and not self._skipping:
            return data, b""
        data, self._cut = self._cut + data, b""
        clean, reply = bytearray(), bytearray()
        position = 0
        while (start := data.find(_IAC, position)) >= 0:
            if start > position and not self._skipping:
                clean += data[position:start]
            verb = data[start + 1] if start + 1 < len(data) else _IAC
            position = start + (3 if _WILL <= verb <= _DONT and not self._skipping else 2)
            if position > len(data):
                self._cut = data[start:]
                return bytes(clean), self._answer(reply)
            if not self._skipping:
                self._obey(verb, data[position - 1], clean, reply)
            elif verb == _SE:  # what else begins with FF belongs to what is skipped
                self._skipping = False
        if not self._skipping:
            clean += data[position:]
        return bytes(clean), self._answer(reply)

    def _obey(self, verb: int, option: int, clean: bytearray, reply: bytearray) -> None:
        """What is not named here (interrupt, break, erase line, ...) means nothing to us."""
        if verb in _DECLINE:
            self._decline(verb, option, reply)
        elif verb == _SB:
            self._skipping = True
        elif verb == _IAC:
            clean.append(_IAC)  # a doubled FF is one FF of data: it will not pass as UTF-8
        elif verb == _EC:
            clean.append(_BACKSPACE)
        elif verb == _AYT:
            self._asked = True

    def _decline(self, verb: int, option: int, reply: bytearray) -> None:
        asked = (verb, option)
        if asked not in self._declined or asked == (_DO, _TIMING_MARK):
            self._declined |= {asked}
            reply += bytes((_IAC, _DECLINE[verb], option))

    def _answer(self, reply: bytearray) -> bytes:
        """Are you there? That is answered once a packet: the answer is ten times the question."""
        if self._asked:
            reply += _YES
            self._asked = False
        return bytes(reply)
