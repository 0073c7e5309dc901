"""What the rollout does to the applications on the same links: their bandwidth and latency before, during and after.

Before and after, an application has what it would have on a system without pulls. During is the time from the
rollout's start to its end, as far as the application is there: its mean bandwidth is exact (bytes by seconds), its
latency that of its requests.
"""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.facts.records import known
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Times

# An application has recovered when it has this much of its bandwidth again, and its requests take no longer than
# their time before divided by this (assumed).
RECOVERED = 0.95

_WHEN = ("before", "during", "after")


@struct
class Latency:
    """How long requests took [s]; None where so many got no answer: a link on their way carried nothing."""

    p50: float | None
    p95: float | None
    max: float | None


@struct
class BackgroundSummary:
    """One application, before, during and after the rollout; None: it is not there, or it is not known."""

    name: str  # as in the scenario
    kind: str  # `transfer`, `constant_rate` or `service`
    before: float | None  # bandwidth [B/s]
    during: float | None
    after: float | None
    latency_before: Latency | None  # of a service's requests
    latency_during: Latency | None
    latency_after: Latency | None
    bytes: float  # moved until the rollout's end
    lost: float  # what of a constant rate found no room [B]
    recovered: float | None  # when it had its bandwidth (and latency) again for good; 0: never disturbed [s]


def background_summaries(case: CaseRecords) -> tuple[BackgroundSummary, ...]:
    """The applications of a case's background, in the scenario's order."""
    return tuple(_summary(case, row) for row in range(len(case.background.kind)))


def background_rows(case: CaseRecords) -> list[dict[str, Any]]:
    """The section `background` of a case's JSON; latencies only of those that have requests."""
    rows = []
    for one in background_summaries(case):
        row: dict[str, Any] = {
            "name": one.name,
            "kind": one.kind,
            "bandwidth_bytes_per_s": {when: getattr(one, when) for when in _WHEN},
            "bytes": one.bytes,
            "bytes_lost": one.lost,
            "recovered_s": one.recovered,
        }
        if one.kind == "service":
            latencies: dict[str, Latency | None] = {when: getattr(one, f"latency_{when}") for when in _WHEN}
            row["latency_s"] = {when: latency and asdict(latency) for when, latency in latencies.items()}
        rows.append(row)
    return rows


def _summary(case: CaseRecords, row: int) -> BackgroundSummary:
    """One application, by its readings."""
    records = case.background
    bandwidth = readings_of(records.bandwidth, row)
    latency = readings_of(records.latency, row)
    latency = latency[latency[:, 0] >= 0.0]
    before, latency_before = known(records.before[row]), known(records.latency_before[row])
    disturbed = [
        _disturbed_until(bandwidth, before, lambda value, usual: value < RECOVERED * usual),
        _disturbed_until(latency, latency_before, lambda value, usual: value > usual / RECOVERED),
    ]
    return BackgroundSummary(
        name=records.name[row],
        kind=records.kind[row],
        before=before,
        during=_mean(case, row),
        after=known(records.after[row]),
        latency_before=_same(latency_before),
        latency_during=_spread(latency[:, 1]),
        latency_after=_same(known(records.latency_after[row])),
        bytes=float(records.bytes[row]),
        lost=float(records.lost[row]),
        recovered=None if before is None else _recovered(case, row, disturbed),
    )


def readings_of(readings: Times, row: int) -> Times:
    """The readings of one application, of all that stand in the order of applications: (time [s], value)."""
    first, last = np.searchsorted(readings[:, 0], [row, row + 1])
    own: Times = readings[first:last, 1:]
    return own


def _mean(case: CaseRecords, row: int) -> float | None:
    """Bytes by seconds, while it is there during the rollout [B/s]."""
    records = case.background
    seconds = np.fmin(case.end, records.finished[row]) - records.started[row]
    return float(records.bytes[row] / seconds) if seconds > 0.0 else None


def _same(value: float | None) -> Latency | None:
    return None if value is None else _spread(np.array([value]))


def _spread(values: Times) -> Latency | None:
    if not len(values):
        return None
    if np.isfinite(values).all():
        p50, p95 = np.quantile(values, [0.5, 0.95])
        return Latency(float(p50), float(p95), float(values.max()))
    # A request without an answer takes longer than any other, and between it and another there is no middle.
    answered = np.sort(values[np.isfinite(values)])

    def among_all(share: float) -> float | None:
        place = share * (len(values) - 1)
        return float(np.interp(place, np.arange(len(answered)), answered)) if place <= len(answered) - 1 else None

    return Latency(among_all(0.5), among_all(0.95), None)


def _disturbed_until(readings: Times, usual: float | None, worse: Any) -> float | None:
    """The time of the first good reading after the last bad one; None: bad to the end, 0: never bad [s]."""
    if usual is None:
        return 0.0
    bad = np.flatnonzero(worse(readings[:, 1], usual))
    if not len(bad):
        return 0.0
    return float(readings[bad[-1] + 1, 0]) if bad[-1] + 1 < len(readings) else None


def _recovered(case: CaseRecords, row: int, disturbed: list[float | None]) -> float | None:
    """When everything was as before; what is disturbed to the end recovers with it, if its links are free then."""
    times = [time for time in disturbed if time is not None]
    if len(times) == len(disturbed):
        return max(times)
    records = case.background
    if not case.finished or not isnan(records.finished[row]):
        return None
    good = records.after[row] >= RECOVERED * records.before[row]
    if not isnan(records.latency_before[row]):
        good = good and records.latency_after[row] <= records.latency_before[row] / RECOVERED
    return case.end if good else None
