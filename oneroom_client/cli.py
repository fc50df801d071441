"""The commands `join`, `say`, `tail` and `who`: the room from a terminal or a script.

Data goes to stdout, the rest to stderr; `status` lists how they end. Where
stdin or stdout is no terminal, nothing is asked and nothing is drawn (`pipes`);
at a terminal there is a prompt (`console`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

import click

from oneroom_client import pipes, stdio
from oneroom_client.address import AddressError
from oneroom_client.duration import seconds
from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
from oneroom_client.palette import Choice, is_dumb, wants_color
from oneroom_client.places import config_file
from oneroom_client.room import Room, connect
from oneroom_client.settings import Configured, resolved
from oneroom_client.status import Failure, Status
from tcp_room import __version__
from tcp_room.languages import LANGUAGES, spoken
from tcp_room.messages import Say
from tcp_room.terminal import TEXT, TextView
from tcp_room.text import visible

Flags = dict[str, Any]


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
_who_and_where = _options(
    click.option("--nick", "-n", envvar="ONEROOM_NICK", help="Your name; guest-N without one."),
    click.option("--room", "-r", envvar="ONEROOM_ROOM", help="The room; the lobby without one."),
    click.option("--bot", is_flag=True, help="Have the others shown that a program speaks."),
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
    click.option(
        "--lang",
        type=click.Choice(list(LANGUAGES)),
        envvar="ONEROOM_LANG",
        help="The language of the room's own sentences; without it, your locale's.",
    ),
)
_confirm = click.option(
    "--timeout",
    type=_Duration(),
    default="30s",
    show_default=True,
    metavar="TIME",
    help="Give up when nothing is acknowledged for so long.",
)


@click.command()
@_address
@_who_and_where
@_output
@_confirm
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
        _run(lambda: _converse(flags))
    else:
        _as_a_filter()
        _run(lambda: _listen(flags, say=True))


@click.command()
@_address
@_who_and_where
@_output
def tail(**flags: Any) -> None:
    """Write what is said, as it is said, and say nothing.

    \b
        oneroom tail --json | head -5
        oneroom tail --since 120 --exit-after 1m
    """
    _as_a_filter()
    _run(lambda: _listen({"timeout": 30.0, **flags}, say=False))


@click.command()
@click.argument("text", nargs=-1)
@click.option("--at", "address", default="", envvar="ONEROOM_ADDRESS", help="As in join.")
@_who_and_where
@click.option("--json", is_flag=True, help="Write the event that it became.")
@_confirm
def say(**flags: Any) -> None:
    """Say TEXT, or what stdin holds, as one message; end when the room has it.

    \b
        oneroom say "the build is green"
        make 2>&1 | tail -5 | oneroom say --at http://chat.local:8080 -n ci
    """
    _as_a_filter()
    _run(lambda: _say(flags))


@click.command()
@_address
@click.option("--room", "-r", envvar="ONEROOM_ROOM", help="The room; the lobby without one.")
@click.option("--json", is_flag=True, help="Names and doors as JSON.")
def who(**flags: Any) -> None:
    """Write who is here, a name a line."""
    _as_a_filter()
    _run(lambda: _who(flags))


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


async def _listen(flags: Flags, *, say: bool) -> Status:
    async with _room(flags) as room:
        wanted = pipes.Wanted(
            view=_view(flags),
            json=flags["json"],
            own=not say,
            count=flags["count"],
            listen_s=flags["exit_after"],
            confirm_s=flags["timeout"],
        )
        return await pipes.listen(room, wanted, say=say)


async def _converse(flags: Flags) -> Status:
    # Not for those who have no terminal: it takes longer than they do.
    from oneroom_client.console import Console

    async with _room(flags) as room:
        return await Console(room, _view(flags), notifies=flags["notify"]).run()


async def _say(flags: Flags) -> Status:
    text = " ".join(flags["text"]) or _read_stdin()
    async with _room(flags) as room:
        message = Say(text=text, id=room.new_id())
        try:
            async with asyncio.timeout(flags["timeout"]):
                event = await room.confirmed(message)
        except TimeoutError:
            raise Unconfirmed(f"not acknowledged within {flags['timeout']:g} s") from None
    if flags["json"]:
        stdio.write(1, pipes.json_line(event))
    return Status.FINE


def _read_stdin() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError('say what? oneroom say "good morning"')
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Failure(Status.ERROR, "that is not UTF-8, so it was not sent (bad_utf8)") from None


async def _who(flags: Flags) -> Status:
    async with _room(flags) as room:
        answer = await room.who()
        others = [who for who in answer.members if who.nick != room.state.nick]
    if flags["json"]:
        stdio.write(1, pipes.json_line(others))
    else:
        names = "".join(f"{visible(who.nick)}\n" for who in others)
        stdio.write(1, names.encode())
    return Status.FINE


# -- how


def _room(flags: Flags) -> Room:
    return connect(
        flags["address"],
        nick=flags.get("nick"),
        room=flags["room"],
        since=flags.get("since"),
        bot=flags.get("bot", False),
        history=not flags.get("no_history"),
    )


def _view(flags: Flags) -> TextView:
    return TEXT.changed(
        newline="\n",
        clock=flags["clock"],
        color=wants_color(cast(Choice, flags["color"]), os.environ, sys.stdout.isatty()),
        quiet=flags["quiet"],
        echo=True,
        lang=flags["lang"] or spoken(os.environ),
    )


def _is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb(os.environ)


def _as_a_filter() -> None:
    """Ctrl-C ends it even while it waits for whoever reads its output."""
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(Status.INTERRUPTED))


def _run(main: Callable[[], Coroutine[Any, Any, Status]]) -> None:
    try:
        status = asyncio.run(main())
    except AddressError as error:
        raise click.UsageError(str(error)) from None
    except stdio.Closed:
        status = Status.FINE
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    except (Failure, CannotConnect, Refused, Unconfirmed) as error:
        pipes.complain(str(error))
        status = _status_of(error)
    sys.exit(status)


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


REFUSED_AT_THE_DOOR = {
    "bad_nick",
    "bad_room",
    "foreign_origin",
    "hall_full",
    "nick_taken",
    "replaced",
    "server_full",
    "too_many_connections",
}
