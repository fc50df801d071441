"""`python -m benchmarks`: the whole comparison, in minutes; with `--quick`, in one."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from benchmarks import bars, paired, picture, report, trials, wires
from benchmarks import contenders as who
from benchmarks.cells import Pace, Scene, play
from benchmarks.report import Line
from benchmarks.servers import Cores, cores, raise_open_files

SECTIONS = ("fan-out", "flood", "latency", "storms", "memory", "beside")
PICTURED = [f"{door} 100 x {flight}, 64 B" for door in ("text", "ws") for flight in (1, 16, 256)]
_OPEN_FILES = 100_000


def quick_text() -> Scene:
    """With the peers that bars speak of."""
    beside = [who.floor(wires.floor_text(), 64), who.NATS, who.MOSQUITTO]
    return Scene(
        "text", 100, 64, (1, 256), [who.room(who.TEXT), *beside, who.THREADS, who.SELECTORS]
    )


def text(members: int, size: int, *in_flight: int, all_peers: bool = True) -> Scene:
    few = [who.room(who.TEXT), who.floor(wires.floor_text(), size), who.NATS]
    loops = [who.THREADS, who.SELECTORS, who.STREAMS, who.NCAT]
    peers = [who.MOSQUITTO, *(loops if members <= 100 else loops[:3])] if all_peers else []
    return Scene("text", members, size, in_flight, [*few, *peers])


def web(members: int, size: int, *in_flight: int, all_peers: bool = True) -> Scene:
    few = [who.room(who.WS), who.floor(wires.floor_ws(size), size)]
    peers = [who.WEBSOCKETS, who.AIOHTTP]
    more = [who.MOSQUITTO_WS] if all_peers else []
    return Scene("ws", members, size, in_flight, [*few, *peers, *more])


def quick_scenes() -> Iterator[Scene]:
    yield quick_text()
    yield web(100, 64, 1, 256, all_peers=False)


def scenes() -> Iterator[Scene]:
    yield text(10, 64, 1, 16, 256)
    yield text(100, 64, 1, 16, 256)
    yield text(100, 1000, 1, 16, 256, all_peers=False)
    yield text(1000, 64, 1, 16, 64, 256)
    # Two at a time: three times 8,000 files are more than many may open.
    yield Scene("text", 8000, 64, (1,), [who.room(who.TEXT), who.floor(wires.floor_text(), 64)])
    yield Scene("text", 8000, 64, (1, 16, 64, 256), [who.room(who.TEXT), who.NATS])
    yield web(10, 64, 1, 16, 256)
    yield web(100, 64, 1, 16, 256)
    yield web(100, 1000, 1, 16, 256, all_peers=False)
    # Without mosquitto: a thousand take more than three minutes to come in by its WebSocket.
    yield web(1000, 64, 1, 16, 256, all_peers=False)
    yield Scene("ws", 8000, 64, (1, 16, 64, 256), [who.room(who.WS)])
    for members in (10, 100, 1000, 8000):
        yield Scene("json", members, 64, (1, 16, 256), [who.room(who.JSON)])
    mixed = who.room(who.TEXT, who.JSON, who.WS)
    for members in (100, 1000):
        yield Scene("mixed", members, 64, (1, 16, 256), [mixed])


def flood_scene() -> Scene:
    """The same room with limits that are never reached."""
    limited = who.room(who.TEXT, name="room, limited", flags=("--rate", "1000000"))
    return Scene("flood", 100, 64, (1, 256), [who.room(who.TEXT), limited])


def fan_out(all_scenes: Iterable[Scene], where: Cores, pace: Pace) -> Iterator[Line]:
    for scene in all_scenes:
        rows = list(play(scene, where, pace))
        for cell in dict.fromkeys(row.cell for row in rows):
            yield from report.fan_out([row for row in rows if row.cell == cell])


def lines(sections: Iterable[str], is_quick: bool, where: Cores) -> Iterator[Line]:
    """All that is measured, as it comes."""
    pace = Pace(2, 0.5) if is_quick else Pace(3, 1.0)
    on_wires = [who.NATS, who.MOSQUITTO, who.STREAMS, who.WEBSOCKETS, who.AIOHTTP]
    text_room, web_room = who.room(who.TEXT), who.room(who.WS, name="room ws")
    if "fan-out" in sections:
        yield from fan_out(quick_scenes() if is_quick else scenes(), where, pace)
    if "flood" in sections:
        rounds = pace.rounds if is_quick else 2 * pace.rounds
        yield from fan_out([flood_scene()], where, Pace(rounds, pace.seconds))
    if "latency" in sections:
        beside = [who.NATS] if is_quick else [web_room, *on_wires]
        rounds, seconds = (2, 1.0) if is_quick else (5, 3.0)
        yield from trials.latency([text_room, *beside], where, rounds, seconds)
    if is_quick:
        return
    if "storms" in sections:
        in_json = who.room(who.JSON)
        answering = [who.NATS, who.MOSQUITTO, who.WEBSOCKETS, who.AIOHTTP]
        yield from trials.join_storm([in_json, web_room, *answering], where, 2000)
        yield from trials.replay_storm([in_json], where, 1000)
    if "memory" in sections:
        holding = [who.NATS, who.MOSQUITTO, who.WEBSOCKETS, who.AIOHTTP]
        yield from trials.memory([text_room, web_room, *holding], where, 8000)
    if "beside" in sections:
        yield from trials.beside([text_room], where, 8000, 5.0)


def machine() -> dict[str, str]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
    }


@click.command()
@click.option("--quick", is_flag=True, help="The main cells, in less than a minute.")
@click.option("--only", multiple=True, type=click.Choice(SECTIONS), help="These sections alone.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist/bench"),
    show_default=True,
    help="Folder for results.json and fan-out.svg.",
)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Another checkout, to be compared with in paired rounds instead.",
)
def main(quick: bool, only: tuple[str, ...], out: Path, against: Path | None) -> None:
    """The room beside its peers."""
    raise_open_files(_OPEN_FILES)
    where = cores()
    os.sched_setaffinity(0, {where.generator})
    if where.server == where.generator:
        click.echo("There is one core: server and generator share it, and figures mean little.")
    if against is not None:
        _compare(against, where, is_quick=quick)
        return
    done: list[Line] = []
    click.echo(report.heading())
    for line in lines(only or SECTIONS, quick, where):
        done.append(line)
        click.echo(report.row(line))
    judged = bars.judge(done)
    click.echo("\nbars")
    for bar in judged:
        click.echo(f"  {bar}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(report.as_json(done, judged, machine()))
    (out / "fan-out.svg").write_text(picture.draw(done, PICTURED))
    click.echo(f"\nwritten: {out}/results.json, {out}/fan-out.svg")


def _compare(other: Path, where: Cores, *, is_quick: bool) -> None:
    click.echo(paired.heading())
    pace = Pace(9, 0.4) if is_quick else Pace(15, 0.7)
    for line in paired.compare(paired.scenes(other, is_quick=is_quick), where, pace):
        click.echo(line)


if __name__ == "__main__":
    main()
