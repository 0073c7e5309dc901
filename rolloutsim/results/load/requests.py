"""What registries were asked: how many requests, how many at a time, how many of them in vain.

A pull sends requests for manifests, token and config, then one for each layer (or range of one) that it fetches. The
records know how many there were, and when a layer was asked for; those before are spread evenly over the time from
asking to resolved. Of a pull with several hosts each request counts at the one that it was sent to; what a cache or
swarm asks its upstream counts there. A layer that an object storage serves is asked for twice, at the registry and
there; so is the config (facts: a redirected pull of L layers makes 1 + L requests to the storage; containerd
`core/remotes/docker`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.grouped import Grouped
from rolloutsim.results.facts.supplied import UPSTREAM
from rolloutsim.results.time.split import ranges
from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Refusals, Run
    from rolloutsim.results.time.split import Rows

WINDOW = 1.0  # of the peak [s]
_BLOCK = 1 << 16  # rows that are worked on at a time


@struct
class RegistrySummary:
    """What one registry was asked in a case."""

    registry: str
    pulls: int  # from it, failed ones included
    rechecks: int  # of images that nodes held already
    requests: int  # sent to it, for manifests, tokens, configs and layers; refused ones included
    requests_per_pull: float | None  # those aside that re-checks sent [1]; None: there was no pull
    peak_requests_per_s: int  # the largest number within any second
    # By answer: `429`, `503`, `broken` for a connection that was refused or broke, or what was not there in time:
    # `dial_timeout`, `tls_timeout`, `header_timeout`.
    refused: Mapping[str, int]
    retries: int  # requests sent again by runtimes after a refusal
    storage_requests: int  # to the object storage that its layers come from, if there is one
    # Of the requests, those of caches and swarms, by what they asked for: `tags`, `manifests`, `configs`, `layers`,
    # `pings`, and `heads`, how long a layer is.
    of_caches: Mapping[str, int] = field(default_factory=dict, metadata={"unless_empty": True})


def registry_summaries(run: Run, case: CaseRecords) -> tuple[RegistrySummary, ...]:
    """The requests to each registry from which a case pulls; its run's scenario knows the registries."""
    asked = Asked(case)
    return tuple(_summary(run, asked, number, name) for name, number in asked.registries.items())


def request_times(case: CaseRecords, registry: str) -> Times:
    """When each request to a registry was sent, as far as is known, ascending [s].

    Raises
    ------
    KeyError
        If the case pulls nothing from it.
    """
    asked = Asked(case)
    if registry not in asked.registries:
        named = ", ".join(asked.registries)
        raise KeyError(f"case {case.name!r} pulls nothing from registry {registry!r}; from: {named}")
    return asked.times(asked.registries[registry])


class Asked:
    """Who was asked for what: a case's pulls, answered fetches, refusals and requests of caches, by server.

    `registries` are the numbers of those that it pulls from, by name.

    Parameters
    ----------
    case : CaseRecords
        The case.
    """

    def __init__(self, case: CaseRecords) -> None:
        self.case = case
        self.refusals = case.orchestration.refusals
        images = np.unique(case.pulls.image).tolist()
        named = {case.images[image].registry for image in images}
        self.registries = {name: number for number, name in enumerate(case.sources) if name in named}
        # Of images that nobody pulls nobody asks.
        of_image = np.array([self.registries.get(image.registry, -1) for image in case.images], np.int64)
        count = len(case.sources)
        self.pulls = Grouped(of_image[case.pulls.image], count)
        # An answer that broke is among the refusals; only the one after which nothing was sent again was the last.
        answered = ~np.isnan(case.fetches.started)
        answered[self.refusals.unanswered] = False
        supply = case.supply
        server = supply.outlets.server if supply else np.arange(count, dtype=np.int32)
        self.fetches = Grouped(np.where(answered, np.append(server, -1)[case.fetches.source], -1), count)
        self.refused = Grouped(self.refusals.source, count)
        self.of_caches = Grouped(supply.cache_requests.upstream, count)
        # Requests for manifests, token and config: of pulls with several hosts by host, of the others by image.
        rest = case.pulls.requests - np.bincount(supply.asked.pull, supply.asked.count, len(of_image[case.pulls.image]))
        self.sent_pull: Rows = np.append(np.arange(len(rest)), supply.asked.pull)
        self.sent_count: Rows = np.append(rest, supply.asked.count).astype(np.int64)
        self.sent = Grouped(np.append(of_image[case.pulls.image], supply.asked.source), count)

    def count(self, number: int) -> int:
        """How many requests a server got, refused ones included."""
        layers = (rows := self.refused.of(number))[self.refusals.layer[rows]]
        of_pulls = int(self.sent_count[self.sent.of(number)].sum())
        others = len(self.fetches.of(number)) + len(self.of_caches.of(number))
        return of_pulls + others + int(self.refusals.count[layers].sum())

    def times(self, number: int) -> Times:
        """When each request to a server was sent, as far as is known, ascending [s]."""
        sent, refused = self.sent.of(number), self.refused.of(number)
        layers = refused[self.refusals.layer[refused]]
        refused_at = np.repeat(self.refusals.time[layers], self.refusals.count[layers])
        # Filled in piece by piece: a day of refusals has more requests than anything else has rows.
        answered, filled = self.case.fetches.connected[self.fetches.of(number)], 0
        of_caches = self.case.supply.cache_requests.time[self.of_caches.of(number)]
        of_pulls = int(self.sent_count[sent].sum())
        times = np.empty(of_pulls + len(answered) + len(refused_at) + len(of_caches))
        for part in chain(
            _resolving(self.case, self.sent_pull[sent], self.sent_count[sent]), (answered, refused_at, of_caches)
        ):
            times[filled : filled + len(part)] = part
            filled += len(part)
        times.sort()
        return times


def peak(times: Times, window: float = WINDOW) -> int:
    """The largest number of moments, ascending, within any `window` of time [s], its end left out."""
    most = 0
    for first in range(0, len(times), _BLOCK):
        block = times[first : first + _BLOCK]
        until = np.searchsorted(times, block + window)
        most = max(most, int((until - np.arange(first, first + len(block))).max()))
    return most


def _summary(run: Run, asked: Asked, number: int, name: str) -> RegistrySummary:
    calls, refused = asked.pulls.of(number), asked.refused.of(number)
    is_pull = brings(asked.case)[calls]
    pulls = int(np.count_nonzero(is_pull))
    times = asked.times(number)
    sent = asked.sent.of(number)
    of_rechecks = int(asked.sent_count[sent][~brings(asked.case)[asked.sent_pull[sent]]].sum())
    kinds = asked.case.supply.cache_requests.what[asked.of_caches.of(number)]
    asked_storage = 0
    if run.scenario.registries[name].redirect is not None:
        # The config of an image that is there is not asked for again.
        configs = np.count_nonzero(~np.isnan(asked.case.pulls.resolved[calls[is_pull]]))
        asked_storage = int(configs) + len(asked.fetches.of(number))
    return RegistrySummary(
        registry=name,
        pulls=pulls,
        rechecks=len(calls) - pulls,
        requests=len(times),
        requests_per_pull=(len(times) - of_rechecks) / pulls if pulls else None,
        peak_requests_per_s=peak(times),
        refused=by_status(asked.refusals, refused),
        retries=int(asked.refusals.again[refused].sum()),
        storage_requests=asked_storage,
        of_caches={
            what: count
            for what, count in zip(UPSTREAM, np.bincount(kinds, minlength=len(UPSTREAM)).tolist(), strict=True)
            if count
        },
    )


def _resolving(case: CaseRecords, pulls: Rows, requests: Rows) -> Iterator[Times]:
    """So many requests for manifests, token and config each, spread evenly from asking until answered or given up."""
    p = case.pulls
    for first in range(0, len(pulls), _BLOCK):
        rows = pulls[first : first + _BLOCK]
        resolved, failed, asked = p.resolved[rows], p.failed[rows], p.asked[rows]
        end = np.where(np.isnan(resolved), np.where(np.isnan(failed), case.end, failed), resolved)
        counts = requests[first : first + _BLOCK]
        place = ranges(np.zeros(len(counts), np.int64), counts)
        spacing = (end - asked) / np.maximum(counts, 1)
        yield np.repeat(asked, counts) + place * np.repeat(spacing, counts)


def by_status(refusals: Refusals, rows: Rows) -> dict[str, int]:
    """How many of some refusals there were, by answer."""
    counts: Counter[int] = Counter()
    for status, count in zip(refusals.status[rows].tolist(), refusals.count[rows].tolist(), strict=True):
        counts[status] += count
    return dict(sorted((ANSWERS[status].name, count) for status, count in counts.items()))
