"""What the rollout does to the applications on the same links: their bandwidth and latency before, during and after.

Before and after, an application has what it would have on a system without pulls. During is the time from the
rollout's start to its end, as far as the application is there: its mean bandwidth is exact (bytes by seconds), its
latency that of its requests.

How long a request takes that waits in a queue whose length nobody gave is not known. A statistic is told where such
requests cannot change it, whatever they take; otherwise it is unknown, and `about_latencies` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, inf, isfinite, isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.facts.records import known
from rolloutsim.results.numerals import listed
from rolloutsim.scenario.resources import PARTS, LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import BackgroundRecords, CaseRecords, Run

# An application has recovered when it has this much of its bandwidth again, and its requests take no longer than
# their time before divided by this (assumed).
RECOVERED = 0.95

# When an application is looked at, and how that is called; not in every case is something pushed or pulled before the
# rollout.
_WHEN = {
    "before": "before", "pushed": "while pushed", "prepulled": "while pre-pulled", "during": "while pulled",
    "after": "after",
}  # fmt: skip


@struct
class Latency:
    """How long requests took [s].

    None where so many got no answer: a link on their way carried nothing. NaN where the number is not known, since that
    of the share `unknown` of the requests is not.
    """

    p50: float | None
    p95: float | None
    max: float | None
    unknown: float = 0.0


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
    pushed: float | None = None  # beside what was pushed before the rollout
    latency_pushed: Latency | None = None
    prepulled: float | None = None  # beside what nodes pulled before the rollout
    latency_prepulled: Latency | None = None
    unknown_queues: tuple[str, ...] = ()  # links in whose queues requests waited for a time that is not known


def background_summaries(case: CaseRecords) -> tuple[BackgroundSummary, ...]:
    """The applications of a case's background, in the scenario's order."""
    return tuple(_summary(case, row) for row in range(len(case.background.kind)))


def phases(case: CaseRecords) -> dict[str, str]:
    """When the applications of a case are looked at: the JSON's key, and how it is called."""
    lacking = {"pushed": not len(case.background.pushed), "prepulled": not case.prepulls}
    return {key: name for key, name in _WHEN.items() if not lacking.get(key)}


def background_rows(case: CaseRecords) -> list[dict[str, Any]]:
    """The section `background` of a case's JSON; latencies only of those that have requests."""
    rows, moments = [], phases(case)
    for one in background_summaries(case):
        row: dict[str, Any] = {
            "name": one.name,
            "kind": one.kind,
            "bandwidth_bytes_per_s": {when: getattr(one, when) for when in moments},
            "bytes": one.bytes,
            "bytes_lost": one.lost,
            "recovered_s": one.recovered,
        }
        if one.kind == "service":
            latencies: dict[str, Latency | None] = {when: getattr(one, f"latency_{when}") for when in moments}
            row["latency_s"] = {when: latency and _statistics(latency) for when, latency in latencies.items()}
            if one.unknown_queues:
                row["unknown_requests"] = {when: 0.0 if it is None else it.unknown for when, it in latencies.items()}
                row["unknown_queues"] = list(one.unknown_queues)
        rows.append(row)
    return rows


def _statistics(latency: Latency) -> dict[str, float | None]:
    values = {"p50": latency.p50, "p95": latency.p95, "max": latency.max}
    return {name: None if value is None else known(value) for name, value in values.items()}


def about_latencies(run: Run) -> Iterator[str]:
    """Whose requests take nobody knows how long, why, and which key tells; nothing if all is known."""
    names: dict[tuple[str, ...], dict[str, None]] = {}
    for case in run.cases:
        for one in background_summaries(case):
            if one.unknown_queues:
                names.setdefault(one.unknown_queues, {})[one.name] = None
    for links, services in names.items():
        keys = telling_keys(run, links)
        yield (
            f"How long requests of {listed([*services])} take while {listed(links, 'or')} is full is unknown: "
            + (
                f"how long its queue is hangs on {listed(keys)}, which {'is' if len(keys) == 1 else 'are'} not given."
                if keys
                else "queues of disks are not simulated."
            )
        )


def telling_keys(run: Run, links: Sequence[str]) -> tuple[str, ...]:
    """What a scenario has to say for the queues of some links to be known; nothing can where disks are among them."""
    scenario = run.scenario
    keys: dict[str, None] = {"model: real": None} if scenario.model == "ideal" else {}
    for name in links:
        link = scenario.links.get(name)
        if link is not None and link.kind == "registry_storage" or link is None and not _is_network(name):
            return ()
        keys[f"network.links.{name}.buffer" if link is not None and link.kind == "link" else "network.buffer"] = None
    return tuple(keys)


def _is_network(link: str) -> bool:
    return PARTS[LinkName.of(link).part].is_network


def _summary(case: CaseRecords, row: int) -> BackgroundSummary:
    """One application, by its readings."""
    records = case.background
    bandwidth = readings_of(records.bandwidth, row)
    latency = readings_of(records.latency, row)
    latency = latency[latency[:, 0] >= 0.0]
    before = known(records.before[row])
    queues = records.unknown[row] if records.unknown else ""
    return BackgroundSummary(
        name=records.name[row],
        kind=records.kind[row],
        before=before,
        during=_mean(case, row),
        after=known(records.after[row]),
        latency_before=_same(records, row, "before"),
        latency_during=_spread(latency[:, 1]),
        latency_after=_same(records, row, "after"),
        bytes=float(records.bytes[row]),
        lost=float(records.lost[row]),
        recovered=None if before is None else _recovered(case, row, bandwidth, latency),
        pushed=known(records.pushed[row]) if len(records.pushed) else None,
        latency_pushed=_spread(readings_of(records.latency_pushed, row)[:, 1]),
        prepulled=known(case.prepulls.rate[row]) if len(case.prepulls.rate) else None,
        latency_prepulled=_spread(readings_of(case.prepulls.latency, row)[:, 1]) if case.prepulls else None,
        unknown_queues=tuple(queues.split(", ")) if queues else (),
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


def _same(records: BackgroundRecords, row: int, when: str) -> Latency | None:
    """The latency of a service before or after, when all its requests take equally long."""
    if records.kind[row] != "service" or isnan(getattr(records, when)[row]):
        return None
    return _spread(np.array([getattr(records, f"latency_{when}")[row]]))


def _spread(values: Times) -> Latency | None:
    """The statistics of latencies, as far as those that are not known leave them no choice."""
    if not len(values):
        return None
    if np.isfinite(values).all():
        p50, p95 = np.quantile(values, [0.5, 0.95])
        return Latency(float(p50), float(p95), float(values.max()))
    unknown = np.isnan(values)
    least, most = (np.sort(np.where(unknown, bound, values)) for bound in (-inf, inf))
    found: list[float | None] = []
    for share in (0.5, 0.95, 1.0):
        low, high = _quantile(least, share), _quantile(most, share)
        found.append(nan if low != high else None if high == inf else high)
    p50, p95, longest = found
    return Latency(p50, p95, longest, float(unknown.mean()))


def _quantile(ordered: Times, share: float) -> float:
    """A quantile; between a number and infinity there is no middle, and it is infinity."""
    place = share * (len(ordered) - 1)
    low, high = float(ordered[floor(place)]), float(ordered[ceil(place)])
    if isfinite(low) and isfinite(high):
        return low + (high - low) * (place - floor(place))
    return high if isfinite(low) else low


def _disturbed_until(readings: Times, worse: Any) -> float | None:
    """The time of the first good reading after the last bad one; None: bad to the end, 0: never bad [s]."""
    bad = np.flatnonzero(worse)
    if not len(bad):
        return 0.0
    return float(readings[bad[-1] + 1, 0]) if bad[-1] + 1 < len(readings) else None


def _recovered(case: CaseRecords, row: int, bandwidth: Times, latency: Times) -> float | None:
    """When everything was as before; None: not by the rollout's end, or that is not known."""
    records = case.background
    service = records.kind[row] == "service"
    usual = records.latency_before[row]
    if service and isnan(usual):
        return None
    low = RECOVERED * records.before[row]
    less = _disturbed_until(bandwidth, bandwidth[:, 1] < low)
    # Before the first look and between two of them it may have had less, which its mean tells; and of requests that
    # nobody sent nobody knows.
    if (less == 0.0 and (_mean(case, row) or 0.0) < low) or (service and not len(latency)):
        return None
    if not service:
        return _with_the_rollout(case, row, less)
    # What is not known may have been as before, or not.
    slow, unknown = latency[:, 1] > usual / RECOVERED, np.isnan(latency[:, 1])
    first, last = (
        _with_the_rollout(case, row, less, _disturbed_until(latency, worse)) for worse in (slow, slow | unknown)
    )
    return first if first == last else None


def _with_the_rollout(case: CaseRecords, row: int, *disturbed: float | None) -> float | None:
    """When all disturbances were over; what is disturbed to the end recovers with it, if its links are free then."""
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
