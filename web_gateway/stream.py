"""Listening by HTTP: `GET /rooms/NAME/events` and `/stream`, answers without an end.

Who listens is a member like everybody, by the door "http": a cursor that the
room brings forward with bytes that all of its view share. The same skeleton as
`web_gateway.bridge`, without the reading: what a listener has to say, it posts.

How it begins. A taken name is refused by a status, so one is let in first and
the headers are written then. Till they are, the member's socket counts as full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import HttpVersion11, web

from tcp_room.events import Pong
from tcp_room.hall import Hall
from tcp_room.member import Member, Why
from tcp_room.pulse import Pulse, keep_alive, unsent
from tcp_room.room import Room
from tcp_room.views import JSON, View
from web_gateway.bridge import HALL
from web_gateway.handler import Handler
from web_gateway.query import Query, door_of
from web_gateway.security import refuse_foreign
from web_gateway.sse import RETRY, Position, chunk, chunked, position, sse
from web_gateway.tap import Tap, cut_later, transport_of

STREAMS: Final = web.AppKey("streams", set["Stream"])


async def server_sent_events(request: web.Request) -> web.StreamResponse:
    """`?nick=`, `?bot=1`, and `Last-Event-ID` or `?since=`."""
    asked = Query(request, "nick", "bot", "since")
    room = request.app[HALL].known(request.match_info["name"])
    # A browser reconnects to the address it was given first: where it stands, the header knows.
    since = request.headers.get("Last-Event-ID") or asked.get("since")
    where = position(since) if since else None
    view = sse(room.epoch)
    return await _stream(request, asked, room, view, where, "text/event-stream", RETRY)


async def json_lines(request: web.Request) -> web.StreamResponse:
    """`?nick=`, `?bot=1`, `?since=&epoch=`."""
    asked = Query(request, "nick", "bot", "since", "epoch")
    room = request.app[HALL].known(request.match_info["name"])
    since = asked.get("since")
    where = position(since) if since else None
    if where and asked.get("epoch") is not None:
        where = Position(where.since, asked.get("epoch"))
    return await _stream(request, asked, room, JSON, where, "application/x-ndjson")


async def _stream(
    request: web.Request,
    asked: Query,
    room: Room,
    view: View,
    where: Position | None,
    content_type: str,
    preamble: bytes = b"",
) -> web.StreamResponse:
    """From the first byte to the last. Raises RoomError before the first."""
    refuse_foreign(request.headers)
    hall = request.app[HALL]
    stream = Stream(hall, request, view, door_of(asked.is_bot))
    try:
        since, epoch = where or (None, None)
        hall.enter(stream.member, asked.get("nick"), room.name, since, epoch)
        request.app[STREAMS].add(stream)
        response = _response(request, content_type)
        await response.prepare(request)
        stream.open(preamble)
        await stream.ended
        return response
    finally:
        request.app[STREAMS].discard(stream)
        stream.lost()


def _response(request: web.Request, content_type: str) -> web.StreamResponse:
    headers = {
        "Content-Type": content_type,
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would keep back what it is told
    }
    response = web.StreamResponse(headers=headers)
    response.force_close()
    if _is_chunked(request):
        response.enable_chunked_encoding()
    return response


def _is_chunked(request: web.Request) -> bool:
    """HTTP/1.0 (what nginx speaks to us unless told otherwise) has no chunks: it reads to the
    connection's end."""
    return request.version >= HttpVersion11


class Stream:
    """An outlet (see `member.Outlet`) that ends when its member is let go, or its client gone."""

    __slots__ = (
        "_frame",
        "_hall",
        "_leave",
        "_protocol",
        "_pulse",
        "_timer",
        "_transport",
        "ended",
        "member",
    )

    def __init__(self, hall: Hall, request: web.Request, view: View, door: str) -> None:
        self._hall = hall
        self._transport = transport_of(request)
        self._protocol = cast(Handler, request.protocol)
        self._leave: Callable[[], None] = _nothing
        self._pulse = Pulse(self._transport)
        self._timer: asyncio.TimerHandle | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dress: Callable[[View], View] = chunked if _is_chunked(request) else _bare
        self._frame: Callable[[bytes], bytes] = chunk if _is_chunked(request) else bytes
        self.member = Member(
            outlet=self,
            view=view,
            dress=dress,
            door=door,
            author=hall.token(),
            backlog_limit=hall.config.backlog_bytes,
        )
        self.member.full = True

    def open(self, preamble: bytes) -> None:
        """The headers are written: whatever waits may follow."""
        config = self._hall.config
        self._leave = self._protocol.hand_over()  # the place at the turnstile, till it is over
        keep_alive(self._transport, config)
        self._transport.set_write_buffer_limits(config.member_buffer_bytes)
        self._transport.set_protocol(Tap(self._protocol.reader, self.member, self.end))
        if preamble:
            self.write(self._frame(preamble))
        self.member.full = False
        if self.member.room is not None:
            self.member.room.drained(self.member)
        self._wait()

    def end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def lost(self) -> None:
        """It is over; what still waits in the socket must not keep it."""
        self.member.mute()
        self._hall.leave(self.member)
        self._leave()
        if self._timer is not None:
            self._timer.cancel()
        cut_later(self._transport, self._hall.config.linger_s)

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._hall.config.stream_pulse_s, self._beat)

    def _beat(self) -> None:
        """Something to read, for the proxies in between. Who is full has that anyway."""
        if not self.member.full:
            self.member.tell(Pong())
        self._wait()

    # -- called by the room

    def write(self, data: bytes) -> None:
        try:  # noqa: SIM105  (as in bridge.Bridge: this is the hot path)
            self._transport.write(data)
        except RuntimeError:
            pass  # the transport is closed, and `lost` is on its way

    def close(self, why: Why) -> None:
        """aiohttp writes the last chunk."""
        self.end()

    def unsent(self) -> int:
        return unsent(self._transport)

    def check(self) -> None:
        if self._pulse.is_over(self._hall.scheduler.time(), self._hall.config):
            self._transport.abort()

    def pause(self) -> None:
        """Nothing is read here."""

    def resume(self) -> None:
        pass


def _nothing() -> None:
    pass


def _bare(view: View) -> View:
    return view
