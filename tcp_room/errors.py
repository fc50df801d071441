"""What can go wrong for a person, as a stable code and a sentence.

One class, `RoomError`. The code is the same on every door (text line, JSON
event, HTTP body) and never translated; the sentence tells the person what to
do. Whoever catches it renders it in one place, so a new door needs no new
errors. `CODES` is the whole list: raising a code that is not in it is a bug,
and fails at once.
"""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "bad_handshake": "the request does not begin a WebSocket as RFC 6455 says",
    "bad_json": "the line begins with { but is not a JSON object",
    "bad_method": "that cannot be done with this address",
    "bad_message": "the JSON is no message: unknown kind, a field missing or of a wrong type",
    "bad_nick": "that cannot be a name",
    "bad_request": "that is no HTTP request",
    "bad_room": "that cannot be the name of a room",
    "bad_text": "the text holds control characters",
    "bad_utf8": "the bytes are not UTF-8",
    "bad_version": "another version of the WebSocket protocol than ours",
    "busy": "more waits to be kept than may wait: try again in a moment",
    "empty": "there is nothing in it to say",
    "foreign_host": "the request names a host that is not this house's",
    "foreign_origin": "a page of another address tried to open a connection",
    "hall_full": "the house has as many rooms as it may have",
    "id_reused": "that id belongs to another message",
    "internal": "the server made a mistake",
    "nick_taken": "somebody here has that name, or one that looks just like it",
    "replaced": "the same session came in by another connection",
    "no_such_member": "nobody of that name is here",
    "no_such_room": "there is no room of that name",
    "not_a_chat_line": "the first line is of another protocol",
    "not_found": "nothing is at that address",
    "not_here": "say hello first",
    "not_listening": "that member cannot be reached just now",
    "server_full": "as many connections as the server can hold",
    "stopping": "the server is stopping",
    "storage": "the log could not keep it",
    "text_view_only": "a setting of the text view",
    "too_fast": "more than the rate, where nothing can be held back",
    "too_slow": "the rest of the request did not come in time",
    "too_long": "longer than the limit",
    "too_many_connections": "as many connections as one address may have",
    "undelivered": "a private message may not have arrived: the connection broke",
    "unknown": "the log cannot tell yet whether it has the message; post it again with its id",
    "unknown_command": "no command of that name",
    "usage": "the command is used in another way",
}


# Of what somebody sent, an error repeats this many characters, so that an answer stays short.
ECHO_CHARS: Final = 64


def echo(sent: str) -> str:
    """`sent` as an error repeats it: its beginning and its end if it is long."""
    half = ECHO_CHARS // 2
    return sent if len(sent) <= ECHO_CHARS else f"{sent[:half]}…{sent[-half:]}"


class RoomError(Exception):
    """An error that a person caused, or must be told of.

    `code` is one of `CODES`; `text` is the sentence for the person.
    """

    def __init__(self, code: str, text: str) -> None:
        assert code in CODES, code
        super().__init__(text)
        self.code = code
        self.text = text
