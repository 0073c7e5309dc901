"""What the model was checked on, and what of a result lies outside of that.

Checked means: predicted, and compared with pulls from a real registry (`tests/data/measured/README.md`). A result
beyond is an extrapolation, and says so where it goes so far that other mechanisms are likely to matter. The ranges are
declared here, and nowhere else. The ideal model is arithmetic, which has no such range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.numerals import show_byte_rate, show_count, show_latency, show_share
from rolloutsim.scenario.routes import round_trip
from rolloutsim.structs import struct
from rolloutsim.units import parse_rate

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run


@struct
class Outside:
    """Something that goes beyond what was checked: how far, by the size that tells, and a sentence's beginning."""

    size: float
    text: str


@struct
class Checked:
    """What the model was checked on in one respect.

    Parameters
    ----------
    seen : float
        The largest size that was measured.
    most : float
        Above this a result says that it goes beyond.
    range : str
        What was seen, in words.
    outside : callable
        Gives what of a case goes beyond, by the size above which it does.
    """

    seen: float
    most: float
    range: str
    outside: Callable[[Run, CaseRecords, float], Iterator[Outside]]


# So few bytes for each of so many connections that a server spends its time on connections (assumed).
_A_FEW = parse_rate("5 MB/s")


def connections(case: CaseRecords, source: int) -> tuple[int, float]:
    """The most connections of a source that carry layers at one time, and a connection's mean rate [B/s]."""
    fetches = case.fetches
    rows = (fetches.source == source) & ~np.isnan(fetches.started)
    started = np.sort(fetches.started[rows])
    fetched = np.where(np.isnan(fetches.fetched[rows]), case.end, fetches.fetched[rows])
    seconds = float((fetched - fetches.started[rows]).sum())
    # Whoever is there when one begins: all that began by then, without those that have ended.
    ended = np.searchsorted(np.sort(fetched), started, side="right")
    peak = int((np.arange(1, len(started) + 1) - ended).max(initial=0))
    return peak, float(fetches.bytes_done[rows].sum()) / seconds if seconds > 0.0 else np.inf


def _connections(run: Run, case: CaseRecords, most: float) -> Iterator[Outside]:
    for source, name in enumerate(case.sources):
        registry = run.scenario.registries.get(name)
        if registry is None or registry.redirect is not None:
            continue  # whose layers come from elsewhere
        peak, rate = connections(case, source)
        servers = max(len(registry.replicas), 1)
        if peak / servers > most and rate <= _A_FEW:
            number = f"{show_count(round(peak / servers))} connections at once{' a replica' if servers > 1 else ''}"
            yield Outside(peak / servers, f"{name} has {number}, of {show_byte_rate(rate)} on average")


def longest_round_trip(run: Run, case: CaseRecords) -> float:
    """Of the ways that layers come in a case, queues left out [s]."""
    paths = {path for route in case.routes for path in route.paths}
    return max((round_trip(run.scenario, path) for path in paths), default=0.0)


def _round_trips(run: Run, case: CaseRecords, most: float) -> Iterator[Outside]:
    longest = longest_round_trip(run, case)
    if longest > most:
        yield Outside(longest, f"round trips of {show_latency(longest)}")


def _disks(run: Run, case: CaseRecords, most: float) -> Iterator[Outside]:
    disks = case.orchestration.disks
    fullest = float((disks.peak / disks.capacity).max(initial=0.0))
    if fullest > most:
        yield Outside(fullest, f"a disk is {show_share(fullest)} full")


CHECKED = (
    Checked(24.0, 200.0, "up to 24 connections on one registry", _connections),
    Checked(0.0408, 0.100, "round trips of up to 41 ms", _round_trips),
    Checked(0.0, 0.95, "disks that pulls did not fill", _disks),
)


def outside(run: Run) -> Iterator[str]:
    """What of a run goes beyond what the model was checked on, a sentence each; nothing where all is within."""
    if run.scenario.model == "ideal":
        return
    for checked in CHECKED:
        found = [one for case in run.cases for one in checked.outside(run, case, checked.most)]
        if found:
            furthest = max(found, key=lambda one: one.size)
            beyond = f"Outside of what the model was checked on: {furthest.text}"
            yield f"{beyond}; real pulls were measured with {checked.range}."
