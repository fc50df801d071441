"""What people type behind a slash: one table for every door.

Help is the table. A command is a named function of the hall, the member who
typed it, what stands behind the command's name, and the `id` that the answer
is to carry (None from a terminal). It answers by `member.tell`, in events, so
that each view shows the answer in its way; or raises a RoomError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from tcp_room import events, text
from tcp_room.courier import Courier
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.languages import LANGUAGES
from tcp_room.member import Member
from tcp_room.room import Room
from tcp_room.terminal import CLOCKS
from tcp_room.views import JSON

# An input method for Chinese types U+3000 behind its full-width slash.
_BLANK: Final = re.compile(r"\s")
# A screen of a terminal.
SEARCH_RESULTS: Final = 20


class Caller(msgspec.Struct, frozen=True):
    """Who typed it, and what the answer is tied to."""

    hall: Hall
    member: Member
    id: str | None = None

    @property
    def room(self) -> Room:
        assert self.member.room is not None
        return self.member.room


@dataclass(frozen=True, slots=True)
class Command:
    usage: str
    help: str
    run: Callable[[Caller, str], None]
    text_only: bool = False


def run(caller: Caller, line: str) -> None:
    """Runs a line that begins with a slash. Raises RoomError."""
    name, _, argument = _BLANK.sub(" ", line[1:], count=1).partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        name = name[:32]
        raise RoomError(
            "unknown_command", f"there is no command /{name}; /help lists them, //{name} says it"
        )
    if command.text_only and not caller.member.view.is_text:
        raise RoomError("text_view_only", f"/{name} is a setting of the text view")
    command.run(caller, argument.strip())


def act(caller: Caller, said: str) -> None:
    if not said:
        raise RoomError("usage", "say what you do: /me waves")
    post(caller, events.Act, said)


def post(caller: Caller, kind: type[events.Logged], said: str) -> None:
    """Raises RoomError."""
    cleaned = text.clean(said, caller.hall.config.text_bytes)
    caller.room.post(caller.member, kind, cleaned, caller.id)


def help(caller: Caller, argument: str) -> None:
    shown = [
        events.HelpLine(command.usage, command.help)
        for command in COMMANDS.values()
        if caller.member.view.is_text or not command.text_only
    ]
    caller.member.tell(events.Help(shown, caller.id))


def nick(caller: Caller, wanted: str) -> None:
    if not wanted:
        raise RoomError("usage", f"you are {caller.member.nick}; another name: /nick NAME")
    caller.hall.rename(caller.member, wanted)
    caller.member.tell(events.Nick(caller.member.nick, caller.id))


def who(caller: Caller, argument: str) -> None:
    caller.member.tell(caller.room.who(caller.id))


def msg(caller: Caller, argument: str) -> None:
    if not argument:
        raise RoomError("usage", "a private word: /msg NAME TEXT")
    to, said = caller.hall.addressed(argument)
    if not said:
        raise RoomError("usage", f"say something: /msg {to.nick} TEXT")
    send_private(caller, to, said)


def send_private(caller: Caller, to: Member, said: str) -> None:
    """Sends a private message to one member. The sender's echo, where its view has one, means
    that the message was written to the recipient's connection.

    It is in no log, so a member whose socket is full cannot be given it later: refused with
    `not_listening`. If the connection breaks while it is unsent, the sender gets `undelivered`.
    """
    cleaned = text.clean(said, caller.hall.config.text_bytes)
    if to.full or to.is_gone:
        raise RoomError("not_listening", f"{to.nick} is not reading just now; try again later")
    sender = caller.member
    private = events.Dm(caller.hall.now(), sender.nick, to.nick, cleaned, caller.id)
    to.courier = to.courier or Courier(to, caller.hall.scheduler)
    to.courier.deliver(private, partial(_tell_undelivered, caller))
    if not sender.view.is_text and to is not sender:
        sender.tell(private)


def _tell_undelivered(caller: Caller, private: events.Dm) -> None:
    sentence = (
        f"your private message to {private.to} may not have arrived: the connection broke;"
        " send it again"
    )
    caller.member.tell(events.Error("undelivered", sentence, caller.hall.now(), private.id))


def join(caller: Caller, wanted: str) -> None:
    if not wanted:
        raise RoomError("usage", f"you are in #{caller.room.name}; another room: /join NAME")
    caller.hall.move(caller.member, wanted, None, None)


def rooms(caller: Caller, argument: str) -> None:
    caller.member.tell(events.Rooms(caller.hall.listing(), caller.id))


def topic(caller: Caller, wanted: str) -> None:
    if wanted:
        set_topic(caller, "" if wanted == "-" else wanted)
    else:
        room = caller.room
        caller.member.tell(events.Notice(f"#{room.name}: {room.topic or 'no topic'}"))


def set_topic(caller: Caller, wanted: str) -> None:
    cleaned = text.one_line(wanted, caller.hall.config.topic_bytes) if wanted.strip() else ""
    caller.room.post(caller.member, events.Topic, cleaned, caller.id)


def history(caller: Caller, argument: str) -> None:
    count = argument or "20"
    if not (count.isascii() and count.isdigit() and int(count[:9]) > 0):
        raise RoomError("usage", "how many messages? /history 20")
    caller.room.history(caller.member, None, None, int(count[:9]), caller.id)


def since(caller: Caller, argument: str) -> None:
    room = caller.room
    if not (argument.isascii() and argument.isdigit() and len(argument) < 16):
        raise RoomError("usage", f"read on behind which message? /since {max(room.head - 20, 0)}")
    caller.member.tell(events.Notice(f"The messages behind {argument}, of {room.head}:"))
    room.reread(caller.member, int(argument))


def search(caller: Caller, argument: str) -> None:
    if not argument:
        raise RoomError("usage", "what words? /search TEXT")
    caller.room.search(caller.member, argument, None, SEARCH_RESULTS, caller.id)


def time(caller: Caller, form: str) -> None:
    if form not in CLOCKS:
        raise RoomError("usage", f"one of these: /time {' '.join(CLOCKS)}")
    _restyle(caller.member, clock=form)
    caller.member.tell(events.Notice(f"times are shown as {form}" if form != "off" else "no times"))


def quiet(caller: Caller, argument: str) -> None:
    on = _switch(argument, "/quiet")
    _restyle(caller.member, quiet=on)
    caller.member.tell(events.Notice("joins and leaves are " + ("not shown" if on else "shown")))


def color(caller: Caller, argument: str) -> None:
    on = _switch(argument, "/color")
    _restyle(caller.member, color=on)
    caller.member.tell(events.Notice("colours " + ("on" if on else "off")))


def echo(caller: Caller, argument: str) -> None:
    on = _switch(argument, "/echo")
    _restyle(caller.member, echo=on)
    told = "your own lines come back to you" if on else "your own lines do not come back to you"
    caller.member.tell(events.Notice(told))


def bot(caller: Caller, argument: str) -> None:
    """As the very first line it stands for a greeting too: see Session."""
    caller.member.door = events.BOT
    _restyle(caller.member, clock="off", quiet=True, greet=False)
    caller.member.tell(events.Notice("you are shown as a program"))


def lang(caller: Caller, wanted: str) -> None:
    if wanted not in LANGUAGES:
        raise RoomError("usage", f"one of these: /lang {' '.join(LANGUAGES)}")
    _restyle(caller.member, lang=wanted)
    caller.member.tell(events.Notice("English it is"))


def json(caller: Caller, argument: str) -> None:
    caller.member.look(JSON)
    caller.member.tell(events.Live(caller.member.cursor))


def quit(caller: Caller, argument: str) -> None:
    """What was said before it is still said."""
    caller.member.leaving = True
    caller.room.after_posted(partial(caller.hall.dismiss, caller.member))


def _switch(argument: str, name: str) -> bool:
    if argument not in ("", "on", "off"):
        raise RoomError("usage", f"one of these: {name} on, {name} off")
    return argument != "off"


def _restyle(member: Member, **chosen: object) -> None:
    member.style = member.style.changed(**chosen)
    member.look(member.style)


COMMANDS: Final[dict[str, Command]] = {
    "help": Command("/help", "this list", help),
    "nick": Command("/nick NAME", "choose a name", nick),
    "me": Command("/me WAVES", "say what you do", act),
    "who": Command("/who", "who is here, and by which door", who),
    "msg": Command("/msg NAME TEXT", "a private word, to one in any room", msg),
    "join": Command("/join ROOM", "go to another room, or open one", join),
    "rooms": Command("/rooms", "the rooms there are", rooms),
    "topic": Command("/topic [TEXT]", "what this room is about; /topic - takes it away", topic),
    "history": Command("/history [N]", "the last N messages again", history),
    "search": Command("/search TEXT", "messages that hold these words", search),
    "since": Command("/since NUMBER", "the messages behind that one", since, text_only=True),
    "time": Command("/time off|hm|hms|iso", "how times are shown", time, text_only=True),
    "quiet": Command("/quiet [off]", "do not show joins and leaves", quiet, text_only=True),
    "color": Command("/color [off]", "names in colour", color, text_only=True),
    "echo": Command(
        "/echo [off]", "your own lines come back to you, for those who log", echo, text_only=True
    ),
    "bot": Command(
        "/bot",
        "for programs: no times, no greeting, and others see what you are",
        bot,
        text_only=True,
    ),
    "lang": Command("/lang en|zh", "the language of the server's sentences", lang, text_only=True),
    "json": Command("/json", "JSON lines from here on, for programs", json, text_only=True),
    "quit": Command("/quit", "leave", quit),
}
