"""The exit codes, as `rolloutsim --help` lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolloutsim.cli import EPILOG


def lines() -> Iterator[str]:
    """A table of all."""
    yield from ("| exit code | meaning |", "|---|---|")
    for code, meaning in re.findall(r"^  (\d+) +(.+)$", EPILOG, re.MULTILINE):
        yield f"| {code} | {cell(meaning)} |"


def cell(text: str) -> str:
    """Text as a cell of a table, which ends at a bar even in code."""
    return text.replace("|", "\\|")
