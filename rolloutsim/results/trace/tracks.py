"""Tracks of a trace: slices laid out so that no two on one track overlap, as Chrome's trace event format wants them.

The format is that of the document *Trace Event Format* (Duca, Sinclair), which Perfetto reads. A node is a process
of it, a track a thread. Times are whole microseconds: fractions would be rounded by each viewer in its own way, and
slices that touch would overlap by a nanosecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import isnan
from typing import Any, NamedTuple

from rolloutsim.structs import struct

Event = dict[str, Any]

_MICROSECONDS = 1_000_000


class Part(NamedTuple):
    """A piece of a slice: its name, from when to when [s]."""

    name: str
    started: float
    ended: float


class Slice(NamedTuple):
    """Something that takes time on a track; one that ends before it starts takes none."""

    name: str  # what is written on it
    started: float  # [s]
    ended: float  # [s]
    args: Mapping[str, Any]  # what a viewer shows when it is selected
    parts: Sequence[Part] = ()  # what lies in it, in the order of time; none of no length are drawn


@struct
class Process:
    """A process of the trace: a node, or what belongs to all of them."""

    name: str
    number: int


@dataclass(slots=True)
class Tracks:
    """Collects events, process by process and track by track."""

    named: list[Event] = field(default_factory=list)
    happened: list[Event] = field(default_factory=list)
    processes: int = 0
    threads: int = 0

    def process(self, name: str) -> Process:
        """A new process; they are shown in the order in which they were made."""
        self.processes += 1
        self._name("process", self.processes, None, name, self.processes)
        return Process(name, self.processes)

    def slices(self, process: Process, label: str, slices: Sequence[Slice], category: str, numbered: bool) -> None:
        """Slices, in any order, on as few tracks as it takes for none to overlap: `label 1`, `label 2`, ...

        A viewer can filter by category. `numbered`: a single track has its number in the name as well.
        """
        spans = [(ticks(one.started), max(ticks(one.ended), ticks(one.started))) for one in slices]
        order = sorted(range(len(slices)), key=spans.__getitem__)
        tracks = colours([spans[i] for i in order])
        count = max(tracks, default=-1) + 1
        numbers = [self._track(process, f"{label} {k + 1}" if numbered or count > 1 else label) for k in range(count)]
        for i, track in zip(order, tracks, strict=True):
            self._slice(process, numbers[track], slices[i], spans[i], category)

    def instants(self, process: Process, label: str, moments: Sequence[Part], category: str) -> None:
        """Things that take no time, on a track of their own; only the start of each counts."""
        if not moments:
            return
        track = self._track(process, label)
        for moment in sorted(moments, key=lambda one: one.started):
            self.happened.append(
                {"name": moment.name, "cat": category, "ph": "i", "s": "t", "ts": ticks(moment.started),
                 "pid": process.number, "tid": track}
            )  # fmt: skip

    def counter(self, process: Process, name: str, points: Sequence[tuple[float, Mapping[str, float]]]) -> None:
        """Values over time; each holds until the next, and what does not change is left out."""
        known: Mapping[str, float] | None = None
        for moment, values in points:
            if values != known:
                self.happened.append(
                    {"name": name, "ph": "C", "ts": ticks(moment), "pid": process.number, "tid": 0, "args": values}
                )
                known = values

    def events(self) -> list[Event]:
        """All events: names first, then what happened, in the order of time."""
        return [*self.named, *sorted(self.happened, key=lambda event: event["ts"])]

    def _slice(self, process: Process, track: int, one: Slice, span: tuple[int, int], category: str) -> None:
        start, end = span
        base = {"cat": category, "ph": "X", "pid": process.number, "tid": track}
        self.happened.append({"name": one.name, **base, "ts": start, "dur": end - start, "args": one.args})
        last = start
        for part in one.parts:
            begun = min(max(ticks(part.started), last), end)
            last = min(max(ticks(part.ended), begun), end)
            if last > begun:
                self.happened.append({"name": part.name, **base, "ts": begun, "dur": last - begun})

    def _track(self, process: Process, name: str) -> int:
        self.threads += 1
        # Beyond the numbers of processes: a thread that has its process's number would be named after it.
        number = _FIRST_THREAD + self.threads
        self._name("thread", process.number, number, name, self.threads)
        return number

    def _name(self, what: str, process: int, thread: int | None, name: str, place: int) -> None:
        base = {"ph": "M", "ts": 0, "pid": process, "tid": 0 if thread is None else thread}
        self.named.append({"name": f"{what}_name", **base, "args": {"name": name}})
        self.named.append({"name": f"{what}_sort_index", **base, "args": {"sort_index": place}})


_FIRST_THREAD = 1_000_000  # more than there are processes


def ticks(time: float) -> int:
    """A time [s] in whole microseconds."""
    return round(time * _MICROSECONDS)


def colours(spans: Sequence[tuple[int, int]]) -> list[int]:
    """Greedy colouring of ascending intervals: for each the lowest number that none of those still running has.

    So there are never more numbers than intervals at one moment (the interval graph's chromatic number). What ends as
    another begins does not overlap it.
    """
    free: list[int] = []
    running: list[tuple[int, int]] = []
    found, used = [], 0
    for start, end in spans:
        while running and running[0][0] <= start:
            heappush(free, heappop(running)[1])
        if free:
            number = heappop(free)
        else:
            number, used = used, used + 1
        heappush(running, (end, number))
        found.append(number)
    return found


def ended(*moments: float) -> float:
    """The first of some moments that came; NaN is what never happened."""
    return float(min(moment for moment in moments if not isnan(moment)))
