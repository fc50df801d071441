"""What a person always wants: flags that are written down in a file.

    address = "192.168.1.20"      # for join, say, tail and who
    nick = "小明"

    [serve]                       # for one command
    host = "0.0.0.0"

A key is a flag's name without its dashes, or an argument's. A flag stands above a variable, and
that above the file. Whoever writes a key that there is not is told which there are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

# Whose flags may stand outside of a table: the server's would not be meant.
_CLIENTS: Final = ("join", "say", "tail", "who")
# It may stand in the file of who has the client alone.
_SERVER: Final = "serve"
_Values = Mapping[str, Any]


class SettingsError(click.ClickException):
    """A file that cannot be followed, as a sentence."""

    exit_code = 2  # as for flags that make no sense


class Configured(click.Group):
    """Commands whose flags may stand in a file as well."""

    def __init__(self, *args: Any, path: Path | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.path = path

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Raises SettingsError."""
        more.setdefault("default_map", self.settings())
        return super().make_context(*args, **more)

    def settings(self) -> dict[str, dict[str, Any]]:
        """What the file holds, by command and by parameter. Raises SettingsError."""
        if self.path is None:
            return {}
        held = _read(self.path)
        common = {key: value for key, value in held.items() if not isinstance(value, dict)}
        tables = {key: value for key, value in held.items() if isinstance(value, dict)}
        for name in tables.keys() - self.commands.keys() - {_SERVER}:
            raise self._unknown(f"[{name}]", (f"[{name}]" for name in self.commands))
        self._refuse_unknown(common)
        return {
            name: {**_by_parameter(command, common if name in _CLIENTS else {}), **own}
            for name, command in self.commands.items()
            for own in [self._own(command, tables.get(name, {}))]
        }

    def _own(self, command: click.Command, table: _Values) -> dict[str, Any]:
        names = _names(command)
        for key in table.keys() - names.keys():
            raise self._unknown(key, names)
        return _by_parameter(command, table)

    def _refuse_unknown(self, common: _Values) -> None:
        known = {key for name in _CLIENTS if name in self.commands for key in self._keys(name)}
        for key in common.keys() - known:
            raise self._unknown(key, known)

    def _keys(self, name: str) -> Iterable[str]:
        return _names(self.commands[name])

    def _unknown(self, what: str, known: Iterable[str]) -> SettingsError:
        return SettingsError(
            f"{self.path}: there is no {what}; there are {', '.join(sorted(known))}"
        )


def resolved(group: Configured) -> Iterator[tuple[str, str, Any, str]]:
    """Command, key, value and source of everything that can be chosen. Raises ClickException."""
    settings = group.settings()
    for name, command in group.commands.items():
        names = _names(command)
        if not names or isinstance(command, click.Group):
            continue
        with command.make_context(name, [], default_map=settings.get(name)) as context:
            for key, parameter in names.items():
                source = context.get_parameter_source(parameter.name or "")
                yield name, key, context.params[parameter.name or ""], _source(parameter, source)


def _source(parameter: click.Parameter, source: object) -> str:
    match source:
        case click.core.ParameterSource.ENVIRONMENT:
            return str(parameter.envvar)
        case click.core.ParameterSource.DEFAULT_MAP:
            return "the file"
    return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # of TOML, or of UTF-8
        raise SettingsError(f"{path} is not sound: {error}") from error


def _by_parameter(command: click.Command, values: _Values) -> dict[str, Any]:
    """Of these, the command's own, by the names that click knows them by."""
    names = {parameter.name: parameter for parameter in command.params} | _names(command)
    return {names[key].name or "": value for key, value in values.items() if key in names}


def _names(command: click.Command) -> dict[str, click.Parameter]:
    """The parameters of a command by their keys; what is said is none of them."""
    chosen = (each for each in command.params if each.expose_value and each.nargs == 1)
    return {_key(parameter): parameter for parameter in chosen}


def _key(parameter: click.Parameter) -> str:
    longest = max(parameter.opts, key=len)
    return longest.removeprefix("--") if longest.startswith("--") else parameter.name or longest
