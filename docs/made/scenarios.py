"""The shipped scenarios: what each asks and answers, from the comments of its file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.made.commands import plain

FOLDER = Path(__file__).parents[2] / "scenarios"


def lines() -> Iterator[str]:
    """A part for each, by name."""
    for path in sorted(FOLDER.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        comment = [line.removeprefix("#").strip() for line in text.partition("\nrolloutsim: 1")[0].splitlines()[2:]]
        title, said = comment[0], " ".join(comment[1:])
        parts = dict(re.findall(r"(Question|Sources|Answer): +(.*?)(?= (?:Question|Sources|Answer): |$)", said))
        yield from (f"## {path.stem}", "", f"*{plain(title)}.* `scenarios/{path.name}`", "")
        yield from (f"Question\n: {plain(parts['Question'])}", "", f"Answer\n: {plain(parts['Answer'])}", "")
        yield from (f"Sources\n: {plain(parts['Sources'])}", "")
