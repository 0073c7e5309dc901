"""That pods follow one another, in words, and where the time of one turn goes.

A controller lets the next pod have its turn when the one before is available. What a pod takes then counts once for
each turn, whatever it is: its image over an idle network as well as the start of its container. Where a shared link is
full for most of the rollout, or pods wait for what all of them share (a rate limit, a queue at the registry), they
would wait without turns, too, and their turns are not what makes the rollout long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rolloutsim.results.load.throughput import least_time
from rolloutsim.results.numerals import counted, listed, show_count, show_time
from rolloutsim.results.pods.replicas import limits, wanted_pods
from rolloutsim.results.why.bottlenecks import Blamed, Bottleneck, bottlenecks, links_name, noun_of, nouns_of
from rolloutsim.results.why.critical import last_path, turns
from rolloutsim.scenario.causes import (
    API_CALLS,
    BACKOFF,
    CONTROLLER,
    CONTROLLER_PACING,
    DISK_PRESSURE,
    FAILED_PULL,
    KUBELET_QUEUE,
    NODE_DOWN,
    NODE_JOIN,
    QPS,
    RATE_LIMITED,
    REGISTRY_QUEUE,
    RETRY,
    SCHEDULE,
    STARTUP,
    TERMINATION,
)
from rolloutsim.scenario.strategies import BURST_REPLICAS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary
    from rolloutsim.scenario.orchestration import Workload
    from rolloutsim.scenario.resolved import ResolvedScenario

_MOSTLY = 0.5  # of the rollout (assumed): from then on something explains it
_NEARLY = 0.95  # of the rollout (assumed): it is not worth a word that the rest is something else
_ALIKE = 0.05  # turns that differ by less are as long as one another (assumed)
_UNEVEN = 2.0  # times the mean (assumed): with a longer turn the mean alone would mislead
_FEW = 3  # turns whose times are said one by one

# What would keep pods waiting without turns, since it is not each one's own.
_OF_ALL = {
    one.name
    for one in (
        API_CALLS, DISK_PRESSURE, KUBELET_QUEUE, NODE_DOWN, NODE_JOIN, QPS, RATE_LIMITED, REGISTRY_QUEUE, SCHEDULE,
    )
}  # fmt: skip
_FAILING = {one.name for one in (BACKOFF, FAILED_PULL, RETRY)}
# What a pod waits for before it is there.
_WAITS = {one.name for one in (API_CALLS, CONTROLLER_PACING, TERMINATION)}
# What a pod takes besides the pull itself.
_NO_PULL = {
    one.name
    for one in (
        API_CALLS, BACKOFF, CONTROLLER, CONTROLLER_PACING, DISK_PRESSURE, FAILED_PULL, KUBELET_QUEUE, NODE_DOWN,
        NODE_JOIN, QPS, RATE_LIMITED, RETRY, SCHEDULE, STARTUP, TERMINATION,
    )
}  # fmt: skip


@struct
class Succession:
    """The pods of a workload, which follow one another on the last pod's way.

    Parameters
    ----------
    workload : Workload
        The workload.
    pods : int
        How many have their turn: those on nodes that join later have none.
    times : tuple of float
        How long each of its turns on that way is, in the order of time [s].
    seconds : dict
        What they consist of, by cause [s].
    causes : tuple of Bottleneck
        The same, the largest first.
    whole : float
        The whole way [s].
    is_main : bool
        Whether it is their turns that make the rollout long.
    least : tuple or None
        The time that the rollout would take in any order of the pods [s] and the link that sets it, if that is most
        of what it takes.
    named : bool
        Whether there are other workloads, so that this one has to be named.
    """

    workload: Workload
    pods: int
    times: tuple[float, ...]
    seconds: Mapping[str, float]
    causes: tuple[Bottleneck, ...]
    whole: float
    is_main: bool
    least: tuple[float, str] | None
    named: bool

    @property
    def turn(self) -> float:
        """The mean time of a turn [s]."""
        return sum(self.times) / len(self.times)

    @property
    def said(self) -> str:
        """Who follows whom: `80 pods are replaced one after another (max_unavailable 1)`."""
        workload = self.workload
        verb = "created" if workload.create else "replaced"
        of = f" of {workload.name}" if self.named else ""
        pods, rule = _at_a_time(workload)
        how = "one after another" if pods == 1 else f"{show_count(pods)} at a time" if pods else "in waves"
        return f"{show_count(self.pods)} pods{of} are {verb} {how}{f' ({rule})' if rule else ''}"

    def sentence(self, where: str = "") -> str:
        """The same, and where the time of a turn goes: the main clause where that makes the rollout long.

        `where` follows the time of a turn: ` in the first of 10 replications`.
        """
        single = _at_a_time(self.workload)[0] == 1
        varies = max(self.times) - min(self.times) > _ALIKE * self.turn
        one = f"one takes{' on average' if varies else ''}" if single else "a turn takes on average"
        if max(self.times) > _UNEVEN * self.turn:
            one += f" ({show_time(min(self.times))} to {show_time(max(self.times))})"
        many = "" if single else f", {counted(len(self.times), 'turn')} one after another"
        text = f"{self.said}{many}; of the {show_time(self.turn)} that {one}{where}, {self._shares()}"
        whole = sum(self.times)
        if whole < _NEARLY * self.whole:
            text += f"; these turns take {show_time(whole)} of the last pod's {show_time(self.whole)}"
        return text

    @property
    def aside(self) -> str:
        """The same beside a main clause about something else."""
        if self.least is not None:
            time, link = self.least
            return (
                f"{self.said}; in any order the rollout takes no less than {show_time(time)} of the "
                f"{show_time(self.whole)}, which {link} needs for its bytes"
            )
        if len(self.times) <= _FEW:
            long = listed([show_time(time) for time in self.times])
            turns = f"{counted(len(self.times), 'turn')}, of {long}"
        else:
            turns = f"{counted(len(self.times), 'turn')}, of {show_time(self.turn)} on average"
        return f"{self.said}: the last pod's {show_time(self.whole)} hold {turns}"

    def _shares(self) -> str:
        """Where the time of a turn goes, all of a pull together."""
        shares = [one.percent for one in self.causes]
        pulling = [(one, share) for one, share in zip(self.causes, shares, strict=True) if one.kind not in _NO_PULL]
        parts = [
            (share, f"{share} % goes to {self._noun(one)}")
            for one, share in zip(self.causes, shares, strict=True)
            if one.kind in _NO_PULL
        ]
        together = sum(share for _, share in pulling)
        known = [(one, share) for one, share in pulling if share]
        if known:
            nouns = zip(nouns_of([one for one, _ in known]), known, strict=True)
            each = [noun if share == together else f"{share} % {noun}" for noun, (_, share) in nouns]
            parts.append((together, f"{together} % goes to pulling ({listed(each)})"))
        first, *rest = [text for share, text in sorted(parts, key=lambda part: -part[0]) if share]
        return listed([first, *(text.replace(" goes to", " to", 1) for text in rest)])

    def _noun(self, cause: Bottleneck) -> str:
        """A cause as the object of `goes to`; of the controller's waits within a turn what asks for them."""
        strategy = self.workload.strategy
        if cause.kind == CONTROLLER_PACING.name and strategy.min_ready > 0.0:
            return f"min_ready ({show_time(strategy.min_ready)})"
        if cause.kind == CONTROLLER_PACING.name and any(wave.pause for wave in strategy.waves):
            return "the pauses between waves"
        noun = noun_of(cause)
        return noun.replace("replaced", "created") if self.workload.create else noun


def succession(scenario: ResolvedScenario, records: CaseRecords, case: CaseSummary) -> Succession | None:
    """The pods that follow one another on the last pod's way; None if no turn there comes after another one.

    Of several workloads whose turns it goes through, the one whose turns take most of it.

    Parameters
    ----------
    scenario, records, case : ResolvedScenario, CaseRecords and CaseSummary
        What was simulated, what happened, and its figures.
    """
    by_workload: defaultdict[int, list[tuple[float, Mapping[str, float]]]] = defaultdict(list)
    for turn in turns(records):
        if turn.causes.get(NODE_JOIN.name, 0.0) > 0.0:  # a pod of a node that joins: its controller lets none wait
            continue
        by_workload[turn.workload].append((turn.ended - turn.began, turn.causes))
    if not by_workload:
        return None
    number, found = max(by_workload.items(), key=lambda item: (len(item[1]) > 1, sum(time for time, _ in item[1])))
    sums: defaultdict[str, float] = defaultdict(float)
    for _, causes in found:
        for cause, seconds in causes.items():
            sums[cause] += seconds
    met = {cause: seconds for cause, seconds in sums.items() if seconds > 0.0}
    split = bottlenecks(case, met)
    times, whole = _whole_turns(found), sum(seconds for _, seconds in last_path(records))
    if len(times) < 2:
        return None
    least = least_time(scenario, records)
    has_floor = least is not None and least[0] >= _MOSTLY * whole
    workload = records.orchestration.workloads[number]
    return Succession(
        workload,
        wanted_pods(workload) - workload.joining,
        times,
        met,
        split,
        whole,
        not has_floor
        and max(times) <= (1.0 + _ALIKE) * _MOSTLY * whole
        and sum(times) >= _MOSTLY * whole
        and _is_their_own(case, split),
        (least[0], _link_words(case, least[1])) if least is not None and has_floor else None,
        len(records.orchestration.workloads) > 1,
    )


def _whole_turns(turns: Sequence[tuple[float, Mapping[str, float]]]) -> tuple[float, ...]:
    """How long turns are, in the order of time [s]; what is no more than the wait for one counts to that before it.

    Where several have their turn at a time, the way also crosses from one pod to another that was let in a moment
    later, when that one was to be created or deleted.
    """
    least, found, early = _ALIKE * max(time for time, _ in turns), list[float](), 0.0
    for time, causes in turns:
        if time >= least or any(seconds > 0.0 and cause not in _WAITS for cause, seconds in causes.items()):
            found.append(time + early)
            early = 0.0
        elif found:
            found[-1] += time
        else:
            early += time
    return tuple(found)


def _is_their_own(case: CaseSummary, causes: Sequence[Bottleneck]) -> bool:
    """Whether what takes most of the turns is each pod's own, and no link is full for most of the rollout."""
    blamed = Blamed(case)
    of_all = sum(one.share for one in causes if one.kind in _OF_ALL)
    if of_all > _ALIKE:  # then it may be what pulls fail for
        of_all += sum(one.share for one in causes if one.kind in _FAILING)
    return 1.0 - of_all >= _MOSTLY and all(blamed.saturation(one) < _MOSTLY for one in causes if one.is_shared)


def _link_words(case: CaseSummary, link: str) -> str:
    """The link that sets the least time, in words."""
    kind = next((row.kind for row in case.links if row.link == link and row.nodes is None), None)
    return f"the {links_name(kind, (link,))}" if kind is not None else "a node's NIC"


def _at_a_time(workload: Workload) -> tuple[int, str]:
    """How many pods have their turn at once, and what sets that; 0: it changes from turn to turn."""
    burst = BURST_REPLICAS.get(workload.strategy.name)
    if workload.create and burst is not None:  # the limits on what is replaced pace no first creation
        return min(burst, workload.replicas), "BurstReplicas"
    surge, unavailable = limits(workload)
    if workload.strategy.name == "statefulset" and not workload.strategy.parallel:
        # However many are deleted at once, each comes back when all before it are available.
        also = "" if workload.create else f", max_unavailable {show_count(unavailable or 1)}"
        return 1, f"in the order of their numbers{also}"
    # A DaemonSet with a surge waits for the new pods, and has no unavailable ones.
    given = {"max_surge": surge, "max_unavailable": 0 if workload.daemonset and surge else unavailable}
    rule = [f"{key} {show_count(pods)}" for key, pods in given.items() if pods]
    if not rule:
        return 0, ""
    return min(sum(pods for pods in given.values() if pods), workload.replicas), ", ".join(rule)
