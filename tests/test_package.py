"""What is shipped."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import tcp_room

ROOT = Path(__file__).parent.parent
PACKAGES = {"oneroom_client", "tcp_room", "web_gateway"}


def built(target: str, folder: Path) -> Path:
    """The package, built without network."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (package,) = folder.glob("oneroom-*")
    return package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(built("wheel", tmp_path_factory.mktemp("wheel")))


def test_the_wheel_holds_both_packages_and_the_page(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    static = {path for path in (ROOT / "static").rglob("*") if path.is_file()}
    page = {f"web_gateway/static/{path.relative_to(ROOT / 'static').as_posix()}" for path in static}
    assert "web_gateway/static/index.html" in page <= shipped
    assert {
        "tcp_room/room.py",
        "tcp_room/py.typed",
        "web_gateway/py.typed",
        "oneroom_client/py.typed",
    } <= shipped


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops - {f"oneroom-{tcp_room.__version__}.dist-info"} == {
        "oneroom_client",
        "tcp_room",
        "web_gateway",
    }


def test_the_sdist_contains_all_that_make_needs(tmp_path: Path) -> None:
    top = f"oneroom-{tcp_room.__version__}"
    with tarfile.open(built("sdist", tmp_path)) as sdist:
        modes = {member.name: member.mode for member in sdist.getmembers()}
    for script in (ROOT / ".ci").iterdir():
        assert modes[f"{top}/.ci/{script.name}"] & 0o111, f"{script.name} is not executable"
    needed = {"Makefile", "pyproject.toml", "tsconfig.json", "README.md", "LICENSE"}
    assert {f"{top}/{name}" for name in needed} <= set(modes)


def test_the_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="oneroom")
    assert command.value == "web_gateway.start:main"
    assert version("oneroom") == tcp_room.__version__


def test_all_dependencies_have_a_floor_and_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    design = (ROOT / "docs" / "design.md").read_text()
    for dependency in project["dependencies"]:
        name, floor, _ = dependency.partition(">=")
        assert floor
        assert f"| {name}" in design, f"docs/design.md does not say why {name}"
