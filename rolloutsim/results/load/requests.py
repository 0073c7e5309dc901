"""What registries were asked: how many requests, how many at a time, how many of them in vain.

A pull sends requests for manifests, token and config, then one for each layer (or range of one) that it fetches. The
records know how many there were, and when a layer was asked for; those before are spread evenly over the time from
asking to resolved. A layer that an object storage serves is asked for twice, at the registry and there; so is the
config (facts: a redirected pull of L layers makes 1 + L requests to the storage; containerd `core/remotes/docker`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.time.split import ranges
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Refusals, Run, Times
    from rolloutsim.results.time.split import Rows

WINDOW = 1.0  # of the peak [s]
_BROKEN = 0  # the status of a connection that was refused or broke


@struct
class RegistrySummary:
    """What one registry was asked in a case."""

    registry: str
    pulls: int  # from it, failed ones included
    requests: int  # sent to it, for manifests, tokens, configs and layers; refused ones included
    requests_per_pull: float | None  # mean over the pulls [1]; None: there was none
    peak_requests_per_s: int  # the largest number within any second
    refused: Mapping[str, int]  # by answer: `429`, `503`, or `broken` for a connection that was refused or broke
    retries: int  # requests sent again by runtimes after a refusal
    storage_requests: int  # to the object storage that its layers come from, if there is one


def registry_summaries(run: Run, case: CaseRecords) -> tuple[RegistrySummary, ...]:
    """The requests to each registry from which a case pulls; its run's scenario knows the registries."""
    return tuple(_summary(run, case, number, name) for number, name in _used(case))


def request_times(case: CaseRecords, registry: str) -> Times:
    """When each request to a registry was sent, as far as is known, ascending [s].

    Raises
    ------
    KeyError
        If the case pulls nothing from it.
    """
    numbers = {name: number for number, name in _used(case)}
    if registry not in numbers:
        raise KeyError(f"case {case.name!r} pulls nothing from registry {registry!r}; from: {', '.join(numbers)}")
    pulls = _pulls_from(case, registry)
    refusals = _refusals(case, numbers[registry])
    layers = np.repeat(refusals.time[refusals.layer], refusals.count[refusals.layer])
    return np.sort(np.concatenate([_resolving(case, pulls), _fetching(case, numbers[registry]), layers]))


def peak(times: Times, window: float = WINDOW) -> int:
    """The largest number of moments, ascending, within any `window` of time [s], its end left out."""
    if not len(times):
        return 0
    return int((np.searchsorted(times, times + window) - np.arange(len(times))).max())


def _used(case: CaseRecords) -> Iterator[tuple[int, str]]:
    images = {case.images[image].registry for image in np.unique(case.pulls.image).tolist()}
    for number, name in enumerate(case.sources):
        if name in images:
            yield number, name


def _summary(run: Run, case: CaseRecords, number: int, name: str) -> RegistrySummary:
    pulls = _pulls_from(case, name)
    times = request_times(case, name)
    refusals = _refusals(case, number)
    refused = _by_status(refusals)
    asked_storage = 0
    if run.scenario.registries[name].redirect is not None:
        configs = np.count_nonzero(~np.isnan(case.pulls.resolved[pulls]))
        asked_storage = int(configs) + len(_fetching(case, number))
    return RegistrySummary(
        registry=name,
        pulls=len(pulls),
        requests=len(times),
        requests_per_pull=len(times) / len(pulls) if len(pulls) else None,
        peak_requests_per_s=peak(times),
        refused=refused,
        retries=int(refusals.again.sum()),
        storage_requests=asked_storage,
    )


def _pulls_from(case: CaseRecords, registry: str) -> Rows:
    of_image = np.array([image.registry == registry for image in case.images], np.bool_)
    return np.flatnonzero(of_image[case.pulls.image])


def _resolving(case: CaseRecords, pulls: Rows) -> Times:
    """Requests for manifests, token and config, spread evenly from asking until they are answered or given up."""
    p = case.pulls
    end = np.where(np.isnan(p.resolved), np.where(np.isnan(p.failed), case.end, p.failed), p.resolved)[pulls]
    counts = p.requests[pulls].astype(np.int64)
    place = ranges(np.zeros(len(counts), np.int64), counts)
    spacing = (end - p.asked[pulls]) / np.maximum(counts, 1)
    return np.repeat(p.asked[pulls], counts) + place * np.repeat(spacing, counts)


def _fetching(case: CaseRecords, source: int) -> Times:
    """Requests for layers that a source answered, when they were sent.

    An answer that broke is among the refusals; only the one after which nothing was sent again was the last.
    """
    f = case.fetches
    answered = ~np.isnan(f.started)
    answered[case.orchestration.refusals.unanswered] = False
    sent: Times = f.connected[(f.source == source) & answered]
    return sent


def _refusals(case: CaseRecords, number: int) -> Refusals:
    """Those of one registry."""
    found = case.orchestration.refusals
    rows = found.source == number
    return type(found)(
        found.source[rows], found.time[rows], found.status[rows], found.layer[rows], found.count[rows],
        found.again[rows], found.width[rows], found.unanswered,
    )  # fmt: skip


def _by_status(refusals: Refusals) -> dict[str, int]:
    counts: Counter[int] = Counter()
    for status, count in zip(refusals.status.tolist(), refusals.count.tolist(), strict=True):
        counts[status] += count
    return dict(sorted(("broken" if status == _BROKEN else str(status), n) for status, n in counts.items()))
