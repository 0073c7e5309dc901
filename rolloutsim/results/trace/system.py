"""What belongs to no single node, in a trace: links, readiness, other applications, faults, refusals, pushes."""

from __future__ import annotations

from collections import Counter
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.load.background import readings_of
from rolloutsim.results.load.throughput import link_loads
from rolloutsim.results.pods.replicas import ready_replicas
from rolloutsim.results.time.phases import readiness
from rolloutsim.results.trace.tracks import Part, Slice, ended
from rolloutsim.scenario.answers import ANSWERS, BROKEN
from rolloutsim.units import parse_rate

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Orchestration
    from rolloutsim.results.trace.tracks import Process, Tracks
    from rolloutsim.scenario.resolved import ResolvedScenario

MOST_LINKS = 60  # shared links that are shown, those that were busiest (assumed: as many as one scrolls through)

_PUSHED_BEFORE = "pushes before the rollout, which have a clock of their own"


def add_system(tracks: Tracks, scenario: ResolvedScenario, case: CaseRecords) -> dict[str, Any]:
    """Draw everything that is not a node's; gives what was left out, for the trace's metadata."""
    left_out = _links(tracks, scenario, case)
    _readiness(tracks, case)
    _background(tracks, case)
    return left_out | _events(tracks, scenario, case)


def _links(tracks: Tracks, scenario: ResolvedScenario, case: CaseRecords) -> dict[str, Any]:
    shared = case.shared_links
    room = np.where(shared.capacity > 0.0, shared.capacity, np.inf)
    used = np.flatnonzero(shared.bytes > 0.0)
    busiest = sorted(used[np.argsort(-(shared.bytes / room)[used], kind="stable")][:MOST_LINKS].tolist())
    if not busiest:
        return {}
    process = tracks.process("shared links")
    for load in link_loads(scenario, case, [shared.name[i] for i in busiest]):
        points = [
            (moment, {"utilisation": round(100.0 * share, 2)})
            for moment, share in zip(load.edges.tolist(), [*load.utilisation.tolist(), 0.0], strict=True)
        ]
        tracks.counter(process, f"{load.link} [%]", points)
        full = [Slice("saturated", start, end, {"link": load.link}) for start, end in load.saturated_spans]
        tracks.slices(process, f"{load.link} saturated", full, "link", False)
    missing = len(used) - len(busiest)
    return {"links_left_out": f"{missing} of {len(used)}, those that were least busy"} if missing else {}


def _readiness(tracks: Tracks, case: CaseRecords) -> None:
    process = tracks.process("readiness")
    orchestration = case.orchestration
    if orchestration.workloads:
        for workload in orchestration.workloads:
            found = ready_replicas(case, workload.name)
            rows = zip(found.times.tolist(), found.new.tolist(), found.old.tolist(), strict=True)
            points = [(time, {"new": new, "old": old}) for time, new, old in rows]
            tracks.counter(process, f"ready replicas of {workload.name}", points)
        for time, name, what in orchestration.conditions:
            tracks.instants(process, "conditions", [Part(f"{name}: {what}", time, time)], "failure")
        return
    done = readiness(case)
    times, counts = np.unique(done.times, return_counts=True)
    ready = np.cumsum(counts).tolist()
    points = [(time, {"ready": count}) for time, count in zip(times.tolist(), ready, strict=True)]
    tracks.counter(process, f"ready {done.of}", [(0.0, {"ready": 0}), *points])


def _background(tracks: Tracks, case: CaseRecords) -> None:
    flows = case.background
    if not flows.name:
        return
    process = tracks.process("background")
    for row, name in enumerate(flows.name):
        if not isnan(flows.started[row]):
            start = max(float(flows.started[row]), 0.0)
            end = max(ended(float(flows.finished[row]), case.end), start)
            tracks.slices(process, name, [Slice(name, start, end, {"bytes": float(flows.bytes[row])})], "other", False)
    megabit, millisecond = parse_rate("1 Mbit/s"), 1e-3
    for readings, what, unit, size in (
        (flows.bandwidth, "bandwidth", "Mbit/s", megabit),
        (flows.latency, "latency", "ms", millisecond),
    ):
        for row, name in enumerate(flows.name):
            points = [
                (time, {what: round(value / size, 3)})
                for time, value in readings_of(readings, row).tolist()
                if time >= 0.0 and isfinite(value)
            ]
            tracks.counter(process, f"{name} {what} [{unit}]", points)


def _events(tracks: Tracks, scenario: ResolvedScenario, case: CaseRecords) -> dict[str, Any]:
    orchestration = case.orchestration
    faults, refusals = orchestration.faults, orchestration.refusals
    pushes, before = _pushes(scenario, case, orchestration)
    if faults.name or len(refusals.time) or pushes:
        process = tracks.process("events")
        rows = zip(faults.name, faults.kind, faults.target, faults.started, faults.ended, strict=True)
        slices = [
            Slice(name, float(start), ended(end, case.end), {"kind": kind, "target": target})
            for name, kind, target, start, end in rows
        ]
        tracks.slices(process, "fault", slices, "fault", False)
        tracks.slices(process, "push", pushes, "push", False)
        _refusals(tracks, process, case)
    width = float(refusals.width.max(initial=0.0))
    about: dict[str, Any] = {"refusals_known_to_s": width} if width > 0.0 else {}
    return about | ({"pushes_left_out": _PUSHED_BEFORE} if before else {})


def _pushes(scenario: ResolvedScenario, case: CaseRecords, orchestration: Orchestration) -> tuple[list[Slice], bool]:
    """The pushes during the rollout, and whether there were others before it."""
    pushes = orchestration.pushes
    slices, before = [], False
    for row, image in enumerate(pushes.image):
        push = scenario.pushes[pushes.push[row]]
        if push.at is None:
            before = True
        elif not isnan(pushes.started[row]):
            start = float(pushes.started[row])
            args = {"from": push.name, "bytes": float(pushes.bytes[row])}
            slices.append(Slice(f"push {image}", start, ended(pushes.finished[row], case.end), args))
    return slices, before


def _refusals(tracks: Tracks, process: Process, case: CaseRecords) -> None:
    """An instant for each kind of refusal at each moment: many nodes are refused at once."""
    refusals = case.orchestration.refusals
    counts: Counter[tuple[int, float, int, bool]] = Counter()
    for *row, count in zip(
        refusals.source.tolist(), refusals.time.tolist(), refusals.status.tolist(), refusals.layer.tolist(),
        refusals.count.tolist(), strict=True,
    ):  # fmt: skip
        counts[*row] += count
    for number, name in enumerate(case.sources):
        moments = []
        for (source, time, status, layer), count in sorted(counts.items()):
            if source == number:
                how = ANSWERS[status].words if status <= BROKEN else status
                what = f"{how}, {'layer' if layer else 'manifest or token'}"
                moments.append(Part(f"{count} × {what}" if count > 1 else what, time, time))
        tracks.instants(process, f"refused by {name}", moments, "failure")
