from __future__ import annotations

import pytest

from web_gateway.security import headers, is_own_origin


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:8080"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://LOCALHOST:8080", "localhost:8080"),
        ("http://192.168.1.20:8080", "192.168.1.20:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://chat.test", "chat.test"),
        ("http://chat.test", "chat.test:80"),
        ("https://chat.test", "chat.test"),
        ("https://chat.test", "chat.test:443"),
    ],
)
def test_the_page_itself_and_programs_may_join(origin: str | None, host: str) -> None:
    assert is_own_origin(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "localhost:8080"),
        ("http://localhost:3000", "localhost:8080"),
        ("http://localhost", "localhost:8080"),
        ("http://127.0.0.1:8080", "localhost:8080"),
        ("https://chat.test:80", "chat.test:443"),
        ("null", "localhost:8080"),
        ("", "localhost:8080"),
        ("file://", "localhost:8080"),
        ("http://chat.test.evil.example", "chat.test"),
        ("http://evil-chat.test", "chat.test"),
        ("http://chat.test.", "chat.test"),
        ("http://user@localhost:8080", "localhost:8080"),
        ("http://localhost:8080/path", "localhost:8080"),
        ("ftp://localhost:8080", "localhost:8080"),
        ("http://localhost:8080", None),
        ("http://[bad", "localhost:8080"),
    ],
)
def test_pages_of_other_addresses_may_not(origin: str, host: str | None) -> None:
    assert not is_own_origin(origin, host)


def test_the_policy_names_the_websocket_of_this_host() -> None:
    policy = headers("chat.test:8080")["Content-Security-Policy"]
    assert "connect-src 'self' ws://chat.test:8080 wss://chat.test:8080;" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", [None, "", "a; script-src *", "a b", "x\r\ny"])
def test_a_strange_host_cannot_write_into_the_policy(host: str | None) -> None:
    assert "connect-src 'self';" in headers(host)["Content-Security-Policy"]
