"""A rollout that goes otherwise: staggered, more pods at a time, without pauses, a quicker start and end of pods."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rolloutsim.planning.changes.situation import Candidate, Situation, assign
from rolloutsim.scenario.amounts import resolve
from rolloutsim.scenario.causes import CONTROLLER_PACING, STARTUP, TERMINATION
from rolloutsim.scenario.model import DistributionSpec
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resolved import Amount, Workload
from rolloutsim.scenario.strategies import leading
from rolloutsim.units import format_share, plain_text

_WAVES = (2, 4)
_MORE = (0.1, 0.25, 0.5)  # 10 % is what kube-prometheus gives its DaemonSets (PR 661); the others assumed
_HALF = 0.5


def rollout_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that the keys of the rollout and of the last pod's workload can change."""
    workload = _last_workload(situation)
    if workload is None:
        yield from _staggered(situation)
        yield from _startup(situation, ("rollout", "startup"))
        return
    of_its_own = situation.document.workloads is not None
    own: Path = ("workloads", workload.name) if of_its_own else ("rollout",)
    policy: Path = (*own, "rollout") if of_its_own else own
    yield from _more_at_a_time(situation, workload, policy)
    yield from _sooner(situation, workload, policy)
    yield from _startup(situation, (*own, "startup"))
    if workload.termination > 0.0:
        text = plain_text("time", workload.termination * _HALF)
        share = situation.share([TERMINATION])
        yield Candidate(
            "termination", f"old pods gone after {text}", (assign((*own, "termination"), text),), share, True
        )


def _last_workload(situation: Situation) -> Workload | None:
    """The workload of the last pod; None where nodes pull on their own."""
    pods = situation.records.pods
    if not situation.case.workloads:
        return None
    number = int(pods.workload[int(np.nanargmax(pods.ready))])
    return None if number < 0 else situation.records.orchestration.workloads[number]


def _staggered(situation: Situation) -> Iterator[Candidate]:
    """The nodes ask one after another, or in waves of which each waits for the one before, instead of all at once."""
    nodes = situation.document.nodes
    if leading(situation.document) != "all_at_once" or any(nodes[group.name].start for group in situation.groups):
        return
    share = max(situation.shares.values(), default=0.0)
    window = plain_text("time", float(f"{(situation.summary.rollout_time_s or 0.0) * _HALF:.3g}"))
    overrides = tuple(
        assign(("nodes", group.name, "start"), {"min": "0 s", "max": window}) for group in situation.groups
    )
    yield Candidate("staggered starts", f"starts spread over {window}", overrides, share)
    for waves in _WAVES:
        yield _in_waves(waves, ("rollout",), share)


def _in_waves(waves: int, policy: Path, share: float, whose: str = "") -> Candidate:
    sizes = [f"{100 / waves:.6g}%"] * (waves - 1)
    overrides = (assign((*policy, "strategy"), "waves"), assign((*policy, "waves"), sizes))
    return Candidate("waves", f"pods{whose} in {waves} waves", overrides, share)


def _more_at_a_time(situation: Situation, workload: Workload, policy: Path) -> Iterator[Candidate]:
    strategy = workload.strategy
    share = situation.share([CONTROLLER_PACING]) or max(situation.shares.values(), default=0.0)
    whose = _whose(situation, workload)
    surges = strategy.name == "rolling" or strategy.name == "daemonset" and not _none(strategy.max_surge)
    keys = {"rolling": ("max_unavailable", "max_surge"), "daemonset": ("max_surge" if surges else "max_unavailable",)}
    for key in keys.get(strategy.name, ("max_unavailable",) if strategy.name == "statefulset" else ()):
        now: Amount = getattr(strategy, key)
        first = True
        up = strategy.name == "daemonset" or key == "max_surge"
        for more in _MORE:
            if resolve(Amount(share=more), workload.replicas, up=up) > max(resolve(now, workload.replicas, up=up), 1):
                text = format_share(more)
                yield Candidate(key, f"{key} {text}{whose}", (assign((*policy, key), text),), share, first)
                first = False
    if strategy.name == "daemonset" and not surges:
        text = format_share(_MORE[0])
        overrides = (assign((*policy, "max_surge"), text), assign((*policy, "max_unavailable"), 0))
        yield Candidate("max_surge", f"max_surge {text} in place of max_unavailable{whose}", overrides, share)
    if strategy.name == "statefulset" and not strategy.parallel:
        yield Candidate("parallel", f"parallel: true{whose}", (assign((*policy, "parallel"), True),), share)
    if strategy.name == "all_at_once":
        for waves in _WAVES:
            yield _in_waves(waves, policy, share, whose)


def _sooner(situation: Situation, workload: Workload, policy: Path) -> Iterator[Candidate]:
    """Without the times that a controller lets pass between pods."""
    strategy = workload.strategy
    share = situation.share([CONTROLLER_PACING])
    if strategy.min_ready > 0.0:
        text = plain_text("time", strategy.min_ready * _HALF)
        whose = _whose(situation, workload)
        yield Candidate("min_ready", f"min_ready {text}{whose}", (assign((*policy, "min_ready"), text),), share)
    if any(wave.pause for wave in strategy.waves):
        waves = [{"size": _text(wave.size), "gate": wave.gate} for wave in strategy.waves]
        yield Candidate("pauses", "waves without pauses", (assign((*policy, "waves"), waves),), share, True)


def _startup(situation: Situation, path: Path) -> Iterator[Candidate]:
    """Containers that start in half the time."""
    document = situation.document
    specs = [document.rollout.startup]
    if path[0] == "workloads" and document.workloads is not None:
        specs.insert(0, document.workloads[str(path[1])].startup)
    spec: DistributionSpec | None = next((one for one in specs if one is not None), None)
    times = {} if spec is None else {key: time for key, time in spec if time is not None}
    if situation.scenario.model == "real" and any(times.values()):
        value = {key: plain_text("time", time * _HALF) for key, time in times.items()}
        share = situation.share([STARTUP])
        yield Candidate("start-up", "containers ready in half the time", (assign(path, value),), share, True)


def _whose(situation: Situation, workload: Workload) -> str:
    return f" of {workload.name}" if len(situation.case.workloads) > 1 else ""


def _none(amount: Amount) -> bool:
    return not (amount.count or amount.share)


def _text(amount: Amount) -> int | str:
    return plain_text("share", amount.share) if amount.share is not None else amount.count or 0
