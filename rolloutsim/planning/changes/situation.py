"""What is known about a case that a change could make faster, and what a change is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from rolloutsim.results.numerals import listed
from rolloutsim.results.why.critical import causes, queued_time
from rolloutsim.results.why.turns import succession
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resources import PLACES
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Overrides
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary
    from rolloutsim.scenario.causes import Cause
    from rolloutsim.scenario.model import Document
    from rolloutsim.scenario.orchestration import Workload
    from rolloutsim.scenario.resolved import Case, NodeGroup, ResolvedScenario

Key = TypeVar("Key", bound=Path)


@struct
class Candidate:
    """A change that may help.

    Parameters
    ----------
    subject : str
        What it changes: `registry uplink`.
    change : str
        What is different: `registry uplink 10 Gbit/s`.
    overrides : tuple of str
        The change in the words of `--set`.
    share : float
        Of the time on the last pod's path or on all pods' paths, what the subject takes at most [1]; what takes more
        is tried first.
    alone : bool
        Whether it stands for its subject where only one change of each is tried.
    image : str or None
        The image of the scenario that it puts in place of the case's.
    relieves : frozenset of str
        The causes that it relieves, where another limit may take the time over that they took; empty: it is not
        followed.
    parts : tuple of str
        Of several changes together, the subject of each.
    buys : bool
        Whether it takes new hardware, and nothing else.
    leads : bool
        Whether it changes what is named as the cause of the whole, and is told before larger gains.
    shifts : bool
        Whether it lets bytes move at another time, and is told after all others.
    moves_sources : bool
        Whether it changes where layers come from, so that one wants to know what registries send then.
    """

    subject: str
    change: str
    overrides: Overrides
    share: float
    alone: bool = False
    image: str | None = None
    relieves: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    buys: bool = False
    leads: bool = False
    shifts: bool = False
    moves_sources: bool = False


def joined(several: Sequence[Candidate]) -> Candidate:
    """Several changes made together."""
    return Candidate(
        listed([one.subject for one in several]),
        listed([one.change for one in several]),
        tuple(override for one in several for override in one.overrides),
        max(one.share for one in several),
        True,
        relieves=frozenset().union(*(one.relieves for one in several)),
        parts=tuple(subject for one in several for subject in one.parts or (one.subject,)),
        buys=all(one.buys for one in several),
        moves_sources=any(one.moves_sources for one in several),
    )


def change(
    subject: str,
    words: str,
    values: Mapping[Key, Any],
    share: float,
    alone: bool = False,
    image: str | None = None,
    relieves: Iterable[str] = (),
    leads: bool = False,
) -> Candidate:
    """The candidate that gives paths new values: text as it is, anything else as JSON, which is YAML too."""
    overrides = tuple(assign(path, value) for path, value in values.items())
    return Candidate(subject, words, overrides, share, alone, image, frozenset(relieves), leads=leads)


@dataclass(eq=False)
class Situation:
    """A simulated case and the document that it came from.

    Parameters
    ----------
    scenario : ResolvedScenario
        What was simulated.
    document : Document
        The file that it was resolved from.
    records : CaseRecords
        What happened.
    summary : CaseSummary
        Its figures.
    path : mapping
        Where changes are for a part of the case, the seconds by cause on the path of that part's last pod [s].
    """

    scenario: ResolvedScenario
    document: Document
    records: CaseRecords
    summary: CaseSummary
    path: Mapping[str, float] = field(default_factory=dict)

    @property
    def rollout_time(self) -> float:
        """The case's, which did finish [s]."""
        return self.summary.rollout_time_s or 0.0

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """By cause, its share of the last pod's path, of the part's or of all paths, whichever is largest [1]."""
        total, whole = sum(self.summary.time_split_s.values()) or 1.0, sum(self.path.values()) or 1.0
        found = causes(self.records, self.summary)
        return {
            one.cause: max(one.share, one.over_all_s / total, self.path.get(one.cause, 0.0) / whole) for one in found
        }

    def share(self, causes: Iterable[Cause | str]) -> float:
        """The share of some causes together, shared links by their names [1]."""
        names = {cause if isinstance(cause, str) else cause.name for cause in causes}
        return min(1.0, sum(self.shares.get(name, 0.0) for name in names))

    @property
    def largest_share(self) -> float:
        """That of the cause which takes most [1]."""
        return max(self.shares.values(), default=0.0)

    @cached_property
    def in_turns(self) -> Workload | None:
        """The workload whose pods follow one another, where that makes the rollout long."""
        follow = succession(self.scenario, self.records, self.summary)
        return follow.workload if follow is not None and follow.is_main else None

    @cached_property
    def queued(self) -> float:
        """The share of the last pod's path that it stands in kubelets' queues [1]."""
        return queued_time(self.records) / (self.rollout_time or inf)

    @cached_property
    def case(self) -> Case:
        """The case as it was resolved."""
        return next(case for case in self.scenario.cases if case.name == self.records.name)

    @cached_property
    def crossed(self) -> frozenset[str]:
        """The shared links that layers of the case cross."""
        found = frozenset(link for route in self.records.routes for path in route.paths for link in path)
        if not self.scenario.peers:
            return found
        # Those between peers hang on who served whom.
        return found | {row.link for row in self.summary.links if row.kind in (*PLACES, "link") and row.bytes > 0.0}

    @cached_property
    def groups(self) -> tuple[NodeGroup, ...]:
        """The groups whose nodes pull in this case."""
        names = {name for name, pulls in self.case.pulls.items() if pulls}
        names |= {name for workload in self.case.workloads for name in workload.groups}
        return tuple(group for group in self.scenario.groups if group.name in names)

    @cached_property
    def image(self) -> str:
        """The image that the last pod waited for last; where its node had it, that of the last one that waited.

        Of the same workload, or else of any; empty: none did.
        """
        import numpy as np

        pods = self.records.pods
        ready = np.where(np.isnan(pods.ready), -np.inf, pods.ready)
        own = pods.workload == pods.workload[int(ready.argmax())]
        waited = pods.pull >= 0
        for among in (waited & own, waited):
            if among.any():
                pull = int(pods.pull[int(np.where(among, ready, -np.inf).argmax())])
                return self.records.images[int(self.records.pulls.image[pull])].name
        return ""

    @cached_property
    def registries(self) -> tuple[str, ...]:
        """The registries that serve the case's images."""
        return tuple(dict.fromkeys(image.registry for image in self.records.images))

    def rows(self, links: Iterable[str]) -> tuple[LinkSummary, ...]:
        """The rows of some links, of those that have one."""
        found = {self._places[name] for name in links if name in self._places}
        return tuple(self.summary.links[place] for place in sorted(found))

    def of_places(self, kind: str) -> tuple[str, ...]:
        """The links of all racks, or of all sites."""
        return tuple(name for name, link in self.scenario.links.items() if link.kind == kind)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each link stands in the results."""
        return {row.link: place for place, row in enumerate(self.summary.links)}


def assign(path: Path, value: object) -> str:
    """An override: text as it is, anything else as JSON, which is YAML too."""
    return f"{dotted(path)}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def is_full(row: LinkSummary) -> bool:
    """Whether a link, or one of a group's, was the limit of something for a moment."""
    return (row.saturated_s if row.max is None else row.max.saturated_s) > 0.0


def utilisation(row: LinkSummary) -> float:
    """The mean utilisation of a link, of a group's the busiest one's [1]."""
    return (row.utilisation if row.max is None else row.max.utilisation) or 0.0
