"""Valid scenarios, drawn from the schema: what the loader refuses of one is taken out of it, until nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.loading import Scenario
from rolloutsim.scenario.problems import validate
from tests.fuzz.drawing import ODD, Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_TRIES = 12
_MOST_NODES = 12  # of a group; what is to be seen of many nodes is seen of a few


def valid(random: Random, odd: float = ODD) -> dict[str, Any]:
    """A scenario that the loader takes, as the data of its file."""
    data = _with_what_all_need(Drawing(random, odd).document(), random)
    for _ in range(_TRIES):
        problems = refused(data)
        if not problems:
            return data
        for path in problems:
            _take_out(data, path)
        data = _with_what_all_need(data, random)
    kept = {key: data[key] for key in ("rolloutsim", "nodes", "images", "network")}
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


def _with_what_all_need(data: dict[str, Any], random: Random) -> dict[str, Any]:
    data = {"rolloutsim": 1} | data
    data.setdefault("network", random.choice(("1 Gbit/s", "100 Mbit/s", "10 Gbit/s")))
    if isinstance(data["network"], dict):
        data["network"].setdefault("rate", "1 Gbit/s")
        if random.random() < 0.5:
            data["network"].setdefault("racks", "2 Gbit/s")
    if not data.get("nodes"):
        data["nodes"] = {"web": {"count": 3}} if random.random() < 0.7 else 3
    if isinstance(data["nodes"], dict):
        for name, group in list(data["nodes"].items()):
            if isinstance(group, dict):
                if "preset" not in group:
                    group.setdefault("count", random.randint(1, 4))
                if isinstance(group.get("count"), int):
                    group["count"] = min(group["count"], _MOST_NODES)
            elif isinstance(group, int):
                data["nodes"][name] = min(group, _MOST_NODES)
    elif isinstance(data["nodes"], int):
        data["nodes"] = min(data["nodes"], _MOST_NODES)
    if not data.get("images"):
        data["images"] = {"app": random.choice(("100 MB", "1 GB", "5 MB"))}
    for name, image in list(data["images"].items()):
        if isinstance(image, dict) and not {"size", "compressed", "layers", "base", "manifest"} & set(image):
            image["size"] = "50 MB"
        elif isinstance(image, str) and not image[:1].isdigit():
            data["images"][name] = "20 MB"
    if isinstance(data.get("replications"), int):
        data["replications"] = min(data["replications"], 3)
    return data
