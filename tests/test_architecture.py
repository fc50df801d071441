"""Imports point one way, the heart is pure, and the page makes no HTML of strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Lowest first: a module imports only from layers below its own.
LAYERS: list[set[str]] = [
    {"allowance", "errors", "config", "chinese", "rota"},
    {
        "languages",
        "limits",
        "lines",
        "names",
        "preamble",
        "pulse",
        "retention",
        "telnet",
        "text",
    },
    {"events", "intake", "messages"},
    {"logs.port", "views"},
    {
        "terminal",
        "logs.memory",
        "logs.turns",
        "logs.witness",
        "logs.sqlite.pace",
        "logs.sqlite.schema",
        "pages",
        "presence",
        "search",
        "window",
    },
    {"logs.sqlite.lock", "logs.sqlite.rows", "logs.sqlite.worker", "member"},
    {"logs.sqlite.wal"},
    {"logs.sqlite.backup", "logs.sqlite.opening", "logs.sqlite.trimming", "logs.sqlite.writer"},
    {"logs.sqlite.upkeep", "courier"},
    {"logs.sqlite.engine"},
    {"room"},
    {"hall"},
    {"commands"},
    {"session"},
    {"connection"},
    {"server", "signals", "stderr"},
    {"cli"},
    {"__main__"},
]
CLIENT_LAYERS: list[set[str]] = [
    {"address", "attention", "backoff", "completion", "duration", "errors", "excerpt"}
    | {"palette", "status"},
    {"inbox", "outbox", "places", "settings", "state", "stdio", "stranger", "typed", "wire"},
    {"posts", "weblink"},
    {"link"},
    {"connection"},
    {"visit"},
    {"room"},
    {"console", "pipes"},
    {"cli"},
    {"start"},
    {"__main__"},
]
CLIENT_SHELLS = {
    "places",
    "stdio",
    "stranger",
    "weblink",
    "link",
    "posts",
    "connection",
    "visit",
    "room",
    "pipes",
    "console",
    "start",
}
# What goes over the wire, and how it looks at a terminal: all that a client knows of the room.
SHARED = {"errors", "events", "languages", "lines", "messages", "terminal", "text"}
SHELLS = {
    *("pulse", "connection", "server", "signals", "stderr", "cli", "__main__"),
    *("logs.sqlite.engine", "logs.sqlite.lock", "logs.sqlite.trimming", "logs.sqlite.upkeep"),
    *("logs.sqlite.backup", "logs.sqlite.wal", "logs.sqlite.worker", "logs.sqlite.writer"),
}
IMPURE = {"asyncio", "socket", "ssl", "selectors", "threading", "time", "aiohttp", "uvloop", "os"}
# What would make HTML of a string, or code.
FORBIDDEN_IN_PAGES = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / package).with_suffix("").parts)
        if not name.endswith("__init__"):
            yield name, ast.parse(path.read_text(), str(path))


def imports(tree: ast.Module) -> Iterator[str]:
    """Everything imported when the program runs, as dotted names."""
    typing_only = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(layers: list[set[str]], module: str) -> int:
    return next(number for number, names in enumerate(layers) if module in names)


PACKAGES = {"tcp_room": LAYERS, "oneroom_client": CLIENT_LAYERS}
MODULES = [(package, *module) for package in PACKAGES for module in modules(package)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_layer(package: str) -> None:
    assert {name for name, _ in modules(package)} == set.union(*PACKAGES[package])


@pytest.mark.parametrize(("package", "name", "tree"), MODULES)
def test_a_module_imports_only_from_below(package: str, name: str, tree: ast.Module) -> None:
    layers = PACKAGES[package]
    known = set.union(*layers)
    for imported in imports(tree):
        module = imported.removeprefix(f"{package}.")
        if imported.startswith(f"{package}.") and module in known:
            assert layer(layers, module) < layer(layers, name), f"{name} imports {module}"


@pytest.mark.parametrize(("name", "tree"), list(modules("oneroom_client")))
def test_a_client_shares_the_wire_with_the_room_and_nothing_else(
    name: str, tree: ast.Module
) -> None:
    known = set.union(*LAYERS)
    used = {imported.removeprefix("tcp_room.") for imported in imports(tree)} & known
    assert used <= SHARED
    tops = {imported.partition(".")[0] for imported in imports(tree)}
    assert "web_gateway" not in tops
    if name not in CLIENT_SHELLS | {"cli", "__main__"}:
        assert not tops & IMPURE


# On its way from the command to the prompt; what only a POSIX system has stands behind a question.
WINDOWS_HAS_NOT = {"fcntl", "pty", "resource", "termios", "tty", "uvloop", "pwd", "grp"}
ASKED_FOR = {"add_signal_handler", "SIGHUP", "open_unix_connection", "add_reader"}


@pytest.mark.parametrize(("name", "tree"), list(modules("oneroom_client")))
def test_a_client_runs_on_windows_as_far_as_can_be_told(name: str, tree: ast.Module) -> None:
    assert not {imported.partition(".")[0] for imported in imports(tree)} & WINDOWS_HAS_NOT
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            used = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
            if used & ASKED_FOR:
                assert "sys.platform" in ast.unparse(function), f"{name}.{function.name}"


@pytest.mark.parametrize(("name", "tree"), list(modules("tcp_room")))
def test_the_heart_is_pure(name: str, tree: ast.Module) -> None:
    tops = {imported.partition(".")[0] for imported in imports(tree)}
    assert "web_gateway" not in tops
    assert "aiohttp" not in tops
    if name not in SHELLS:
        assert not tops & IMPURE


def test_one_place_sees_both_doors() -> None:
    seeing = {
        name
        for name, tree in modules("web_gateway")
        if any(imported.startswith("tcp_room.server") for imported in imports(tree))
    }
    assert seeing == {"cli"}


def test_nobody_makes_html_of_strings() -> None:
    for path in (ROOT / "static").rglob("*"):
        if path.suffix in (".js", ".html"):
            assert not FORBIDDEN_IN_PAGES.search(path.read_text()), path


def test_the_modules_that_are_loaded_at_once_are_named_in_the_page() -> None:
    """Else each would be asked for only when the one that imports it has come."""
    static = ROOT / "static"
    named = set(
        re.findall(r'modulepreload" href="/static/js/(\w+\.js)"', _text(static / "index.html"))
    )
    needed: set[str] = set()
    found = {"main.js"}
    while found:
        source = _text(static / "js" / found.pop())
        imported = set(re.findall(r'^(?:import|} from) .*?"\./(\w+\.js)";$', source, re.M))
        found |= imported - needed
        needed |= imported
    assert named == needed


def _text(path: Path) -> str:
    return path.read_text("utf-8")


PURE_SCRIPTS = [
    "addresses",
    "complete",
    "connection",
    "frames",
    "markup",
    "mentions",
    "outbox",
    "presence",
    "rows",
    "settings",
    "state",
]


@pytest.mark.parametrize("name", PURE_SCRIPTS)
def test_what_is_no_view_knows_no_dom(name: str) -> None:
    source = (ROOT / "static" / "js" / f"{name}.js").read_text()
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.S)
    assert "document." not in code
    assert "HTMLElement" not in code


def test_tests_mirror_the_modules() -> None:
    """Each module has a test of its name, or is a shell that a test of its package runs whole."""
    without = {"cli", "__main__", "events", "status"}
    for package in ("oneroom_client", "tcp_room", "web_gateway"):
        for name, _ in modules(package):
            *folders, module = name.split(".")
            if module not in without:
                path = ROOT.joinpath("tests", package, *folders, f"test_{module}.py")
                assert path.exists(), path
