"""What of a run's figures is not known, or known less well than it looks: said wherever the figures are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.checked import outside
from rolloutsim.scenario.causes import BACKOFF, QPS, RATE_LIMITED
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run


def caveats(run: Run) -> Iterator[str]:
    """What one has to know before relying on a run's figures, a sentence each; nothing if there is nothing."""
    yield from _about_moments(run)
    yield from _about_late_nodes(run)
    if any(case.background.kind for case in run.cases):
        from rolloutsim.results.load.background import about_latencies  # few scenarios have any

        yield from about_latencies(run)
    yield from outside(run)


def about_chance(run: Run) -> Iterator[str]:
    """That the times at which was asked again are random, in words; nothing if nobody did, or none at random."""
    waits = (BACKOFF.number, QPS.number, RATE_LIMITED.number)
    waited = [case for case in run.cases if np.isin(case.orchestration.steps.cause, waits).any()]
    groups = run.scenario.groups
    more = "another --seed gives other times, --replications 20 their spread."
    if any(group.kubelet.requeue != "exact" for group in groups) and not all(
        case.orchestration.stand_in for case in waited
    ):
        yield f"Kubelets look at pods in back-off at random times (image_backoff.requeue): {more}"
    elif any(group.again.jitter for group in groups) and any(case.orchestration.stand_in for case in waited):
        yield f"Clients pull again at random times (retry.jitter): {more}"


def _about_late_nodes(run: Run) -> Iterator[str]:
    """Which nodes join when all cases are over or given up already, in words; nothing if none does."""
    end = max((case.end for case in run.cases), default=0.0)
    given_up = end >= run.scenario.horizon
    for group in run.scenario.groups:
        late = 0 if group.join is None else sum(group.join.time(index) > end for index in range(group.count))
        if late:
            join, pull = ("joins", "pulls") if late == 1 else ("join", "pull")
            when = f"{format_time(end)}, when the rollout is {'given up (rollout.horizon)' if given_up else 'over'}"
            yield f"{late:,} of {group.count:,} nodes of {group.name} {join} after {when}, and {pull} nothing."


def _about_moments(run: Run) -> Iterator[str]:
    """What is not known of when requests were refused, in words; nothing if all is."""
    width = max((case.orchestration.refusals.width.max(initial=0.0) for case in run.cases), default=0.0)
    if width > 0.0:
        yield (
            f"Requests were refused at more moments than are told apart: the later ones are known to {width:g} s, "
            "and with them the peak of requests; their numbers are exact."
        )
