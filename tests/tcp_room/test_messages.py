"""Decoding what a JSON client says: a typed message, or a RoomError with its code."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import messages
from tcp_room.config import Config
from tcp_room.errors import RoomError


def refused(line: bytes) -> str:
    with pytest.raises(RoomError) as caught:
        messages.decode(line)
    return caught.value.code


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"kind":"hello"}', messages.Hello()),
        (
            b'{"kind":"hello","nick":"al","room":"dev","since":7,"epoch":"e","session":"'
            + b"s" * 16
            + b'"}',
            messages.Hello(nick="al", room="dev", since=7, epoch="e", session="s" * 16),
        ),
        (b'{"kind":"say","text":"hi","id":"x"}', messages.Say(text="hi", id="x")),
        (b'{"kind":"act","text":"waves"}', messages.Act(text="waves")),
        (b'{"kind":"command","line":"/who"}', messages.Command(line="/who")),
        (b'{"kind":"nick","nick":"al"}', messages.Nick(nick="al")),
        (b'{"kind":"join","room":"dev"}', messages.Join(room="dev")),
        (b'{"kind":"topic","text":""}', messages.Topic(text="")),
        (b'{"kind":"typing"}', messages.Typing()),
        (b'{"kind":"dm","to":"bob","text":"hi"}', messages.Dm(to="bob", text="hi")),
        (b'{"kind":"who"}', messages.Who()),
        (b'{"kind":"history","before":9,"limit":5}', messages.History(before=9, limit=5)),
        (b'{"kind":"history","limit":' + b"9" * 30 + b"}", messages.History(limit=10**30 - 1)),
        (b'{"kind":"ping","id":"x"}', messages.Ping(id="x")),
        (b' \t{ "kind" : "ping" } \r', messages.Ping()),
        (b'{"kind":"ping","colour":"blue","from":"root"}', messages.Ping()),
        (b'{"kind":"say","text":"\\u4f60\\n\\ud83d\\ude00"}', messages.Say(text="你\n😀")),
    ],
    ids=lambda it: it.decode()[:40] if isinstance(it, bytes) else "",
)
def test_a_message_is_what_it_says(line: bytes, message: messages.AnyMessage) -> None:
    assert messages.decode(line) == message


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"{hello", "bad_json"),
        (b'{"kind":"say","text":"hi"', "bad_json"),
        (b'{"kind":"ping"} {"kind":"ping"}', "bad_json"),
        (b"{'kind':'ping'}", "bad_json"),
        (b'{"kind":"say","text":"\xff"}', "bad_json"),
        (b'{"kind":"say","text":"\\ud800"}', "bad_json"),
        (b'{"kind":"say","text":"a\nb"}', "bad_json"),
        (b'{"kind":"say","text":"\\x41"}', "bad_json"),
        (b'{"kind":"history","limit":NaN}', "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b'{"a":' * 100_000, "bad_json"),
        (b"{}", "bad_message"),
        (b"[]", "bad_message"),
        (b"null", "bad_message"),
        (b'"say"', "bad_message"),
        (b'{"kind":null}', "bad_message"),
        (b'{"kind":"shout","text":"hi"}', "bad_message"),
        (b'{"kind":"presence"}', "bad_message"),
        (b'{"kind":"say"}', "bad_message"),
        (b'{"kind":"say","text":7}', "bad_message"),
        (b'{"kind":"say","text":null}', "bad_message"),
        (b'{"kind":"say","text":"hi","id":""}', "bad_message"),
        (b'{"kind":"say","text":"hi","id":7}', "bad_message"),
        (b'{"kind":"hello","since":-1}', "bad_message"),
        (b'{"kind":"hello","since":1.5}', "bad_message"),
        (b'{"kind":"hello","since":"7"}', "bad_message"),
        (b'{"kind":"hello","since":9007199254740993}', "bad_message"),
        (b'{"kind":"hello","since":1e400}', "bad_message"),
        (b'{"kind":"hello","since":' + b"9" * 5000 + b"}", "bad_message"),
        (b'{"kind":"hello","session":"short"}', "bad_message"),
        (b'{"kind":"history","limit":0}', "bad_message"),
        (b'{"kind":"dm","text":"hi"}', "bad_message"),
    ],
    ids=lambda it: it.decode("latin-1")[:40] if isinstance(it, bytes) else "",
)
def test_what_is_no_message_gives_its_code(line: bytes, code: str) -> None:
    assert refused(line) == code


def test_the_error_says_where_it_is_wrong() -> None:
    with pytest.raises(RoomError, match=r"\$\.text"):
        messages.decode(b'{"kind":"say","text":7}')


def test_an_id_is_as_long_as_the_config_says() -> None:
    longest = "x" * Config().id_chars
    assert messages.decode(msgspec.json.encode({"kind": "ping", "id": longest})).id == longest
    assert refused(msgspec.json.encode({"kind": "ping", "id": longest + "x"})) == "bad_message"


@pytest.mark.parametrize(
    "id", ["\x9b2J", "\u202e", "\x7f", "\x1b", "a\n", "\t", "小", "\u200b"], ids=ascii
)
def test_an_id_is_printable_ascii(id: str) -> None:
    """It is shown on other people's terminals by `curl`, and goes into their programs."""
    line = msgspec.json.encode({"kind": "say", "text": "hi", "id": id})
    with pytest.raises(RoomError, match="printable ASCII") as caught:
        messages.decode(line)
    assert caught.value.code == "bad_message"
    assert messages.id_of(line) is None
    assert messages.decode(b'{"kind":"ping","id":"a ~!"}').id == "a ~!"


def test_an_error_repeats_little_of_what_was_sent() -> None:
    for line in (b'{"kind":"%b"}', b'{"kind":"say","text":"a","id":"%b"}', b'{"kind":"%b'):
        with pytest.raises(RoomError) as caught:
            messages.decode(line.replace(b"%b", b"x" * 30_000))
        assert len(caught.value.text) < 120
        assert messages.id_of(line.replace(b"%b", b"x" * 30_000)) is None


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: b'{"kind":' + tail))
def test_no_bytes_raise_anything_else(line: bytes) -> None:
    try:
        messages.decode(line)
    except RoomError as error:
        assert error.code in ("bad_json", "bad_message")
    messages.id_of(line)


@pytest.mark.parametrize(
    ("line", "id"),
    [
        (b'{"kind":"shout","id":"x"}', "x"),
        (b'{"id":"x","text":[]}', "x"),
        (b'{"id":7}', None),
        (b'{"id":null}', None),
        (b"{}", None),
        (b'{"id":"x"', None),
        (b"\xff", None),
        (b'{"id":"x","a":' + b"[" * 100_000, None),
    ],
    ids=lambda it: it.decode("latin-1")[:40] if isinstance(it, bytes) else "",
)
def test_the_id_of_a_broken_message_is_found_where_there_is_one(
    line: bytes, id: str | None
) -> None:
    assert messages.id_of(line) == id
