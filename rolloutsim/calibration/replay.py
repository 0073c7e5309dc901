"""The pulls that were seen, simulated: the same nodes pull the same images at the same times.

Pulls that overlap in time are one burst, and contend with one another as the simulation has it; those between which
nothing is pulled do not meet, and are simulated apart. A pull whose time is not known is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rolloutsim.calibration.match import Matched
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.overrides import Change
from rolloutsim.scenario.resolved import Case, Image, NodeGroup, PlannedPull, ResolvedScenario
from rolloutsim.scenario.runtimes import Timeouts
from rolloutsim.simulation import simulate
from rolloutsim.structs import struct

Values = Mapping[tuple[str, ...], Any]
Floats = npt.NDArray[np.float64]


@struct
class Burst:
    """Pulls that overlap in time, by their numbers, and when each began after the first of them [s]."""

    pulls: tuple[int, ...]
    at: tuple[float, ...]


class Replay:
    """What a scenario says of pulls that were seen.

    Parameters
    ----------
    draft : Draft
        The scenario.
    pulls : sequence of Matched
        What was seen.
    images : mapping
        Their images by name.
    time : callable
        How long a pull takes, by its row in what happened [s]; as a runtime counts it unless told otherwise.
    """

    def __init__(
        self, draft: Draft, pulls: Sequence[Matched], images: Mapping[str, Image],
        time: Callable[[CaseRecords, int], float] | None = None,
    ) -> None:  # fmt: skip
        self.time = time or _whole
        self.draft = draft
        self.pulls = pulls
        self.images = images
        self.bursts = _bursts(pulls)
        self.simulations = 0
        self.before = _before(pulls, images)
        self.alike = self._alike()

    def _alike(self) -> list[Burst]:
        """For each burst the first that does not differ: pulls that are alone, of an image by nodes of a group."""
        first: dict[object, Burst] = {}
        found = []
        for number, burst in enumerate(self.bursts):
            one = self.pulls[burst.pulls[0]]
            kind = (one.group, one.image, self.before[burst.pulls[0]]) if len(burst.pulls) == 1 else number
            found.append(first.setdefault(kind, burst))
        return found

    def unpacked(self, number: int) -> float:
        """How many bytes a pull unpacks, if its node has nothing of the image [B]."""
        return sum(layer.unpacked for layer in self.images[self.pulls[number].image].layers)

    def scenario(self, values: Values) -> ResolvedScenario:
        """The scenario with other values: path of a key → what stands there."""
        changes = [Change(tuple(path), value, "calibrate") for path, value in values.items()]
        return self.draft.changed(changes).scenario().resolve()

    def durations(self, values: Values, moved: Floats | None = None) -> Floats:
        """How long each pull takes with other values [s], if each begins by `moved` [s] later."""
        idle, groups = self._idle(values)
        found = np.full(len(self.pulls), np.nan)
        for burst, alike in zip(self.bursts, self.alike, strict=True):
            if moved is not None:
                if len(burst.pulls) == 1:  # one alone takes as long whenever it begins
                    continue
                times = np.array(burst.at) + moved[list(burst.pulls)]
                burst = Burst(burst.pulls, tuple((times - times.min()).tolist()))
            elif alike is not burst:
                found[burst.pulls[0]] = found[alike.pulls[0]]
                continue
            for number, case, row in self._play(idle, groups, burst):
                found[number] = self.time(case, row)
        return found

    def played(self, values: Values) -> Iterator[tuple[int, CaseRecords, int]]:
        """Each pull with other values: its number, what happened in its burst, and its row there."""
        idle, groups = self._idle(values)
        known: dict[Burst, list[tuple[int, CaseRecords, int]]] = {}  # of pulls that are alone
        for burst, alike in zip(self.bursts, self.alike, strict=True):
            if len(burst.pulls) > 1:
                yield from self._play(idle, groups, burst)
                continue
            if alike is burst:
                known[burst] = self._play(idle, groups, burst)
            yield from ((burst.pulls[0], case, row) for _, case, row in known[alike])

    def _idle(self, values: Values) -> tuple[ResolvedScenario, list[NodeGroup]]:
        """The scenario in which nothing happens but the pulls, and a node of each group."""
        scenario = self.scenario(values)
        idle = replace(
            scenario, groups=(), cases=(), thresholds=(), faults=(), pushes=(), prepulls=(), background=(),
            startup=Distribution(), fairness=None, document="", images=self.images, peers={},
            registries={name: one.without_limits() for name, one in scenario.registries.items()},
        )  # fmt: skip
        return idle, [_one_node(group, scenario) for group in scenario.groups]

    def _play(
        self, idle: ResolvedScenario, groups: Sequence[NodeGroup], burst: Burst
    ) -> list[tuple[int, CaseRecords, int]]:
        nodes: dict[str, list[tuple[int, float]]] = {}
        for number, at in zip(burst.pulls, burst.at, strict=True):
            nodes.setdefault(self.pulls[number].node, []).append((number, at))
        made: list[NodeGroup] = []
        plans: dict[str, tuple[PlannedPull, ...]] = {}
        rows: dict[tuple[int, str], int] = {}
        for place, pulls in enumerate(nodes.values()):
            group = groups[self.pulls[pulls[0][0]].group]
            held = {
                image: count
                for image, count in group.cached.items()
                if image not in {self.pulls[number].image for number, _ in pulls}
            }
            held |= dict.fromkeys(self.before[pulls[0][0]], 1)
            racks = group.racks[place % len(group.racks) :][:1] if group.racks else ()
            made.append(replace(group, name=f"n{place}", racks=racks, cached=held))
            plans[f"n{place}"] = tuple(
                PlannedPull(self.pulls[number].image, Distribution(at, at)) for number, at in pulls
            )
            rows |= {(place, self.pulls[number].image): number for number, _ in pulls}
        run = simulate(replace(idle, groups=tuple(made), cases=(Case("seen", plans),)), 1, alone=False)
        case = run.cases[0]
        self.simulations += 1
        names = [image.name for image in case.images]
        whose = zip(case.pulls.node.tolist(), case.pulls.image.tolist(), strict=True)
        return [(rows[node, names[image]], case, row) for row, (node, image) in enumerate(whose)]


def _whole(case: CaseRecords, row: int) -> float:
    return float(case.pulls.pulled[row] - case.pulls.asked[row])


def _one_node(group: NodeGroup, scenario: ResolvedScenario) -> NodeGroup:
    """A node of the group as it pulls by itself: nothing refuses, times out or is full."""
    hosts = tuple(host for host in group.hosts if host in scenario.caches or host in scenario.mirrors)
    whole = {image: 1 for image, count in group.cached.items() if count == group.count}
    return replace(
        group, count=1, cached=whole, join=None, stagger=0.0, storage=None, shared_address=False, hosts=hosts,
        runtime=replace(group.runtime, timeouts=Timeouts()),
        kubelet=replace(group.kubelet, pull_timeout=None),
    )  # fmt: skip


def _bursts(pulls: Sequence[Matched]) -> tuple[Burst, ...]:
    """Pulls that overlap, as they are in the order of time; the same image twice on a node is two bursts."""
    found: list[Burst] = []
    members: list[int] = []
    end = -np.inf
    for number, pull in enumerate(pulls):
        if pull.began is None:
            found.append(Burst((number,), (0.0,)))
            continue
        begins_anew = any((pulls[one].node, pulls[one].image) == (pull.node, pull.image) for one in members)
        if members and (pull.began >= end or begins_anew):
            found.append(_burst(pulls, members))
            members, end = [], -np.inf
        members.append(number)
        end = max(end, pull.began + pull.seen.duration)
    if members:
        found.append(_burst(pulls, members))
    return tuple(found)


def _burst(pulls: Sequence[Matched], members: Sequence[int]) -> Burst:
    times = [pulls[number].began or 0.0 for number in members]
    return Burst(tuple(members), tuple(max(0.0, time - times[0]) for time in times))


def _before(pulls: Sequence[Matched], images: Mapping[str, Image]) -> list[tuple[str, ...]]:
    """Of each pull the images that its node pulled before, of which it shares layers with one."""
    digests = {name: {layer.digest for layer in images[name].layers} for name in {pull.image for pull in pulls}}
    found: list[tuple[str, ...]] = []
    earlier: dict[str, dict[str, None]] = {}
    for pull in pulls:
        mine = earlier.setdefault(pull.node, {})
        shared = (one for one in mine if one != pull.image and digests[one] & digests[pull.image])
        found.append(tuple(shared) if pull.began is not None else ())
        mine[pull.image] = None
    return found
