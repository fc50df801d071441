"""What programs send in shapes of their own, as text: GitHub, Alertmanager and Grafana.

All others know Slack's shape (see `slack`), or can be told to. What a sender tells that nobody
reads in a chat (steps, labels by the dozen) is left out; the link leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tcp_room.errors import RoomError, echo

# Of what was pushed, and of what is firing, at once: the rest is counted.
_LINES: Final = 5
# Labels that tell what an alert is about; the others tell how it was found.
_LABELS: Final = ("instance", "job", "service", "namespace", "pod", "severity")


class _Alert(msgspec.Struct, frozen=True):
    status: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    generator_url: str = msgspec.field(name="generatorURL", default="")


class _Alerts(msgspec.Struct, frozen=True):
    alerts: Sequence[_Alert]


class _User(msgspec.Struct, frozen=True):
    login: str = "somebody"


class _Repository(msgspec.Struct, frozen=True):
    full_name: str = ""


class _Commit(msgspec.Struct, frozen=True):
    id: str = ""
    message: str = ""


class _Subject(msgspec.Struct, frozen=True):
    """A pull request, an issue, a release, a run, a comment: what an event is about."""

    title: str | None = None
    name: str | None = None
    tag_name: str | None = None
    number: int | None = None
    html_url: str = ""
    merged: bool | None = None
    conclusion: str | None = None
    body: str | None = None

    @property
    def called(self) -> str:
        number = f"#{self.number} " if self.number else ""
        return f"{number}{self.title or self.name or self.tag_name or ''}".strip()


class _GitHub(msgspec.Struct, frozen=True):
    action: str = ""
    sender: _User = _User()
    repository: _Repository = _Repository()
    ref: str = ""
    compare: str = ""
    commits: Sequence[_Commit] = ()
    issue: _Subject | None = None
    pull_request: _Subject | None = None
    release: _Subject | None = None
    workflow_run: _Subject | None = None
    comment: _Subject | None = None
    review: _Subject | None = None

    @property
    def subject(self) -> _Subject | None:
        return self.pull_request or self.issue or self.release or self.workflow_run


def alerts(body: bytes) -> str | None:
    """What Alertmanager's or Grafana's webhook tells; None if it is neither's."""
    try:
        told = msgspec.json.decode(body, type=_Alerts).alerts
    except msgspec.MsgspecError:
        return None
    lines = [_alert(alert) for alert in told[:_LINES]]
    return "\n".join([*lines, *_others(len(told))])


def _alert(alert: _Alert) -> str:
    labels, notes = alert.labels, alert.annotations
    about = ", ".join(f"{name}={labels[name]}" for name in _LABELS if labels.get(name))
    told = notes.get("summary") or notes.get("description") or notes.get("message") or ""
    parts = [
        f"[{(alert.status or 'firing').upper()}] {labels.get('alertname', 'alert')}",
        f": {told}" if told else "",
        f" ({about})" if about else "",
        f" {alert.generator_url}" if alert.generator_url else "",
    ]
    return "".join(parts)


def github(event: str, body: bytes) -> str:
    """What a webhook of GitHub tells, by the name of its event; nothing of what goes on for long
    and has not ended. Raises RoomError (bad_message)."""
    try:
        told = msgspec.json.decode(body, type=_GitHub)
    except msgspec.MsgspecError as error:
        raise RoomError(
            "bad_message", f"that is not an event of GitHub: {echo(str(error))}"
        ) from None
    where = told.repository.full_name
    match event:
        case "ping":
            return f"GitHub will tell here of {where}"
        case "push":
            return _push(told) if told.commits else ""
        case "workflow_run" if told.action != "completed":
            return ""
    if told.subject is None:
        return f"{told.sender.login}: {event.replace('_', ' ')} {told.action} in {where}"
    return f"{told.sender.login} {_done(event, told)}{_about(told.subject)} in {where}{_link(told)}"


def _push(told: _GitHub) -> str:
    branch = told.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    count = len(told.commits)
    commits = [f"{commit.id[:7]} {commit.message.partition(chr(10))[0]}" for commit in told.commits]
    head = (
        f"{told.sender.login} pushed {count} commit{'s' * (count > 1)} to {branch}"
        f" of {told.repository.full_name} ({told.compare})"
    )
    return "\n".join([head, *commits[:_LINES], *_others(count)])


def _done(event: str, told: _GitHub) -> str:
    """What was done, and to what kind of thing."""
    if event == "workflow_run" and told.workflow_run is not None:
        return f"ran ({told.workflow_run.conclusion or 'ended'}) the workflow"
    if event in ("issue_comment", "pull_request_review_comment", "commit_comment"):
        return "commented on"
    if event == "pull_request_review":
        return f"{told.action} a review of"
    is_merged = told.pull_request is not None and told.pull_request.merged
    action = "merged" if is_merged and told.action == "closed" else told.action
    return f"{action} {event.removesuffix('s').replace('_', ' ')}".strip()


def _about(subject: _Subject) -> str:
    return f" {subject.called}" if subject.called else ""


def _link(told: _GitHub) -> str:
    found = told.comment or told.review or told.subject
    return f" ({found.html_url})" if found and found.html_url else ""


def _others(count: int) -> list[str]:
    return [f"and {count - _LINES} more"] if count > _LINES else []


def said(headers: Mapping[str, Any], body: bytes) -> str | None:
    """What is to be said of a sender's own shape; None if it is none of these. Raises RoomError."""
    event = headers.get("X-GitHub-Event")
    return alerts(body) if event is None else github(str(event), body)
