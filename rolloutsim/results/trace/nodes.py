"""What happened on each node, as slices of a trace: pods, pulls, waits, download slots, unpacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.pods.failures import pod_names
from rolloutsim.results.time.steps import chains
from rolloutsim.results.trace.tracks import Part, Slice, ended
from rolloutsim.scenario.causes import OTHER_PULL, PULL, STARTUP, STEPS

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.trace.tracks import Process, Tracks
    from rolloutsim.scenario.resolved import Image, Layer

_SHORT = 12  # so many digits of a digest tell layers apart (as docker shows them)


class NodeSlices:
    """The slices of a case's nodes."""

    def __init__(self, case: CaseRecords) -> None:
        self.case = case
        pulls, fetches, count = case.pulls, case.fetches, len(case.node_names)
        self.pulls = _rows_of(pulls.node, count)
        self.fetches = _rows_of(pulls.node[fetches.pull], count)
        self.unpacks = _rows_of(pulls.node[fetches.pull[case.unpacks.fetch]], count)
        self.waits = _rows_of(pulls.node[case.waits.pull], count)
        existed = ~(np.isnan(case.pods.created) & np.isnan(case.pods.asked))
        self.pods = _rows_of(np.where(existed, case.pods.node, -1), count)
        self.names = pod_names(case)
        self.layers = [_layer_names(image.name, [layer.digest for layer in image.layers]) for image in case.images]
        self.spent = _spent(case)
        lost = case.orchestration.lost
        # Fetches whose first requests were refused.
        self.retried = frozenset(lost.activity[lost.is_fetch].tolist())
        rows = zip(fetches.pull.tolist(), fetches.layer.tolist(), strict=True)
        self.first = {key: row for row, key in reversed([*enumerate(rows)])}  # of each layer of each pull
        self.chains = chains(case)

    def add(self, tracks: Tracks, node: int) -> None:
        """Draw a node: a process, and its tracks."""
        process = tracks.process(self.case.node_names[node])
        tracks.slices(process, "pod", [*map(self._pod, self.pods[node])], "pod", False)
        tracks.slices(process, "pull", [*map(self._pull, self.pulls[node])], "pull", False)
        tracks.instants(process, "failures", [*self._failures(node)], "failure")
        tracks.counter(process, "layers waiting for a slot", self._queue(node))
        tracks.slices(process, "other pull", [*self._waiting(node)], "queue", False)
        tracks.slices(process, "download slot", [*map(self._fetch, self.fetches[node])], "fetch", True)
        tracks.slices(process, "unpack", [*map(self._unpack, self.unpacks[node])], "unpack", False)
        self._old_pods(tracks, process, node)

    def _pod(self, row: int) -> Slice:
        case, pods = self.case, self.case.pods
        ready, deleted = float(pods.ready[row]), float(pods.deleted[row])
        begun = ended(pods.created[row], pods.asked[row], case.end)
        end = ended(deleted, ready, case.end)
        args: dict[str, Any] = {"became_ready": not isnan(ready)}
        if not isnan(deleted):
            args["deleted_s"] = round(deleted, 6)
        if pods.reason[row] >= 0:
            args["last_failure"] = case.reasons[pods.reason[row]]
        return Slice(self.names[row], begun, end, args, self._steps(row, end))

    def _steps(self, row: int, end: float) -> list[Part]:
        """What a pod waited for: its steps, or for one without them its pull and its start."""
        first, last = int(self.chains.first[row]), int(self.chains.first[row + 1])
        if first < last:
            c = self.chains
            steps = zip(c.cause[first:last].tolist(), c.started[first:last].tolist(), c.ended[first:last], strict=True)
            return [Part(STEPS[cause].name, started, ended(stop, end)) for cause, started, stop in steps]
        pods = self.case.pods
        started, asked = ended(pods.started[row], end), ended(pods.asked[row], end)
        return [Part(PULL.name, asked, started), Part(STARTUP.name, started, end)]

    def _pull(self, row: int) -> Slice:
        case, pulls = self.case, self.case.pulls
        pulled, failed = float(pulls.pulled[row]), float(pulls.failed[row])
        asked, end = float(pulls.asked[row]), ended(pulled, failed, case.end)
        resolved = ended(pulls.resolved[row], end)
        args: dict[str, Any] = {
            "image": case.images[pulls.image[row]].name,
            "outcome": "failed" if not isnan(failed) else "unfinished" if isnan(pulled) else "pulled",
        }
        if pulls.reason[row] >= 0:
            args["reason"] = case.reasons[pulls.reason[row]]
        if not isnan(pulls.alone[row]):
            args["alone_s"] = round(float(pulls.alone[row]), 6)
        parts = [Part("requests", asked, resolved), Part("layers", resolved, end)]
        return Slice(f"pull {args['image']}", asked, end, args, parts)

    def _failures(self, node: int) -> Iterator[Part]:
        pulls = self.case.pulls
        for row in self.pulls[node]:
            failed = float(pulls.failed[row])
            if not isnan(failed):
                reason = self.case.reasons[pulls.reason[row]] if pulls.reason[row] >= 0 else "no reason recorded"
                yield Part(f"{self.case.images[pulls.image[row]].name}: {reason}", failed, failed)

    def _fetch(self, row: int) -> Slice:
        fetches = self.case.fetches
        end = self._fetch_end(row)
        connected, first = ended(fetches.connected[row], end), ended(fetches.started[row], end)
        seconds, moved = end - first, float(fetches.bytes_done[row])
        args: dict[str, Any] = {"image": self._image(row), "bytes": round(moved)}
        if seconds > 0.0:
            args["rate_bytes_per_s"] = round(moved / seconds)
        since, granted = self._waits(row)
        if granted > since:
            args["waited_for_slot_s"] = round(granted - since, 6)
        if fetches.again[row] > 0.0:
            args["bytes_again"] = round(float(fetches.again[row]))
        args |= self._cause(False, row, int(fetches.cause[row]))
        if isnan(fetches.fetched[row]):
            args["outcome"] = "unfinished"
        committed = float(fetches.committed[row])
        there = end if isnan(committed) else committed
        parts = [
            Part("retries" if row in self.retried else "registry queue", granted, connected),
            Part("request", connected, first),
            Part("transfer", first, end),
            *([Part("commit", end, there)] if there > end else []),
        ]
        return Slice(self._layer(row), granted, there, args, parts)

    def _unpack(self, row: int) -> Slice:
        unpacks = self.case.unpacks
        fetch, started = int(unpacks.fetch[row]), float(unpacks.started[row])
        pull = int(self.case.fetches.pull[fetch])
        end = ended(unpacks.unpacked[row], self.case.pulls.failed[pull], self.case.end)
        layer = self.case.layers[self.case.fetches.layer[fetch]]
        args: dict[str, Any] = {
            "image": self._image(fetch),
            "bytes": round(layer.unpacked),
            **self._cause(True, row, int(unpacks.cause[row])),
        }
        if isnan(unpacks.unpacked[row]):
            args["outcome"] = "unfinished"
        return Slice(self._layer(fetch), started, end, args)

    def _queue(self, node: int) -> list[tuple[float, Mapping[str, float]]]:
        """How many layers of known images wait for a download slot; nothing if none ever does."""
        changes: dict[float, int] = defaultdict(int)
        for row in self.fetches[node]:
            since, granted = self._waits(row)
            if granted > since:
                changes[since] += 1
                changes[granted] -= 1
        waiting, points = 0, [(0.0, {"layers": 0.0})] if changes else []
        for moment, change in sorted(changes.items()):
            waiting += change
            points.append((moment, {"layers": waiting}))
        return [*points]

    def _waits(self, row: int) -> tuple[float, float]:
        """From when to when a layer waited for its slot [s]; what is fetched again, or in ranges, waits but once."""
        fetches = self.case.fetches
        granted = float(fetches.granted[row])
        first = self.first.get((int(fetches.pull[row]), int(fetches.layer[row])))
        return (float(self.case.pulls.resolved[fetches.pull[row]]) if first == row else granted), granted

    def _waiting(self, node: int) -> Iterator[Slice]:
        """Layers that another pull of the node brought, from when they were wanted until they were there."""
        case = self.case
        for row in self.waits[node]:
            pull, fetch = int(case.waits.pull[row]), int(case.waits.fetch[row])
            since = ended(case.pulls.resolved[pull], case.end)
            until = case.end if fetch < 0 else self._fetch_end(fetch)
            image = case.images[case.pulls.image[pull]]
            name = self.layers[case.pulls.image[pull]][case.layers[case.waits.layer[row]].digest]
            yield Slice(name, since, until, {"image": image.name, "cause": OTHER_PULL.name})

    def _old_pods(self, tracks: Tracks, process: Process, node: int) -> None:
        old, workloads = self.case.orchestration.old_pods, self.case.orchestration.workloads
        slices = []
        for row in np.flatnonzero((old.node == node) & ~np.isnan(old.deleted)).tolist():
            name = workloads[old.workload[row]].name
            gone = ended(old.gone[row], max(self.case.end, old.deleted[row]))
            if gone > old.deleted[row]:
                slices.append(Slice(f"{name}, old pod", float(old.deleted[row]), gone, {"workload": name}))
        tracks.slices(process, "termination", slices, "termination", False)

    def _fetch_end(self, row: int) -> float:
        """When a fetch ended; one that never did, with its pull."""
        pulls, fetches = self.case.pulls, self.case.fetches
        pull = fetches.pull[row]
        if not isnan(fetches.fetched[row]):
            return float(fetches.fetched[row])
        return ended(pulls.failed[pull], pulls.pulled[pull], self.case.end)

    def _cause(self, is_unpack: bool, row: int, cause: int) -> Mapping[str, Any]:
        """What limited it: one cause, or the seconds under each [s]."""
        if cause >= 0:
            return {"cause": self.case.causes[cause]}
        several = self.spent.get((is_unpack, row))
        return {"cause_s": several} if several else {}

    def _image(self, fetch: int) -> str:
        image: Image = self.case.images[self.case.pulls.image[self.case.fetches.pull[fetch]]]
        return image.name

    def _layer(self, fetch: int) -> str:
        case = self.case
        layer: Layer = case.layers[case.fetches.layer[fetch]]
        names: Mapping[str, str] = self.layers[case.pulls.image[case.fetches.pull[fetch]]]
        return names[layer.digest]


def _rows_of(node: Any, count: int) -> list[list[int]]:
    """The rows of each node, in the order of the records."""
    rows: list[list[int]] = [[] for _ in range(count)]
    for row, one in enumerate(node.tolist()):
        if one >= 0:
            rows[one].append(row)
    return rows


def _layer_names(image: str, digests: list[str]) -> dict[str, str]:
    """A name for each layer: a digest in short, with its place in the image; other names as they are."""
    names = {}
    for place, digest in enumerate(digests, 1):
        algorithm, colon, digits = digest.partition(":")
        real = colon and algorithm == "sha256" and len(digits) > _SHORT
        names[digest] = f"{image} {place}/{len(digests)} {digits[:_SHORT]}" if real else digest
    return names


def _spent(case: CaseRecords) -> Mapping[tuple[bool, int], dict[str, float]]:
    """Seconds under each cause of the fetches and unpacks that had several."""
    spent = case.spent
    found: dict[tuple[bool, int], dict[str, float]] = defaultdict(dict)
    rows = zip(
        spent.is_unpack.tolist(), spent.activity.tolist(), spent.cause.tolist(), spent.seconds.tolist(), strict=True
    )
    for is_unpack, row, cause, seconds in rows:
        found[is_unpack, row][case.causes[cause]] = round(seconds, 6)
    return found
