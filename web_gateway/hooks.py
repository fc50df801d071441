"""What the operator has set up for other programs: a TOML file of hooks.

    [[incoming]]                    # POST /hooks/TOKEN says something
    token = "…"                     # 16 characters at least; who knows it may speak
    room = "ops"                    # "lobby" without it
    nick = "grafana"                # "hook" without it; a request may name another

    [[outgoing]]                    # what people say goes to a URL
    url = "https://example.org/x"
    secret = "…"                    # 16 characters at least; signs each request
    room = "ops"                    # every room without it
    pattern = "^!deploy"            # a regular expression; every message without it

Secrets stand in a file, since a command line can be read by everybody.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tcp_room import names
from tcp_room.errors import RoomError
from tcp_room.events import BOT, Act, Logged, Say
from tcp_room.hall import LOBBY

_Secret = Annotated[str, Meta(min_length=16, max_length=256)]


class HooksError(Exception):
    """The file cannot be used, as a sentence for the operator."""


class Incoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: _Secret
    room: str = LOBBY
    nick: str = "hook"


class Outgoing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(pattern="^https?://[^/]")]
    secret: _Secret
    room: str | None = None
    pattern: str = ""

    def wants(self, room: str, event: Logged) -> bool:
        """Whether it is told of that. Bots do not set off bots: they would never come to rest."""
        is_said = isinstance(event, Say | Act) and event.door != BOT
        is_here = self.room is None or names.room(self.room) == room
        return is_said and is_here and re.search(self.pattern, event.text) is not None


class Hooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    incoming: list[Incoming] = []
    outgoing: list[Outgoing] = []


NONE: Final = Hooks()


def read(path: str) -> Hooks:
    """The hooks in that file; none if there is no path. Raises HooksError."""
    if not path:
        return NONE
    try:
        return parse(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise HooksError(f"--hooks: {path} cannot be read: {error}") from None
    except HooksError as error:
        raise HooksError(f"--hooks: {path}: {error}") from None


def parse(toml: str) -> Hooks:
    """Raises HooksError."""
    try:
        hooks = msgspec.convert(tomllib.loads(toml), Hooks)
        for incoming in hooks.incoming:
            names.room(incoming.room)
            names.nick(incoming.nick)
        for outgoing in hooks.outgoing:
            names.room(outgoing.room or LOBBY)
            re.compile(outgoing.pattern)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, re.error) as error:
        raise HooksError(str(error)) from None
    except RoomError as error:
        raise HooksError(error.text) from None
    if len({hook.token for hook in hooks.incoming}) < len(hooks.incoming):
        raise HooksError("two incoming hooks have the same token")
    return hooks
