"""One HTTP connection, from its first moment to its last.

aiohttp parses requests and writes answers. This module bounds what that may cost:

- A connection counts at the turnstile before it has sent a byte, so idle and slow ones count too.
- It is read through the intake, as on every door.
- The headers of a request are bounded as a whole.
- An answer that its client does not read is cut after `http_answer_s`.
- Bytes that are no HTTP get an error code, and write nothing to stderr.
- When a connection becomes a WebSocket, it keeps its place at the turnstile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from aiohttp import EMPTY_PAYLOAD, StreamReader, web

from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.intake import ENDED, Intake, Reading
from tcp_room.limits import Turnstile
from tcp_room.pulse import Linger, peer
from web_gateway.bare import Bare, bare

# Why a connection is not read (see `intake`): aiohttp has enough to do.
_HTTP: Final = 16
_log = logging.getLogger(__name__)


class Runner(web.AppRunner):
    """Runs an application on connections that are counted."""

    def __init__(self, app: web.Application, turnstile: Turnstile, hall: Hall) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=hall.config.shutdown_s)
        self._turnstile = turnstile
        self._hall = hall

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._turnstile, self._hall)


class _Server(web.Server):
    """Makes the protocol of each connection."""

    def __init__(self, made: web.Server, turnstile: Turnstile, hall: Hall) -> None:
        """`made` is the application's own."""
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self._turnstile = turnstile
        self._hall = hall

    def __call__(self) -> Reader:  # type: ignore[override]  # it stands before the handler
        return Handler(self, self._turnstile, self._hall).reader


class Reader(asyncio.BufferedProtocol):
    """The reading side of a connection (see `intake`), which passes everything on to aiohttp.

    By itself aiohttp reads 256 KiB at a time, and buffers twice as much of a body that no handler
    reads.
    """

    __slots__ = ("_handler", "_intake", "reading")

    reading: Reading

    def __init__(self, handler: Handler, intake: Intake) -> None:
        self._handler = handler
        self._intake = intake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.reading = Reading(cast(asyncio.Transport, transport))
        self._handler.connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._intake.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._intake.received(self, nbytes)

    def take_in(self, data: bytes, /) -> None:
        self._handler.data_received(data)

    def end(self) -> bytes:
        """Reading ends. Returns the bytes that were read and still wait for their turn."""
        self.reading.pause(ENDED)
        return self._intake.forget(self)

    def eof_received(self) -> None:
        self._handler.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._handler.connection_lost(error)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


class Handler(web.RequestHandler):
    __slots__ = ("_body", "_config", "_head_bytes", "_leave", "_seen", "_turnstile", "reader")

    def __init__(self, server: web.Server, turnstile: Turnstile, hall: Hall) -> None:
        config = hall.config
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            read_bufsize=config.line_bytes,
            access_log=None,  # type: ignore[arg-type]  # as AppRunner itself passes it
            keepalive_timeout=config.http_idle_s,
            lingering_time=config.linger_s,
            # A few compressed bytes would be megabytes, unpacked on the loop.
            auto_decompress=False,
        )
        self._turnstile = turnstile
        self._config = config
        self.reader = Reader(self, hall.intake)
        # Of the request that has not come to the end of its headers, and the one before it.
        self._head_bytes = self._seen = 0
        self._body: StreamReader = EMPTY_PAYLOAD
        self._leave: Callable[[], None] = _nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        address = peer(transport)
        try:
            self._turnstile.enter(address)
        except RoomError as error:
            self._turn_away(cast(asyncio.Transport, transport), error)
            return
        self._leave = partial(self._turnstile.leave, address)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """aiohttp limits each header and their number, but not their sum: 1 MB, twice as much in
        memory, and for as many connections as an address may have."""
        super().data_received(data)
        self._measure(data)
        if self._head_bytes > self._config.http_head_bytes:
            self._refuse_head()

    def _measure(self, data: bytes) -> None:
        """Counts the bytes since the last request, unless they belong to its body."""
        is_new = self._seen != self._request_count
        if is_new:
            self._seen = self._request_count
            self._body = self._messages[-1][1] if self._messages else EMPTY_PAYLOAD
        is_body = is_new or not self._body.is_eof()
        self._head_bytes = 0 if is_body else self._head_bytes + len(data)

    # aiohttp stops reading while it has enough to do; so may the intake.

    def _pause_transport_reading(self) -> None:
        self.reader.reading.pause(_HTTP)

    def _resume_transport_reading(self) -> None:
        self.reader.reading.resume(_HTTP)

    def _refuse_head(self) -> None:
        if self.transport is None or self._force_close:
            return
        if self._is_answering:
            self.force_close()
            return
        limit = self._config.http_head_bytes
        error = RoomError("bad_request", f"the headers have more than {limit} bytes")
        self._part(self.transport, bare(error, 431))

    @property
    def _is_answering(self) -> bool:
        """Whether an earlier request is still to be answered, or just being."""
        return bool(self._request_count) and (self._waiter is None or self._waiter.done())

    def connection_lost(self, error: BaseException | None) -> None:
        self.hand_over()()
        rest = self.reader.end()
        if rest and self._payload_parser is not None:  # a handshake's next bytes
            self._payload_parser.feed_data(rest)
        super().connection_lost(error)

    def close(self) -> None:
        """Ends after the answer under way, without waiting for the rest of a body."""
        super().close()
        self._lingering_time = 0.0

    def hand_over(self) -> Callable[[], None]:
        """Gives the place at the turnstile to the caller, which calls the result at the end."""
        leave, self._leave = self._leave, _nothing
        return leave

    def _turn_away(self, transport: asyncio.Transport, error: RoomError) -> None:
        """Sends the reason, unless many refused clients linger already: each has a descriptor."""
        self._force_close = True
        if not self._turnstile.begin_refusal(self._config.refused_lingering):
            transport.abort()
            return
        self._leave = self._turnstile.end_refusal
        self._part(transport, bare(error))

    def _part(self, transport: asyncio.Transport, last_words: bytes) -> None:
        """Waits a little until the client has read these: closing at once would be a reset."""
        self._force_close = True  # further input is dropped
        transport.write(last_words)
        try:
            transport.write_eof()
        except OSError:  # the client has gone already
            transport.abort()
        else:
            Linger(transport, self._config.linger_s)

    async def finish_response(
        self, request: web.BaseRequest, answer: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        try:
            async with asyncio.timeout(self._config.http_answer_s):
                return await super().finish_response(request, answer, start_time)
        except TimeoutError:
            if self.transport is not None:
                self.transport.abort()
            return answer, True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        error: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers bytes that cannot be parsed, and exceptions from outside of the routes."""
        if request.writer.output_size:
            raise ConnectionError("the answer has begun already")
        if status < 500:
            return Bare(RoomError("bad_request", "that is no HTTP request that can be answered"))
        _log.error("a request failed", exc_info=error)
        return Bare(RoomError("internal", "the server made a mistake"))


def _nothing() -> None:
    pass
