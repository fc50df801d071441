"""The commands `join`, `say`, `tail` and `who`: the room from a terminal or a script.

Data goes to stdout, the rest to stderr; `status` lists how they end. Where
stdin or stdout is no terminal, nothing is asked and nothing is drawn (`pipes`);
at a terminal there is a prompt (`console`).
"""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import sys
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final, cast

import click

from oneroom_client import excerpt, pipes, stdio
from oneroom_client.address import AddressError
from oneroom_client.duration import seconds
from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
from oneroom_client.palette import Choice, is_dumb, wants_color
from oneroom_client.places import config_file
from oneroom_client.room import Room, connect
from oneroom_client.settings import Configured, resolved
from oneroom_client.status import Failure, Status
from oneroom_client.stdio import STDIN, STDOUT
from oneroom_client.wire import encode
from tcp_room import __version__
from tcp_room.errors import RoomError
from tcp_room.languages import LANGUAGES, Language, spoken, translated
from tcp_room.messages import Say
from tcp_room.terminal import TEXT, TextView
from tcp_room.text import visible

Flags = dict[str, Any]

# Of stdin, for `say`: what no server takes as one message is counted, and not kept.
_MOST_BYTES: Final = 1 << 20
# Codes of a room that does not let one in.
REFUSED_AT_THE_DOOR: Final = {
    "bad_nick",
    "bad_room",
    "busy",
    "foreign_host",
    "foreign_origin",
    "hall_full",
    "nick_taken",
    "replaced",
    "server_full",
    "too_many_connections",
}


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: object, context: object) -> float:
        try:
            return seconds(str(value))
        except ValueError as error:
            self.fail(str(error))


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_address = click.argument("address", default="", envvar="ONEROOM_ADDRESS")
_room_option = click.option(
    "--room", "-r", envvar="ONEROOM_ROOM", help="The room; the lobby without one."
)
_identity = _options(
    click.option("--nick", "-n", envvar="ONEROOM_NICK", help="Your name; guest-N without one."),
    click.option("--bot", is_flag=True, help="Have the others shown that a program speaks."),
)
_common = _options(
    click.option(
        "--timeout",
        type=_Duration(),
        default="30s",
        show_default=True,
        metavar="TIME",
        help="Give up when the server does not answer for so long.",
    ),
    click.option(
        "--lang",
        type=click.Choice(list(LANGUAGES)),
        envvar="ONEROOM_LANG",
        help="The language of the room's own sentences; without it, your locale's.",
    ),
)
_output = _options(
    click.option("--json", is_flag=True, help="Events as JSON lines, as they go over the wire."),
    click.option("--since", type=click.IntRange(0), help="What came after the event of this seq."),
    click.option("--no-history", is_flag=True, help="Nothing that was said before."),
    click.option("--count", type=click.IntRange(1), help="End after so many messages."),
    click.option("--exit-after", type=_Duration(), metavar="TIME", help="End after 10s, 2m, 1h."),
    click.option("--quiet", "-q", is_flag=True, help="Do not show who comes and leaves."),
    click.option(
        "--time",
        "clock",
        type=click.Choice(["off", "hm", "hms", "iso"]),
        default="hm",
        show_default=True,
        help="How times are shown.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Names in colour; auto heeds NO_COLOR.",
    ),
)


@click.command()
@_address
@_room_option
@_identity
@_output
@_common
@click.option("--notify", is_flag=True, help="Have the terminal notify you when you are meant.")
def join(**flags: Any) -> None:
    """Join a room and talk.

    ADDRESS is HOST[:PORT] (localhost:9000 without one), unix:PATH, or the address of the page,
    http://HOST:8080 or http://HOST:8080/r/ROOM. In a pipe, lines in are messages and lines out
    are the room:

    \b
        oneroom join chat.local -n alice
        seq 3 | oneroom join http://chat.local:8080 -n counter
    """
    if _is_interactive() and not flags["json"]:
        _run(_converse, flags)
    else:
        _run(_join_as_a_filter, flags, needs={STDIN, STDOUT})


@click.command()
@_address
@_room_option
@_output
@_common
def tail(**flags: Any) -> None:
    """Write what is said, as it is said. Nobody in the room sees the reader.

    \b
        oneroom tail --json | head -5
        oneroom tail --since 120 --exit-after 1m
    """
    _run(_tail, flags, needs={STDOUT})


@click.command()
@click.argument("text", nargs=-1)
@click.option("--at", "address", default="", envvar="ONEROOM_ADDRESS", help="As in join.")
@_room_option
@_identity
@click.option("--json", is_flag=True, help="Write the event that it became.")
@_common
def say(**flags: Any) -> None:
    """Say TEXT, or the text on stdin, as one message; end when the room has it.

    Text on stdin is the output of a program: its colours are taken out, and it is cut where it
    is too long for a message.

    \b
        oneroom say "the build is green"
        make 2>&1 | tail -5 | oneroom say --at http://chat.local:8080 -n ci
    """
    _run(_say, flags, needs={STDOUT} if flags["json"] else set())


@click.command()
@_address
@_room_option
@click.option("--json", is_flag=True, help="Names and doors as JSON.")
@_common
def who(**flags: Any) -> None:
    """Write who is here, a name a line. Nobody in the room sees who asks."""
    _run(_who, flags, needs={STDOUT})


@click.group()
def config() -> None:
    """Flags that are written down in a file."""


@config.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Write where the file is, and what each command is told by it, by variables, or by nobody."""
    group = context.find_root().command
    assert isinstance(group, Configured)
    there = "" if group.path and group.path.exists() else "  (there is none)"
    click.echo(f"# {group.path}{there}")
    last = ""
    for name, key, value, source in resolved(group):
        click.echo(f"\n[{name}]") if name != last else None
        last = name
        shown = f"{key} = {'' if value is None else json.dumps(value, ensure_ascii=False)}"
        click.echo(f"{shown:40}  # {source}" if source else shown.rstrip())


@click.group(cls=Configured, path=config_file())
@click.version_option(__version__, prog_name="oneroom")
def main() -> None:
    """A room, from a terminal or a script."""


def add_to(group: click.Group) -> None:
    for command in (join, say, tail, who, config):
        group.add_command(command)


add_to(main)


# -- what they do


async def _join_as_a_filter(flags: Flags) -> Status:
    async with _room(flags) as room:
        return await pipes.listen(room, _wanted(flags, own=False), say=True)


async def _tail(flags: Flags) -> Status:
    async with _room(flags, watch=True) as room:
        return await pipes.listen(room, _wanted(flags, own=True), say=False)


async def _converse(flags: Flags) -> Status:
    # Not for those who have no terminal: it takes longer than they do.
    from oneroom_client.console import Console

    async with _room(flags) as room:
        return await Console(room, _view(flags), notifies=flags["notify"]).run()


async def _say(flags: Flags) -> Status:
    deadline = asyncio.get_running_loop().time() + flags["timeout"]
    said, dropped = " ".join(flags["text"]), 0
    is_output = not said
    if is_output:
        said, dropped = _read_stdin()
    encode(Say(text=said))  # before anybody sees somebody come in
    async with _room(flags) as room:
        if is_output and room.state.limits is not None:
            said = excerpt.cut(said, room.state.limits.text_bytes, dropped)
        left_s = deadline - asyncio.get_running_loop().time()
        event = await room.say(said, timeout_s=max(left_s, 0.0))
    if flags["json"]:
        stdio.write(STDOUT, pipes.json_line(event))
    return Status.FINE


def _read_stdin() -> tuple[str, int]:
    """The text, and how many bytes followed it that were not kept. Raises Failure,
    RoomError (bad_utf8)."""
    if os.isatty(STDIN):
        raise click.UsageError('say what? oneroom say "good morning"')
    kept, dropped = stdio.read_all(STDIN, _MOST_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(kept, final=not dropped)
    except UnicodeDecodeError:
        raise RoomError("bad_utf8", "that is not UTF-8, so it was not sent") from None
    return excerpt.without_colors(text).rstrip(), dropped


async def _who(flags: Flags) -> Status:
    async with _room(flags, watch=True) as room:
        members = (await room.who(timeout_s=flags["timeout"])).members
    if flags["json"]:
        stdio.write(STDOUT, pipes.json_line(members))
    else:
        names = "".join(f"{visible(who.nick)}\n" for who in members)
        stdio.write(STDOUT, names.encode())
    return Status.FINE


# -- how


def _room(flags: Flags, *, watch: bool = False) -> Room:
    return connect(
        flags["address"],
        nick=flags.get("nick"),
        room=flags["room"],
        since=flags.get("since"),
        bot=flags.get("bot", False),
        watch=watch,
        history=not flags.get("no_history"),
        timeout_s=flags["timeout"],
    )


def _wanted(flags: Flags, *, own: bool) -> pipes.Wanted:
    """`own`: write one's own lines too."""
    return pipes.Wanted(
        view=_view(flags),
        json=flags["json"],
        own=own,
        count=flags["count"],
        listen_s=flags["exit_after"],
        confirm_s=flags["timeout"],
        typed=os.isatty(STDIN),
    )


def _view(flags: Flags) -> TextView:
    return TEXT.changed(
        newline="\n",
        clock=flags["clock"],
        color=wants_color(cast(Choice, flags["color"]), os.environ, os.isatty(STDOUT)),
        quiet=flags["quiet"],
        echo=True,
        lang=_language(flags),
    )


def _language(flags: Flags) -> Language:
    return cast(Language | None, flags["lang"]) or spoken(os.environ)


def _is_interactive() -> bool:
    return os.isatty(STDIN) and os.isatty(STDOUT) and not is_dumb(os.environ)


def _run(
    main: Callable[[Flags], Coroutine[Any, Any, Status]],
    flags: Flags,
    *,
    needs: Collection[int] = (),
) -> None:
    """`needs`: the standard descriptors without which it makes no sense."""
    closed = stdio.secured()
    try:
        for fd in closed & set(needs):
            raise Failure(Status.ERROR, f"{stdio.NAMES[fd]} is closed")
        status = asyncio.run(main(flags))
    except AddressError as error:
        raise click.UsageError(translated(_language(flags), str(error))) from None
    except stdio.Closed:
        status = Status.FINE
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    except (Failure, CannotConnect, Refused, RoomError, Unconfirmed) as error:
        stdio.complain(_sentence(error, _language(flags)))
        status = _status_of(error)
    sys.exit(status)


def _sentence(error: Exception, lang: Language) -> str:
    if isinstance(error, Refused | RoomError):
        return f"{translated(lang, error.text)} ({error.code})"
    return translated(lang, str(error))


def _status_of(error: Exception) -> Status:
    match error:
        case Failure():
            return error.status
        case CannotConnect():
            return Status.CANNOT_CONNECT
        case Unconfirmed():
            return Status.UNCONFIRMED
        case Refused(code=code) if code in REFUSED_AT_THE_DOOR:
            return Status.REFUSED
    return Status.ERROR
