"""Histograms of metrics against the pulls that were fitted to.

A histogram says of a median only between which of its bounds it is, and not of which pulls: it counts all since its
program began, looks at what was there among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, inf

from rolloutsim.calibration.comparison import Beside, Comparison, Unit, differs
from rolloutsim.calibration.match import Matched
from rolloutsim.structs import struct

_KUBELET = "kubelet_image_pull_duration_seconds"
_OPERATIONS = "kubelet_runtime_operations_duration_seconds"
_CLASS = re.compile(r'image_size_in_bytes="([^"]*)"')
# kubernetes pkg/kubelet/metrics, imageSizeBuckets: larger than the first, up to the second, in binary units.
_BETWEEN = re.compile(r"(\d{1,6})(MB|GB)?-(\d{1,6})(MB|GB)")
_OVER = re.compile(r"GT(\d{1,6})(MB|GB)")
_BINARY = {None: 1, "MB": 2**20, "GB": 2**30}
_MEBI = 2.0**20  # containerd internal/cri/server/images/image_pull.go, mbToByte
_MOST = 2.0**53  # counts are floats, exact up to there
_LARGEST = 1e15  # of a bound that is one [s, MiB/s] (assumed)
_SHARES = ((0.5, "median"), (0.9, "90 %"))


@struct
class Timed:
    """A pull that was seen, as it is predicted.

    Parameters
    ----------
    pull : Matched
        The pull.
    time : float
        How long it takes by the fit, waiting not counted [s].
    size : float
        The image's bytes as its runtime counts them.
    compressed, fetched : float
        Its bytes on the wire, and those of layers that its node did not have [B].
    """

    pull: Matched
    time: float
    size: float
    compressed: float
    fetched: float


def compared(histograms: Mapping[str, Mapping[float, float]], pulls: Sequence[Timed], by: float) -> Beside:
    """Compare histograms of metrics with the pulls that were seen, as they are predicted.

    Parameters
    ----------
    histograms : mapping
        Name of a metric with its labels → upper bound [s, or MiB/s] → how many were at most that.
    pulls : sequence of Timed
        All pulls that were seen of the scenario's images.
    by : float
        What a time may differ by, of a logarithm.
    """
    found: list[Comparison] = []
    meanings: list[str] = []
    left_out: dict[str, int] = {}
    for (name, size_class), counts in _by_class(histograms).items():
        own, values, subject, unit = _predicted(name, size_class, pulls)
        total = max(counts.values(), default=0.0)
        if total < 1.0:
            continue
        if not own:
            reason = f"histogram {name}{f' of {size_class}' if size_class else ''}, of which no pull was given"
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        more = max(0.0, total - len(own))
        mine = list(_comparisons(subject, unit, counts, more, values, by))
        found += mine
        meanings += _meanings(name, subject, mine, own, total)
    return Beside(tuple(found), tuple(meanings), left_out)


def _by_class(histograms: Mapping[str, Mapping[float, float]]) -> dict[tuple[str, str], dict[float, float]]:
    """Histograms by metric and class of sizes, other labels put together where their bounds are the same."""
    found: dict[tuple[str, str], dict[float, float]] = {}
    for shown, counts in histograms.items():
        told = _CLASS.search(shown)
        own = {bound: min(count, _MOST) for bound, count in counts.items() if 0.0 < bound < _LARGEST or bound == inf}
        into = found.setdefault((shown.partition("{")[0], told[1] if told else ""), dict.fromkeys(own, 0.0))
        if set(into) == set(own):
            for bound, count in own.items():
                into[bound] = min(into[bound] + count, _MOST)
    return found


def _predicted(name: str, size_class: str, pulls: Sequence[Timed]) -> tuple[list[Timed], list[float], str, Unit]:
    """The pulls that a histogram may be of, what it would count of each, and what that is."""
    if name == _KUBELET:
        low, high = _bounds_of(size_class)
        own = [one for one in pulls if low < one.size <= high]
        times = [one.time + (one.pull.seen.waited or 0.0) for one in own]
        return own, times, f"kubelet: pulls of {size_class}, with waiting", "s"
    if name == _OPERATIONS:
        return list(pulls), [one.time for one in pulls], "kubelet: all pulls, without waiting", "s"
    if "throughput" in name:
        is_fetched = name.endswith("_mibps")
        rates = [(one.fetched if is_fetched else one.compressed) / one.time for one in pulls]
        return list(pulls), rates, "containerd: bytes by time, of all pulls", "B/s"
    return [], [], name, ""


def _bounds_of(size_class: str) -> tuple[float, float]:
    """Between which sizes a class is [B]; nothing is in one that is not known."""
    between, over = _BETWEEN.fullmatch(size_class), _OVER.fullmatch(size_class)
    if between:
        low, first, high, second = between.groups()
        return float(int(low) * _BINARY[first]), float(int(high) * _BINARY[second])
    return (float(int(over[1]) * _BINARY[over[2]]), inf) if over else (inf, inf)


def _comparisons(
    subject: str, unit: Unit, counts: Mapping[float, float], more: float, values: Sequence[float], by: float
) -> Iterator[Comparison]:
    """Median and the tenth that is largest (of times) or smallest (of rates).

    Of those that no event tells of, as many may be looks at what was there as are in the fastest bucket: with and
    without these is the range.
    """
    factor = _MEBI if unit == "B/s" else 1.0
    bounds = sorted(counts)
    single = []
    last = 0.0
    for bound in bounds:  # no fewer are at most a larger bound, whatever a file says
        single.append(max(0.0, counts[bound] - last))
        last = max(last, counts[bound])
    fewer = list(single)
    fastest = 0 if unit == "s" else max((place for place, one in enumerate(single) if one), default=0)
    fewer[fastest] -= min(more, fewer[fastest])
    ordered = sorted(values)
    for share, word in _SHARES:
        at = share if unit == "s" else 1.0 - share
        ways = [_bucket(bounds, one, at) for one in (single, fewer) if sum(one) > 0.0]
        low, high = min(one[0] for one in ways) * factor, max(one[1] for one in ways) * factor
        predicted = ordered[max(0, ceil(at * len(ordered)) - 1)]
        quantity = f"{word} {'time' if unit == 's' else 'rate'}" if share == 0.5 else (
            f"{word} within" if unit == "s" else f"{word} at least"
        )  # fmt: skip
        yield Comparison(
            subject, quantity, unit, low, high, round(sum(single)), predicted, len(ordered),
            differs(low, high, predicted, by),
        )  # fmt: skip


def _bucket(bounds: Sequence[float], counts: Sequence[float], share: float) -> tuple[float, float]:
    """Between which bounds the value is that a share of all do not exceed."""
    target, passed, low = share * sum(counts), 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=True):
        passed += count
        if passed >= target and passed > 0.0:
            return low, bound
        low = bound
    return low, inf


def _meanings(
    name: str, subject: str, found: Sequence[Comparison], own: Sequence[Timed], total: float
) -> Iterator[str]:
    if name == _KUBELET and any(one.pull.seen.waited is None for one in own):
        yield (
            "the kubelet's histogram counts waiting for other pulls of the node; where events do not tell it, it is "
            "not in what is predicted"
        )
    larger, smaller = (any(one.differs == way for one in found) for way in (1, -1))
    if not (larger or smaller):
        return
    reasons = []
    if round(total) > len(own):
        reasons.append(
            f"it counts {total:,.0f} pulls since its program began, of which {len(own):,} were given; the others were "
            "at other times, or by other nodes"
        )
    elif round(total) < len(own):
        reasons.append(
            f"it counts {total:,.0f} pulls, fewer than the {len(own):,} that were given: its program began later, or "
            "metrics of nodes are missing"
        )
    if name == _KUBELET and larger:
        reasons.append("nodes that pull one image at a time wait longer than events say")
    if name == _OPERATIONS:
        reasons.append("it counts pulls that failed, and those of all images")
    if "throughput" in name:
        reasons.append("it counts images of all sizes, and fixed times make small ones slow")
        if larger and not name.endswith("_mibps"):
            reasons.append("some versions of containerd count bytes in place of MiB, and then all are over its bounds")
    if not reasons:
        reasons.append("the metrics may be of other nodes than the events")
    word = "more than" if larger and not smaller else "less than" if smaller and not larger else "other than"
    yield f"{subject}: {word} predicted; {'; '.join(reasons)}"
