"""The bottleneck in words: what the rollout waited for, how busy it was, and what was never the limit.

Shares say what they are of (see `explained`); the figure beside them (`rolloutsim.report.plots.causes`) has the same.

Never the limit were links that were not saturated for a moment: without them every max-min fair rate would have been
the same. What more speed of them would do beside other changes is another question, which what-ifs answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.metrics import CaseSummary, RunSummary
from rolloutsim.results.numerals import listed, rate_of_rate, show_time, visible, whole_share
from rolloutsim.results.time.steps import pod_times
from rolloutsim.results.why.bottlenecks import (
    PRIVATE_LINKS,
    Blamed,
    Bottleneck,
    behind_queue,
    bottlenecks,
    links_name,
    mean,
    name_of,
    names_of,
    noun_of,
    nouns_of,
    private,
    shared,
)
from rolloutsim.results.why.critical import last_path
from rolloutsim.results.why.turns import succession
from rolloutsim.scenario.causes import CAUSES, SCHEDULE
from rolloutsim.scenario.resources import NIC_IN, PLACES, PULLED, RESOURCES, LinkName
from rolloutsim.scenario.routes import seeds_uplink
from rolloutsim.structs import struct
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.scenario.resolved import ResolvedScenario

# Whose time shares are of.
ONE_TURN, LAST_POD, ALL_PODS = "one turn", "the last pod", "all pods"

_ALL_THE_TIME = 0.995  # full for a larger share of the time is full all the time (assumed: it rounds to 100 %)
_MOSTLY = 0.5  # a link that is busy for less of the time cannot be as scarce as the bottleneck (assumed)
_MOST_NAMES = 3  # nodes that are named before the others are only counted
_CLEARLY = 0.05  # a group that is last by a smaller share of its time is not worth a word (assumed)
_ALIKE = 0.02  # two shares that differ by less are not both said (assumed)


def why(run: Run, summary: RunSummary, replications: int = 0) -> str:
    """Explain a run's slowest case in a few sentences, one a line, and where other cases differ from it.

    Parameters
    ----------
    run, summary : Run and RunSummary
        What happened, and its figures.
    replications : int
        Of how many `run` is the first, and `summary` the means; 0: there is one run. What a last pod's time goes to
        is that of the first.
    """
    unfinished = [case for case in summary.cases.values() if not case.finished]
    if unfinished:
        horizon, ends = run.scenario.horizon, {case.name: case.end for case in run.cases}
        return "\n".join(
            visible(_unfinished(case, len(summary.cases) > 1, horizon if ends[case.case] >= horizon else None))
            for case in unfinished
        )
    slowest = summary.slowest
    found = {case.name: _Found(run, case, summary.cases[case.name]) for case in run.cases}
    this = found.pop(slowest.case)
    causes = this.causes
    if not causes:
        return "every node held all layers already: there was nothing to wait for."
    others = list(_differing(found.values(), this))
    prefix = f"{slowest.case}: " if others else ""
    main = behind_queue(slowest, causes) or causes[0]
    follow = this.follow
    if follow is not None and follow.is_main:
        busy = "; ".join(filter(None, (_busiest_link(slowest), _nics(slowest, run.scenario))))
        lines = [f"{prefix}{follow.sentence(_in_the_first(replications))}.", f"Over the whole rollout: {busy}."]
    else:
        lines = [
            f"{prefix}{_busy(main, causes[0], this)}.",
            *_divided(this, replications),
            *(() if follow is None else (f"{follow.aside}.",)),
        ]
    lines += [
        *(() if _is_paced(slowest) else _last(run, slowest, this.records)),
        *_never_the_limit(main, slowest, this.records),
        *others,
    ]
    return "\n".join(map(visible, lines))


class _Found:
    """A finished case, and what its time went to.

    Parameters
    ----------
    run : Run
        Which it is of.
    records, case : CaseRecords and CaseSummary
        What happened in it, and its figures.
    """

    def __init__(self, run: Run, records: CaseRecords, case: CaseSummary) -> None:
        self.scenario, self.records, self.case = run.scenario, records, case
        self.split = explained(run.scenario, records, case)
        self.causes = bottlenecks(case, self.split.seconds)
        self.follow = succession(run.scenario, records, case)


@struct
class Split:
    """The seconds by cause that explain a case.

    Parameters
    ----------
    seconds : dict
        Seconds by cause [s].
    time : float
        How long what they are the parts of is, the mean of several [s].
    whose : str
        Whose time it is: `one turn`, `the last pod`, or `all pods`.
    """

    seconds: Mapping[str, float]
    time: float
    whose: str

    @property
    def parts(self) -> dict[str, float]:
        """The same of `time`, without what took none [s]."""
        whole = sum(self.seconds.values())
        return {cause: seconds / whole * self.time for cause, seconds in self.seconds.items() if seconds > 0.0}

    @property
    def of(self) -> str:
        """What shares of it are of: `the last pod's 59.1 s`."""
        return "all pods' waiting" if self.whose == ALL_PODS else f"{self.whose}'s {show_time(self.time)}"


def explained(scenario: ResolvedScenario, records: CaseRecords, case: CaseSummary) -> Split:
    """What explains a case, and what shares are shares of.

    Where controllers decide who pulls when, most pods wait for their turn, and only the last one's way says why that
    comes when it does: one turn of those that make it long, if they do. So it is where that pod was late because the
    scenario says so. Elsewhere, and where some pod never is ready, the time of all pods until they are explains it.
    """
    path = last_path(records)
    late = dict(path).get(SCHEDULE.name, 0.0) >= _MOSTLY * sum(seconds for _, seconds in path)
    if not path or not _is_paced(case) and not late:
        ready = int(np.count_nonzero(~np.isnan(records.pods.ready)))
        return Split(case.time_split_s, sum(case.time_split_s.values()) / max(ready, 1), ALL_PODS)
    follow = succession(scenario, records, case)
    if follow is not None and follow.is_main:
        return Split(follow.seconds, follow.turn, ONE_TURN)
    return Split(dict(path), sum(seconds for _, seconds in path), LAST_POD)


def _in_the_first(replications: int) -> str:
    return f" in the first of {replications} replications" if replications else ""


def _is_paced(case: CaseSummary) -> bool:
    """Whether controllers decide who pulls when."""
    return case.rollout is not None and bool(case.rollout.workloads)


def _unfinished(case: CaseSummary, several: bool, horizon: float | None) -> str:
    """Why a case did not finish; `horizon` is the time after which it was given up, if it was [s]."""
    if case.rollout is not None:
        what = "cannot finish" if horizon is None else f"is not over after {format_time(horizon)} (rollout.horizon)"
        text = f"the rollout {what}: {'; '.join(case.stuck) or 'pods are missing'}."
        reasons: dict[str, list[str]] = {}
        for pod in case.rollout.unfinished_pods:
            if pod.reason is not None:
                reasons.setdefault(pod.reason, []).append(pod.node)
        for reason, nodes in reasons.items():
            text += f" {_nodes(nodes)}: {reason}."
        return f"{case.case}: {text}" if several else text
    pulls = f"{case.unfinished_pulls} of {case.pulls} pulls" if case.pulls else "the pulls"
    waits = "; ".join(case.stuck) or "nothing that could still happen would change that"
    return f"{case.case} did not finish: {pulls} never had their image. {waits[0].upper()}{waits[1:]}."


def _nodes(names: Sequence[str]) -> str:
    """On which nodes pods failed, the first few of them."""
    distinct = sorted(set(names))
    more = f" and {len(distinct) - _MOST_NAMES} more" if len(distinct) > _MOST_NAMES else ""
    shown = f"{', '.join(distinct[:_MOST_NAMES])}{more}" if more else listed(distinct)
    return f"The last pull on {shown} failed"


def _differing(others: Iterable[_Found], this: _Found) -> Iterator[str]:
    """A line for each cause that is the largest of other cases."""
    found: dict[str, list[str]] = {}
    for one in others:
        if one.causes and noun_of(one.causes[0]) != noun_of(this.causes[0]):
            share = f"{one.causes[0].shown} of {one.split.of}"
            found.setdefault(noun_of(one.causes[0]), []).append(f"{one.case.case} ({share})")
    for noun, cases in found.items():
        verb = "waits" if len(cases) == 1 else "wait"
        yield f"{listed(cases)} {verb} longest for {noun}."


def _busy(main: Bottleneck, largest: Bottleneck, this: _Found) -> str:
    """The main clause, about the bottleneck, and how busy the rest was."""
    case = this.case
    queue = "" if main is largest else f", while {CAUSES[largest.kind].sentence}"
    uplink, nics = _busiest_link(case), _nics(case, this.scenario)
    if main.is_shared:
        clauses = [f"{_how_busy(name_of(main), main, case)}{queue}", _as_busy(main, case), nics]
    elif main.kind in PRIVATE_LINKS:
        clauses = [f"{_private(main, this)}{queue}", uplink]
    else:
        clauses = [CAUSES[main.kind].sentence, uplink, nics]
    return "; ".join(clause for clause in clauses if clause)


def _as_busy(main: Bottleneck, case: CaseSummary) -> str:
    """The shared links that were as busy as those named: one of them alone cannot be what to speed up."""
    rows = Blamed(case).rows(main)
    busy = _utilisation(rows)
    named, kinds = {row.link for row in rows}, {row.kind for row in rows}
    alike = [
        row
        for row in shared(case)
        if row.link not in named and (row.kind not in kinds or row.kind not in PLACES)
        and busy >= _MOSTLY and abs((row.utilisation or 0.0) - busy) < _ALIKE
    ]  # fmt: skip
    names = names_of(alike)
    return f"{listed(names)} as busy" if names else ""


def _private(main: Bottleneck, this: _Found) -> str:
    """How busy links of nodes are; where few nodes at a time are at work, for how long one is what the last pod waits
    for, and which shared link carries no more than one of them.
    """
    case = this.case
    rows, worst = private(case, PRIVATE_LINKS[main.kind]), Blamed(case).rows(main)
    groups = [LinkName.of(row.link).owner for row in worst]
    name = name_of(main) + (f" of {listed(groups)}" if len(worst) < len(rows) else "")
    if Blamed(case).saturation(main) >= _MOSTLY * main.share:
        return _how_busy(name, main, case)
    twins = names_of(row for row in shared(case) if _ties(row, _own_limits(case, this.records)))
    also = f" and the {listed(twins)}, no faster than one of them," if twins else ""
    return f"{name}{also} are the limit for {main.shown} of {this.split.of}"


def _how_busy(name: str, cause: Bottleneck, case: CaseSummary) -> str:
    found = Blamed(case)
    busy, full = _utilisation(found.rows(cause)), found.saturation(cause)
    if full >= _ALL_THE_TIME:
        return f"{name} {whole_share(busy)} busy for the whole rollout"
    over = "on average" if cause.is_shared else "on average over the nodes"
    if abs(full - busy) < _ALIKE:
        return f"{name} full for {whole_share(full)} of the rollout{'' if cause.is_shared else f' {over}'}"
    return f"{name} {whole_share(busy)} busy {over}, and the limit for {whole_share(full)} of the rollout"


def _nics(case: CaseSummary, scenario: ResolvedScenario) -> str:
    """How busy the node NICs were, with rates where all have the same."""
    rows = private(case, RESOURCES[NIC_IN].part)
    if not rows:
        return "node NICs without a limit"
    busy = _utilisation(rows)
    rates = {group.nic_line_rate for group in scenario.groups if group.nic_line_rate is not None}
    of = f" ({rate_of_rate(busy * max(rates), max(rates))})" if len(rates) == 1 and busy > 0.0 else ""
    return f"node NICs {whole_share(busy)} busy{of}"


def _busiest_link(case: CaseSummary) -> str:
    """How busy the busiest shared link was that carried anything; of several alike a registry's uplink is named."""
    rows = [row for row in shared(case) if row.utilisation is not None and row.bytes > 0.0]
    if not rows:
        return ""
    row = max(rows, key=lambda row: (row.utilisation or 0.0, row.kind == "registry_uplink"))
    return f"{links_name(row.kind, (row.link,))} {whole_share(row.utilisation or 0.0)} busy"


def _divided(this: _Found, replications: int) -> Iterator[str]:
    """Where the time goes, unless it all goes to one cause; what is not a per cent is left out."""
    told = [cause for cause in this.causes if cause.percent]
    parts = [f"{cause.percent} % to {noun}" for noun, cause in zip(nouns_of(told), told, strict=True)]
    if len(parts) > 1:
        parts[0] = parts[0].replace(" to", " goes to", 1)
        split = this.split
        each = f", {show_time(split.time)} each on average"
        more = each if split.whose == ALL_PODS else _in_the_first(replications)
        yield f"Of {split.of}{more}, {listed(parts)}."


def _last(run: Run, slowest: CaseSummary, records: CaseRecords) -> Iterator[str]:
    """Which nodes are last, and what they wait for that others do not, where there are several groups."""
    last = last_group(records, tuple(group.name for group in run.scenario.groups))
    if last is None:
        return
    text = f"The nodes of {last.group} are last, after {show_time(last.ready)} (all others: {show_time(last.others)})"
    more: defaultdict[str, float] = defaultdict(float)  # both directions of racks' uplinks together
    for cause in bottlenecks(slowest, last.split):
        more[noun_of(cause)] += cause.seconds
    for cause in bottlenecks(slowest, last.split_others):
        if noun_of(cause) in more:
            more[noun_of(cause)] -= cause.seconds
    # Nodes that have all that they ask for wait for nothing.
    noun = max(more, key=lambda noun: more[noun], default=None)
    if noun is not None and more[noun] >= (last.ready - last.others) / 2:
        text += f": each waits on average {show_time(more[noun])} longer for {noun}"
    yield f"{text}."


def _never_the_limit(main: Bottleneck, case: CaseSummary, records: CaseRecords) -> Iterator[str]:
    """The links that were never the limit of anything, nor as busy as what was.

    A shared link that is as fast as nodes' own is never called the limit of a flow, nor is it saturated; but it is one
    with them.
    """
    own_limits = _own_limits(case, records)
    is_link = main.is_shared or main.kind in PRIVATE_LINKS
    most = max(_utilisation(Blamed(case).rows(main)) - _ALIKE, _MOSTLY) if is_link else 1.0

    def idle(row: LinkSummary) -> bool:
        saturated = row.saturated_s if row.max is None else row.max.saturated_s
        return saturated == 0.0 and (row.utilisation or 0.0) < most and not _ties(row, own_limits)

    own = [
        f"{resource.noun}s"
        for resource in PULLED
        if resource.fetched and (rows := private(case, resource.part)) and all(map(idle, rows))
    ]
    wider: dict[tuple[str, str], list[LinkSummary]] = {}
    # Of seeds each has its part of an uplink, and what they send is one cause with what they have not sent.
    seeds = {seeds_uplink(name) for name in records.sources}
    for row in shared(case):
        if row.link in seeds:
            continue
        direction = LinkName.of(row.link).part if row.kind in PLACES else row.family or row.link
        wider.setdefault((row.kind, direction), []).append(row)
    never: dict[str, bool] = {}
    for (kind, _), rows in wider.items():
        # Both directions of racks and sites have one name; one that carries nothing says nothing about the other.
        if any(row.bytes > 0.0 for row in rows):
            name = links_name(kind, tuple(row.link for row in rows), rows[0].family or "")
            never[name] = never.get(name, True) and all(idle(row) and row.bytes > 0.0 for row in rows)
    links = [name for name, is_idle in never.items() if is_idle]
    if main.is_shared and own:
        yield f"Never the limit of a transfer: the nodes' {listed(own)}."
    elif links:
        yield f"Never the limit of a transfer: the {listed(links)}."


def _own_limits(case: CaseSummary, records: CaseRecords) -> list[tuple[float, float]]:
    """Of the nodes' own network links that the last pod waited for, for how long [s], and the fastest one [B/s]."""
    path, least = dict(last_path(records)), _ALIKE * (case.rollout_time_s or 0.0)
    return [
        (path[resource.cause.name], max(row.capacity_bytes_per_s for row in rows))
        for resource in PULLED
        if resource.is_network and path.get(resource.cause.name, 0.0) > least and (rows := private(case, resource.part))
    ]


def _ties(row: LinkSummary, own_limits: Sequence[tuple[float, float]]) -> bool:
    """Whether all of a shared link's capacity may have been in use while links of nodes were the limit."""
    if row.max is not None or not row.capacity_bytes_per_s:
        return False
    full, alike = row.bytes / row.capacity_bytes_per_s, (1.0 - _ALIKE) * row.capacity_bytes_per_s
    return any(full >= (1.0 - _ALIKE) * time and row.peak_flows * own >= alike for time, own in own_limits)


def _utilisation(rows: Sequence[LinkSummary]) -> float:
    """The mean utilisation over single links [1]."""
    return mean(rows, [row.utilisation or 0.0 for row in rows]) if rows else 0.0


@struct
class LastGroup:
    """The group whose last pod is ready clearly after all others'."""

    group: str
    ready: float  # when its last pod is ready [s]
    others: float  # when the last pod of all other groups is [s]
    split: Mapping[str, float]  # seconds by cause of one of its nodes, on average [s]
    split_others: Mapping[str, float]  # of one of the others


def last_group(case: CaseRecords, groups: tuple[str, ...]) -> LastGroup | None:
    """The group that is last in a finished case; None if there is one group, or none that is clearly last.

    `groups` are the names of the scenario's node groups, in its order.
    """
    stays = np.isnan(case.pods.deleted)
    group_of_pod = case.node_group[case.pods.node]
    ready = np.full(len(groups), -np.inf)
    np.maximum.at(ready, group_of_pod[stays], case.pods.ready[stays])
    *_, second, last = np.argsort(ready, kind="stable") if len(groups) > 1 else (0, 0)
    if not ready[second] < (1.0 - _CLEARLY) * ready[last] or np.isneginf(ready[second]):
        return None
    path = pod_times(case)
    is_last = group_of_pod[path.owner] == last
    nodes = np.unique(case.pods.node)
    count = int(np.count_nonzero(case.node_group[nodes] == last))

    def split(rows: npt.NDArray[np.bool_], count: int) -> dict[str, float]:
        sums = np.bincount(path.cause[rows], path.seconds[rows], len(path.causes)) / count
        return {name: float(sums[i]) for i, name in enumerate(path.causes) if sums[i] > 0.0}

    return LastGroup(
        groups[last],
        float(ready[last]),
        float(ready[second]),
        split(is_last, count),
        split(~is_last, len(nodes) - count),
    )
