"""What programs send to chats, as text: the shape that Slack's and Mattermost's hooks have.

    {"text": "…", "username": "…", "attachments": [{"title": "…", "text": "…"}]}

as JSON, or as the field `payload` of a form. Grafana, Alertmanager's bridges,
GitLab, Jenkins and Apprise all can do that. Slack writes links and names in
angle brackets; people at a terminal read them as they are here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qs

import msgspec

from tcp_room import text
from tcp_room.errors import RoomError, echo

_LINK: Final = re.compile(r"<((?:https?|mailto):[^|<>\s]+)(?:\|([^<>]*))?>")
_NAME: Final = re.compile(r"<([@#!])([^|<>\s]+)(?:\|([^<>]*))?>")


class Field(msgspec.Struct, frozen=True):
    title: str | None = None
    value: str | int | float | bool | None = None


class Attachment(msgspec.Struct, frozen=True):
    fallback: str | None = None
    pretext: str | None = None
    title: str | None = None
    title_link: str | None = None
    text: str | None = None
    fields: Sequence[Field] | None = None


class BlockText(msgspec.Struct, frozen=True):
    text: str = ""


class Block(msgspec.Struct, frozen=True):
    text: BlockText | None = None


class Payload(msgspec.Struct, frozen=True):
    text: str | None = None
    username: str | None = None
    attachments: Sequence[Attachment] | None = None
    blocks: Sequence[Block] | None = None


_decoder: Final = msgspec.json.Decoder(Payload)


def payload(body: bytes) -> Payload:
    """What a request holds, whatever its Content-Type says: few senders set it right.

    Raises RoomError (bad_json, bad_message, bad_utf8).
    """
    inside = unpacked(body)
    if inside is not body or body.lstrip().startswith(b"{"):
        return _decoded(inside)
    said = text.decode(body)
    form = parse_qs(said)
    if "text" in form:
        return Payload(text=form["text"][0], username=form.get("username", [None])[0])
    return Payload(text=said)


def unpacked(body: bytes) -> bytes:
    """What is in the field `payload` of a form; else the body as it is."""
    if not body.startswith(b"payload="):
        return body
    return parse_qs(body.decode("utf-8", "replace"))["payload"][0].encode()


def _decoded(body: bytes) -> Payload:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise RoomError("bad_message", f"that message is not right: {echo(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RoomError("bad_json", f"that is not JSON: {echo(str(error))}") from None


def said(payload: Payload) -> str:
    """What is to be said, of all that it holds."""
    lines = [payload.text or "\n".join(_blocks(payload))]
    for attachment in payload.attachments or ():
        lines += _attached(attachment) or [attachment.fallback or ""]
    return "\n".join(plain(line) for line in lines if line.strip())


def plain(marked: str) -> str:
    """Slack's marks as people write them."""
    marked = _LINK.sub(lambda found: _link(found[1], found[2]), marked)
    marked = _NAME.sub(lambda found: _name(found[1], found[3] or found[2]), marked)
    return html.unescape(marked) if "&" in marked else marked


def _link(url: str, label: str | None) -> str:
    url = url.removeprefix("mailto:")
    return f"{label} ({url})" if label and label != url else url


def _name(kind: str, name: str) -> str:
    return f"{'#' if kind == '#' else '@'}{name.lstrip('@#')}"


def _blocks(payload: Payload) -> Iterator[str]:
    for block in payload.blocks or ():
        if block.text is not None:
            yield block.text.text


def _attached(attachment: Attachment) -> list[str]:
    title = attachment.title or ""
    if title and attachment.title_link:
        title = f"{title} ({attachment.title_link})"
    fields = [f"{field.title or ''}: {field.value}" for field in attachment.fields or ()]
    return [line for line in (attachment.pretext, title, attachment.text, *fields) if line]
