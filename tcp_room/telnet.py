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

IAC: Final = 0xFF
_DONT, _DO, _WONT, _WILL = 0xFE, 0xFD, 0xFC, 0xFB
_SB, _SE, _EL, _EC, _AYT = 0xFA, 0xF0, 0xF8, 0xF7, 0xF6
_TIMING_MARK: Final = 6
_BACKSPACE: Final = 0x08
_YES: Final = b"* yes, still here\r\n"
# What to answer to which verb, to decline.
_DECLINE: Final = {_DO: _WONT, _WILL: _DONT}


class TelnetFilter:
    """Keeps its state between packets, wherever they are cut."""

    __slots__ = ("_declined", "_state", "_verb")

    def __init__(self) -> None:
        self._state = self._text
        self._verb = 0
        self._declined: set[tuple[int, int]] = set()

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What was typed, and what to answer."""
        if IAC not in data and self._state == self._text:
            return data, b""
        clean, reply = bytearray(), bytearray()
        for byte in data:
            self._state(byte, clean, reply)
        return bytes(clean), bytes(reply)

    # One method a state: each takes a byte, and may set the next state.

    def _text(self, byte: int, clean: bytearray, reply: bytearray) -> None:
        if byte == IAC:
            self._state = self._command
        else:
            clean.append(byte)

    def _command(self, byte: int, clean: bytearray, reply: bytearray) -> None:
        self._state = self._text
        if _WILL <= byte <= _DONT:
            self._verb = byte
            self._state = self._option
        elif byte == _SB:
            self._state = self._subnegotiation
        elif byte == IAC:
            clean.append(IAC)  # a doubled FF is one FF of data: it will not pass as UTF-8
        elif byte == _EC:
            clean.append(_BACKSPACE)
        elif byte == _AYT:
            reply += _YES

    def _option(self, byte: int, clean: bytearray, reply: bytearray) -> None:
        self._state = self._text
        decline = _DECLINE.get(self._verb)
        if decline is None:
            return
        asked = (self._verb, byte)
        if asked not in self._declined or asked == (_DO, _TIMING_MARK):
            self._declined.add(asked)
            reply += bytes((IAC, decline, byte))

    def _subnegotiation(self, byte: int, clean: bytearray, reply: bytearray) -> None:
        if byte == IAC:
            self._state = self._subnegotiation_command

    def _subnegotiation_command(self, byte: int, clean: bytearray, reply: bytearray) -> None:
        self._state = self._text if byte == _SE else self._subnegotiation
