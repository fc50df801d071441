"""Every limit and every choice of the operator, in one frozen place.

A field made with `_flag` is also a command-line flag (`--per-address`) and an
environment variable (`ONEROOM_PER_ADDRESS`): this is their one declaration,
and `cli.py` generates them from it. The other fields are limits that nobody
had to change yet; each has its unit in the name and its reason beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _flag(default: Any, text: str, *choices: str) -> Any:
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    host: str = _flag("127.0.0.1", "Address to listen on; 0.0.0.0 lets others on the network in.")
    http_port: int = _flag(8080, "Port of the page and its WebSocket.")
    tcp_port: int = _flag(9000, "Port of the line door, for nc and telnet.")
    public_url: str = _flag(
        "",
        "How people reach the house, as https://chat.example.org/: links, the QR code, and the"
        " one foreign Host that is answered.",
    )
    unix: str = _flag("", "Path of a Unix socket that is the line door too, for nc -U.")
    lang: str = _flag("en", "Language of the line door; each can choose with /lang.", "en", "zh")
    data: str = _flag(
        "", "Folder of the log; :memory: keeps nothing. Default: the user's data folder."
    )
    durability: str = _flag(
        "normal",
        "What an acknowledged message survives: the process's death, or (full) loss of power too.",
        "normal",
        "full",
    )
    keep: str = _flag(
        "", "What the log keeps: a count, an age, a size, as in '100000 90d 2GB'. Default: all."
    )
    hooks: str = _flag("", "File (TOML) of hooks for other programs; see docs/scripts.md.")
    # A terminal that was stopped (Ctrl-S) over lunch is still there; over night it is not.
    stall_limit: float = _flag(
        3600.0, "Seconds after which a member that reads nothing is let go; 0 means never."
    )
    # A fast typist sends one message a second. What comes faster is held back,
    # never dropped: a pasted page of lines arrives, at this pace.
    rate: float = _flag(
        5.0, "Messages per second per connection; 0 means no limit, per address neither."
    )
    # A school behind one NAT address is 30 to 200 people with two tabs each.
    per_address: int = _flag(
        400, "Connections per address; 0 means no limit, of its messages and requests neither."
    )

    # One address (an IPv4 address, an IPv6 /64, this machine) may send so much over all its
    # connections: a full class that talks at once must not notice. A request is any line that says
    # nothing to others (who, history, search, join, ping), and any GET.
    address_messages_per_s: float = 100.0
    address_requests_per_s: float = 400.0
    # Of either, so many seconds' worth may come at once: a class that comes in together.
    address_burst_s: float = 2.0
    # The last part of that is for modest clients, which send one line at a time and no more than
    # `modest_lines_per_s`. They have done so for `modest_after_s` without a longer pause than
    # `modest_pause_s`: a crowd that was silent and floods at once is not modest. A client that
    # floods is modest again after `modest_regained_s` at the latest.
    address_reserve: float = 0.5
    modest_lines_per_s: float = 2.0
    modest_burst_s: float = 1.0
    modest_after_s: float = 3.0
    modest_pause_s: float = 4.0
    modest_regained_s: float = 30.0
    # A class that reconnects at once has two tabs each.
    address_new_per_minute: int = 600
    # Refused connections that are told why: each keeps a descriptor for `linger_s` at most.
    refused_lingering: int = 64

    # Twice the rate: a paste of ten lines is not a flood (RFC 1459 lets ten through too).
    burst_messages: int = 10

    # A message is at most 4 KiB of UTF-8 on every door: two screens of text,
    # and what the gateways of other chats take (Discord: 4,096).
    text_bytes: int = 4096
    # One line on the wire. JSON can need six bytes for one (\\u0000), plus its frame.
    line_bytes: int = 32 * 1024
    # A WebSocket message may carry several lines; one that carries very many is not even read.
    message_bytes: int = 64 * 1024
    # Libraries cut a message into frames of some KiB; each frame costs as much as a message.
    message_frames: int = 1024
    # Frames that bring no line (pings, parts of messages, empty messages) of one connection that
    # are decoded at once: a twentieth of a millisecond's worth. Each is paid for as a command.
    frames_at_once: int = 32
    topic_bytes: int = 400
    # One read: large enough that a busy connection costs few system calls, and small enough that
    # handling it takes well below a millisecond.
    read_bytes: int = 16 * 1024
    # Input handled in one turn of the event loop, for the whole house: small reads and larger ones
    # each have so much. Handling it takes a few milliseconds at the worst.
    turn_read_bytes: int = 64 * 1024
    # A read of at most so much is small: what people type, and nearly all that programs send.
    small_read_bytes: int = 1024
    # Of what a lost connection sent and nobody has handled yet, so much still counts: these bytes
    # of its last read, and then these lines.
    parting_bytes: int = 4096
    parting_lines: int = 64
    # Input that brings no line (a line without an end, telnet commands, control frames, fragments)
    # pauses reading when it is more than this. 128 KiB is a rate at which the longest lines can
    # come, four times a second. A command costs as much as these bytes: 32 a second.
    lineless_bytes_per_s: int = 128 * 1024
    lineless_burst_bytes: int = 512 * 1024
    control_as_bytes: int = 4096
    # Lines that cannot be read pause reading when they are more: nobody is cut for mistakes.
    mistakes_per_minute: int = 100
    # Long enough for a ULID, a UUID, a hash in hex.
    id_chars: int = 64

    # How long a connection may stay silent before it is taken for a person.
    # A program sends its hello with the handshake's last packet, so distance does not count.
    hello_wait_s: float = 0.2
    # A client that was refused at the door (taken name) may try again for so long.
    outside_s: float = 60.0
    # After our last word the peer has so long to read it before the socket is cut.
    linger_s: float = 5.0
    # The lines that a client sent before it broke off are still said, for so long at most.
    parting_s: float = 30.0

    # A newcomer's look back: a screen of a terminal, and of a page.
    text_history_events: int = 20
    json_history_events: int = 50
    # One page of the log, for a slow or returning member and for /history.
    page_events: int = 500
    page_bytes: int = 64 * 1024
    # Read for one search before it answers with what it has. To look further back one asks again.
    search_events: int = 20_000
    # Read for a search in one turn of the loop: about a millisecond's worth of the file...
    search_page_events: int = 128
    # ...and looked through for so long, the reading included, whatever the texts are.
    search_slice_s: float = 0.001
    # A query is a few words. Folding costs time for each character.
    search_chars: int = 200
    # What is kept encoded in memory, so that joins and short absences need no log.
    window_events: int = 2000
    # One window: room for twice as many short messages, or for some hundred of the longest.
    window_bytes: int = 4 * 1024 * 1024
    # All windows together. A room of long messages would take 17 MB, and there may be 1,000 rooms.
    windows_bytes: int = 64 * 1024 * 1024
    # What waits to be committed, in the whole house; past it posts are answered with `busy`.
    # Room for 16,000 short messages: what a slow disk leaves behind in some seconds.
    waiting_bytes: int = 8 * 1024 * 1024
    # What the memory engine keeps of each room.
    memory_events: int = 100_000

    # Queued in our process for one member; past it the member is parked.
    # Four times a page, so that a page is never what fills it.
    member_buffer_bytes: int = 256 * 1024
    # Answers owed to a parked member; past it we stop reading what it asks.
    backlog_bytes: int = 64 * 1024
    # What one turn may carry: bounds the bytes object that all members share.
    turn_messages: int = 1024
    turn_bytes: int = 256 * 1024
    # Members written to before the loop gets a turn: about half a millisecond's worth.
    slice_members: int = 128
    # Members of the whole house that read a page before the loop gets a turn: one of long messages
    # takes four milliseconds from the file.
    slice_pages: int = 1
    # Pages of history, and of searches, that the whole house reads before the loop gets a turn.
    slice_reads: int = 1

    # Joins and leaves within so long of the last announcement become one event.
    presence_gather_s: float = 1.0
    # A leave is told after so long: a page that reloads, a laptop that changes its network and a
    # server's restart are over by then, and nobody need hear of them (Campfire waits as long).
    leave_grace_s: float = 5.0
    # Unanswered for so long, with data on its way: the peer is gone, not slow.
    dead_after_s: float = 20.0
    # Idle connections are asked after so long, so often, so many times: gone within a minute.
    keepalive_idle_s: int = 30
    keepalive_interval_s: int = 8
    keepalive_probes: int = 3
    # How often some members are looked at, and how many: 8,000 each 16 seconds.
    pulse_s: float = 1.0
    pulse_members: int = 500
    # How often the log is trimmed to what is to be kept.
    trim_s: float = 60.0
    # A second server waits for the first one's end: longer than that takes (`shutdown_s`).
    lock_wait_s: float = 6.0
    # A commit or a page that takes longer is not waited for on the loop's thread, where everybody
    # waits. A sound disk takes tens of microseconds; ten milliseconds go unnoticed.
    slow_storage_s: float = 0.01
    # So long after the last slow one it is taken for fast again: a hiccup costs little, and a disk
    # that is always slow is never waited for.
    slow_storage_calm_s: float = 2.0
    # Names told at once in a welcome, a who or a presence event; the count is always true.
    members_listed: int = 500
    # That are open at a time: each costs some kilobytes, and its window. Who opens one more has
    # one closed that nobody is in.
    rooms: int = 1000
    # A room that nobody is in is closed after so long: a reload or a short absence is over by
    # then. It opens again from the log.
    room_idle_s: float = 300.0
    # One that was opened for a request alone is soon closed again: a script can ask for thousands.
    room_unvisited_s: float = 5.0
    # Rooms looked at for that in each pulse: all within ten seconds.
    pulse_rooms: int = 100
    # A list of rooms is made at most so often: it reads the log and sorts.
    listing_s: float = 0.5
    # Told at once by /rooms, those with most people first.
    rooms_listed: int = 500
    # Files and sockets that are not members': log, listeners, name look-ups.
    spare_files: int = 128
    # Who says nothing on a WebSocket for half of it is pinged, and is cut when silent for the other
    # half; nginx cuts after 60 s of silence.
    heartbeat_s: float = 25.0
    # Something to read for whoever listens by HTTP, and for the proxies in between.
    stream_pulse_s: float = 20.0
    # A request's headers and a kept-alive connection; aiohttp's own default is an hour.
    http_idle_s: float = 15.0
    # All headers of a request: what nginx takes.
    http_head_bytes: int = 32 * 1024
    # So long a request waits for its address's turn; then it is told to come again. Browsers and
    # most programs wait for half a minute or longer.
    http_wait_s: float = 10.0
    # What an answer costs beyond a request: one more for so many bytes of JSON made for it, and so
    # many for drawing a QR code. A request is some 0.2 ms of work.
    request_bytes: int = 4096
    qr_requests: int = 20
    # A body has 32 KiB at most: a modem's 28.8 kbit/s brings that in nine seconds.
    http_body_s: float = 15.0
    # An answer that is not a stream has 100 KiB at most, nearly all of it in the kernel's buffers.
    http_answer_s: float = 60.0
    # What an outgoing hook may take to answer (Slack gives 3 s, GitHub 10), the pauses before it is
    # tried again, and what waits for it meanwhile.
    hook_timeout_s: float = 5.0
    hook_retries_s: tuple[float, ...] = (1.0, 5.0, 25.0, 125.0)
    hook_queue_posts: int = 1000
    # From SIGTERM to the end, members that do not read included.
    shutdown_s: float = 5.0
