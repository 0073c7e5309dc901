"""What a scenario's data hold at a path, short forms looked through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.scenario.places import Path
from rolloutsim.scenario.structure import ROOT, Part

SAMPLES = (1, "1 B", "1 Gbit/s", "1 s", "1%")  # a number of each kind


def present(data: Mapping[str, Any], path: Path) -> Any:
    """The value at a path as an override names it; None where there is nothing.

    A map stands for the value that its short form would be: `network` for `network.rate`, `nodes` for the count of the
    only group.

    Parameters
    ----------
    data : mapping
        The scenario as in a file.
    path : tuple
        The steps.
    """
    value: Any = data
    part: Part | None = ROOT
    for step in path:
        value, part = _below(_opened(value, part), part, step)
        if part is None or value is None:
            return None
    if isinstance(value, Mapping) and path == ("nodes",) and len(value) == 1:
        (group,) = value.values()
        return group.get("count") if isinstance(group, Mapping) else group
    return _short_of(value, part) if isinstance(value, Mapping) else value


def _short_of(value: Mapping[str, Any], part: Part | None) -> Any:
    """What a map would be in its short form, if that is a number."""
    short = None if part is None else part.short
    for sample in () if short is None else SAMPLES:
        try:
            long = None if short is None else short.expand(sample)
        except ValueError:
            continue
        if isinstance(long, Mapping) and len(long) == 1:
            return value.get(next(iter(long)))
    return value


def _opened(value: Any, part: Part | None) -> Any:
    """A short form in its long one."""
    if part is None or part.short is None or isinstance(value, (Mapping, list)) or value is None:
        return value
    try:
        return part.short.expand(value)
    except ValueError:
        return None


def _below(value: Any, part: Part | None, step: str | int) -> tuple[Any, Part | None]:
    if isinstance(value, list):
        if str(step).isdecimal():
            inner = part.step(int(step)) if part is not None else None
            return value[int(step)] if int(step) < len(value) else None, inner
        if len(value) != 1:
            return None, None
        part = part.step(0) if part is not None else None
        return _below(_opened(value[0], part), part, step)
    if not isinstance(value, Mapping):
        return None, None
    return value.get(str(step)), part.step(step) if part is not None else None
