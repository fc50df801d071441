"""The command line: flags made from `Config`, and how a program of ours runs and ends.

`python -m tcp_room` opens the TCP door alone. `web_gateway.cli` opens both.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, cast

import click
from platformdirs import user_data_dir

from tcp_room import __version__, names
from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.logs.memory import MemoryEngine
from tcp_room.logs.port import Engine
from tcp_room.logs.sqlite import Durability, LogError, OnLoop, SqliteEngine
from tcp_room.logs.witness import Witness, WitnessedEngine
from tcp_room.retention import Retention, parse
from tcp_room.server import Addresses, DoorError, open_tcp_door, port_of, unix_door
from tcp_room.signals import Signals
from tcp_room.stderr import write_to_stderr

if sys.platform != "win32":
    import resource

    import uvloop

# A message lives as long as the room's window, which is longer than Python takes anything to be
# young: at its own pace, the collector looks at each several times for nothing.
_YOUNG_OBJECTS = 50_000
# Of the time that stopping may take, this part is left for hooks and for the log.
CLOSING_RESERVE = 0.3


def config_flags(*without: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a flag and its ONEROOM_* variable for each field of Config that is one."""
    flags = [field for field in fields(Config) if "help" in field.metadata]

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(flags):
            if field.name not in without:
                command = _flag(field)(command)
        return command

    return add


def config_flag(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """One of the flags that `config_flags` adds."""
    return _flag(next(field for field in fields(Config) if field.name == name))


def _flag(field: Field[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        f"--{field.name.replace('_', '-')}",
        default=field.default,
        show_default=field.default != "",
        show_envvar=True,
        envvar=f"ONEROOM_{field.name.upper()}",
        help=field.metadata["help"],
        type=_kind(field),
    )


def _kind(field: Field[Any]) -> click.ParamType[Any]:
    choices = field.metadata.get("choices")
    if choices:
        return click.Choice(choices)
    if field.name.endswith("_port"):
        return click.IntRange(0, 65535)
    if isinstance(field.default, float):
        return click.FloatRange(min=0)
    return click.IntRange(min=0) if isinstance(field.default, int) else click.STRING


new_epoch_flag = click.option(
    "--new-epoch",
    is_flag=True,
    help="Count as another log than before; for a disk that was set back to a snapshot.",
)


def run(main: Callable[[Signals], Coroutine[Any, Any, None]], config: Config) -> None:
    """Runs `main`, which ends when the signals that it is given say so. A door that cannot be
    opened is a sentence and exit status 1."""
    gc.set_threshold(_YOUNG_OBJECTS)
    write_to_stderr(time.monotonic)
    names.load()
    factory = uvloop.new_event_loop if sys.platform != "win32" else None
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_with_signals(main, config.shutdown_s))
    except (DoorError, LogError) as error:
        raise click.ClickException(str(error)) from None


async def _with_signals(
    main: Callable[[Signals], Coroutine[Any, Any, None]], within_s: float
) -> None:
    signals = Signals(within_s)
    signals.listen()
    await main(signals)


@contextmanager
def opened_hall(
    config: Config, witness: Witness | None = None, *, new_epoch: bool = False
) -> Iterator[Hall]:
    """The hall, and its log as long as the hall is open. To be entered on the loop.

    `witness` is told of what is said. With `new_epoch` the log counts as another one than before.
    Raises LogError.
    """
    loop = asyncio.get_running_loop()
    retention = _retention(config)
    log = make_engine(config, loop.call_soon_threadsafe, new_epoch=new_epoch)
    with closing(log) as engine:
        trimming = _Trimming(engine, retention, loop, config.trim_s)
        witnessed = WitnessedEngine(engine, witness) if witness else engine
        yield Hall(witnessed, loop, _now, _token, config)
        trimming.stop()


class _Trimming:
    """Has the log trimmed now and then."""

    def __init__(
        self, engine: Engine, retention: Retention, loop: asyncio.AbstractEventLoop, every_s: float
    ) -> None:
        self._engine, self._retention, self._loop = engine, retention, loop
        self._every_s = every_s
        self._timer = loop.call_later(0, self._trim)

    def _trim(self) -> None:
        if self._retention:
            self._engine.trim(self._retention, _now())
            self._timer = self._loop.call_later(self._every_s, self._trim)

    def stop(self) -> None:
        self._timer.cancel()


def _retention(config: Config) -> Retention:
    """Raises LogError."""
    try:
        return parse(config.keep)
    except ValueError as error:
        raise LogError(f"--keep: {error}") from None


def data_folder(config: Config) -> Path | None:
    """Where the house keeps what it keeps; None if it keeps nothing. Raises LogError."""
    if config.data == ":memory:":
        return None
    try:
        return Path(config.data or user_data_dir("oneroom", appauthor=False)).expanduser()
    except RuntimeError:  # no HOME, and no entry in passwd: a container's user
        raise LogError("this user has no home folder: choose one with --data DIR") from None


def make_engine(config: Config, on_loop: OnLoop, *, new_epoch: bool = False) -> Engine:
    """Raises LogError."""
    folder = data_folder(config)
    if folder is None:
        return MemoryEngine(secrets.token_hex(8), config.memory_events)
    durability = cast(Durability, config.durability)
    return SqliteEngine(folder, durability, on_loop, config, new_epoch=new_epoch)


def make_turnstile(config: Config) -> Turnstile:
    """Lets in as many as there are files for, so that accept never fails for want of them."""
    if sys.platform == "win32":
        return _turnstile(config, 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return _turnstile(config, max(hard - config.spare_files, 1))


def _turnstile(config: Config, total: int) -> Turnstile:
    per_minute = config.address_new_per_minute if config.per_address else 0
    return Turnstile(config.per_address, total, per_minute=per_minute, time=time.monotonic)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _token() -> str:
    return secrets.token_hex(12)


def nc_line(host: str, port: int) -> str:
    """What a person types in a terminal to come in."""
    return f"nc {reachable(host)} {port}"


def reachable(host: str) -> str:
    """The name by which a person on this machine reaches what listens on `host`."""
    return "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::", "") else host


async def serve_tcp(config: Config, signals: Signals) -> None:
    with opened_hall(config) as hall:
        turnstile, addresses = make_turnstile(config), Addresses()
        server = await open_tcp_door(hall, turnstile, addresses, config.host, config.tcp_port)
        addresses.nc = nc_line(config.host, port_of(server))
        async with unix_door(hall, turnstile, addresses, config.unix):
            click.echo(f"oneroom is open: {addresses.nc} in a terminal. Ctrl-C stops it.")
            await signals.stopped()
            server.close()
            hall.close()
            await emptied(turnstile, signals.left_s(CLOSING_RESERVE))


async def emptied(turnstile: Turnstile, within_s: float) -> None:
    """Waits until everybody has gone, for so many seconds at most."""
    deadline = time.monotonic() + within_s
    while len(turnstile) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # once in a process's life: not worth an event


@click.command()
@config_flags("http_port", "hooks")
@click.version_option(__version__, prog_name="oneroom")
def main(**flags: Any) -> None:
    """The TCP door of a chat room, alone: people come in with nc or telnet."""
    config = Config(**flags)
    run(lambda signals: serve_tcp(config, signals), config)
