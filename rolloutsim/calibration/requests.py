"""Requests that a registry answered against the fetches of the same layers, as they are simulated.

The pulls are those that were fitted to. Where the registry has answered more or fewer requests, or in other times, the
network part of the pulls is not what the fit has it, or not all of the requests came to this registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from math import inf
from statistics import median

import numpy as np

from rolloutsim.calibration.comparison import Beside, Comparison, Unit, differs, shown
from rolloutsim.calibration.match import Matched
from rolloutsim.calibration.replay import Replay, Values
from rolloutsim.imports.observed import ObservedRequest
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario.resolved import Image
from rolloutsim.structs import struct

_BLOB = re.compile(r"/blobs/([^/?#]+)")
_FULL = re.compile(r"[a-z0-9+._-]+:[0-9a-f]{32,128}")
_AT_END = re.compile(r"[a-z0-9+._-]+:[0-9a-f]{12}(?=[0-9a-f]{20,116}$)")
_SAME_SIZE = 0.005  # of a layer's size [1] (assumed: sizes that people round to three digits)
# A request ends for the registry when its last byte is in the socket's buffer: Linux, net.ipv4.tcp_wmem, at most 4 MiB
# unless set otherwise. Of blobs that are not twice as large the time says nothing.
BUFFER = 4 * 2**20
_SMALLEST = 2 * BUFFER
_CLOCKS = 5.0  # [s] by which clocks of nodes and of the registry may differ, and stamps be cut (assumed)
_WINDOW = 10.0  # [s] in which requests without durations are taken to be at once (assumed)
_COUNTS = 0.1  # of a number that may differ without saying anything, and always one (assumed: a log that is cut)


@struct
class Fetched:
    """A layer that a pull fetches by the fit.

    Parameters
    ----------
    node, layer : str
        The node, and the layer's digest.
    size : float
        Its bytes.
    ended : float or None
        Unix time of the last byte [s]; None: the pull's time is not known.
    time : float
        From the request until then [s].
    source : str
        What sent it.
    """

    node: str
    layer: str
    size: float
    ended: float | None
    time: float
    source: str


@struct
class OfLayer:
    """Of which layer a request was."""

    request: ObservedRequest
    layer: str


def fetches(replay: Replay, values: Values) -> list[Fetched]:
    """The layers that all pulls fetch with the numbers of the fit.

    Parameters
    ----------
    replay : Replay
        The pulls.
    values : mapping
        Path of a key → its value.
    """
    found = []
    for number, case, row in replay.played(values):
        pull, rows = replay.pulls[number], np.flatnonzero(case.fetches.pull == row)
        since = None if pull.began is None else pull.began - float(case.pulls.asked[row])
        for one in rows.tolist():
            layer = case.layers[int(case.fetches.layer[one])]
            ended, begun = float(case.fetches.fetched[one]), float(case.fetches.connected[one])
            if ended > begun:
                found.append(Fetched(
                    pull.node, layer.digest, float(case.fetches.bytes_done[one]),
                    None if since is None else since + ended, ended - begun, _source(case, one),
                ))  # fmt: skip
    return found


def _source(case: CaseRecords, fetch: int) -> str:
    number = int(case.fetches.source[fetch]) if len(case.fetches.source) else -1
    return case.sources[number] if number >= 0 else ""


def compared(requests: Sequence[ObservedRequest], replay: Replay, values: Values, by: float) -> Beside:
    """Compare requests of blobs with the fetches of the same layers.

    Parameters
    ----------
    requests : sequence of ObservedRequest
        Of blobs, answered in full.
    replay : Replay
        The pulls that were fitted to.
    values : mapping
        The numbers of the fit: path of a key → its value.
    by : float
        What a time may differ by, of a logarithm.
    """
    left_out: dict[str, int] = {}
    pulled = [replay.images[name] for name in dict.fromkeys(one.image for one in replay.pulls)]
    images = [one for one in pulled if one.layers[0].digest != one.name]  # of the others the size alone is known
    mine, strange = of_layers(requests, images)
    if strange:
        left_out["requests of blobs that are in none of the images that were pulled"] = strange
    kept, elsewhen = _at_pulls(mine, replay)
    if elsewhen:
        left_out["requests at times when none of the pulls that were given needed their layer"] = elsewhen
    if not kept:
        return Beside((), (), left_out)
    asked = {one.layer for one in kept}
    served = {image.registry for image in images if any(layer.digest in asked for layer in image.layers)}
    layers = {
        layer.digest: image for image in reversed(images) if image.registry in served for layer in image.layers
    }  # fmt: skip
    predicted = [one for one in fetches(replay, values) if one.layer in layers]
    if not predicted:
        left_out["requests of layers that no pull fetches by the fit"] = len(kept)
        return Beside((), (), left_out)
    timed = [one for one in kept if one.request.duration is not None and one.request.duration > 0.0]
    of_all = [*_numbers(kept, predicted), *_at_once(kept, timed, predicted)]
    whole = [one for one in timed if one.request.sent >= _SMALLEST]
    if len(whole) < len(timed):
        left_out[
            f"requests of blobs below {shown(_SMALLEST, 'B')}, whose time is not compared: to the registry they end "
            "when they are in the socket's buffer"
        ] = len(timed) - len(whole)
    of_times = list(_times(whole, predicted, layers, by))
    meanings = [*_about(kept, timed, predicted, served), *_meanings(of_all, of_times)]
    return Beside((*of_all, *of_times), tuple(meanings), left_out)


def of_layers(requests: Sequence[ObservedRequest], images: Sequence[Image]) -> tuple[list[OfLayer], int]:
    """The requests of layers that images have, by digest or else by a size that only one has; how many are not."""
    sizes = {layer.digest: layer.compressed for image in images for layer in image.layers}
    undigested = [(digest, size) for digest, size in sizes.items() if not _FULL.fullmatch(digest)]
    known: dict[str, str | None] = {}
    largest: dict[str, int] = {}
    for one in requests:
        digest = _digest(one)
        largest[digest] = max(largest.get(digest, 0), one.sent)
    for digest, sent in largest.items():
        like = [name for name, size in undigested if abs(sent - size) <= _SAME_SIZE * size]
        known[digest] = digest if digest in sizes else like[0] if len(like) == 1 else None
    taken: dict[str, int] = {}
    for layer in known.values():
        if layer is not None:
            taken[layer] = taken.get(layer, 0) + 1
    found = [
        OfLayer(one, layer) for one in requests if (layer := known[_digest(one)]) is not None and taken[layer] == 1
    ]  # fmt: skip
    return found, len(requests) - len(found)


def _digest(request: ObservedRequest) -> str:
    match = _BLOB.search(request.path)
    return match[1].lower() if match else ""


def _at_pulls(requests: Sequence[OfLayer], replay: Replay) -> tuple[list[OfLayer], int]:
    """The requests at times at which pulls needed their layer, and the number of the others."""
    times: dict[str, list[tuple[float, float]]] = {}
    for pull in replay.pulls:
        for layer in replay.images[pull.image].layers:
            times.setdefault(layer.digest, []).append(_time_of(pull))
    spans = {layer: np.array(every) for layer, every in times.items()}
    found = []
    for one in requests:
        ended = one.request.ended
        if ended is None or bool(
            (
                (spans[one.layer][:, 0] <= ended) & (ended - (one.request.duration or 0.0) <= spans[one.layer][:, 1])
            ).any()
        ):
            found.append(one)
    return found, len(requests) - len(found)


def _time_of(pull: Matched) -> tuple[float, float]:
    """Between which times a pull may have asked for something; whenever, where it is not known."""
    if pull.began is None:
        return -inf, inf
    return pull.began - pull.slack - _CLOCKS, pull.began + pull.seen.duration + pull.slack + _CLOCKS


def _numbers(kept: Sequence[OfLayer], predicted: Sequence[Fetched]) -> Iterator[Comparison]:
    """How many requests there are, and how many bytes they have."""
    sent = float(sum(one.request.sent for one in kept))
    yield _counted("requests", "", float(len(kept)), float(len(predicted)), len(kept), len(predicted), 1.0)
    moved = sum(one.size for one in predicted)
    yield _counted("bytes", "B", sent, moved, len(kept), len(predicted), max(one.size for one in predicted))


def _counted(
    quantity: str, unit: Unit, measured: float, predicted: float, of: int, predicted_of: int, one: float
) -> Comparison:
    by = max(one, _COUNTS * predicted)
    way = 0 if abs(measured - predicted) <= by else 1 if measured > predicted else -1
    return Comparison("registry: all layers", quantity, unit, measured, measured, of, predicted, predicted_of, way)


def _at_once(kept: Sequence[OfLayer], timed: Sequence[OfLayer], predicted: Sequence[Fetched]) -> Iterator[Comparison]:
    """How many clients there are at once at most; without durations, those that are answered within some seconds."""
    is_timed = len(timed) == len(kept)
    asked = [
        (one.request.client, one.request.ended, one.request.duration or 0.0)
        for one in kept if one.request.ended is not None and one.request.client
    ]  # fmt: skip
    simulated = [(one.node, one.ended, one.time) for one in predicted if one.ended is not None]
    if not asked or not simulated:
        return
    most = [
        _most([(who, end - (time if is_timed else _WINDOW), end) for who, end, time in every])
        for every in (asked, simulated)
    ]
    what = "clients at once" if is_timed else f"clients in {shown(_WINDOW, 's')}"
    yield _counted(what, "", float(most[0]), float(most[1]), len(asked), len(simulated), 1.0)


def _most(spans: Sequence[tuple[str, float, float]]) -> int:
    """Of how many there are spans at the same time, at most."""
    changes = sorted((at, way, who) for who, start, end in spans for at, way in ((start, 1), (end, -1)))
    open_of: dict[str, int] = {}
    most = 0
    for _, way, who in changes:  # what ends at a moment ends before others begin
        open_of[who] = open_of.get(who, 0) + way
        if not open_of[who]:
            del open_of[who]
        most = max(most, len(open_of))
    return most


def _times(
    whole: Sequence[OfLayer], predicted: Sequence[Fetched], layers: Mapping[str, Image], by: float
) -> Iterator[Comparison]:
    """Median rate of all requests, and median time of those of each layer."""
    simulated: dict[str, list[float]] = {}
    for one in predicted:
        simulated.setdefault(one.layer, []).append(one.time)
    asked: dict[str, list[tuple[float, int]]] = {}
    for request in whole:
        if request.layer in simulated:
            assert request.request.duration is not None
            asked.setdefault(request.layer, []).append((request.request.duration, request.request.sent))
    if not asked:
        return
    every = [one for of_layer in asked.values() for one in of_layer]
    rates = [one.size / one.time for one in predicted if one.layer in asked]
    low, high = (median((size - less) / time for time, size in every) for less in (BUFFER, 0))
    middle = median(rates)
    yield Comparison(
        "registry: all layers", "median rate", "B/s", low, high, len(every), middle, len(rates),
        differs(low, high, middle, by),
    )  # fmt: skip
    for layer, of_layer in asked.items():
        size = of_layer[0][1]
        time, middle = median(time for time, _ in of_layer), median(simulated[layer])
        low, high = time, time * size / (size - BUFFER)
        subject = f"registry: {_named(layer)} of {layers[layer].name.rpartition('/')[2]} ({shown(size, 'B')})"
        yield Comparison(
            subject, "median time", "s", low, high, len(of_layer), middle, len(simulated[layer]),
            differs(low, high, middle, by),
        )  # fmt: skip


def _named(layer: str) -> str:
    """A layer's digest for people, cut; or what else it is called by."""
    digest = _AT_END.search(layer)
    return digest[0] if digest else f"layer {layer.rpartition('/')[2]}"


def _about(
    kept: Sequence[OfLayer], timed: Sequence[OfLayer], predicted: Sequence[Fetched], registries: Set[str]
) -> Iterator[str]:
    """What to know of the comparison."""
    if len(timed) < len(kept):
        yield (
            f"{len(kept) - len(timed):,} of {len(kept):,} requests have no duration (access logs, notifications): only "
            "their number and bytes are compared"
        )
    others = sorted({one.source for one in predicted} - registries - {""})
    if others:
        yield (
            f"by the scenario some layers come from {', '.join(others)}; the requests are taken to be those that nodes "
            "send, whoever answers"
        )


def _meanings(of_all: Sequence[Comparison], of_times: Sequence[Comparison]) -> Iterator[str]:
    """What it may mean that numbers differ."""
    ways = {one.quantity.partition(" ")[0]: one.differs for one in of_all}
    if ways["requests"] < 0:
        yield (
            "the registry answered fewer requests than the pulls need: a cache or mirror before it may have answered "
            "the others, nodes may have had layers, or its log does not have all of the time"
        )
    elif ways["requests"] > 0:
        yield (
            "the registry answered more requests than the pulls need: other nodes pulled at the same time, of which no "
            "event was given, and what was fitted to be slow may be shared with them"
        )
    elif ways.get("clients", 0) < 0:
        yield (
            "as many requests as predicted, from fewer clients: the address may be that of a proxy, or of a NAT that "
            "nodes have in common"
        )
    if ways.get("clients", 0) > 0 and ways["requests"] <= 0:
        yield "more clients at once than predicted: their clocks, or the times of the pulls, may be off"
    rate = next((one.differs for one in of_times if one.unit == "B/s"), 0)
    times = [one for one in of_times if one.unit == "s" and one.differs]
    longer, shorter = (sum(one.differs == way for one in times) for way in (1, -1))
    if rate > 0 or shorter > longer:
        yield (
            "the registry sent faster than predicted: fetching may be less of a pull than was fitted, and unpacking or "
            "fixed times more; or a proxy takes what it sends faster than nodes do"
        )
    elif rate < 0 or longer > shorter:
        yield (
            "the registry sent more slowly than predicted: fetching may be more of a pull than was fitted, and "
            "unpacking less; or others asked at the same time"
        )
    elif times:
        yield "some layers took longer than predicted, and others less: nodes may fetch them in another order"
