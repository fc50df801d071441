"""Whether to write in colour: what was asked for, what is customary, what the terminal can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Choice = Literal["auto", "always", "never"]


def wants_color(choice: Choice, variables: Mapping[str, str], is_terminal: bool) -> bool:
    """`choice` stands above NO_COLOR (any value), that above CLICOLOR_FORCE, that above the rest.

    See https://no-color.org and https://bixense.com/clicolors.
    """
    if choice != "auto":
        return choice == "always"
    if variables.get("NO_COLOR"):
        return False
    if variables.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return is_terminal and not is_dumb(variables)


def is_dumb(variables: Mapping[str, str]) -> bool:
    """A terminal on which nothing can be moved: lines in, lines out."""
    return variables.get("TERM", "").lower() in ("dumb", "unknown")
