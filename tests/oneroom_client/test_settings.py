"""Flags that are written down in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from oneroom_client.settings import Configured
from tests.oneroom_client.shell import sh


def program(path: Path) -> Configured:
    """Commands that write what they are told."""
    group = Configured(path=path)

    def told(**flags: Any) -> None:
        click.echo(" ".join(f"{key}={value!r}" for key, value in sorted(flags.items())))

    for name in ("say", "serve"):
        group.add_command(
            click.Command(
                name,
                params=[
                    click.Argument(["address"], default="", required=False),
                    click.Option(["--nick", "-n"], envvar="ONEROOM_NICK"),
                    click.Option(["--no-history"], is_flag=True),
                    click.Option(["--time", "clock"], type=click.Choice(["hm", "off"])),
                ],
                callback=told,
            )
        )
    return group


def run(path: Path, text: str, *arguments: str, **variables: str) -> Result:
    path.write_text(text, "utf-8")
    return CliRunner(env=variables).invoke(program(path), arguments)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_what_is_written_down_need_not_be_typed(path: Path) -> None:
    text = 'address = "chat.local"\nnick = "小明"\nno-history = true\ntime = "off"'
    done = run(path, text, "say")
    assert done.output == "address='chat.local' clock='off' nick='小明' no_history=True\n"


def test_a_flag_stands_above_a_variable_and_that_above_the_file(path: Path) -> None:
    text = 'nick = "file"'
    flagged = run(path, text, "say", "--nick", "flag", ONEROOM_NICK="variable")
    assert "nick='flag'" in flagged.output
    assert "nick='variable'" in run(path, text, "say", ONEROOM_NICK="variable").output
    assert "nick='file'" in run(path, text, "say").output


def test_a_table_is_for_one_command_and_the_server_has_one_of_its_own(path: Path) -> None:
    text = 'nick = "everywhere"\n[say]\nnick = "here"\n[serve]\ntime = "off"'
    assert "nick='here'" in run(path, text, "say").output
    assert run(path, text, "serve").output == "address='' clock='off' nick=None no_history=False\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('nik = "x"', "there is no nik; there are address, nick, no-history, time"),
        ('[say]\nclock = "hm"', "there is no clock; there are address, nick"),
        ("[dance]", "there is no [dance]; there are [say], [serve]"),
        ("nick = ", "is not sound"),
        ('time = "noon"', "'noon' is not one of 'hm', 'off'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(path: Path, text: str, sentence: str) -> None:
    done = run(path, text, "say")
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_a_file_that_is_not_utf8_or_cannot_be_read_is_told(path: Path) -> None:
    path.write_bytes(b'nick = "\xff"')
    assert "is not sound" in CliRunner().invoke(program(path), ["say"]).output
    path.unlink()
    path.mkdir()
    assert "cannot be read" in CliRunner().invoke(program(path), ["say"]).output


def test_there_need_not_be_a_file(path: Path) -> None:
    assert CliRunner().invoke(program(path), ["say"]).exit_code == 0


async def test_the_program_tells_what_holds_and_why(path: Path) -> None:
    write = "printf 'nick = \"小明\"\\n[serve]\\nhttp-port = 8099' > $ONEROOM_CONFIG;"
    done = await sh(f"{write} oneroom config check", ONEROOM_CONFIG=str(path), ONEROOM_ROOM="ops")
    assert done.out.startswith(f"# {path}\n")
    assert 'nick = "小明"'.ljust(40) + "  # the file" in done.out
    assert 'room = "ops"'.ljust(40) + "  # ONEROOM_ROOM" in done.out
    assert (done.err, done.status) == ("", 0)
