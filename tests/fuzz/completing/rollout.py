"""Who pulls when: workloads and strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.strategies import FOR_DAEMONSETS, FOR_REPLICAS, KUBERNETES, OWN_KEYS, POD_KEYS, SOME_KEYS
from tests.fuzz.completing.values import drop, means, quantity, strategy

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data

_MOST_REPLICAS = 20


def complete_strategies(drawn: Drawn) -> None:
    """Who pulls when: workloads, or a strategy, or a schedule."""
    data, random = drawn.data, drawn.random
    if "workloads" in data and not data["workloads"]:
        del data["workloads"]
    rollout = data.get("rollout")
    if isinstance(rollout, dict):
        _strategy_of_keys(drawn, rollout)
    elif "controller_manager" in data and not drawn.pods:
        rollout = data["rollout"] = random.choice(KUBERNETES[:3])
    if "workloads" not in data:
        if rollout == "waves":
            rollout = data["rollout"] = {"strategy": "waves"}
        if isinstance(rollout, dict):
            kind = rollout.get("strategy", "all_at_once")
            _policy(rollout, kind, 1, random)
            if not drawn.pods:
                drop(rollout, POD_KEYS)
        return
    if strategy(rollout) == "schedule":
        if isinstance(rollout, dict):
            del rollout["strategy"]
        else:
            del data["rollout"]
    before: list[str] = []
    for name, spec in data["workloads"].items():
        _workload(drawn, spec, before)
        before.append(name)
    _general(drawn, data.get("rollout"))


def complete_horizon(drawn: Drawn) -> None:
    """Rollouts that do not end take long to play: a day of retries."""
    rollout = drawn.data.get("rollout", {})
    rollout = {"strategy": rollout} if isinstance(rollout, str) else rollout
    if quantity("time", rollout.get("horizon", "1d")) > 3600 and drawn.random.random() < 0.8:
        drawn.data["rollout"] = rollout | {"horizon": drawn.random.choice(("5m", "20m", "1h"))}


def _strategy_of_keys(drawn: Drawn, rollout: Data) -> None:
    """A strategy that some of a policy's keys go with."""
    special = [key for key in SOME_KEYS if key in rollout]
    alone = "workloads" not in drawn.data
    if "strategy" not in rollout and (special or (alone and set(POD_KEYS) & rollout.keys())):
        fitting = [name for name in KUBERNETES if not special or special[0] in OWN_KEYS[name]]
        rollout["strategy"] = drawn.random.choice(fitting)
    if "controller_manager" in drawn.data and alone and rollout.get("strategy") not in KUBERNETES:
        rollout["strategy"] = drawn.random.choice(KUBERNETES)


def _workload(drawn: Drawn, spec: Data, before: list[str]) -> None:
    random = drawn.random
    means(spec, "images", drawn.images, random)
    if not spec.get("images"):
        spec["images"] = [random.choice(drawn.images)]
    if spec.get("daemonset"):
        spec.pop("replicas", None)
    elif "replicas" in spec:
        spec.pop("daemonset", None)
        spec["replicas"] = min(spec["replicas"], _MOST_REPLICAS)
    elif random.random() < 0.4:
        spec["daemonset"] = True
    else:
        spec.pop("daemonset", None)
        spec["replicas"] = random.choice((1, 2, 3, 5, 8))
    if "groups" in spec:
        means(spec, "groups", drawn.names_of_groups, random)
    if "after" in spec:
        means(spec, "after", before, random)
        if spec.get("after"):
            spec.pop("start", None)
    own = spec.get("rollout")
    may = FOR_DAEMONSETS if spec.get("daemonset") else FOR_REPLICAS
    if isinstance(own, dict):
        special = [key for key in SOME_KEYS if key in own]
        if own.get("strategy") not in may or special:
            fitting = [name for name in may if special and special[0] in OWN_KEYS[name]]
            own["strategy"] = random.choice(fitting or may)
        _policy(own, own["strategy"], spec.get("replicas", 1), random)
    elif own == "waves":
        spec["rollout"] = {"strategy": own, "waves": [1, "50%"]}
    elif own is not None and own not in may:
        spec["rollout"] = random.choice(may[:2])
    if spec.get("rollout") == "waves":
        del spec["rollout"]


def _general(drawn: Drawn, rollout: Any) -> None:
    """What `rollout` says where there are workloads: only what one of them goes by."""
    if not isinstance(rollout, dict):
        if rollout == "waves":
            drawn.data["rollout"] = {"strategy": "waves", "waves": [1]}
        return
    kind = rollout.get("strategy", "rolling")
    least = 1
    followed = False
    for spec in drawn.data["workloads"].values():
        own = spec.get("rollout")
        fits = kind in (FOR_DAEMONSETS if spec.get("daemonset") else FOR_REPLICAS)
        followed |= fits and not (own if isinstance(own, str) else isinstance(own, dict) and "strategy" in own)
        least = min(least, spec.get("replicas", 1))
    if followed:
        _policy(rollout, kind, least, drawn.random)
    else:
        drop(rollout, SOME_KEYS)


def _policy(rollout: Data, kind: str, replicas: int, random: Random) -> None:
    """What a strategy needs, and nothing that does not go with it."""
    drop(rollout, [key for key in SOME_KEYS if key not in OWN_KEYS[kind]])
    surge, unavailable = _amount(rollout.get("max_surge")), _amount(rollout.get("max_unavailable"))
    if kind == "rolling":
        if surge == 0 and unavailable == 0:
            rollout["max_surge"] = 1
        deadline, ready = rollout.get("progress_deadline", "600 s"), rollout.get("min_ready", "0 s")
        if deadline != "off" and quantity("time", deadline) <= quantity("time", ready):
            rollout["min_ready"] = "1 s"
            if quantity("time", deadline) <= 1:
                rollout["progress_deadline"] = "10 s"
    elif kind == "daemonset":
        if surge and surge > 0:
            rollout["max_unavailable"] = 0
            if isinstance(rollout["max_surge"], str) and surge > 1:
                rollout["max_surge"] = "50%"
        elif unavailable == 0:
            rollout["max_unavailable"] = 1
    elif kind == "statefulset":
        if unavailable == 0:
            rollout["max_unavailable"] = random.choice((1, "50%"))
        if "partition" in rollout:
            rollout["partition"] = min(rollout["partition"], replicas - 1)
    elif kind == "waves":
        waves = rollout.get("waves") or [random.choice((1, "10%", "50%"))]
        rollout["waves"] = [one if n == 0 else _share_of_wave(one) for n, one in enumerate(waves[:3])]
        first = rollout["waves"][0]
        size = first.get("size") if isinstance(first, dict) else first
        if isinstance(size, int) and size > 1 or isinstance(size, str) and not 0 < quantity("share", size) <= 0.5:
            rollout["waves"][0] = first | {"size": 1} if isinstance(first, dict) else 1


def _share_of_wave(wave: Any) -> Any:
    return wave | {"size": "20%"} if isinstance(wave, dict) else "20%"


def _amount(value: Any) -> float | None:
    """How many, or what share; None: it is not given."""
    return quantity("share", value) if isinstance(value, str) else value
