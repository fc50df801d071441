"""What GitHub, Alertmanager and Grafana send, as text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.errors import RoomError
from web_gateway.senders import alerts, github, said

REPO = {"repository": {"full_name": "us/room"}, "sender": {"login": "小明", "id": 7}}
PULL = {"title": "Faster", "number": 7, "html_url": "https://x/7", "merged": False, "draft": True}
ALERT = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "db1", "uid": "x"},
    "annotations": {"summary": "91 % full", "description": "…"},
    "generatorURL": "http://prom/g",
    "startsAt": "2026-11-23T10:00:00Z",
}
COMMITS = [{"id": f"{number}abcdef0123", "message": f"c{number}\n\nwhy"} for number in range(7)]


@pytest.mark.parametrize(
    ("event", "told", "text"),
    [
        ("ping", {"zen": "Design for failure."}, "GitHub will tell here of us/room"),
        (
            "push",
            {"ref": "refs/heads/main", "compare": "https://x/c", "commits": COMMITS[:1]},
            "小明 pushed 1 commit to main of us/room (https://x/c)\n0abcdef c0",
        ),
        ("push", {"ref": "refs/heads/gone", "commits": []}, ""),
        (
            "pull_request",
            {"action": "opened", "pull_request": PULL},
            "小明 opened pull request #7 Faster in us/room (https://x/7)",
        ),
        (
            "pull_request",
            {"action": "closed", "pull_request": {**PULL, "merged": True}},
            "小明 merged pull request #7 Faster in us/room (https://x/7)",
        ),
        (
            "issues",
            {"action": "opened", "issue": {"title": "Broken", "number": 3, "html_url": "u"}},
            "小明 opened issue #3 Broken in us/room (u)",
        ),
        (
            "issue_comment",
            {"issue": {"title": "Broken", "number": 3}, "comment": {"html_url": "u#1"}},
            "小明 commented on #3 Broken in us/room (u#1)",
        ),
        (
            "pull_request_review",
            {"action": "submitted", "pull_request": PULL, "review": {"html_url": "r"}},
            "小明 submitted a review of #7 Faster in us/room (r)",
        ),
        (
            "release",
            {"action": "published", "release": {"name": None, "tag_name": "v1", "html_url": "u"}},
            "小明 published release v1 in us/room (u)",
        ),
        ("workflow_run", {"action": "requested", "workflow_run": {"name": "ci"}}, ""),
        (
            "workflow_run",
            {"action": "completed", "workflow_run": {"name": "ci", "conclusion": "failure"}},
            "小明 ran (failure) the workflow ci in us/room",
        ),
        ("star", {"action": "created"}, "小明: star created in us/room"),
    ],
)
def test_an_event_of_github_is_a_sentence(event: str, told: dict[str, Any], text: str) -> None:
    assert github(event, json.dumps({**REPO, **told}).encode()) == text


def test_of_many_the_rest_is_counted() -> None:
    pushed = github(
        "push", json.dumps({**REPO, "ref": "refs/heads/m", "commits": COMMITS}).encode()
    )
    assert pushed.splitlines()[0].startswith("小明 pushed 7 commits to m")
    assert pushed.splitlines()[-2:] == ["4abcdef c4", "and 2 more"]
    fired = alerts(json.dumps({"alerts": [ALERT] * 8}).encode())
    assert fired is not None
    assert fired.splitlines()[5:] == ["and 3 more"]


@pytest.mark.parametrize(
    ("alert", "text"),
    [
        (ALERT, "[FIRING] DiskFull: 91 % full (instance=db1) http://prom/g"),
        ({"status": "resolved", "labels": {"alertname": "X"}}, "[RESOLVED] X"),
        ({"annotations": {"message": "grafana's"}}, "[FIRING] alert: grafana's"),
    ],
)
def test_an_alert_is_a_line(alert: dict[str, Any], text: str) -> None:
    assert alerts(json.dumps({"version": "4", "alerts": [alert]}).encode()) == text


@pytest.mark.parametrize("body", [b"", b"hi", b'{"text":"hi"}', b'{"alerts":5}', b"[1]"])
def test_what_has_another_shape_is_left_to_others(body: bytes) -> None:
    assert said({}, body) is None


def test_what_says_it_is_githubs_and_is_not_is_refused() -> None:
    with pytest.raises(RoomError) as caught:
        said({"X-GitHub-Event": "push"}, b"[1]")
    assert caught.value.code == "bad_message"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)
keys = st.sampled_from(["action", "sender", "commits", "issue", "pull_request", "alerts", "ref"])


@given(st.sampled_from(["push", "issues", "workflow_run"]), st.dictionaries(keys, values))
def test_nothing_that_is_sent_does_any_harm(event: str, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    assert isinstance(alerts(body), str | None)
    try:
        assert isinstance(github(event, body), str)
    except RoomError as error:
        assert error.code == "bad_message"
