"""What of a run's figures is not known, or known less well than it looks: said wherever the figures are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.checked import outside
from rolloutsim.results.facts.calls import brings
from rolloutsim.results.metrics import counted_pulls
from rolloutsim.results.numerals import listed, show_time
from rolloutsim.scenario.assumed import assumptions
from rolloutsim.scenario.chance import drawn_words
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.routes import host_alone, hosts_of, node_racks
from rolloutsim.scenario.sources import has_hosts
from rolloutsim.units import format_time

if TYPE_CHECKING:
    import numpy.typing as npt

    from rolloutsim.results.facts.grouped import Rows
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.scenario.resolved import ResolvedScenario


_MOST_ASSUMED = 2  # keys that a sentence names (assumed: what fits two lines of a terminal)
# Of a pull alone: all is known; its first host is a cache or peers; it may have to go on to the next host.
_KNOWN, _SHARED, _MAY_LACK = range(3)
_UNKNOWN = {
    _SHARED: "what caches and others among their hosts have depends on other pulls, so that there is none to compare "
    "with",
    _MAY_LACK: "their first host may lack layers, fail or refuse, and a pull alone that goes on to the next one is not "
    "simulated",
}


def caveats(run: Run) -> Iterator[str]:
    """What one has to know before relying on a run's figures, a sentence each; nothing if there is nothing."""
    yield from about_assumptions(run.scenario)
    yield from _about_moments(run)
    yield from _about_late_nodes(run)
    yield from _about_rechecks(run)
    yield from _about_slowdowns(run)
    yield from _about_hosts(run)
    if run.scenario.peers:
        yield from _about_swarms(run)
    if any(case.background.kind for case in run.cases):
        from rolloutsim.results.load.background import about_latencies  # few scenarios have any

        yield from about_latencies(run)
    if any(case.reads for case in run.cases):
        from rolloutsim.results.load.lazy import about_reads  # as above

        yield from about_reads(run)
    yield from outside(run)


def about_chance(run: Run, draws: int = 1) -> Iterator[str]:
    """That the figures are those of one draw, and of what, in words; nothing if nothing was drawn.

    Parameters
    ----------
    run : Run
        The run.
    draws : int
        How many there are of which the means are shown beside it.
    """
    drawn = {name for case in run.cases for name in case.drawn}
    if not drawn:
        return
    if draws > 1:
        more = f"the means of {draws} draws stand beside it, ± half a 95 % interval, Student's t"
        yield f"One draw of random {drawn_words(drawn)}; {more}. --replications 30 makes every figure such a mean."
    else:
        yield f"One draw of random {drawn_words(drawn)}: another --seed gives another, --replications 30 an interval."


def about_assumptions(scenario: ResolvedScenario) -> Iterator[str]:
    """How many of the values that a scenario gives are assumed, and which, in a sentence; nothing if none is."""
    assumed = assumptions(json.loads(scenario.document)) if scenario.document else {}
    if assumed:
        values = "1 value of the scenario is" if len(assumed) == 1 else f"{len(assumed):,} values of the scenario are"
        which = listing([dotted(path) for path in assumed], _MOST_ASSUMED, ", ")
        yield f"{values} assumed, not measured: {which}; the report says why."


def about_calibration(scenario: ResolvedScenario) -> str:
    """Which of a scenario's numbers were fitted to pulls that somebody saw, in a sentence."""
    told = json.loads(scenario.document).get("calibrated") if scenario.document else None
    if not told:
        return "No number of this scenario was calibrated on pulls that somebody saw; rolloutsim calibrate does it."
    pulls, images = (max(one[what] for one in told.values()) for what in ("pulls", "images"))
    known = "; ".join(f"{key} (90 %: {one['low']} to {one['high']})" for key, one in told.items())
    of = f"{pulls:,} pull{'' if pulls == 1 else 's'} of {images:,} image{'' if images == 1 else 's'}"
    return f"Calibrated on {of}: {known}. All other numbers are as the scenario or the defaults have them."


def _about_swarms(run: Run) -> Iterator[str]:
    """How far the model of swarms may be off, in words."""
    from rolloutsim.results.load.peers import model_error, ran_out_of_time  # few scenarios have any

    error = max(model_error(run.scenario, case) for case in run.cases)
    if error:
        rollout = "and the rollout time no further than the swarms"
        if any(ran_out_of_time(run.scenario, case) for case in run.cases):
            rollout = "and the rollout time by more, since members ran out of time and asked others"
        yield (
            "Pieces of swarms are not simulated one by one: the time that a swarm takes may be off by "
            f"{error * 100:.0f} %, one of ten by more, {rollout}. "
            "That is the model's error and has nothing to do with chance."
        )


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


def _about_rechecks(run: Run) -> Iterator[str]:
    """That calls of pulls that are no pods' found their image there, in words; nothing if none did.

    Of kubelets' calls a finding tells.
    """
    for case in run.cases:
        found = int(np.count_nonzero(~brings(case)))
        if found and (case.bare or case.orchestration.stand_in):
            of = f"{found:,} of {len(case.pulls.node):,}"
            yield f"{case.name}: {of} calls find the image on their node; they are re-checks, and no pulls in figures."


def _about_slowdowns(run: Run) -> Iterator[str]:
    """Of which pulls the slowdown is not known, in words; nothing if it is of all, or was not asked for at all."""
    counts = [
        (case, counted_pulls(case) & ~np.isnan(case.pulls.pulled) & (_of_hosts(run, case) == _KNOWN))
        for case in run.cases
    ]
    if all(np.isnan(case.pulls.alone).all() for case, _ in counts):
        return
    unknown = sum(int(np.count_nonzero(np.isnan(case.pulls.alone[counted]))) for case, counted in counts)
    if unknown:
        of = sum(int(np.count_nonzero(counted)) for _, counted in counts)
        go = "goes" if unknown == 1 else "go"
        whose = "earlier" if run.scenario.prepulls else "failed"
        yield (
            f"The slowdown of {unknown:,} of {of:,} pulls is not known, nor their time alone: they {go} on with what "
            f"{whose} ones had left of a layer."
        )


def _about_hosts(run: Run) -> Iterator[str]:
    """Why nothing is known of the slowdown where nodes have hosts, in words; nothing where it is."""
    if not has_hosts(run.scenario):
        return
    found = [(case, _of_hosts(run, case)) for case in run.cases]
    pulls = sum(len(which) for _, which in found)
    for which, why in _UNKNOWN.items():
        count = sum(int(np.count_nonzero(every == which)) for _, every in found)
        if count:
            groups = {one for case, every in found for one in _groups(case, every == which)}
            all_of_theirs = not any(groups & _groups(case, every != which) for case, every in found)
            names = [group.name for number, group in enumerate(run.scenario.groups) if number in groups]
            some = f" of pulls on {listed(names)}" if all_of_theirs else f" of {count:,} of {pulls:,} pulls"
            yield f"The time alone and the slowdown{'' if count == pulls else some} are not known: {why}."


def _groups(case: CaseRecords, pulls: npt.NDArray[np.bool_]) -> set[int]:
    """The groups of whose nodes some pulls are."""
    return set(case.node_group[case.pulls.node[pulls]].tolist())


def _of_hosts(run: Run, case: CaseRecords) -> Rows:
    """Of each pull whether what its hosts do is known of one alone: `_KNOWN`, or a key of `_UNKNOWN`."""
    scenario = run.scenario
    if not has_hosts(scenario):
        return np.full(len(case.pulls.node), _KNOWN)
    kinds: dict[tuple[int, str | None], int] = {}
    places = zip(case.node_group.tolist(), node_racks(scenario), strict=True)
    kind = np.array([kinds.setdefault(place, len(kinds)) for place in places])
    found = np.zeros((len(kinds), len(case.images)), np.int64)
    for (number, rack), row in kinds.items():
        group = scenario.groups[number]
        for place, image in enumerate(case.images):
            if group.hosts and host_alone(scenario, group, rack, image) is None:
                first = hosts_of(scenario, group, rack, image.registry)[0]
                found[row, place] = _MAY_LACK if first in {**scenario.registries, **scenario.mirrors} else _SHARED
    of_pulls: Rows = found[kind[case.pulls.node], case.pulls.image]
    return of_pulls


def _about_moments(run: Run) -> Iterator[str]:
    """What is not known of when requests were refused, in words; nothing if all is."""
    width = max((case.orchestration.refusals.width.max(initial=0.0) for case in run.cases), default=0.0)
    if width > 0.0:
        yield (
            "Requests were refused at more moments than are told apart: the later ones are known to "
            f"{show_time(width)}, and with them the peak of requests; their numbers are exact."
        )
