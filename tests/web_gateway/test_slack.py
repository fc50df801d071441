"""What programs send to chats, as text."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest

from tcp_room.errors import RoomError
from web_gateway.slack import payload, plain, said

GRAFANA = {
    "text": "",
    "username": "Grafana",
    "attachments": [
        {
            "title": "[Alerting] disk",
            "title_link": "http://grafana/d/1",
            "text": "91 % full",
            "fallback": "[Alerting] disk",
            "fields": [{"title": "host", "value": "db1"}, {"title": "percent", "value": 91}],
            "color": "#D63232",
            "footer": "Grafana v11",
        }
    ],
}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"text": "hi 你好"}, "hi 你好"),
        (
            GRAFANA,
            "[Alerting] disk (http://grafana/d/1)\n91 % full\nhost: db1\npercent: 91",
        ),
        ({"text": "a", "attachments": [{"fallback": "b"}, {"pretext": "c"}]}, "a\nb\nc"),
        ({"blocks": [{"type": "header", "text": {"text": "x"}}, {"type": "divider"}]}, "x"),
        ({"text": "t", "blocks": [{"text": {"text": "x"}}]}, "t"),
        ({"channel": "#ops"}, ""),
    ],
)
def test_what_is_said_of_what_is_sent(body: dict[str, object], text: str) -> None:
    raw = json.dumps(body, ensure_ascii=False)
    for sent in (raw, "payload=" + quote_plus(raw)):
        assert said(payload(sent.encode())) == text


def test_a_form_and_bare_text_will_do() -> None:
    assert said(payload(b"text=hi+there&username=ci")) == "hi there"
    assert payload(b"text=hi&username=ci").username == "ci"
    assert said(payload("构建通过 a=b".encode())) == "构建通过 a=b"


@pytest.mark.parametrize(
    ("marked", "read"),
    [
        ("<http://x/1|build 7> done", "build 7 (http://x/1) done"),
        ("<http://x/1>", "http://x/1"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<@U12|bob>, <!channel>, <#C1|ops>", "@bob, @channel, #ops"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("if a < b and c > d", "if a < b and c > d"),
    ],
)
def test_slacks_marks_are_written_as_people_write(marked: str, read: str) -> None:
    assert plain(marked) == read


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad_json"),
        (b'{"text":7}', "bad_message"),
        (b"\xff", "bad_utf8"),
        (b"payload=x", "bad_json"),
        (b'{"attachments":' + b"[" * 5000, "bad_message"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_what_cannot_be_read_says_so(body: bytes, code: str) -> None:
    with pytest.raises(RoomError) as refused:
        payload(body)
    assert refused.value.code == code
