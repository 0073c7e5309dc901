"""Valid scenarios, drawn from the schema: completed, and what the loader still refuses of one is taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.loading import Scenario
from rolloutsim.scenario.problems import validate
from tests.fuzz.completing import complete
from tests.fuzz.drawing import ODD, Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_TRIES = 8


def valid(random: Random, odd: float = ODD) -> dict[str, Any]:
    """A scenario that the loader takes, as the data of its file."""
    data = complete(Drawing(random, odd).document(), random)
    for _ in range(_TRIES):
        problems = refused(data)
        if not problems:
            return data
        for path in problems:
            _take_out(data, path)
        data = complete(data, random)
    kept = complete({key: data[key] for key in ("rolloutsim", "nodes", "images")} | {"network": "1 Gbit/s"}, random)
    return (
        kept if not refused(kept) else {"rolloutsim": 1, "nodes": 3, "network": "1 Gbit/s", "images": {"app": "9 MB"}}
    )


def refused(data: dict[str, Any]) -> list[Sequence[Any]]:
    """The paths of what the loader refuses."""
    document, problems = validate(data, [])
    if document is None or problems:
        return [problem.path for problem in problems]
    Scenario._of(document).resolve()
    return []


def _take_out(data: Any, path: Sequence[Any]) -> None:
    """Take out what stands at a path, or what would hold it."""
    above, here = None, data
    for step in path:
        is_there = step in here if isinstance(here, dict) else isinstance(here, list) and step in range(len(here))
        if not is_there:
            break
        above, here = (here, step), here[step]
    if above is not None:
        container, key = above
        del container[key]
