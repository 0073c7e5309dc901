"""What nodes do otherwise: layer slots, unpacking in parallel, limits of connections, kubelet settings, start-up."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.planning.changes.situation import Candidate, Situation, assign
from rolloutsim.results.numerals import show_rate
from rolloutsim.scenario.causes import (
    BACKOFF,
    CONNECTION_CAP,
    KUBELET_QUEUE,
    LAYER_SLOT,
    OTHER_PULL,
    QPS,
    RATE_LIMITED,
    REQUESTS,
    UNPACK,
)
from rolloutsim.scenario.places import Path
from rolloutsim.units import plain_text

_SLOTS = (6, 10)  # CRI-O's default, and what is recommended for object storage: SOCI docs/parallel-mode.md, 10 to 20
_UNPACKS = 4  # assumed: the cores of a small node
_CHUNK = "8 MiB"  # AWS S3 guidance: ranges of 8 to 16 MB; SOCI docs/parallel-mode.md the same
_TWICE = 2.0
_ANY_NUMBER = 100_000  # the most that the format knows
_JITTER = "50%"  # assumed


def node_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that a node group's keys can change, apart from speeds."""
    yield from _slots(situation)
    yield from _unpacks(situation)
    yield from _connections(situation)
    yield from _latency(situation)
    if situation.case.workloads:
        yield from _kubelet(situation)


def _slots(situation: Situation) -> Iterator[Candidate]:
    share = situation.share([LAYER_SLOT, OTHER_PULL, CONNECTION_CAP])
    alone = situation.share([LAYER_SLOT]) > 0.0
    for number, slots in enumerate(_SLOTS):
        fewer = [group.name for group in situation.groups if group.runtime.parallel_layers < slots]
        if fewer:
            overrides = tuple(assign(("nodes", name, "parallel_layers"), slots) for name in fewer)
            yield Candidate("layer slots", f"{slots} layers at a time", overrides, share, alone and number == 0)


def _unpacks(situation: Situation) -> Iterator[Candidate]:
    groups = [group for group in situation.groups if group.unpack_rate is not None]
    most_layers = max((len(image.layers) for image in situation.records.images), default=0)
    if not groups or most_layers < 2:
        return
    overrides = []
    for group in groups:
        overrides.append(
            assign(("nodes", group.name, "parallel_unpacks"), max(_UNPACKS, group.runtime.parallel_unpacks))
        )
        overrides.append(assign(("nodes", group.name, "unpack", "cores"), max(_UNPACKS, group.unpack_cores)))
    words = f"{_UNPACKS} layers unpacked at a time, on as many cores"
    yield Candidate("parallel unpacking", words, tuple(overrides), situation.share([UNPACK]))


def _connections(situation: Situation) -> Iterator[Candidate]:
    """Faster connections, and several for a layer."""
    share = situation.share([CONNECTION_CAP])
    caps = {group.name: group.connection_cap for group in situation.groups if group.connection_cap is not None}
    if caps:
        new = {name: _TWICE * cap for name, cap in caps.items()}
        shown = " / ".join(map(show_rate, sorted(set(new.values()))))
        overrides = tuple(
            assign(("nodes", name, "connection_cap"), plain_text("rate", cap, bits=True)) for name, cap in new.items()
        )
        yield Candidate("connection caps of nodes", f"{shown} for each connection of a node", overrides, share, True)
    plain = [group.name for group in situation.groups if group.runtime.layer_fetch_buffer is None]
    if share > 0.0 and plain:
        overrides = tuple(assign(("nodes", name, "layer_fetch_buffer"), _CHUNK) for name in plain)
        yield Candidate("ranged requests", f"layers fetched in ranges of {_CHUNK} side by side", overrides, share)


def _latency(situation: Situation) -> Iterator[Candidate]:
    """A network of half the latency, or a registry at half the distance."""
    share = situation.share([REQUESTS])
    scenario, document = situation.scenario, situation.document
    far: dict[Path, float] = {("network", "latency"): scenario.path_latency}
    far |= {("network", "links", name, "latency"): link.latency for name, link in document.network.links.items()}
    far = {path: latency for path, latency in far.items() if latency > 0.0}
    if scenario.model == "real" and far:
        overrides = tuple(assign(path, plain_text("time", latency / _TWICE)) for path, latency in far.items())
        longest = plain_text("time", max(far.values()) / _TWICE)
        yield Candidate("latency", f"half the latency ({longest} one way)", overrides, share, True)


def _kubelet(situation: Situation) -> Iterator[Candidate]:
    groups, nodes = situation.groups, situation.document.nodes
    serial = [group.name for group in groups if group.kubelet.parallel_pulls is not None]
    if serial:
        overrides = [assign(("nodes", name, "serialize_image_pulls"), False) for name in serial]
        # A limit of parallel pulls would stay behind.
        limited = [name for name in serial if nodes[name].max_parallel_image_pulls is not None]
        overrides += [assign(("nodes", name, "max_parallel_image_pulls"), _ANY_NUMBER) for name in limited]
        share = max(situation.share([KUBELET_QUEUE]), situation.queued)
        yield Candidate("serialize_image_pulls", "serialize_image_pulls: false", tuple(overrides), share, True)
    slow = [group.name for group in groups if group.kubelet.pull_qps is not None]
    if slow:
        overrides = [assign(("nodes", name, "registry_pull_qps"), 0) for name in slow]
        share = situation.share([QPS])
        words = "no limit on the pulls that a kubelet starts (registry_pull_qps: 0)"
        yield Candidate("registry_pull_qps", words, tuple(overrides), share, True)
    yield from _backoff(situation)


def _backoff(situation: Situation) -> Iterator[Candidate]:
    share = situation.share([BACKOFF, QPS, RATE_LIMITED])
    regular = [group.name for group in situation.groups if group.kubelet.backoff_jitter == 0.0]
    if regular:
        overrides = tuple(assign(("nodes", name, "image_backoff", "jitter"), _JITTER) for name in regular)
        yield Candidate("back-off jitter", f"{_JITTER} jitter on the image back-off", overrides, share)
    growing = [g for g in situation.groups if g.kubelet.backoff_max > g.kubelet.backoff_initial]
    if growing:
        times = {group.name: plain_text("time", group.kubelet.backoff_initial) for group in growing}
        overrides = tuple(assign(("nodes", name, "image_backoff", "max"), time) for name, time in times.items())
        shown = " / ".join(dict.fromkeys(times.values()))
        yield Candidate("image back-off", f"an image back-off that stays at {shown}", overrides, share, True)
