"""What every second of every pull was spent on, along the pull's critical path.

The path is walked back from the moment the image was ready, along what it waited for: the last unpack, before
it the previous unpack or the fetch of its layer, whichever ended later, before a fetch the fetch of the same
pull whose end freed its slot, ... the requests. The path covers the pull without gaps, so its causes add up to
the pull time; `startup` covers the time from there to the ready pod. They are the shared links that were the bottleneck
while bytes moved, and those of `rolloutsim.scenario.causes`.

What pods of workloads wait for besides their pulls is told in `rolloutsim.results.time.steps`. Everything here works on
all pulls at once; the number of steps is that of the layers on a path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.layers import layer_table
from rolloutsim.results.facts.records import derived
from rolloutsim.scenario.causes import (
    CAUSES,
    DISK,
    FALLBACK,
    LAYER_SLOT,
    OTHER_PULL,
    RATE_LIMITED,
    REGISTRY_QUEUE,
    REQUESTS,
    RETRY,
    STARTUP,
    UNPACK,
    Cause,
)
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids, Times
    from rolloutsim.results.facts.records import CaseRecords

    Rows = npt.NDArray[np.signedinteger[Any]]

_ROUNDING = 1e-9  # far below any wait, far above what sums of floats are off by [s]


@struct
class PathTimes:
    """Seconds on the paths of pulls, or of pods: one row for each stretch of the path of one that finished."""

    causes: tuple[str, ...]
    owner: Ids  # row in the case's pulls, or in its pods
    cause: Ids  # index into `causes`
    seconds: Times  # length of the stretch [s]
    count: int  # of the case's pulls, or of its pods

    def total(self) -> dict[str, float]:
        """Seconds by cause, summed over all [s]; causes that took no time are left out."""
        sums = np.bincount(self.cause, self.seconds, len(self.causes))
        return {name: float(sums[i]) for i, name in enumerate(self.causes) if sums[i] > 0.0}

    def by_owner(self) -> Times:
        """Seconds of each (rows) under each cause (columns) [s]; zeros for those that did not finish."""
        cells = self.owner.astype(np.int64) * len(self.causes) + self.cause
        seconds = np.bincount(cells, self.seconds, self.count * len(self.causes)).astype(np.float64)
        return seconds.reshape(self.count, len(self.causes))


@derived
def path_times(case: CaseRecords) -> PathTimes:
    """Walk the critical paths of all finished pulls."""
    return _Walk(case).walk()


class _Walk:
    """The critical paths of a case's pulls, all walked back together."""

    def __init__(self, case: CaseRecords) -> None:
        self.case = case
        table = layer_table(case)
        self.pulls, self.fetches, self.unpacks = case.pulls, case.fetches, case.unpacks
        self.causes = tuple(dict.fromkeys((*case.causes, *CAUSES)))
        self.number = {name: i for i, name in enumerate(self.causes)}
        self.renumbered = np.array([self.number[name] for name in case.causes], np.int32)
        self.fetch_of, self.unpack_of = table.fetch, table.unpack
        self.lost = {is_fetch: _lost(case, is_fetch) for is_fetch in (False, True)}
        self.waited = {is_fetch: _waited(case, is_fetch) for is_fetch in (False, True)}
        self.helped_on = np.zeros(len(self.fetches.pull), np.bool_)  # fetches that other pulls wait for
        self.helped_on[case.waits.fetch[case.waits.fetch >= 0]] = True
        self.stretches: list[tuple[Rows, Rows, Times]] = []
        self.walked: dict[bool, list[tuple[Rows, Rows]]] = {False: [], True: []}  # is_unpack → (pulls, rows)
        # When each layer was in place; a held one always was.
        done = self.fetches.committed.copy()
        has = self.unpack_of >= 0
        done[has] = self.unpacks.unpacked[self.unpack_of[has]]
        self.done: Times = done

    def walk(self) -> PathTimes:
        pulls = self.pulls
        finished = ~np.isnan(pulls.pulled)
        brought = (self.fetch_of >= 0).any(axis=1)
        bare = np.flatnonzero(finished & ~brought)
        self._request(bare, pulls.pulled[bare] - pulls.asked[bare])
        rows = np.flatnonzero(finished & brought)
        self._walk_unpacks(rows)
        self._start_up()
        self._join_flows()
        pulls_of, causes, seconds = zip(*self.stretches, strict=True)
        return PathTimes(
            self.causes,
            np.concatenate(pulls_of).astype(np.int32),
            np.concatenate(causes).astype(np.int32),
            np.concatenate(seconds),
            len(finished),
        )

    # ---- the walk ------------------------------------------------------------------------------------

    def _walk_unpacks(self, rows: Rows) -> None:
        """From the ready image back along the unpacks, until a fetch is what was waited for."""
        if not len(rows):
            return
        # Tables of these pulls only: those that failed may be many times as many.
        fetch_of = self.fetch_of[rows]
        in_place: Times = np.full(fetch_of.shape, -np.inf)
        brought = fetch_of >= 0
        in_place[brought] = self.done[fetch_of[brought]]
        # The place of the layer that was in place last among those up to each place; the upper one of equals.
        latest: Times = np.maximum.accumulate(in_place, axis=1)
        places = np.arange(in_place.shape[1])
        latest_place: Rows = np.maximum.accumulate(np.where(in_place == latest, places, 0), axis=1)
        at: Rows = np.arange(len(rows))  # where each stands in these tables
        place: Rows = latest_place[:, -1]
        self._spend(rows, REQUESTS, self.pulls.pulled[rows] - in_place[at, place])
        while len(rows):
            fetch = fetch_of[at, place]
            unpack = self.unpack_of[fetch]
            end, fetched, resolved = in_place[at, place], self.fetches.committed[fetch], self.pulls.resolved[rows]
            below = np.where(place > 0, latest[at, place - 1], -np.inf)
            below_place = np.where(place > 0, latest_place[at, place - 1], 0)
            own = self.fetches.pull[fetch] == rows
            unpacked = unpack >= 0
            started = np.where(unpacked, self.unpacks.started[unpack] if len(self.unpacks.started) else end, end)
            # Nothing else held the layer up: this pull's own chain began to unpack it. Sooner: another pull did.
            free = np.maximum(np.maximum(below, fetched), resolved)
            in_turn = unpacked & (started >= free)
            foreign = ~own & ~in_turn
            self._spend(rows[foreign], OTHER_PULL, end[foreign] - resolved[foreign])
            self._resolve(rows[foreign])
            mine = unpacked & ~foreign
            self.walked[True].append((rows[mine], unpack[mine]))
            self._spend(rows[in_turn], UNPACK, (started - free)[in_turn])
            helped = own & unpacked & ~in_turn
            # Where no other pull can have helped, the runtime unpacks several layers at a time.
            by_other = helped & self.helped_on[fetch]
            self._spend(rows[by_other], OTHER_PULL, (started - fetched)[by_other])
            self._spend(rows[helped & ~by_other], UNPACK, (started - fetched)[helped & ~by_other])
            onwards = in_turn & (below > fetched)
            awaited = ~own & in_turn & ~onwards
            self._spend(rows[awaited], OTHER_PULL, (free - resolved)[awaited])
            self._resolve(rows[awaited])
            leaf = own & ~onwards
            self._walk_fetches(rows[leaf], fetch[leaf])
            rows, at, place = rows[onwards], at[onwards], below_place[onwards]

    def _walk_fetches(self, rows: Rows, fetch: Rows) -> None:
        """From a committed layer back along the fetches that freed the slot for it."""
        f = self.fetches
        while len(rows):
            self._spend(rows, DISK, f.committed[fetch] - f.fetched[fetch])
            self.walked[False].append((rows, fetch))
            queued = self._less_lost(rows, f.connected[fetch] - f.granted[fetch], True, fetch)
            # What the rounding of sums leaves is no wait.
            rest = np.where(np.abs(queued) < _ROUNDING, queued, 0.0)
            asking = f.started[fetch] - f.connected[fetch] + rest
            self._spend(rows, REQUESTS, self._less_waited(rows, asking, True, fetch))
            self._spend(rows, REGISTRY_QUEUE, queued - rest)
            before = f.freed_by[fetch]
            onwards = (before >= 0) & (f.pull[before] == rows) & (f.committed[before] == f.granted[fetch])
            first = ~onwards
            self._spend(rows[first], LAYER_SLOT, f.granted[fetch[first]] - self.pulls.resolved[rows[first]])
            self._resolve(rows[first])
            rows, fetch = rows[onwards], before[onwards]

    def _resolve(self, rows: Rows) -> None:
        self._request(rows, self.pulls.resolved[rows] - self.pulls.asked[rows])

    def _start_up(self) -> None:
        """Of pods without a workload, one a pull; those of workloads have steps of their own."""
        pods = self.case.pods
        ready = np.flatnonzero(~np.isnan(pods.ready) & (pods.workload < 0) & (pods.pull >= 0))
        self._spend(pods.pull[ready], STARTUP, pods.ready[ready] - self.pulls.pulled[pods.pull[ready]])

    # ---- seconds -------------------------------------------------------------------------------------

    def _spend(self, rows: Rows, cause: Cause, seconds: Times) -> None:
        some = seconds != 0.0
        count = int(np.count_nonzero(some))
        self.stretches.append((rows[some], np.full(count, self.number[cause.name], np.int32), seconds[some]))

    def _request(self, rows: Rows, seconds: Times) -> None:
        """Seconds of requests before the layers, less what failed ones among them cost, and waits for caches."""
        left = self._less_waited(rows, self._less_lost(rows, seconds, False, rows), False, rows)
        self._spend(rows, REQUESTS, left)

    def _less_waited(self, rows: Rows, seconds: Times, is_fetch: bool, activity: Rows) -> Times:
        """What is left of some seconds when the waits for what a source did not have are told apart."""
        for name, waited in self.waited[is_fetch].items():
            self._spend(rows, CAUSES[name], waited[activity])
            seconds = seconds - waited[activity]
        return seconds

    def _less_lost(self, rows: Rows, seconds: Times, is_fetch: bool, activity: Rows) -> Times:
        """What is left of some seconds when failed requests have their share of them."""
        for cause, lost in self.lost[is_fetch]:
            self._spend(rows, cause, lost[activity])
            seconds = seconds - lost[activity]
        return seconds

    def _join_flows(self) -> None:
        """Divide the walked fetches and unpacks among the causes of their flows."""
        spent = self.case.spent
        for is_unpack, activities in ((False, self.fetches), (True, self.unpacks)):
            begun = activities.started
            ended = self.unpacks.unpacked if is_unpack else self.fetches.fetched
            several = np.flatnonzero(spent.is_unpack == is_unpack)
            several = several[np.argsort(spent.activity[several], kind="stable")]
            first = np.searchsorted(spent.activity[several], np.arange(len(begun) + 1))
            for rows, activity in self.walked[is_unpack]:
                one = activities.cause[activity] >= 0
                self.stretches.append(
                    (
                        rows[one],
                        self.renumbered[activities.cause[activity[one]]],
                        (ended - begun)[activity[one]],
                    )
                )
                rows, activity = rows[~one], activity[~one]
                counts = first[activity + 1] - first[activity]
                entries = several[ranges(first[activity], counts)]
                self.stretches.append(
                    (np.repeat(rows, counts), self.renumbered[spent.cause[entries]], spent.seconds[entries])
                )


def _waited(case: CaseRecords, is_fetch: bool) -> dict[str, Times]:
    """By cause how long each fetch or pull waited for what its source did not have [s]; nothing where none did."""
    waited, count = case.supply.waited, len(case.fetches.pull if is_fetch else case.pulls.node)
    found: dict[str, Times] = {}
    if not len(waited.seconds):
        return found
    for cause in np.unique(waited.cause[waited.is_fetch == is_fetch]).tolist():
        rows = (waited.is_fetch == is_fetch) & (waited.cause == cause)
        found[case.causes[cause]] = np.bincount(waited.activity[rows], waited.seconds[rows], count).astype(np.float64)
    return found


def _lost(case: CaseRecords, is_fetch: bool) -> list[tuple[Cause, Times]]:
    """For each cause what failed requests cost each pull, or each fetch [s]; nothing where none failed."""
    lost, count = case.orchestration.lost, len(case.fetches.pull if is_fetch else case.pulls.node)
    found = []
    fell_back = lost.host >= 0 if len(lost.host) else np.zeros(len(lost.limited), np.bool_)
    of_cause = ((RETRY, ~lost.limited & ~fell_back), (RATE_LIMITED, lost.limited), (FALLBACK, fell_back))
    for cause, chosen in of_cause:
        rows = (lost.is_fetch == is_fetch) & chosen
        if rows.any():
            found.append((cause, np.bincount(lost.activity[rows], lost.seconds[rows], count).astype(np.float64)))
    return found


def ranges(first: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The numbers first[i], first[i] + 1, ... (counts[i] of them) for each i, one after another."""
    ends = np.cumsum(counts)
    return np.arange(int(counts.sum())) + np.repeat(first - ends + counts, counts)
