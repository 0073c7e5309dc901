"""The cases of `tests/data/measured-distribution/` as scenario files: caches, mirrors, peers, swarms, pre-pulls.

Every parameter comes from a case's own configuration or from `tests/data/measured-distribution/README.md`; what was
chosen by looking at a case stands in `distribution_accuracy.FITTED`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rolloutsim.fleet.fairness import conquest_time
from tests.theory.measured_cases import EFFICIENCY, client_of
from tests.theory.reference_cases import plain

FOLDER = Path(__file__).parents[1] / "data" / "measured-distribution"

# Within a site; what a round trip between a registry and the nodes is longer, the WAN adds; the folder's README.
NEAR_MS = 0.1

# Of a WAN whose own rate limits nothing, so that it is never full.
WIDE = "100 Gbit/s"

# Of a window of packets, what as many flows leave unused of a link with a long round trip; the folder's README, A11.
PACKET, LOST = 1514, 0.4

# sha256 and what else a layer costs before it counts as committed; the folder's README, among its constants.
COMMIT_RATE = f"{plain(1000 / 1.2)} MB/s"

# How long the bed waited for a pull that hangs; the folder's README.
GIVEN_UP = 200.0

# How each client behaves that `measured_cases` has not; the folder's README. Over a kept connection a layer's first
# byte takes one round trip less.
CLIENTS: dict[str, dict[str, Any]] = {
    "raw-oci": {
        "runtime": "containerd-1",
        "resolve_time": "0 s",
        "resolve_round_trips": 3,
        "layer_time": "0 s",
        "layer_round_trips": 2,
        "kept_connections": 3,
        "finish_time": "0 s",
    },
    "ctr-fetch": {
        "runtime": "containerd-1",
        "resolve_round_trips": 3,
        "layer_time": "0 s",
        "layer_round_trips": 2,
        "kept_connections": 2,
    },
    "libtorrent": {
        "runtime": "containerd-1",
        "resolve_time": "0 s",
        "resolve_round_trips": 0,
        "layer_time": "0 s",
        "layer_round_trips": 0,
        "kept_connections": 0,
        "finish_time": "0 s",
    },
}

# `ctr` costs 0.11 s and 0.105 s for each pull that runs at once, since all share a core; the folder's README, E. Of
# that its start-up is 0.12 of 0.52 s (there, Clients); the rest comes after the last byte.
CTR_OWN, CTR_EACH, CTR_BEFORE = 0.11, 0.105, 0.12 / 0.52

# Profiles of what the bed ran as a cache.
PROFILES = {"dist": "distribution-2", "nginx": "nginx", "nginx with lock": "nginx-lock", "varnish": "varnish"}

# The longest sleep of a pull that waits for what another one of its node fetches; the folder's README, E.
INGEST_POLL = "2.048 s"


class Unknown(Exception):
    """A case has something of which the mapping has never heard."""


@dataclass(frozen=True)
class Measured:
    """One configuration that ran one to three times on real machines."""

    name: str
    core: bool
    config: dict[str, Any]
    rollout_time: float  # median of the runs [s]
    runs: tuple[dict[str, Any], ...]

    @property
    def image(self) -> str:
        """What is pulled."""
        return str(self.config.get("image", "file"))

    @property
    def copy_bytes(self) -> float:
        """What one copy of all blobs takes on the wire [B]."""
        return sum(size for _, size in blobs(self.config)) / EFFICIENCY

    @property
    def upstream_bytes(self) -> float:
        """What the registry sent, on the wire: median of the runs [B]."""
        return median(run["upstream_bytes"] for run in self.runs)

    @property
    def fails(self) -> bool:
        """Whether pulls failed in every run."""
        return all(run["failed"] for run in self.runs)

    def node_times(self) -> list[float]:
        """From each node's start to its end, in the order of `ordered`: medians of the runs [s]."""
        times = [ordered(self.config, run["node_start_s"], run["node_s"]) for run in self.runs]
        return [median(one) for one in zip(*times, strict=True)]


def read_all(folder: Path = FOLDER) -> list[Measured]:
    """Every case of a folder, by name."""
    raw = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [
        Measured(case["name"], case["core"], case["config"], case["median_rollout_s"], tuple(case["runs"]))
        for case in raw
    ]


def blobs(config: dict[str, Any]) -> list[tuple[str, int]]:
    """What a node fetches, digest and bytes, in order: the config and the layers, or the file of a swarm."""
    if "swarm" in config:
        return [("file", config["swarm"]["file_bytes"])]
    digests = config["layer_digests"]
    return [(f"config-{config['image']}", config["config_bytes"]), *zip(digests, config["layer_bytes"], strict=True)]


def ordered(config: dict[str, Any], starts: Iterable[float], times: Iterable[float]) -> list[float]:
    """Times of nodes: those that are alike by size, after those that come before them.

    Nodes that start one after the other are told apart by that.
    """
    waves = config["pacing"].get("max_unavailable")
    if waves is not None:
        by_start = [time for _, time in sorted(zip(starts, times, strict=True))]
        return [*sorted(by_start[:waves]), *by_start[waves:]]
    found: dict[tuple[Any, ...], list[float]] = {}
    for own, time in zip(_own(config), times, strict=True):
        found.setdefault(own, []).append(time)
    return [time for alike in found.values() for time in sorted(alike)]


def _own(config: dict[str, Any]) -> list[tuple[float, float | None, int | None, float]]:
    """What each node has for itself: rate towards it, rate from it, rack, start."""
    count: int = config["nodes"]

    def each(value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value] * count

    racks: list[int | None] = [None] * count
    if config["racks"]:
        racks = [place for place, rack in enumerate(config["racks"]) for _ in range(rack["nodes"])]
    down, up = each(config["node_mbit_per_s"]), each(config["node_up_mbit_per_s"])
    starts = each(config["start_offsets_s"] or 0.0)
    return list(zip(down, up, racks, starts, strict=True))


def scenario_text(case: Measured) -> str:
    """The scenario file (JSON is YAML)."""
    config = case.config
    far_ms = config["base_rtt_ms"] - NEAR_MS
    # Of the registry's link: packets that are on their way or in its buffer.
    window = config["registry_mbit_per_s"] * 125 * (config["base_rtt_ms"] + config["queue_ms"]) / PACKET
    registry: dict[str, Any] = {"uplink": _rate(config["registry_mbit_per_s"]), "ttfb": "0 s"}
    network: dict[str, Any] = {
        "efficiency": f"{EFFICIENCY:.15%}",
        "latency": f"{plain(NEAR_MS / 2)} ms",
        "buffer": f"{config['queue_ms']} ms",
        "congestion_control": config["congestion_control"],
        # A share lasts about as long as cubic needs to come back to its window after a loss.
        "fairness": {"memory": f"{conquest_time(window):.3f} s"},
    }
    if far_ms > 0.0:
        network["links"] = {"wan": {"capacity": WIDE, "latency": f"{plain(far_ms / 2)} ms", "buffer": "0 s"}}
        registry["via"] = ["wan"]
        # Measured, A11: with a long round trip, flows fill 1 - 0.4 * flows / window of the link.
        registry["efficiency_at"] = {f"{round(window) + 1}": f"{1 - LOST:.0%}"}
    if config["racks"]:
        network["racks"] = {"uplink": _rate(max(rack["uplink_mbit"] for rack in config["racks"]))}
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "name": case.name,
        "model": "real",
        "nodes": _groups(case),
        "network": network,
        "registries": {"hub": registry},
        "images": _images(case),
        "rollout": {"strategy": "schedule", "horizon": f"{plain(GIVEN_UP)} s"},
    }
    scenario |= _rolling(case) | _caches(case) | _peers(case) | _prepulls(case) | _failures(case)
    return json.dumps(scenario, indent=1)


def _groups(case: Measured) -> dict[str, Any]:
    """Node groups: equal neighbours are one."""
    config = case.config
    rolling = config["pacing"]["mode"] == "rolling"
    hosts = [*(["peers"] if config["p2p"] is not None or "swarm" in config else []), *_hosts(config), "hub"]
    groups: dict[str, Any] = {}
    last, name = None, ""
    for own in _own(config):
        if own != last:
            down, _, rack, start = own
            last, name = own, f"group{len(groups)}"
            groups[name] = {
                "count": 0,
                "nic": _rate(down),
                "disk": "unlimited",
                "unpack": {"rate": COMMIT_RATE, "stored_rate": COMMIT_RATE},
                "parallel_layers": config["layers_at_once"],
                "slots_per": "image",
                "decompresses_on_arrival": False,
                "pull_progress_timeout": "off",
                **_client(config),
                **_requests(config),
            }
            if hosts != ["hub"]:
                groups[name]["hosts"] = hosts
            if rack is not None:
                groups[name]["racks"] = [f"rack{rack}"]
            if not rolling:
                groups[name]["pulls"] = [{"image": case.image, "at": f"{plain(start)} s"}]
        groups[name]["count"] += 1
    return groups


def _client(config: dict[str, Any]) -> dict[str, Any]:
    """What a client does in this case, beside those that share the machine's core with it."""
    name = config["client"].split()[0]
    if name == "skopeo":
        return client_of(name, config["nodes"]) | {"runtime": "cri-o"}
    if name not in CLIENTS:
        raise Unknown(f"client {name!r}; known: skopeo, {', '.join(CLIENTS)}")
    if name != "ctr-fetch":
        return CLIENTS[name]
    pacing, prepull = config["pacing"], config["prepull"]
    at_once = pacing["max_unavailable"] if pacing["mode"] == "rolling" else config["nodes"]
    if prepull is not None:
        at_once += prepull["parallelism"]
    total = CTR_OWN + CTR_EACH * at_once
    client = CLIENTS[name] | {
        "resolve_time": f"{plain(round(total * CTR_BEFORE, 6))} s",
        "finish_time": f"{plain(round(total * (1 - CTR_BEFORE), 6))} s",
    }
    return client | ({"ingest_poll": INGEST_POLL} if prepull is not None else {})


def _requests(config: dict[str, Any]) -> dict[str, Any]:
    """Requests before the layers: HEAD of the tag, GET of the manifest.

    The config is one of the blobs here. Through a cache the second request asks for what the first one has brought.
    """
    cached = any(cache["kind"] in ("dist", "nginx", "varnish") for cache in config["caches"])
    return {"resolve_requests": 1 if cached else 2, "recheck_requests": 1}


def _images(case: Measured) -> dict[str, Any]:
    """What is pulled, and what the caches were warmed with."""
    own = blobs(case.config)
    images = {case.image: {"registry": "hub", "layers": _layers(own)}}
    for warmed in case.config.get("cache_warmed_with") or ():
        # Other images share the first two layers, but not the config; the folder's README.
        if warmed != case.image:
            images[warmed] = {"registry": "hub", "layers": _layers([(f"config-{warmed}", own[0][1]), *own[1:3]])}
    return images


def _layers(own: list[tuple[str, int]]) -> dict[str, Any]:
    return {
        f"blob{place}": {"digest": digest, "compressed": f"{size} B", "unpacked": f"{size} B", "files": 0}
        for place, (digest, size) in enumerate(own)
    }


def _rolling(case: Measured) -> dict[str, Any]:
    """Nodes one after the other: a DaemonSet, whose pods come at once but for the pause between two nodes."""
    pacing = case.config["pacing"]
    if pacing["mode"] != "rolling":
        return {}
    return {
        "workloads": {"app": {"images": [case.image], "daemonset": True, "pull_policy": "always"}},
        "controller_manager": "unlimited",
        "rollout": {
            "strategy": "daemonset",
            "max_unavailable": pacing["max_unavailable"],
            "step_overhead": f"{plain(pacing['step_s'])} s",
            "horizon": f"{plain(GIVEN_UP)} s",
        },
    }


def _hosts(config: dict[str, Any]) -> list[str]:
    """Keys of caches and mirrors: one for all racks that have one each."""
    if len({cache.get("at", "core") for cache in config["caches"]} - {"core"}) > 1:
        return ["cache"]
    return [f"cache{place}" if place else "cache" for place in range(len(config["caches"]))]


def _caches(case: Measured) -> dict[str, Any]:
    """Caches and mirrors."""
    config = case.config
    caches: dict[str, Any] = {}
    mirrors: dict[str, Any] = {}
    for name, cache in zip(_hosts(config), config["caches"], strict=False):
        at = cache.get("at", "core")
        server: dict[str, Any] = {"uplink": _rate(cache["egress_mbit"]), "ttfb": "0 s"}
        if at != "core":
            server["in"] = "rack" if len(config["caches"]) > 1 else at
        if cache["kind"] in PROFILES:
            server |= {"upstream": "hub"} | _caching(cache)
            if cache["kind"] == "dist":
                server["authenticates"] = config["upstream_authenticates"]
            if config.get("cache_warmed_with"):
                server["holds"] = dict.fromkeys(config["cache_warmed_with"], "100%")
            caches[name] = server
        else:
            server["of"] = "hub"
            if cache.get("content") == "empty" or cache.get("status") == 404:
                server["images"] = []
            if cache.get("content") == "nolayers":
                # The config is the first of its blobs; its share is rounded up.
                own = [size for _, size in blobs(config)]
                server["images"] = {case.image: f"{plain(round(100 * own[0] / sum(own) + 1e-6, 9))}%"}
            mirrors[name] = server
    return ({"caches": caches} if caches else {}) | ({"mirrors": mirrors} if mirrors else {})


def _caching(cache: dict[str, Any]) -> dict[str, Any]:
    """Which product a cache is, and what of it is not as its profile says."""
    profile = PROFILES[f"{cache['kind']} with lock" if cache.get("lock") else cache["kind"]]
    times = {key: cache[f"lock_{key}"] for key in ("timeout", "age") if f"lock_{key}" in cache}
    lock = {"lock": {key: f"{time.removesuffix('s')} s" for key, time in times.items()}} if times else {}
    return {"profile": profile} | lock


def _peers(case: Measured) -> dict[str, Any]:
    """Layers or pieces from other nodes."""
    config = case.config
    upload = config["node_up_mbit_per_s"]
    own: dict[str, Any] = {} if upload in (None, config["node_mbit_per_s"]) else {"upload": _payload(upload)}
    if "swarm" in config:
        swarm = config["swarm"]
        peers = own | {
            "profile": "bittorrent",
            "piece": f"{swarm['piece_bytes']} B",
            "connections": swarm["connections_per_peer"],
        }
        for key in ("upload", "download"):
            if swarm[f"{key}_cap_mbit_per_s"] is not None:
                peers[key] = _rate(swarm[f"{key}_cap_mbit_per_s"])
        return {"peers": {"peers": peers}}
    if config["p2p"] is None:
        return {}
    # One holder at random, or the earliest; looked up out of band.
    peers = own | {
        "profile": "spegel",
        "finds": config["p2p"].get("policy", "random"),
        "found": 1,
        "look_up": "0.2 ms",
        "timeout": "20 ms",
        "announce": "0 s",
    }
    return {"peers": {"peers": peers}}


def _prepulls(case: Measured) -> dict[str, Any]:
    """From so long before the rollout on."""
    prepull = case.config["prepull"]
    if prepull is None:
        return {}
    return {
        "prepulls": {
            "before": {
                "images": [case.image],
                "by": "image_pull_job",
                "parallelism": prepull["parallelism"],
                "at": f"-{plain(prepull['lead_s'])} s",
            }
        }
    }


def _failures(case: Measured) -> dict[str, Any]:
    """What breaks when, and what was never there."""
    config, failures = case.config, {}
    names = _hosts(config)
    for place, event in enumerate(config["events"]):
        what, _, which = event["what"].partition("-")
        target = {"registry": "hub"} if which == "registry" else _kind_of(config, names[event.get("k", 0)])
        failure = target | {"at": f"{plain(max(event['at'], 0.0))} s"}
        failures[f"event{place}"] = failure | ({"silent": True} if what == "blackhole" else {})
    for name, cache in zip(names, config["caches"], strict=False):
        if cache["kind"] in ("refused", "blackhole"):
            failures[f"{name}-down"] = {"mirror": name, "at": "0 s"} | (
                {"silent": True} if cache["kind"] == "blackhole" else {}
            )
        if cache.get("status") == 503:
            failures[f"{name}-down"] = {"mirror": name, "at": "0 s", "flaky": "100%"}
    return {"failures": failures} if failures else {}


def _kind_of(config: dict[str, Any], name: str) -> dict[str, str]:
    """A cache or a mirror, as a failure names it."""
    (kind,) = (cache["kind"] for one, cache in zip(_hosts(config), config["caches"], strict=False) if one == name)
    return {"cache" if kind in PROFILES else "mirror": name}


def _rate(mbit_per_s: float | None) -> str:
    return "unlimited" if mbit_per_s is None else f"{plain(mbit_per_s)} Mbit/s"


def _payload(mbit_per_s: float) -> str:
    """What of a line's rate is payload."""
    return _rate(round(mbit_per_s * EFFICIENCY, 9))
