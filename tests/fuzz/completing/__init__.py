"""Makes a drawn scenario hang together: its names mean what is there, and what a part needs stands in it.

Each function looks at one part, adds what is missing, and takes out only what nothing could be added for. What holds
already stays as it is, so that all may be done again after something was taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.completing.beside import complete_background, complete_failures, complete_prepulls, complete_pushes
from tests.fuzz.completing.drawn import Drawn
from tests.fuzz.completing.images import complete_images
from tests.fuzz.completing.network import complete_network, complete_ways
from tests.fuzz.completing.nodes import complete_groups, complete_nodes
from tests.fuzz.completing.rollout import complete_horizon, complete_strategies
from tests.fuzz.completing.servers import complete_registries, complete_servers
from tests.fuzz.completing.unplayed import complete_beside, complete_runs
from tests.fuzz.completing.values import quantity

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.completing.values import Data

_PERIODS = ("every", "memory", "period", "poll", "ingest_poll")
_SELDOM = 0.5  # [s]
_TIMES = ("start", "at", "startup", "spread")
_PAIRS = (("min", "max"), ("p50", "p95"))
# In this order: what others name is completed before them.
_PARTS = (
    complete_runs,
    complete_images,
    complete_registries,
    complete_nodes,
    complete_network,
    complete_servers,
    complete_strategies,
    complete_horizon,
    complete_groups,
    complete_ways,
    complete_prepulls,
    complete_pushes,
    complete_background,
    complete_failures,
    complete_beside,
)


def complete(data: Data, random: Random, often: bool = False) -> Data:
    """The same scenario, with what its parts need.

    Parameters
    ----------
    data : dict
        What was drawn from the schema; it may be changed.
    random : random.Random
        What decides where several things would do.
    often : bool
        Whether what happens again and again may do so each millisecond, which takes long to play.
    """
    if not often:
        _seldom(data, random)
    drawn = Drawn({"rolloutsim": 1} | data, random)
    for part in _PARTS:
        part(drawn)
    _random_times(drawn.data, random)
    return drawn.data


def _random_times(part: Any, random: Random) -> None:
    """Each random time has two bounds or two quantiles, the smaller one first."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        if key in _TIMES and isinstance(value, dict) and value.keys() <= {"min", "max", "p50", "p95"}:
            pair = random.choice([pair for pair in _PAIRS if set(pair) & value.keys()] or _PAIRS)
            given = [value.get(one, "5 s") for one in pair]
            least, most = sorted(given, key=lambda text: quantity("time", text))
            value.clear()
            value.update(zip(pair, (least if quantity("time", least) > 0 else "1 ms", most), strict=True))
            if quantity("time", value[pair[1]]) < quantity("time", value[pair[0]]):
                value[pair[1]] = "1 s"
        else:
            _random_times(value, random)


def _seldom(part: Any, random: Random) -> None:
    """Nothing happens each millisecond for hours."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        if key in _PERIODS and isinstance(value, str) and 0 < quantity("time", value) < _SELDOM:
            part[key] = random.choice(("1 s", "10 s", "1m"))
        else:
            _seldom(value, random)
