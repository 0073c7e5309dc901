"""The public names of the package, in the reading order of its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import rolloutsim


def lines() -> Iterator[str]:
    """A part for each paragraph of the docstring, with its names."""
    for title, entries in re.findall(r"^([^\n:]+):\n\n((?:- .+\n)+)", rolloutsim.__doc__ or "", re.MULTILINE):
        yield from (f"## {title}", "")
        for name in re.findall(r"^- `(\w+)`", entries, re.MULTILINE):
            kind = "autoclass" if inspect.isclass(getattr(rolloutsim, name)) else "autofunction"
            yield from (f"### {name}", "", "```{eval-rst}", f".. {kind}:: rolloutsim.{name}")
            if kind == "autoclass":
                yield "   :members:"
            yield from ("```", "")
