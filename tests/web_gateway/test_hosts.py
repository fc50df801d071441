"""Which Host is ours: names that no page of somebody else's can have."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from tcp_room.config import Config
from tests.web_gateway.served import until
from web_gateway.hosts import Hosts, is_loopback, is_own, name_of, public
from web_gateway.ways import lan_address

HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:8080", "localhost"),
        ("LocalHost.", "localhost"),
        ("192.168.1.20:8080", "192.168.1.20"),
        ("[::1]:8080", "::1"),
        ("a_b.chat-1.test", "a_b.chat-1.test"),
    ],
)
def test_a_host_is_a_name_and_a_port(host: str, name: str) -> None:
    assert name_of(host) == name


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a:b", "a:1:2", "::1", "[::1", "a/b", "a@b", "ü.test", "a:123456", 256 * "a"],
)
def test_what_is_no_host_has_no_name(host: str) -> None:
    assert name_of(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8080",
        "room.localhost",
        "127.0.0.1:8080",
        "127.1.2.3",
        "[::1]:8080",
        socket.gethostname(),
        f"{socket.gethostname().partition('.')[0]}.local:8080",
    ],
)
def test_this_machine_is_known_by_its_own_names(host: str) -> None:
    assert Hosts(Config()).allows(host, HERE)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "evil.local",
        "192.0.2.7",
        "[2001:db8::7]",
        "0.0.0.0",
        "2130706433",
        "127.1",
        "",
    ],
)
def test_no_other_name_is(host: str) -> None:
    assert not Hosts(Config()).allows(host, HERE)


def test_people_on_the_network_come_by_the_address_that_they_reached() -> None:
    hosts = Hosts(Config(host="192.168.1.20"))
    assert hosts.allows("192.168.1.20:8080", "192.168.1.20")
    assert not hosts.allows("192.168.1.21:8080", "192.168.1.20")
    assert hosts.allows("[fe80::1]:8080", "fe80::1%eth0")


def test_a_house_that_listens_everywhere_has_every_address_of_its_machine() -> None:
    assert Hosts(Config(host="0.0.0.0")).allows(f"{lan_address()}:8080", HERE)
    assert not Hosts(Config(host="0.0.0.0")).allows("192.0.2.7:8080", HERE)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "0.0.0.0", "224.0.0.1"])
def test_an_address_of_no_interface_is_not_our_own(address: str) -> None:
    assert not is_own(ip_address(address))


def test_the_operator_can_add_a_name() -> None:
    hosts = Hosts(Config(public_url="https://Chat.Test/"))
    assert hosts.allows("chat.test", HERE)
    assert hosts.allows("chat.test:444", HERE)
    assert not hosts.allows("www.chat.test", HERE)
    assert Hosts(Config(public_url="http://münchen.test:81")).allows("xn--mnchen-3ya.test:81", HERE)


@pytest.mark.parametrize("host", ["192.168.1.20", "chat.test"])
def test_the_value_of_host_is_allowed(host: str) -> None:
    assert Hosts(Config(host=host)).allows(f"{host}:8080", HERE)


async def test_the_full_name_is_learned_when_the_resolver_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts = Hosts(Config())
    monkeypatch.setattr(socket, "getfqdn", lambda: "Alpha.Lab.Test")
    hosts.learn()
    await until(lambda: hosts.allows("alpha.lab.test", HERE))


@pytest.mark.parametrize(
    "url", ["chat.test", "http://", "ftp://chat.test", "http://a b/", "http://me@chat.test/"]
)
def test_a_public_address_is_one_of_the_web(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address like"):
        public(url)


@pytest.mark.parametrize("url", ["http://chat.test/room", "http://chat.test/?a", "http://x/#y"])
def test_a_house_is_at_the_top_of_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="has a path"):
        public(url)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("room.localhost", True),
        ("192.168.1.20", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_only_this_machine_is_reached_by(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
