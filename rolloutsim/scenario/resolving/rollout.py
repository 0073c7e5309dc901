"""Cases: which nodes pull on their own, or which workloads roll out, each with its strategy; random times."""

from __future__ import annotations

import math

from rolloutsim.scenario.distributions import Distribution
from rolloutsim.scenario.model import DistributionSpec, Document
from rolloutsim.scenario.resolved import Case, PlannedPull
from rolloutsim.scenario.resolved_rollout import PullPolicy, Strategy, StrategyName, Wave, Workload
from rolloutsim.scenario.strategies import ALL, Wanted, amount, has_pods, wanted

NOW = Distribution()


def distribution(spec: DistributionSpec | None) -> Distribution:
    """A random time; none is 0 s."""
    if spec is None:
        return NOW
    return Distribution(low=spec.min or 0.0, high=spec.max or 0.0, p50=spec.p50, p95=spec.p95)


# The sources stand at the keys of `rolloutsim.scenario.model.rollout`.
STEP_OVERHEAD = 1.2  # [s]
PROGRESS_DEADLINE = 600.0  # [s]


def cases(document: Document) -> tuple[Case, ...]:
    """One case for each image, in the file's order; one for everything where there are workloads or a schedule."""
    if document.rollout.strategy == "schedule":
        pulls = {
            name: tuple(PlannedPull(pull.image, distribution(pull.at)) for pull in group.pulls or ())
            for name, group in document.nodes.items()
        }
        return (Case(ALL, pulls),)
    if has_pods(document):
        workloads = tuple(map(_workload, wanted(document)))
        if document.workloads is not None:
            return (Case(ALL, {}, workloads),)
        return tuple(Case(workload.name, {}, (workload,)) for workload in workloads)
    return tuple(
        Case(image, {name: (PlannedPull(image, distribution(group.start)),) for name, group in document.nodes.items()})
        for image in document.images
    )


def _workload(wanted: Wanted) -> Workload:
    spec, rollout = wanted.spec, wanted.document.rollout
    startup, termination = rollout.startup, rollout.termination
    if spec is not None:
        startup = spec.startup if spec.startup is not None else startup
        termination = spec.termination if spec.termination is not None else termination
    return Workload(
        name=wanted.name,
        images=wanted.images,
        replicas=wanted.replicas,
        daemonset=wanted.daemonset,
        groups=wanted.groups,
        strategy=_strategy(wanted),
        start=spec.start if spec is not None else 0.0,
        create=spec.create if spec is not None else False,
        startup=NOW if wanted.document.model == "ideal" else distribution(startup),
        termination=termination or 0.0,
        pull_policy=_pull_policy(spec.pull_policy if spec is not None else None),
    )


def _strategy(wanted: Wanted) -> Strategy:
    overhead = wanted.value("step_overhead")
    return Strategy(
        name=_name(wanted.strategy),
        max_surge=amount(wanted.surge()),
        max_unavailable=amount(wanted.unavailable()),
        min_ready=wanted.value("min_ready") or 0.0,
        progress_deadline=_deadline(wanted),
        partition=wanted.value("partition") or 0,
        parallel=wanted.value("parallel") or False,
        waves=tuple(Wave(amount(wave.size), wave.pause, wave.gate) for wave in wanted.value("waves") or ()),
        step_overhead=0.0 if wanted.document.model == "ideal" else STEP_OVERHEAD if overhead is None else overhead,
    )


def _deadline(wanted: Wanted) -> float | None:
    if wanted.strategy != "rolling":
        return None
    given: float | None = wanted.value("progress_deadline")
    if given is None:
        return PROGRESS_DEADLINE
    return None if math.isinf(given) else given


def _name(text: str) -> StrategyName:
    known: dict[str, StrategyName] = {
        "all_at_once": "all_at_once",
        "rolling": "rolling",
        "daemonset": "daemonset",
        "statefulset": "statefulset",
        "waves": "waves",
    }
    return known[text]


def _pull_policy(text: str | None) -> PullPolicy | None:
    known: dict[str, PullPolicy] = {"always": "always", "if_not_present": "if_not_present", "never": "never"}
    return None if text is None else known[text]
