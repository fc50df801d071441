"""The page's files: compressed once, and not sent again to whoever has them.

A class of thirty phones loads them at once over one access point, so each is a
quarter of its size on the wire, and what is written for the source's readers is
not sent. Nothing else of the disk can be reached: what is asked for is looked
up in a list, not on the disk.
"""

from __future__ import annotations

import gzip
import re
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import hdrs, web

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Comments that have lines of their own: nothing else is sure to be one, without a parser.
_COMMENTS: Final = {
    ".css": re.compile(rb"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.DOTALL | re.MULTILINE),
    ".js": re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE),
}


class File(NamedTuple):
    plain: bytes
    gzipped: bytes
    tag: str


class Files:
    """What lies in a folder. A file that is changed while the server runs is read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.suffix in _TYPES
        }
        self._read: dict[tuple[str, int], File] = {}

    def load(self) -> None:
        """Reads all of them now, some 30 ms: later there may be no descriptor left to do so."""
        for name in self._names:
            self._file(name)

    def answer(self, request: web.Request, name: str) -> web.Response:
        """The file of that name; 304 if the client has it. Raises HTTPNotFound."""
        if name not in self._names:
            raise web.HTTPNotFound()
        file = self._file(name)
        headers = {hdrs.ETAG: file.tag, hdrs.VARY: hdrs.ACCEPT_ENCODING}
        if file.tag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        body = file.plain
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            body = file.gzipped
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        headers[hdrs.CONTENT_TYPE] = f"{_TYPES[Path(name).suffix]}; charset=utf-8"
        return web.Response(body=body, headers=headers)

    def _file(self, name: str) -> File:
        path = self._folder / name
        key = name, path.stat().st_mtime_ns
        if key not in self._read:
            plain = without_comments(path.read_bytes(), path.suffix)
            tag = f'"{blake2b(plain, digest_size=9).hexdigest()}"'
            self._read[key] = File(plain, gzip.compress(plain, mtime=0), tag)
        return self._read[key]


def without_comments(source: bytes, suffix: str) -> bytes:
    """Every line keeps its number, so that what a browser complains of is found."""
    comments = _COMMENTS.get(suffix)
    if comments is None:
        return source
    return comments.sub(lambda match: b"\n" * match[0].count(b"\n"), source)
