"""A rollout that goes otherwise: staggered, more pods at a time, without pauses, a quicker start and end of pods."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.scenario.amounts import resolve
from rolloutsim.scenario.causes import API_CALLS, CONTROLLER_PACING, STARTUP, TERMINATION
from rolloutsim.scenario.model import DistributionSpec
from rolloutsim.scenario.orchestration import Amount, Workload
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.strategies import leading
from rolloutsim.units import format_share, plain_text

_WAVES = (2, 4)
_MORE = (0.1, 0.25, 0.5)  # 10 % is what kube-prometheus gives its DaemonSets (PR 661); the others assumed
_HALF = 0.5
AT_A_TIME = ("max_unavailable", "max_surge")  # what a Deployment says of how many pods are replaced at a time
_MANY_CALLS = 5  # times as many: 100 a second, as managed clusters set it (assumed)


def rollout_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that the keys of the rollout can change, and of the workload that makes it long, or else is last."""
    workload = situation.in_turns or _last_workload(situation)
    if workload is None:
        yield from _staggered(situation)
        yield from _startup(situation, ("rollout", "startup"))
        return
    of_its_own = situation.document.workloads is not None
    own: Path = ("workloads", workload.name) if of_its_own else ("rollout",)
    policy: Path = (*own, "rollout") if of_its_own else own
    yield from _more_at_a_time(situation, workload, policy)
    yield from _sooner(situation, workload, policy)
    yield from _more_calls(situation)
    yield from _startup(situation, (*own, "startup"))
    if workload.termination > 0.0:
        text = plain_text("time", workload.termination * _HALF)
        values, share = {(*own, "termination"): text}, situation.share([TERMINATION])
        yield change("termination", f"old pods gone after {text}", values, share, True)


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
    share = situation.largest_share
    window = plain_text("time", float(f"{situation.rollout_time * _HALF:.3g}"))
    values = {("nodes", group.name, "start"): {"min": "0 s", "max": window} for group in situation.groups}
    yield change("staggered starts", f"starts spread over {window}", values, share)
    yield from _in_waves(("rollout",), share)


def _in_waves(policy: Path, share: float, whose: str = "") -> Iterator[Candidate]:
    for waves in _WAVES:
        sizes = [f"{100 / waves:.6g}%"] * (waves - 1)
        values = {(*policy, "strategy"): "waves", (*policy, "waves"): sizes}
        yield change("waves", f"pods{whose} in {waves} waves", values, share)


def _more_at_a_time(situation: Situation, workload: Workload, policy: Path) -> Iterator[Candidate]:
    strategy = workload.strategy
    # Where pods that follow one another make the rollout long, nothing is tried before it.
    leads = workload is situation.in_turns
    share = 1.0 if leads else situation.share([CONTROLLER_PACING]) or situation.largest_share
    whose = _whose(situation, workload)
    is_daemonset = strategy.name == "daemonset"
    surges = is_daemonset and bool(strategy.max_surge.count or strategy.max_surge.share)
    in_order = strategy.name == "statefulset" and not strategy.parallel
    # podManagementPolicy of one that is there cannot be changed: kubernetes pkg/apis/apps/validation/validation.go,
    # ValidateStatefulSetUpdate.
    parallel = "parallel: true" if workload.create else "parallel: true, of a StatefulSet made anew"
    keys = {
        "rolling": AT_A_TIME,
        "daemonset": ("max_surge" if surges else "max_unavailable",),
        "statefulset": () if workload.create else ("max_unavailable",),
    }
    for key in keys.get(strategy.name, ()):
        pods = partial(resolve, total=workload.replicas, up=is_daemonset or key == "max_surge")
        now = max(pods(getattr(strategy, key)), 1)
        shares = [format_share(more) for more in _MORE if pods(Amount(share=more)) > now]
        # Of few pods half is no more than one of them; of one there are no more.
        for number, value in enumerate(shares or [now + 1] * (now < workload.replicas)):
            values: dict[Path, object] = {(*policy, key): value}
            # More that are gone at once do not come back together as long as each waits for the one before it.
            together = {(*policy, "parallel"): True} if in_order else {}
            words = f"{key} {value}{whose}{f' and {parallel}' if in_order else ''}"
            yield change(key, words, values | together, share, number == 0, leads=leads)
    if is_daemonset and not surges:
        text = format_share(_MORE[0])
        values = {(*policy, "max_surge"): text, (*policy, "max_unavailable"): 0}
        words = f"max_surge {text} in place of max_unavailable{whose}"
        yield change("max_surge", words, values, share, leads=leads)
    if in_order:
        yield change(
            "parallel", f"{parallel}{whose}", {(*policy, "parallel"): True}, share, workload.create, leads=leads
        )
    if strategy.name == "all_at_once":
        yield from _in_waves(policy, share, whose)


def _sooner(situation: Situation, workload: Workload, policy: Path) -> Iterator[Candidate]:
    """Without the times that a controller lets pass between pods."""
    strategy = workload.strategy
    share = situation.share([CONTROLLER_PACING])
    if strategy.min_ready > 0.0:
        text = plain_text("time", strategy.min_ready * _HALF)
        whose = _whose(situation, workload)
        yield change("min_ready", f"min_ready {text}{whose}", {(*policy, "min_ready"): text}, share)
    if any(wave.pause for wave in strategy.waves):
        waves = [{"size": _text(wave.size), "gate": wave.gate} for wave in strategy.waves]
        yield change("pauses", "waves without pauses", {(*policy, "waves"): waves}, share, True)


def _more_calls(situation: Situation) -> Iterator[Candidate]:
    """A controller manager that may call more often."""
    limit = situation.scenario.api_calls
    if limit is not None:
        qps, burst = _MANY_CALLS * limit.qps, _MANY_CALLS * limit.burst
        values = {("controller_manager", "qps"): qps, ("controller_manager", "burst"): burst}
        words = f"{qps:g} calls a second of the controller manager, {burst} at once"
        yield change("controller_manager", words, values, situation.share([API_CALLS]), True)


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
        yield change("start-up", "containers ready in half the time", {path: value}, share, True)


def _whose(situation: Situation, workload: Workload) -> str:
    return f" of {workload.name}" if len(situation.case.workloads) > 1 else ""


def _text(amount: Amount) -> int | str:
    return plain_text("share", amount.share) if amount.share is not None else amount.count or 0
