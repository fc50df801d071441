"""The program: `oneroom serve` opens both doors into one hall. The one place that sees both."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from aiohttp import web

from oneroom_client.cli import add_to
from oneroom_client.places import config_file
from oneroom_client.settings import Configured
from tcp_room import __version__
from tcp_room.cli import (
    CLOSING_RESERVE,
    config_flag,
    config_flags,
    data_folder,
    emptied,
    make_turnstile,
    nc_line,
    new_epoch_flag,
    opened_hall,
    reachable,
    run,
)
from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.logs.sqlite import LogError
from tcp_room.logs.sqlite.backup import back_up
from tcp_room.server import (
    BACKLOG_CONNECTIONS,
    Addresses,
    DoorError,
    door_error,
    open_tcp_door,
    port_of,
    unix_door,
)
from tcp_room.signals import Signals
from web_gateway.app import create_app, make_runner
from web_gateway.gate import HOSTS
from web_gateway.hooks import Hooks, HooksError
from web_gateway.hooks import read as read_hooks
from web_gateway.hosts import ANYWHERE
from web_gateway.incoming import TOKENS
from web_gateway.keys import house_key
from web_gateway.outgoing import Dispatcher
from web_gateway.pages import FILES
from web_gateway.ways import lan_address

# Of the time that stopping may take, this part is left for the log when the hooks have had theirs.
_LAST_RESERVE: Final = 0.1
# How often the end of the last visit is looked for.
_LOOK_S: Final = 0.01
_log = logging.getLogger(__name__)


async def serve(config: Config, signals: Signals, *, new_epoch: bool = False) -> None:
    """Both doors, from the first connection to the last. Raises DoorError, LogError."""
    try:
        hooks = read_hooks(config.hooks)
    except HooksError as error:
        raise DoorError(str(error)) from error
    async with Dispatcher(
        hooks.outgoing, config, partial(signals.left_s, _LAST_RESERVE)
    ) as dispatcher:
        witness = dispatcher.witness if config.hooks else None
        with opened_hall(config, witness, new_epoch=new_epoch) as hall:
            await _serve(hall, hooks, dispatcher, config, signals)


async def _serve(
    hall: Hall, hooks: Hooks, dispatcher: Dispatcher, config: Config, signals: Signals
) -> None:
    turnstile, addresses = make_turnstile(config), Addresses()
    server = await open_tcp_door(hall, turnstile, addresses, config.host, config.tcp_port)
    app = _application(hall, turnstile, hooks, house_key(data_folder(config)))
    runner = make_runner(app)
    await runner.setup()
    try:
        http_port = await _open_web_door(runner, config)
        hall.advertise(port_of(server))
        addresses.nc = nc_line(config.host, port_of(server))
        public = app[HOSTS].public
        addresses.page = str(public or f"http://{reachable(config.host)}:{http_port}/")
        signals.on_reload = partial(_reload, config.hooks, app, dispatcher)
        async with unix_door(hall, turnstile, addresses, config.unix):
            click.echo(_open_sentence(config, addresses, http_port, port_of(server)))
            await signals.stopped()
    finally:
        server.close()
        await _close(hall, turnstile, runner, signals.left_s(CLOSING_RESERVE))


async def _close(hall: Hall, turnstile: Turnstile, runner: web.AppRunner, within_s: float) -> None:
    """Lets nobody in any more, and everybody go, within so many seconds altogether."""
    for site in runner.sites:
        await site.stop()
    hall.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not hall.is_empty:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)  # once in a process's life: not worth an event
            await runner.cleanup()
            await emptied(turnstile, within_s)


def _reload(path: str, app: web.Application, dispatcher: Dispatcher) -> None:
    """Reads the file of hooks anew. One that cannot be used changes nothing."""
    try:
        hooks = read_hooks(path)
    except HooksError as error:
        _log.warning("the hooks stay as they were: %s", error)
        return
    app[TOKENS].use(hooks.incoming)
    dispatcher.use(hooks.outgoing)


def _application(hall: Hall, turnstile: Turnstile, hooks: Hooks, key: bytes) -> web.Application:
    """Raises DoorError."""
    try:
        app = create_app(hall, turnstile, hooks, key)
    except ValueError as error:
        raise DoorError(f"--public-url: {error}") from None
    app[HOSTS].learn()
    FILES.load()
    return app


async def _open_web_door(runner: web.AppRunner, config: Config) -> int:
    site = web.TCPSite(runner, config.host, config.http_port, backlog=BACKLOG_CONNECTIONS)
    try:
        await site.start()
    except (OSError, OverflowError) as error:
        raise door_error(error, config.host, config.http_port, "--http-port") from error
    port: int = runner.addresses[0][1]
    return port


def _open_sentence(config: Config, addresses: Addresses, http_port: int, tcp_port: int) -> str:
    sentence = f"oneroom is open: {addresses.page} in a browser, {addresses.nc} in a terminal."
    if config.host in ANYWHERE and not config.public_url:
        here = lan_address()
        sentence += f" From other machines: http://{here}:{http_port}/ and nc {here} {tcp_port}."
    return f"{sentence} Ctrl-C stops it."


@click.group(cls=Configured, path=config_file())
@click.version_option(__version__, prog_name="oneroom")
def main() -> None:
    """One chat room with many doors: browsers and terminals in one conversation."""


@main.command("serve")
@config_flags()
@new_epoch_flag
@click.version_option(__version__, prog_name="oneroom")
def serve_command(new_epoch: bool, **flags: Any) -> None:
    """Open the room: a page for browsers, a line for nc and telnet."""
    config = Config(**flags)
    run(lambda signals: serve(config, signals, new_epoch=new_epoch), config)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@config_flag("data")
def backup(file: Path, data: str) -> None:
    """Write a copy of the log to FILE, while the server runs or not.

    FILE must not exist. docs/operating.md says how to restore it.
    """
    try:
        folder = data_folder(Config(data=data))
        if folder is None:
            raise LogError("a log in memory has no file to be copied")
        with _Progress() as progress:
            back_up(folder, file, progress)
    except LogError as error:
        raise click.ClickException(str(error)) from None


class _Progress:
    """How far a long piece of work is, in one line on stderr, if that is a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, done: int, total: int) -> None:
        if self._is_shown:
            click.echo(f"\r{done / (total or 1):4.0%} of {total / 1e6:,.0f} MB", nl=False, err=True)

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)


add_to(main)
