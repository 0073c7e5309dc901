"""That pods follow one another, in words, where it is that which makes a rollout long.

A controller lets the next pod have its turn when the one before is available. What a pod takes then counts once for
each turn, whatever it is: its image over an idle network as well as the start of its container. Where a shared link is
full for most of the rollout, or pods wait for what all of them share (a rate limit, a queue at the registry), they
would wait without turns, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.results.load.throughput import least_time
from rolloutsim.results.numerals import show_count
from rolloutsim.results.pods.replicas import limits
from rolloutsim.results.why.bottlenecks import Blamed, Bottleneck, noun_of
from rolloutsim.results.why.critical import turns
from rolloutsim.scenario.causes import (
    CONNECTION_CAP,
    CONTROLLER,
    CONTROLLER_PACING,
    LAYER_SLOT,
    OTHER_PULL,
    REQUESTS,
    STARTUP,
    TERMINATION,
)
from rolloutsim.scenario.resources import PULLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary
    from rolloutsim.scenario.resolved import ResolvedScenario, Workload

_MOSTLY = 0.5  # of the rollout (assumed): from then on something explains it

# What each pod takes in its own turn, and does not share with pods on other nodes.
_OWN = {
    one.name
    for one in (CONNECTION_CAP, CONTROLLER, CONTROLLER_PACING, LAYER_SLOT, OTHER_PULL, REQUESTS, STARTUP, TERMINATION)
} | {resource.cause.name for resource in PULLED}


def one_after_another(
    scenario: ResolvedScenario, records: CaseRecords, case: CaseSummary, causes: Sequence[Bottleneck]
) -> str | None:
    """The main clause about pods that follow one another; None where their turns do not make the rollout long.

    Parameters
    ----------
    scenario, records, case : ResolvedScenario, CaseRecords and CaseSummary
        What was simulated, what happened, and its figures.
    causes : sequence of Bottleneck
        What the last pod's path consists of, the largest first.
    """
    found, time = turns(records), case.rollout_time_s
    if found.pods < 2 or not time or found.workload < 0 or found.began < _MOSTLY * time:
        return None
    links = [one for one in causes if one.is_shared]
    if sum(one.share for one in causes if one.kind in _OWN or one in links) < _MOSTLY:
        return None
    # What no order of the pods could undercut: a link is full, or would be without turns.
    least = least_time(scenario, records)
    if least is not None and least[0] >= _MOSTLY * time:
        return None
    blamed = Blamed(case)
    if any(blamed.saturation(one) >= _MOSTLY for one in links):
        return None
    text = f"pods follow one another, {_at_a_time(records.orchestration.workloads[found.workload], found.pods)}"
    return text if causes[0].kind == CONTROLLER_PACING.name else f"{text}, and wait longest for {noun_of(causes[0])}"


def _at_a_time(workload: Workload, turns: int) -> str:
    """How many pods have their turn at once, and what sets that."""
    if workload.strategy.name == "statefulset" and workload.create and not workload.strategy.parallel:
        return f"1 of {show_count(workload.replicas)} at a time (in the order of their numbers)"
    surge, unavailable = limits(workload)
    given = {"max_surge": surge, "max_unavailable": unavailable}
    rule = [f"{key} {show_count(pods)}" for key, pods in given.items() if pods]
    if not rule:
        return f"in {show_count(turns)} turns"
    number = show_count(min(sum(pods for pods in given.values() if pods), workload.replicas))
    return f"{number} of {show_count(workload.replicas)} at a time ({', '.join(rule)})"
