"""The room at a terminal: what comes scrolls by, what one types stays where it is.

Inline and not full-screen, so that scrolling back, selecting and searching are
the terminal's own. One prompt runs from the first line to the last. What comes
is printed above it, some milliseconds' worth at a time: drawing the prompt anew
is what costs.

Before the screen stands the text view, which makes visible whatever a terminal
would obey; names in the prompt and below it pass the same guard.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import to_filter
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.renderer import CPR_Support, print_formatted_text
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from oneroom_client import typed
from oneroom_client.attention import Bell, Unread, mentions
from oneroom_client.completion import choices
from oneroom_client.errors import Refused, Unconfirmed
from oneroom_client.excerpt import cut
from oneroom_client.places import history_file
from oneroom_client.room import Room
from oneroom_client.status import Failure, Status
from oneroom_client.visit import Back, Offline
from oneroom_client.wire import encode
from tcp_room import events
from tcp_room.errors import RoomError
from tcp_room.languages import phrase, translated
from tcp_room.messages import Command, Message
from tcp_room.terminal import TextView
from tcp_room.text import visible

# Absences that are shorter are nobody's concern.
TOLD_AFTER_S: Final = 5.0
# What comes within so long is printed together.
_GATHER_S: Final = 0.05
# prompt_toolkit takes 25 ms to print so much. One event is not shown beyond it.
_PRINTED_BYTES: Final = 1 << 16
# A block of more lines was perhaps not meant to be said.
LONG_LINES: Final = 5
# Of one's own name. A server allows 32 characters by default.
_PROMPT_COLUMNS: Final = 64
# Whose names Tab completes first.
_SPEAKERS: Final = 100
# What is waited for when one leaves.
_LEAVE_S: Final = 3.0
# A terminal tells of its focus (xterm's mode 1004) in sequences that prompt_toolkit does not know:
# here they are keys that no keyboard has.
_FOCUS_GAINED, _FOCUS_LOST = Keys.F23, Keys.F24
# The terminal keeps its title, and has it back (xterm's XTWINOPS 22 and 23).
_KEEP_TITLE, _GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
# Of what was said, in a notification (OSC 9, as iTerm2, kitty, WezTerm, foot and Ghostty know it).
_NOTIFIED_CHARS: Final = 200
_STYLE: Final = Style.from_dict(
    {"bottom-toolbar": "noreverse", "prompt": "bold", "status": "fg:ansibrightblack", "ask": "bold"}
)


class Console:
    def __init__(self, room: Room, view: TextView, *, notifies: bool = False) -> None:
        """`notifies`: whoever is meant is told by the terminal's desktop, too."""
        self._room = room
        self._notifies = notifies
        self._title = ""
        self._view = view
        self._unread = Unread(time.monotonic())
        self._bell = Bell()
        self._commands: list[str] = []
        self._speakers: dict[str, None] = {}  # the last one last
        self._asked = ""  # the text of which it was asked whether it is meant
        self._question = ""
        self._color_depth = ColorDepth.DEPTH_4_BIT if view.color else ColorDepth.DEPTH_1_BIT
        self._help_id = room.new_id()
        self._offline_since: float | None = None
        self._was_told = False  # that it is offline
        self._prompt = self._session()
        self._prompt.default_buffer.on_text_changed += self._edited
        # As high as what is typed, and not as the terminal: so it need not be asked, either, where
        # it stands, of which the answer would come when other lines have been printed.
        self._prompt.layout.current_window.dont_extend_height = to_filter(True)
        self._prompt.app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED
        self._prompt.app.before_render += _stay_low

    async def run(self) -> Status:
        """Until the person leaves, or is sent away. Raises Refused."""
        reading = asyncio.create_task(self._read())
        self._room.post(Command(line="/help", id=self._help_id))
        _on_termination(self._exit)
        self._watch_focus(True)
        status = Status.FINE
        try:
            await self._prompt.prompt_async()
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        except EOFError:
            pass
        finally:
            self._watch_focus(False)
        if reading.done():
            reading.result()
        await self._leave(reading)
        return status

    def _watch_focus(self, is_on: bool) -> None:
        if sys.platform == "win32":
            return  # its keys do not come as sequences; there is still the idle time
        self._prompt.output.write_raw(_KEEP_TITLE if is_on else _GIVE_TITLE_BACK)
        ANSI_SEQUENCES.update({"\x1b[I": _FOCUS_GAINED, "\x1b[O": _FOCUS_LOST})
        self._prompt.output.write_raw(f"\x1b[?1004{'h' if is_on else 'l'}")
        self._prompt.output.flush()

    async def _leave(self, reading: asyncio.Task[None]) -> None:
        """Raises Failure if something is left unsaid."""
        with suppress(Unconfirmed, Refused):
            await self._room.settled(silence_s=_LEAVE_S)
        reading.cancel()
        if left := self._room.unanswered:
            raise Failure(
                Status.UNCONFIRMED,
                self._phrase("{count} of your messages were not sent", count=left),
            )

    def _exit(self) -> None:
        app = self._prompt.app
        if app.is_running and not app.is_done:
            app.exit(exception=EOFError())

    # -- what comes

    async def _read(self) -> None:
        try:
            async for event in self._room:
                for lines in _printable(map(self._shown, [event, *self._room.waiting()])):
                    self._print(lines)
                    await asyncio.sleep(0)  # a key may have been pressed
                self._tell_title()
                await asyncio.sleep(_GATHER_S)
        finally:
            self._exit()

    def _print(self, lines: str) -> None:
        """Above the prompt. As run_in_terminal() does, but the terminal stays in raw mode: a key
        that is pressed meanwhile would be echoed, and a Ctrl-U not be ours."""
        app = self._prompt.app
        if lines and app.is_running:
            # Else it would end bracketed paste for a moment, in which a paste is so many lines.
            app.renderer._bracketed_paste_enabled = False
            app.renderer.erase()
            # The function of the same name in `shortcuts` would call run_in_terminal().
            print_formatted_text(app.output, ANSI(lines), _STYLE, color_depth=self._color_depth)
            app.renderer.reset()
            app._redraw()  # at once: `invalidate` would leave it without a prompt for a moment
        else:
            app.invalidate()

    def _shown(self, event: events.Event) -> bytes:
        match event:
            case Offline():
                return self._went_offline(event)
            case Back():
                self._offline_since = None
                return self._dim(self._phrase("connected again")) if self._was_told else b""
            case events.Welcome() if self._offline_since is not None:
                return b""
            case events.Members(id=None):
                return b""
            case events.Presence(joined=[events.Here(nick=nick)], left=[], renamed=[]):
                if nick == self._room.state.nick:
                    return b""
            case events.Help(id=id) if id == self._help_id:
                usages = (line.usage[1:].split() for line in event.commands)
                self._commands = [words[0] for words in usages if words]
                return b""
        return self._rule(event) + self._view.encode(event)

    def _rule(self, event: events.Event) -> bytes:
        """What precedes it, if it is something to read."""
        if not isinstance(event, events.Logged | events.Dm) or self._room.is_own(event):
            return b""
        if isinstance(event, events.Logged):
            self._speakers.pop(event.nick, None)
            self._speakers[event.nick] = None
            if len(self._speakers) > _SPEAKERS:
                del self._speakers[next(iter(self._speakers))]
        if not self._room.state.is_live:
            return b""
        now = time.monotonic()
        nick = self._room.state.nick
        is_meant = isinstance(event, events.Dm) or mentions(event.text, nick)
        if is_meant and self._bell.rings(now):
            self._call(event)
        since = self._unread.rule(now)
        if since is None:
            return b""
        clock = time.strftime("%H:%M", time.localtime(time.time() - (now - since)))
        label = self._phrase("new since {clock}", clock=clock)
        return self._dim(label)

    def _call(self, event: events.Logged | events.Dm) -> None:
        """Rings, for who is meant."""
        output = self._prompt.output
        output.bell()
        if self._notifies and sys.platform != "win32":  # whose console would print it
            nick = event.sender if isinstance(event, events.Dm) else event.nick
            said = visible(" ".join(f"{nick}: {event.text}".split()))
            output.write_raw(f"\x1b]9;{said[:_NOTIFIED_CHARS]}\x07")

    def _tell_title(self) -> None:
        count = self._unread.count
        title = (f"({count}) " if count else "") + f"#{visible(self._room.state.room)}"
        if title != self._title:
            self._title = title
            self._prompt.output.set_title(title)
            self._prompt.output.flush()

    def _went_offline(self, event: Offline) -> bytes:
        now = time.monotonic()
        if self._offline_since is None:
            self._offline_since, self._was_told = now, False
        if self._was_told or now - self._offline_since < TOLD_AFTER_S:
            return b""
        self._was_told = True
        return self._dim(translated(self._view.lang, event.why))

    def _dim(self, label: str) -> bytes:
        """A rule with a label in it, as wide as the terminal."""
        columns = self._prompt.output.get_size().columns
        rest = max(columns - get_cwidth(visible(label)) - 7, 0)
        line = f"──── {visible(label)} {'─' * min(rest, 40)}"
        return (f"\x1b[2m{line}\x1b[0m\n" if self._view.color else f"{line}\n").encode()

    # -- what is typed

    def _enter(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.text.strip("\n")
        if not text.strip():
            buffer.reset()
            return
        message = typed.message(text, self._room.new_id())
        self._question = self._objection(text, message)
        if self._question:
            self._asked = text
            return
        buffer.append_to_history()
        buffer.reset()
        self._asked = ""
        if typed.is_farewell(message) and self._room.is_offline:
            self._exit()
        elif not self._room.is_over:
            self._room.post(message)

    def _objection(self, text: str, message: Message) -> str:
        """What speaks against saying that, if anything does."""
        try:
            encode(message)
        except RoomError as error:
            return f"{translated(self._view.lang, error.text)} ({error.code})"
        limits = self._room.state.limits
        size = len(text.encode())
        if limits is not None and size > limits.text_bytes:
            return self._phrase(
                "that is {size} bytes long, and {limit_bytes} is the limit; it was not sent",
                size=size,
                limit_bytes=limits.text_bytes,
            )
        count = text.count("\n") + 1
        if count > LONG_LINES and text != self._asked:
            return self._phrase(
                "{count} lines: Enter says them as one message, Ctrl-C drops them", count=count
            )
        return ""

    def _edited(self, buffer: Buffer) -> None:
        self._unread.key(time.monotonic())
        self._tell_title()
        self._question = ""

    def completions(self, before: str) -> Iterable[Completion]:
        members = self._room.state.members
        recent = [nick for nick in reversed(self._speakers) if nick in members]
        names = dict.fromkeys([*recent, *sorted(members)])
        names.pop(self._room.state.nick, None)
        for choice in choices(before, self._commands, names):
            yield Completion(visible(choice.text), start_position=-choice.typed)

    # -- how it looks

    def _session(self) -> PromptSession[str]:
        path = history_file()
        history: History = FileHistory(str(path)) if path else InMemoryHistory()
        return PromptSession(
            message=self._message,
            multiline=True,
            history=history,
            completer=_Completer(self),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            bottom_toolbar=self._status,
            prompt_continuation=lambda width, line, wrapped: (
                "" if wrapped else " " * (width - 2) + "| "
            ),
            key_bindings=self._keys(),
            enable_suspend=True,
            enable_open_in_editor=True,
            erase_when_done=True,
            refresh_interval=1.0,
            style=_STYLE,
            color_depth=self._color_depth,
        )

    def _message(self) -> StyleAndTextTuples:
        nick = visible(self._room.state.nick)
        return [("class:prompt", f"{_cut(nick, _PROMPT_COLUMNS)}> ")]

    def _status(self) -> StyleAndTextTuples:
        if self._question:
            return [("class:ask", self._question)]
        state = self._room.state
        parts = [f"#{visible(state.room)}"]
        if self._room.is_offline:
            parts.append(self._phrase("offline"))
        else:
            parts.append(self._phrase("{count} here", count=state.count))
            if self._room.lag_s is not None:
                parts.append(self._phrase("lag {ms} ms", ms=round(self._room.lag_s * 1000)))
        if waiting := self._room.unanswered:
            parts.append(self._phrase("{count} on their way", count=waiting))
        return [("class:status", _cut(" · ".join(parts), self._prompt.output.get_size().columns))]

    def _phrase(self, template: str, **values: object) -> str:
        return phrase(self._view.lang, template, **values)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        keys.add("enter")(self._enter)
        keys.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
        keys.add("c-c")(self._interrupt)
        keys.add(_FOCUS_LOST)(lambda event: self._unread.focus_lost(time.monotonic()))
        keys.add(_FOCUS_GAINED)(self._came_back)
        return keys

    def _came_back(self, event: KeyPressEvent) -> None:
        self._unread.focus_gained(time.monotonic())
        self._tell_title()

    def _interrupt(self, event: KeyPressEvent) -> None:
        """Clears the line, and on an empty one leaves."""
        self._question = self._asked = ""
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())


def _stay_low(app: Application[str]) -> None:
    """The height that is known to be there, so that the line below the prompt is drawn."""
    app.renderer._min_available_height = 1


class _Completer(Completer):
    def __init__(self, console: Console) -> None:
        self._console = console

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        return self._console.completions(document.text_before_cursor)


def _printable(shown: Iterable[bytes]) -> Iterator[str]:
    """What is shown of some events, in pieces that are printed at once."""
    lines, size = [], 0
    for piece in shown:
        lines.append(cut(piece.decode().removesuffix("\n"), _PRINTED_BYTES) + "\n" if piece else "")
        size += len(lines[-1])
        if size >= _PRINTED_BYTES:
            yield "".join(lines)
            lines, size = [], 0
    yield "".join(lines)


def _cut(line: str, columns: int) -> str:
    """As much of it as fits so many columns."""
    width = 0
    for end, char in enumerate(line):
        width += get_cwidth(char)
        if width > columns:
            return line[:end]
    return line


def _on_termination(leave: Callable[[], None]) -> None:
    """The terminal is left as it was found."""
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, leave)
