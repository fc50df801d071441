""".ci/install: an install that works stays, and a broken one is repaired. No network is needed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INSTALLING = "Installing oneroom into .venv (once)…"
OLDER = "The new install did not succeed (no network?): what was installed before is used."
STOPPED = "The install was stopped. The same command starts it again."
WAITING = "Waiting for another install into .venv…"
UNREACHED = (
    "oneroom needs packages from the network, which pip did not reach ([Errno 111] Connection"
    " refused). Try again when it can."
)

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "oneroom"
version = "1"
dependencies = []
"""

# It builds an editable wheel with the standard library alone. As long as there is a file `slow`
# it waits, as pip does for a slow network.
BACKEND = r"""
import os, time, zipfile
from pathlib import Path

def build_editable(folder, *_):
    while os.path.exists("slow"):
        Path("waits").touch()
        time.sleep(0.01)
    depends = "".join(f"Requires-Dist: {name}\n" for name in Path("requires").read_text().split())
    name = "oneroom-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("oneroom.pth", os.getcwd())
        info = f"Metadata-Version: 2.1\nName: oneroom\nVersion: 1\n{depends}"
        wheel.writestr("oneroom-1.dist-info/METADATA", info)
        wheel.writestr("oneroom-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("oneroom-1.dist-info/RECORD", "")
    return name
"""


@dataclass
class Checkout:
    """A checkout of a small oneroom that has no dependencies."""

    folder: Path

    @contextmanager
    def start(self) -> Iterator[subprocess.Popen[str]]:
        """An install in a process group of its own, which does not outlast the block."""
        # Nothing listens on port 1: an index that is not reached.
        surroundings = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:1/simple"}
        with subprocess.Popen(
            # Programs in the background ignore Ctrl-C, and would hand that on.
            ["env", "--default-signal=INT", self.folder / ".ci" / "install"],
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as install:
            try:
                yield install
            finally:
                if install.poll() is None:
                    os.killpg(install.pid, signal.SIGKILL)

    def install(self) -> list[str]:
        """What it shows. The install must succeed."""
        with self.start() as install:
            shown, _ = install.communicate()
        assert install.returncode == 0, shown
        return shown.splitlines()

    def wait_until_slow(self) -> None:
        while not (self.folder / "waits").exists():
            time.sleep(0.01)

    def go_on(self) -> None:
        (self.folder / "slow").unlink()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def works(self) -> bool:
        """Whether oneroom is imported from this folder, wherever one is."""
        code = "import web_gateway.cli; print(web_gateway.__file__)"
        python = self.folder / ".venv" / "bin" / "python"
        done = subprocess.run([python, "-Ic", code], capture_output=True, text=True)
        return done.stdout.startswith(str(self.folder))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that is installed, to be copied to `checkout`: a .venv belongs to one path."""
    folder = tmp_path_factory.mktemp("install") / "one room"
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    checkout = Checkout(folder)
    checkout.write(Makefile="", requires="", **{"pyproject.toml": PYPROJECT, "backend.py": BACKEND})
    for package, module in (("tcp_room", "__init__"), ("web_gateway", "__init__")):
        (folder / package).mkdir()
        (folder / package / f"{module}.py").write_text('__version__ = "1"\n')
    (folder / "web_gateway" / "cli.py").touch()
    assert checkout.install() == [INSTALLING]
    assert checkout.works()
    return folder.rename(folder.with_name("installed"))


@pytest.fixture
def checkout(installed: Path) -> Checkout:
    folder = installed.with_name("one room")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(installed, folder, symlinks=True)
    return Checkout(folder)


def needs_what_is_not_there(checkout: Checkout) -> None:
    checkout.write(requires="nowhere", **{"pyproject.toml": f"{PYPROJECT}# needs more\n"})


def test_what_is_installed_is_not_installed_again(checkout: Checkout) -> None:
    (checkout.folder / "pyproject.toml").touch()
    assert checkout.install() == []


def test_a_changed_project_is_installed_in_place(checkout: Checkout) -> None:
    here = checkout.folder / ".venv" / "here"
    here.touch()
    checkout.write(**{"pyproject.toml": f"{PYPROJECT}# changed\n"})
    assert checkout.install() == [INSTALLING]
    assert checkout.install() == []
    assert here.exists()


def test_the_older_install_is_used_while_there_is_no_network(checkout: Checkout) -> None:
    here = checkout.folder / ".venv" / "here"
    here.touch()
    needs_what_is_not_there(checkout)
    for _ in range(2):
        assert checkout.install() == [INSTALLING, OLDER]
        assert checkout.works()
    checkout.write(requires="")
    assert checkout.install() == [INSTALLING]
    assert here.exists()


def test_a_moved_checkout_repairs_itself(checkout: Checkout) -> None:
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert not checkout.works()
    assert checkout.install() == [INSTALLING]
    assert checkout.works()
    assert not (checkout.folder / ".venv.old").exists()
    shutil.rmtree(checkout.folder)


def test_a_python_that_is_gone_is_replaced(checkout: Checkout) -> None:
    for python in (checkout.folder / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to("/nowhere/python3")
    assert checkout.install() == [INSTALLING]
    assert checkout.works()


def test_the_older_install_comes_back_if_a_new_one_fails(checkout: Checkout) -> None:
    (checkout.folder / ".venv" / ".unfinished").touch()  # pip was killed: it is built anew
    needs_what_is_not_there(checkout)
    assert checkout.install() == [INSTALLING, OLDER]
    assert checkout.works()


def test_an_update_that_is_stopped_leaves_what_works(checkout: Checkout) -> None:
    checkout.write(slow="", **{"pyproject.toml": f"{PYPROJECT}# changed\n"})
    with checkout.start() as install:
        checkout.wait_until_slow()
        os.killpg(install.pid, signal.SIGINT)
        assert install.communicate()[0].splitlines() == [INSTALLING, STOPPED]
    assert install.returncode == 130
    assert checkout.works()
    checkout.go_on()
    assert checkout.install() == [INSTALLING]
    assert checkout.install() == []


def test_a_rebuild_that_is_killed_is_made_good(checkout: Checkout) -> None:
    checkout.write(slow="")
    (checkout.folder / ".venv" / ".unfinished").touch()
    with checkout.start() as install:
        checkout.wait_until_slow()
        os.killpg(install.pid, signal.SIGKILL)
    assert (checkout.folder / ".venv.old").exists()
    checkout.go_on()
    # What was killed may still end while the next install asks for its turn.
    assert checkout.install()[-1] == INSTALLING
    assert checkout.install() == []
    assert checkout.works()
    assert not (checkout.folder / ".venv.old").exists()


def test_one_sentence_says_that_the_network_is_missing(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / ".venv")
    needs_what_is_not_there(checkout)
    with checkout.start() as install:
        assert install.communicate()[0].splitlines() == [INSTALLING, UNREACHED]
    assert install.returncode == 1


def test_two_installs_at_once_are_one(checkout: Checkout) -> None:
    checkout.write(slow="", **{"pyproject.toml": f"{PYPROJECT}# changed\n"})
    with checkout.start() as first:
        checkout.wait_until_slow()
        with checkout.start() as second:
            assert second.stdout is not None
            assert second.stdout.readline().rstrip() == WAITING
            checkout.go_on()
            assert first.communicate()[0].splitlines() == [INSTALLING]
            assert second.communicate()[0] == ""
    assert (first.returncode, second.returncode) == (0, 0)
