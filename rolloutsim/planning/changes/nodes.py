"""What nodes do otherwise: layer slots, unpacking in parallel, limits of connections, time-outs, kubelet settings."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.results.numerals import show_rate
from rolloutsim.scenario import causes
from rolloutsim.scenario.answers import ANSWERS, DIAL
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.servers import asks_swarm
from rolloutsim.units import plain_text

_SLOTS = (6, 10)  # CRI-O's default, and what is recommended for object storage: SOCI docs/parallel-mode.md, 10 to 20
_UNPACKS = 4  # assumed: the cores of a small node
_READS = 4  # assumed: a process that reads with as many threads
_CHUNK = "8 MiB"  # AWS S3 guidance: ranges of 8 to 16 MB; SOCI docs/parallel-mode.md the same
_PROVISIONED, _MOST = "300 MiB/s", 300 * 2.0**20  # the most that AWS provisions for initialising a volume [B/s]
_TWICE = 2.0
# A connection's first packet that is lost twice is sent again after 1 s and after 3 s: RFC 6298, 2.1 and 5.5; the rest
# is time for an answer (assumed).
_DIAL = 5.0
_ANY_NUMBER = 100_000  # the most that the format knows
# What several connections at once divide by their number.
_PER_CONNECTION = (causes.CONNECTION_CAP, causes.TCP_WINDOW)


def node_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that a node group's keys can change, apart from speeds."""
    yield from _slots(situation)
    yield from _unpacks(situation)
    yield from _connections(situation)
    yield from _reads(situation)
    yield from _volumes(situation)
    yield from _latency(situation)
    yield from _patience(situation)
    if situation.case.workloads:
        yield from _kubelet(situation)
        yield from _backoff(situation)


def _slots(situation: Situation) -> Iterator[Candidate]:
    share = situation.share([causes.LAYER_SLOT, causes.OTHER_PULL, *_PER_CONNECTION])
    alone = situation.share([causes.LAYER_SLOT]) > 0.0
    for number, slots in enumerate(_SLOTS):
        fewer = [group.name for group in situation.groups if group.runtime.parallel_layers < slots]
        values = {("nodes", name, "parallel_layers"): slots for name in fewer}
        yield change("layer slots", f"{slots} layers at a time", values, share, alone and number == 0)


def _unpacks(situation: Situation) -> Iterator[Candidate]:
    if max((len(image.layers) for image in situation.records.images), default=0) < 2:
        return
    values: dict[Path, object] = {}
    for group in situation.groups:
        if group.unpack_rate is not None:
            values["nodes", group.name, "parallel_unpacks"] = max(_UNPACKS, group.runtime.parallel_unpacks)
            values["nodes", group.name, "unpack", "cores"] = max(_UNPACKS, group.unpack_cores)
    words = f"{_UNPACKS} layers unpacked at a time, on as many cores"
    yield change("parallel unpacking", words, values, situation.share([causes.UNPACK]))


def _connections(situation: Situation) -> Iterator[Candidate]:
    """Faster connections, and several for a layer."""
    share = situation.share([causes.CONNECTION_CAP])
    caps = {g.name: _TWICE * g.connection_cap for g in situation.groups if g.connection_cap is not None}
    words = f"{' / '.join(map(show_rate, sorted(set(caps.values()))))} for each connection of a node"
    values = {("nodes", name, "connection_cap"): plain_text("rate", cap, bits=True) for name, cap in caps.items()}
    yield change("connection caps of nodes", words, values, share, True, None, [causes.CONNECTION_CAP.name])
    share = situation.share(_PER_CONNECTION)
    if share > 0.0:
        plain = [
            group.name
            for group in situation.groups
            if group.runtime.layer_fetch_buffer is None
            and not asks_swarm(situation.document.nodes[group.name], situation.document)
        ]
        values = {("nodes", name, "layer_fetch_buffer"): _CHUNK for name in plain}
        yield change("ranged requests", f"layers fetched in ranges of {_CHUNK} side by side", values, share)


def _reads(situation: Situation) -> Iterator[Candidate]:
    """Several reads on demand at a time, where one waits for another."""
    values: dict[Path, object] = {}
    for group in situation.groups:
        if group.snapshotter is not None:
            values["nodes", group.name, "snapshotter", "parallel_reads"] = _READS * group.snapshotter.parallel_reads
    share = situation.share([causes.ON_DEMAND, *_PER_CONNECTION])
    yield change("reads on demand", f"{_READS} times as many reads on demand at a time", values, share, True)


def _volumes(situation: Situation) -> Iterator[Candidate]:
    """Volumes that are initialised faster, or before they are attached."""
    share = situation.share([causes.INITIALISATION])
    slow = {group.name: group.volume_snapshot for group in situation.groups if group.volume_snapshot is not None}
    provisioned: dict[Path, object] = {
        ("nodes", name, "volume_snapshot", "rate"): _PROVISIONED for name, one in slow.items() if one.rate < _MOST
    }
    words = f"volumes initialised at {_PROVISIONED}"
    yield change("volume initialisation", words, provisioned, share)
    restored: dict[Path, object] = {("nodes", name, "volume_snapshot", "rate"): "unlimited" for name in slow}
    words = "volumes initialised before they are attached (fast snapshot restore)"
    yield change("volume initialisation", words, restored, share, True)


def _latency(situation: Situation) -> Iterator[Candidate]:
    """A network of half the latency, or a registry at half the distance."""
    scenario, document = situation.scenario, situation.document
    far: dict[Path, float] = {("network", "latency"): scenario.path_latency}
    far |= {("network", "links", name, "latency"): link.latency for name, link in document.network.links.items()}
    values = {path: plain_text("time", latency / _TWICE) for path, latency in far.items() if latency > 0.0}
    if scenario.model == "real":
        longest = plain_text("time", max(far.values()) / _TWICE)
        share = situation.share([causes.REQUESTS, causes.TCP_WINDOW, causes.ON_DEMAND])
        yield change("latency", f"half the latency ({longest} one way)", values, share, True)


def _patience(situation: Situation) -> Iterator[Candidate]:
    """Nodes that give a host up sooner which does not answer."""
    rollout, supply = situation.summary.rollout, situation.summary.supply
    refused = [one.refused for one in rollout.registries] if rollout is not None else []
    refused += [one.refused for one in supply.servers] if supply is not None else []
    if not any(answers.get(ANSWERS[DIAL].name) for answers in refused):
        return
    patient = [group.name for group in situation.groups if (group.runtime.timeouts.dial or inf) > _DIAL]
    text = plain_text("time", _DIAL)
    values = {("nodes", name, "timeouts", "dial"): text for name in patient}
    share = situation.share([causes.FALLBACK, causes.RETRY, causes.BACKOFF, causes.FAILED_PULL])
    yield change("timeouts.dial", f"no longer than {text} for a connection (timeouts.dial)", values, share, True)


def _kubelet(situation: Situation) -> Iterator[Candidate]:
    groups, nodes = situation.groups, situation.document.nodes
    serial = [group.name for group in groups if group.kubelet.parallel_pulls is not None]
    values: dict[Path, object] = {("nodes", name, "serialize_image_pulls"): False for name in serial}
    # A limit of parallel pulls would stay behind.
    limited = [name for name in serial if nodes[name].max_parallel_image_pulls is not None]
    values |= {("nodes", name, "max_parallel_image_pulls"): _ANY_NUMBER for name in limited}
    share = max(situation.share([causes.KUBELET_QUEUE]), situation.queued)
    yield change("serialize_image_pulls", "serialize_image_pulls: false", values, share, True)
    slow = [group.name for group in groups if group.kubelet.pull_qps is not None]
    values = {("nodes", name, "registry_pull_qps"): 0 for name in slow}
    words = "no limit on the pulls that a kubelet starts (registry_pull_qps: 0)"
    yield change("registry_pull_qps", words, values, situation.share([causes.QPS]), True)


def _backoff(situation: Situation) -> Iterator[Candidate]:
    share = situation.share([causes.BACKOFF, causes.QPS, causes.RATE_LIMITED])
    growing = [g for g in situation.groups if g.kubelet.backoff_max > g.kubelet.backoff_initial]
    values = {("nodes", g.name, "image_backoff", "max"): plain_text("time", g.kubelet.backoff_initial) for g in growing}
    words = f"an image back-off that stays at {' / '.join(dict.fromkeys(values.values()))}"
    yield change("image back-off", words, values, share, True)
