"""A line as a person types it, as the message that it means.

What is said is told apart here, since a message may have several lines and its
echo acknowledges it. Every other command is the server's to know, which has
the table of them.
"""

from __future__ import annotations

import re
from typing import Final

from tcp_room.messages import Act, Command, Message, Say, Topic

_FULL_WIDTH: Final = re.compile("^／[/／]?")
_NAME: Final = re.compile(r"/(\w+)(?:\s+(.*))?", re.DOTALL)


def message(line: str, id: str) -> Message:
    """`line` is not blank. A pasted block is a message, whatever it begins with."""
    line = _FULL_WIDTH.sub(lambda found: "/" * len(found.group()), line)
    if not line.startswith("/") or "\n" in line.strip():
        return Say(text=line, id=id)
    if line.startswith("//"):
        return Say(text=line[1:], id=id)
    name, argument = _parted(line)
    if argument and name == "me":
        return Act(text=argument, id=id)
    if argument and name == "topic":
        return Topic(text="" if argument == "-" else argument, id=id)
    return Command(line=line, id=id)


def is_farewell(message: Message) -> bool:
    return isinstance(message, Command) and _parted(message.line)[0] == "quit"


def _parted(line: str) -> tuple[str, str]:
    found = _NAME.fullmatch(line.strip())
    return (found[1].lower(), found[2] or "") if found else ("", "")
