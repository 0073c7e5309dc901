"""Flows on links in exact rational arithmetic: the oracle of the sharing where events tie.

Every number is a `fractions.Fraction`, so there are no tolerances: two events are at one instant exactly if they
are. At each event all rates are computed anew by progressive filling over all flows; nothing is kept from one event
to the next but the bytes that each flow lacks.

Where two links would limit a flow alike, which one is named is a matter of taste, and where a flow ends at the
instant at which another begins, a rounding decides whether they overlap. For such facts the oracle has two values,
and everything between them is right: the seconds for which a link is certainly the one limit of some flow, and for
which it is one among others; the flows on a link once an instant has settled, and with those that end at it.

Sources: Bertsekas & Gallager, *Data Networks*, 6.5.2 (max-min fairness; a flow's bottleneck is a full link on which
no flow has a higher rate per weight).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

# What limits a flow that no link does.
CAP = "cap"


@cache
def exact(number: float) -> Fraction:
    """A share, cap or weight; equal ones are one object, which is quickly compared with itself."""
    return Fraction(number)


@cache
def as_written(number: float) -> Fraction:
    """A number as a user writes it: 0.1 is a tenth, not the double nearest to it, and ties with what takes as long."""
    return Fraction(repr(float(number)))


@dataclass(eq=False)
class ExactFlow:
    """A transfer: its links with the capacity used per byte, its cap [B/s] and weight, the bytes it lacks."""

    usage: Mapping[Hashable, Fraction]
    left: Fraction
    started: Fraction
    cap: Fraction | None = None
    weight: Fraction = Fraction(1)
    owner: Hashable = None
    rate: Fraction = Fraction(0)
    limits: tuple[Hashable, ...] = ()  # bottlenecks, its cap among them
    spent: dict[Hashable, Bounds] = field(default_factory=dict)  # seconds under each cause


@dataclass
class Bounds:
    """A number of which only the limits are certain."""

    least: Fraction = Fraction(0)
    most: Fraction = Fraction(0)

    def add(self, amount: Fraction, certain: bool) -> None:
        """Count something that is there for certain, or perhaps."""
        self.most += amount
        if certain:
            self.least += amount


def share(flows: Iterable[ExactFlow], capacity: Mapping[Hashable, Fraction]) -> None:
    """Set every flow's max-min fair rate and limits: raise all rates together, in proportion to the weights."""
    kinds: dict[tuple[object, ...], list[ExactFlow]] = {}
    for flow in flows:
        kinds.setdefault((tuple(flow.usage.items()), flow.cap, flow.weight), []).append(flow)
    growing = list(kinds.values())
    room = {link: capacity[link] for members in growing for link in members[0].usage}
    growth = dict.fromkeys(room, Fraction(0))
    for members in growing:
        for link, used in members[0].usage.items():
            growth[link] += used * members[0].weight * len(members)
    while growing:
        levels = {link: room[link] / pace for link, pace in growth.items() if pace}
        caps = [flow.cap / flow.weight for flow, *_ in growing if flow.cap is not None]
        level = min([*levels.values(), *caps])
        full = {link for link, at in levels.items() if at == level}
        going_on = []
        for members in growing:
            first = members[0]
            limits = tuple(link for link in first.usage if link in full)
            if first.cap is not None and first.cap == level * first.weight:
                limits = (*limits, CAP)
            if not limits:
                going_on.append(members)
                continue
            for flow in members:
                flow.rate, flow.limits = level * flow.weight, limits
            for link, used in first.usage.items():
                room[link] -= used * first.rate * len(members)
                growth[link] -= used * first.weight * len(members)
        growing = going_on


class ExactNetwork:
    """Links, the flows in flight, and what happened to them.

    Parameters
    ----------
    capacity : mapping of link to Fraction
        The capacities [B/s].
    done : callable
        Called with each flow that is complete.
    """

    def __init__(self, capacity: Mapping[Hashable, Fraction], done: Callable[[ExactFlow], None]) -> None:
        self.capacity = dict(capacity)
        self.done = done
        self.now = Fraction(0)
        self.flows: list[ExactFlow] = []
        self.agenda: list[tuple[Fraction, int, Callable[[], None]]] = []
        self.saturated: dict[Hashable, Bounds] = defaultdict(Bounds)  # seconds
        self.peaks: dict[Hashable, Bounds] = defaultdict(Bounds)  # flows
        self.carried: dict[Hashable, Fraction] = defaultdict(Fraction)  # bytes

    def at(self, time: Fraction, act: Callable[[], None]) -> None:
        """Plan something; what is planned for one instant stays in that order."""
        self.agenda.append((time, len(self.agenda), act))

    def start(self, flow: ExactFlow) -> None:
        """Let a flow begin now."""
        self.flows.append(flow)

    def stop(self, flow: ExactFlow) -> None:
        """Cut a flow."""
        self.flows.remove(flow)

    def run(self, is_going_on: Callable[[], bool] = lambda: True) -> None:
        """Go on until nothing can happen any more, or enough has."""
        agenda = self.agenda
        agenda.sort(key=lambda entry: entry[:2], reverse=True)  # taken from the end
        while is_going_on():
            share(self.flows, self.capacity)
            due = min((flow.left / flow.rate for flow in self.flows if flow.rate), default=None)
            ends = [] if due is None else [self.now + due]
            following = min([*ends, *(entry[0] for entry in agenda[-1:])], default=None)
            if following is None:
                return
            self._go_on(following)
            before = _counts(self.flows)
            for flow in [flow for flow in self.flows if not flow.left]:
                self.flows.remove(flow)
                self.done(flow)
            while agenda and agenda[-1][0] == self.now:
                agenda.pop()[2]()
            after = _counts(self.flows)
            begun = _counts(flow for flow in self.flows if flow.started == self.now)
            for link in {**before, **after}:
                peak = self.peaks[link]
                if is_going_on():
                    peak.least = max(peak.least, after[link])
                # Whoever is there afterwards and was not before may overlap with all that were.
                peak.most = max(peak.most, after[link], before[link] + begun[link])

    def _go_on(self, until: Fraction) -> None:
        """Move bytes, and count seconds, at the present rates."""
        seconds = until - self.now
        limiting: dict[Hashable, bool] = {}  # whether for certain
        for flow in self.flows:
            moved = flow.rate * seconds
            flow.left -= moved
            certain = len(flow.limits) == 1
            for link in flow.limits:
                limiting[link] = limiting.get(link, False) or certain
                flow.spent.setdefault(link, Bounds()).add(seconds, certain)
            for link, used in flow.usage.items():
                self.carried[link] += used * moved
        for link, certain in limiting.items():
            self.saturated[link].add(seconds, certain)
        self.now = until


def _counts(flows: Iterable[ExactFlow]) -> Counter[Hashable]:
    """How many flows cross each link."""
    return Counter(link for flow in flows for link in flow.usage)
