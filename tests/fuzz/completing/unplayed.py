"""What changes no simulation: how often it is played, thresholds, sweeps and variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.completing.values import once

if TYPE_CHECKING:
    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data

_MOST_REPLICATIONS = 3


def complete_runs(drawn: Drawn) -> None:
    data = drawn.data
    if isinstance(data.get("replications"), int):
        data["replications"] = min(data["replications"], _MOST_REPLICATIONS)


def complete_beside(drawn: Drawn) -> None:
    """What changes no simulation."""
    data, random = drawn.data, drawn.random
    places = ["nodes", "network", f"images.{drawn.images[0]}"]
    for key in ("calibrated", "assumed"):
        if key in data:
            data[key] = dict(zip(places, once(data[key].values()), strict=False))
            places = places[len(data[key]) :]
    if "thresholds" in data:
        metrics = ("rollout_time", "pull_time", "slowdown", "bytes_on_wire", "failed_pulls")
        kinds = {"rollout_time": "< 60 s", "pull_time": "p95 < 5 s", "slowdown": "max < 3", "failed_pulls": "< 1"}
        renamed: Data = {}
        for given in data["thresholds"].values():
            metric = random.choice(metrics)
            check = kinds.get(metric, "< 1 GB")
            conditions = given if isinstance(given, list) else [given]
            for one in conditions:
                if isinstance(one, dict):
                    one["check"] = check
            renamed[metric] = [one if isinstance(one, dict) else check for one in conditions] or check
        data["thresholds"] = renamed
    if "sweep" in data:
        _sweep(drawn)
    for name in data.get("variants", {}):
        data["variants"][name] = random.choice(({}, {"network.latency": "1 ms"}, {"network.latency": "2 ms"}))


def _sweep(drawn: Drawn) -> None:
    given = drawn.data["sweep"]
    values: Data = {"seed": [1, 2], "network.latency": ["1 ms", "5 ms"]}
    if not isinstance(given, dict) or "parameters" not in given:
        drawn.data["sweep"] = {"seed": [1, 2, 3]}
        return
    if "points" in given:
        given["design"] = "sobol"
    if given.get("design") == "sobol":
        values["network.latency"] = {"from": "1 ms", "to": "9 ms"}
    given["parameters"] = values
