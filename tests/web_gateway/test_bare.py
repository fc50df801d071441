from __future__ import annotations

from tcp_room.errors import RoomError
from web_gateway.bare import bare


def test_an_answer_names_neither_the_program_nor_its_version() -> None:
    head, _, body = bare(RoomError("server_full", "come again")).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert f"Content-Length: {len(body)}".encode() in lines
    assert b"Connection: close" in lines
    assert not any(line.startswith((b"Server", b"Date")) for line in lines)
    assert body == b'{"code":"server_full","text":"come again"}\n'


def test_a_status_can_say_more_than_the_code() -> None:
    assert bare(RoomError("bad_request", "old"), 505).startswith(b"HTTP/1.1 505 HTTP Version")
