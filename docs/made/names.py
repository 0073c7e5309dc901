"""The public names of the package, in the reading order of its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import rolloutsim

_MEMBERS = ("   :members:", "   :inherited-members: BaseModel,Exception,object", "")


def lines() -> Iterator[str]:
    """A part for each paragraph of the docstring, with its names."""
    for title, entries in re.findall(r"^([^\n:]+):\n\n((?:- .+\n)+)", rolloutsim.__doc__ or "", re.MULTILINE):
        yield from (f"## {title}", "")
        for name in re.findall(r"^- `(\w+)`", entries, re.MULTILINE):
            yield from (f"### {name}", "", "```{eval-rst}")
            if inspect.isclass(getattr(rolloutsim, name)):
                # A scenario is made with its keys, which have pages of their own; BaseModel is pydantic's.
                made = "(**keys)" if name == "Scenario" else ""
                yield from (f".. autoclass:: rolloutsim.{name}{made}", *_MEMBERS)
            else:
                yield f".. autofunction:: rolloutsim.{name}"
            yield from ("```", "")
            if name == "compare":
                yield from (
                    "```{eval-rst}",
                    ".. autoclass:: rolloutsim.api.comparison.Comparison()",
                    *_MEMBERS,
                    "```",
                    "",
                )
