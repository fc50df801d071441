"""`python -m tests.drill`: each attack alone and all together, in some 25 minutes; with `--quick`
one for each finding, in three. Exit status 1 if a row fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import msgspec

from tests.drill import attacks, table
from tests.drill.attacks import Attack
from tests.drill.members import ADDRESS
from tests.drill.server import ROOT
from tests.drill.trial import Drill, Pace, Row, other_address

_PACE: Final = Pace(before_s=5.0, attack_s=8.0, after_s=30.0)
_QUICK_PACE: Final = Pace(before_s=4.0, attack_s=4.0, after_s=6.0)


def trials(only: tuple[str, ...], source: str, is_quick: bool) -> Iterator[tuple[Attack, str]]:
    chosen = attacks.QUICK if is_quick else attacks.ALL
    sources = {"same": [ADDRESS], "other": [other_address()]}
    both = [ADDRESS] if is_quick else [ADDRESS, other_address()]
    for attack in chosen if not only else attacks.ALL:
        if not only or any(attack.name.startswith(name) for name in only):
            yield from ((attack, each) for each in sources.get(source, both))


@click.command()
@click.option("--quick", is_flag=True, help="One attack for each finding, from one address.")
@click.option("--only", multiple=True, help="Attacks whose name begins with this.")
@click.option(
    "--from",
    "source",
    type=click.Choice(["same", "other", "both"]),
    default="both",
    help="Whether attackers share the members' address.",
)
@click.option(
    "--server",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT,
    help="Another checkout, whose server is attacked.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Results as JSON.")
def main(quick: bool, only: tuple[str, ...], source: str, server: Path, out: Path | None) -> None:
    """Strangers attack the server while twenty members talk."""
    rows: list[Row] = []
    click.echo(table.heading())
    with closing(Drill(server.resolve(), _QUICK_PACE if quick else _PACE)) as drill:
        for attack, address in trials(only, source, quick):
            rows.append(drill.run(attack, address))
            click.echo(table.line(rows[-1], ADDRESS))
            if out is not None:
                out.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    sys.exit(any(row.faults for row in rows))


if __name__ == "__main__":
    main()
