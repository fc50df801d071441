from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from web_gateway.files import Files, without_comments

SCRIPT = "say(`你好`);\n" * 100


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "a.js").write_text(SCRIPT)
    (tmp_path / "secret.key").write_text("secret")
    return Files(tmp_path)


def ask(files: Files, name: str = "js/a.js", **headers: str) -> web.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return files.answer(make_mocked_request("GET", f"/{name}", headers=sent), name)


def body(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body


def test_a_file_is_sent_compressed_to_who_takes_it(files: Files) -> None:
    answer = ask(files, Accept_Encoding="gzip, deflate")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_type == "text/javascript"
    assert gzip.decompress(body(answer)).decode() == SCRIPT


def test_a_file_is_sent_plain_to_who_does_not(files: Files) -> None:
    answer = ask(files)
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert body(answer).decode() == SCRIPT


def test_a_file_that_the_client_has_is_not_sent_until_it_changes(
    files: Files, tmp_path: Path
) -> None:
    tag = ask(files).headers["ETag"]
    assert ask(files, If_None_Match=tag).status == 304
    (tmp_path / "js" / "a.js").write_text("changed")
    assert body(ask(files, If_None_Match=tag)) == b"changed"


@pytest.mark.parametrize(
    "name", ["secret.key", "js", "js/../secret.key", "js/b.js", "", "/js/a.js"]
)
def test_nothing_else_is_there(files: Files, name: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        ask(files, name)


def test_what_is_written_for_readers_is_not_sent_and_lines_keep_their_numbers() -> None:
    source = b"""/**
 * What it is.
 */
const a = "// no comment"; // one behind code
  // one more
/** @param {string} b */
const c = /[/*]/, d = "*/";
"""
    assert without_comments(source, ".js").split(b"\n") == [
        b"",
        b"",
        b"",
        b'const a = "// no comment"; // one behind code',
        b"",
        b"",
        b'const c = /[/*]/, d = "*/";',
        b"",
    ]
    assert without_comments(b"/* a\n b */\na { b: c; }\n", ".css") == b"\n\na { b: c; }\n"
    assert without_comments(b"/* a */\n", ".svg") == b"/* a */\n"
