"""The public names of the package, in the reading order of its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import rolloutsim

_MEMBERS = ("   :members:", "")
# What is said of a class by those that it is made of; BaseModel is pydantic's.
_ALL = ("   :members:", "   :inherited-members: BaseModel", "   :exclude-members: model_config", "")


def lines() -> Iterator[str]:
    """A part for each paragraph of the docstring, with its names."""
    for title, entries in re.findall(r"^([^\n:]+):\n\n((?:- .+\n)+)", rolloutsim.__doc__ or "", re.MULTILINE):
        yield from (f"## {title}", "")
        for name in re.findall(r"^- `(\w+)`", entries, re.MULTILINE):
            yield from (f"### {name}", "", "```{eval-rst}")
            if name == "Scenario":  # made with its keys, which have pages of their own
                yield from (".. autoclass:: rolloutsim.Scenario(**keys)", *_ALL)
            elif inspect.isclass(getattr(rolloutsim, name)):
                yield from (f".. autoclass:: rolloutsim.{name}", *_MEMBERS)
            else:
                yield f".. autofunction:: rolloutsim.{name}"
            yield from ("```", "")
            if name == "compare":
                returned = ".. autoclass:: rolloutsim.api.comparison.Comparison()"
                yield from ("```{eval-rst}", returned, *_ALL, "```", "")
