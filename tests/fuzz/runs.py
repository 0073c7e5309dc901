"""Scenarios of all keys, simulated: what must hold in each result, whatever it is of.

Amounts are sums of as many floats as there are events, so that they may be off by their last bits; what is a share or a
count, or is said to be bounded by something that is known exactly, is held against its bound without a tolerance.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.errors import RolloutsimError
from rolloutsim.results import store
from rolloutsim.results.metrics import counted_pulls, rollout_time, slowdowns, summarise
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.pods.replicas import is_ready
from rolloutsim.results.time.split import path_times
from rolloutsim.results.why.critical import causes
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.valid import valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.metrics import CaseSummary

ODD = 0.005  # those that are odd more often are a kind of their own
EXACT = 1e-9
AGAIN = 5  # of so many cases one is played twice
# What is before the rollout has negative times, and layers that do not compress may take cores longer than others, so
# that they spare less than nothing; a request without an answer has an infinite latency, and a link without
# a limit an infinite capacity.
_NEGATIVE = ("prepulls", "steps", "spared")
_INFINITE = ("latency", "latency_before", "latency_after", "latency_pushed", "capacity", "line_rate")
_ORDERS = {
    "pulls": (("asked", "resolved", "pulled"), ("asked", "failed")),
    "fetches": (("granted", "connected", "started", "fetched", "committed"),),
    "unpacks": (("started", "unpacked"),),
    "pods": (("created", "asked", "started"), ("created", "deleted")),
    "reads": (("started", "read", "complete"), ("begun", "complete")),
    "background": (("started", "finished"),),
}


def check(number: int) -> None:
    """One scenario, simulated."""
    scenario = loads(json.dumps(valid(Random(f"runs {number}"), ODD))).resolve()
    try:
        run = simulate(scenario)
    except RolloutsimError:  # what is said on purpose
        return
    holds(run)
    if number % AGAIN == 0:
        content = store.to_bytes(Outcome(run))
        assert content == store.to_bytes(Outcome(simulate(scenario))), "the same scenario and seed give other bytes"
        assert content == store.to_bytes(store.from_bytes(content)), "what is written is not what is read"


def holds(run: Run) -> None:
    """What must hold in a run."""
    summary = summarise(run)
    for case in run.cases:
        figures = summary.cases[case.name]
        _amounts(case)
        _orders(case)
        _numbers_of_pods(case, figures)
        _links(run, case, figures)
        _bytes(run, case, figures)
        _disks(case)
        _times(case, figures)
    outcome = Outcome(run)
    for detail in ("summary", "full"):
        text = outcome.to_json(detail)
        _no_odd_number(json.loads(text, parse_constant=_refused))
    assert outcome.why, "why: no words"
    for case in run.cases:
        assert case.finished or case.stuck, f"unfinished without a word: {case.name}"
        assert not (case.finished and case.stuck), f"finished, and waits: {case.stuck}"
        assert all(words.strip() for words in case.stuck), f"unfinished with empty words: {case.stuck}"


def _refused(constant: str) -> None:
    raise AssertionError(f"JSON with a constant: {constant}")


def _no_odd_number(value: Any, path: str = "") -> None:
    """A result in JSON has no negative number, but for times before the rollout."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not (path.startswith(".cases") and "prepull" in key) and key != "scenario":
                _no_odd_number(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _no_odd_number(inner, path)
    elif isinstance(value, float):
        assert value >= 0.0, f"negative in JSON: {path} is {value}"
        assert "utilisation" not in path or value <= 1.0, f"utilisation above 1: {path} is {value!r}"


def _amounts(case: CaseRecords) -> None:
    """Nothing is negative, and nothing infinite; unknown is NaN."""
    for path, column in _columns(case):
        name = path[-1]
        finite = column[~np.isnan(column)]
        if name not in _INFINITE:
            assert np.isfinite(finite).all(), f"infinite amount: {'.'.join(path)}"
        if not set(_NEGATIVE) & set(path):
            assert (finite >= 0.0).all(), f"negative amount: {'.'.join(path)} has {finite.min()!r}"
    assert 0.0 <= case.end < np.inf, f"end of the rollout: {case.end!r}"


def _columns(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for one in fields(part):
        value = getattr(part, one.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if is_dataclass(inner) and path[:1] != ("images",):
                yield from _columns(inner, (*path, one.name))
            elif isinstance(inner, np.ndarray) and inner.dtype.kind == "f":
                yield (*path, one.name), inner


def _orders(case: CaseRecords) -> None:
    """What comes after something else is not earlier, and nothing is there whose beginning is missing."""
    for part, orders in _ORDERS.items():
        records = getattr(case, part)
        for order in orders:
            columns = [(name, getattr(records, name)) for name in order]
            for (name, first), (later, second) in pairwise(columns):
                if len(first) != len(second):
                    continue
                wrong = np.flatnonzero(second < first)
                assert not len(wrong), (
                    f"{later} before {name} in {part}: row {wrong[0]} at {second[wrong[0]]!r}, {first[wrong[0]]!r}"
                )
    ready = case.pods.ready
    assert not (ready[is_ready(case)] > case.end).any(), f"ready after the end: {np.nanmax(ready)!r}, {case.end!r}"
    steps = case.orchestration.steps
    same = steps.pod[1:] == steps.pod[:-1]
    assert np.array_equal(steps.ended[:-1][same], steps.started[1:][same]), "steps with gaps"
    assert not (steps.ended < steps.started).any(), "a step that ends before it starts"


def _numbers_of_pods(case: CaseRecords, figures: CaseSummary) -> None:
    """Ready and unfinished ones are all that there are."""
    pulls = case.pulls
    done, failed = ~np.isnan(pulls.pulled), ~np.isnan(pulls.failed)
    assert not (done & failed).any(), "a pull that failed and is done"
    assert figures.unfinished_pulls <= figures.pulls, f"more unfinished than pulls: {figures}"
    if case.bare:
        assert case.finished == (not np.isnan(case.pods.ready).any()), "finished, but not all are ready"
    if case.finished:
        assert figures.rollout_time_s is not None, "no rollout time: the rollout is finished"
    if figures.rollout is not None:
        for one in figures.rollout.workloads:
            assert not case.finished or one.ready_pods >= 1, f"finished without ready pods: {one}"


def _links(run: Run, case: CaseRecords, figures: CaseSummary) -> None:
    """No link carries more than it can, is full for longer than the rollout takes, or has bytes without flows."""
    for links in (case.shared_links, *case.private_links):
        what = getattr(links, "kind", "")
        assert (links.saturated <= case.end).all(), (
            f"saturated longer than the rollout: {what} {links.saturated.max()!r} of {case.end!r}"
        )
        # What has a constant rate is no flow, nor is what a disk writes that nobody waits for, and what is unpacked at
        # once takes no time.
        at_once = any(None in (group.unpack_rate, group.stored_rate) for group in run.scenario.groups)
        if not run.scenario.background and what != "disk" and not (what == "unpack" and at_once):
            assert not ((links.bytes > 1.0) & (links.peak_flows < 1)).any(), f"bytes without flows: {what}"
        assert not ((links.saturated > 0.0) & (links.peak_flows < 1)).any(), f"saturated without flows: {what}"
    for row in (*figures.links, *figures.prepull_links):
        most = row.utilisation if row.max is None else row.max.utilisation
        assert row.utilisation is None or row.utilisation <= 1.0, f"utilisation above 1: {row}"
        assert most is None or most <= 1.0, f"utilisation above 1: {row}"
    intervals = case.shared_links.intervals
    if len(intervals):
        assert (intervals[:, 2] >= intervals[:, 1]).all(), "a saturated interval that ends before it starts"
        sums = np.bincount(intervals[:, 0].astype(int), intervals[:, 2] - intervals[:, 1], len(case.shared_links.name))
        wrong = ~np.isclose(sums, case.shared_links.saturated, rtol=EXACT, atol=1e-6)
        assert not wrong.any(), f"saturated, but not its intervals: {sums[wrong]} {case.shared_links.saturated[wrong]}"


def _bytes(run: Run, case: CaseRecords, figures: CaseSummary) -> None:
    """What crossed a link is what was moved over it."""
    fetches, pulls = case.fetches, case.pulls
    assert (fetches.again <= fetches.bytes_done * (1.0 + EXACT) + 1e-3).all(), "fetched again more than fetched"
    sizes = np.array([layer.compressed for layer in case.layers])
    kept = np.zeros((len(case.node_names), len(sizes)))
    np.add.at(kept, (pulls.node[fetches.pull], fetches.layer), fetches.bytes_done - fetches.again)
    if not case.orchestration and len(fetches.pull):
        assert (kept <= sizes * (1.0 + EXACT) + 1e-3).all(), "a layer came twice: nothing was removed"
    scenario = run.scenario
    if scenario.background or scenario.pushes or scenario.prepulls or case.reads or case.volumes:
        return
    if figures.supply is None:
        moved = np.zeros(len(case.node_names))
        np.add.at(moved, pulls.node[fetches.pull], fetches.bytes_done)
        for links in case.private_links:
            if links.kind == "nic.in":
                wrong = ~np.isclose(links.bytes, moved[links.node], rtol=EXACT, atol=1.0)
                assert not wrong.any(), f"bytes lost: nic.in {links.bytes[wrong]}, fetched {moved[links.node][wrong]}"
        return
    carried = dict(zip(case.shared_links.name, case.shared_links.bytes.tolist(), strict=True))
    for one in figures.supply.servers:
        crossed = carried.get(f"{one.server}.uplink", 0.0)
        # With a redirect nothing crosses it, and replicas have one each.
        assert not crossed or np.isclose(crossed, one.sent_bytes, rtol=EXACT, atol=1.0), (
            f"other bytes sent than the uplink carried: {crossed} {one}"
        )


def _disks(case: CaseRecords) -> None:
    """No disk has more on it than it can hold, before the rollout, during it, or after."""
    disks = case.orchestration.disks
    for name in ("before", "peak", "after"):
        over = getattr(disks, name) > disks.capacity
        assert not over.any(), f"disk over its capacity: {name} {getattr(disks, name)[over]} {disks.capacity[over]}"


def _times(case: CaseRecords, figures: CaseSummary) -> None:
    """Causes add up to what they explain, and nothing is quicker than alone."""
    slowed = slowdowns(case)[counted_pulls(case)]
    assert not (slowed < 1.0).any(), f"slowdown below 1: {slowed.min()!r}"
    if figures.slowdown is not None:
        low = min(figures.slowdown.p50, figures.slowdown.mean, figures.slowdown.max)
        assert low >= 1.0, f"slowdown below 1: {figures.slowdown}"
    whole = rollout_time(case)
    scale = 1e-6 + EXACT * case.end
    times = path_times(case)
    assert not (times.seconds < -scale).any(), f"negative seconds of a cause: {np.nanmin(times.seconds)!r}"
    assert not (case.finished and np.isnan(times.seconds).any()), "unknown seconds of a cause: the case is finished"
    if whole is None:
        return
    found = causes(case, figures)
    added = sum(one.seconds for one in found)
    assert abs(added - whole) <= scale, f"causes do not add up: {added!r} of {whole!r}"
    assert all(one.seconds >= 0.0 for one in found), f"negative cause: {found}"
