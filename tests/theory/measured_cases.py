"""The pulls of `tests/data/measured/` as scenario files.

Every parameter comes from the case's own configuration or from `tests/data/measured/README.md`; nothing is
fitted to a case, but for `ROUND_TRIPS` and `CORES`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rolloutsim.units import parse_time
from tests.theory.reference_cases import plain

FOLDER = Path(__file__).parents[1] / "data" / "measured"

# 1514 bytes of a link's rate for 1448 of payload; the folder's README.
EFFICIENCY = 1448 / 1514

# How each client behaves; the folder's README. Its start-up is that of a client which has the machine for itself.
CLIENTS: dict[str, dict[str, Any]] = {
    "skopeo": {
        "resolve_time": "60 ms",
        "resolve_round_trips": 8,
        "layer_time": "8 ms",
        "layer_round_trips": 2,
        "kept_connections": 0,
        "finish_time": "0 s",
    },
    "raw": {
        "resolve_time": "70 ms",
        "resolve_round_trips": 0,
        "layer_time": "1 ms",
        "layer_round_trips": 1,
        "kept_connections": 6,
        "finish_time": "0 s",
    },
    "ctr-fetch": {
        "resolve_time": "150 ms",
        "resolve_round_trips": 4,
        "layer_time": "10 ms",
        "layer_round_trips": 2,
        "kept_connections": 2,
        "finish_time": "0.3 s",
    },
}

# All clients of a case start on one machine, and their start-up is work: with N of them it is over when its cores have
# done all of it. How many it has is fitted to n10-gocarbon, whose registry's link is idle for 0.3 s at the start where
# that of one client is for 0.1 s.
CORES = 2

# Of a request for 20 kB on a kept connection: its latency is three round trips throughout a pull (fitted to
# n1-golang8-bg-udp-rpc).
ROUND_TRIPS = 3


@dataclass(frozen=True)
class Measured:
    """One configuration that ran three times on real machines."""

    name: str
    core: bool
    config: dict[str, Any]
    rollout_time: float  # median of the runs [s]
    ideal: float  # rollout time by bandwidth sharing alone, as the measurements have it [s]
    runs: tuple[dict[str, Any], ...]

    def ranks(self) -> list[float]:
        """When the first, second, ... last node was ready: medians of the runs [s]."""
        ordered = [sorted(run["node_s"]) for run in self.runs]
        return [median(times) for times in zip(*ordered, strict=True)]

    @property
    def sent(self) -> float | None:
        """What the registry sent: median of the runs [B]; None: a cache served it, whose bytes were not counted."""
        if self.config["cache"] is not None:
            return None
        return median(run["registry_egress_bytes"] for run in self.runs)


def read_all(folder: Path = FOLDER) -> list[Measured]:
    """Every case of a folder, by name."""
    raw = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [
        Measured(
            case["name"], case["core"], case["config"], case["median_rollout_s"],
            case["ideal_max_min_s"]["rollout"], tuple(case["runs"]),
        )
        for case in raw
    ]  # fmt: skip


def scenario_text(case: Measured, queues: bool = False, fairness: bool = False, ping: bool = False) -> str:
    """The scenario file (JSON is YAML), with standing queues, TCP's unfairness and a ping to node 0, or without."""
    config = case.config
    # A warm cache serves every layer itself: it takes the registry's place, with its own link.
    uplink = config["registry_mbit_per_s"] if config["cache"] is None else config["cache"]["egress_mbit"]
    groups, names = _groups(config)
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "name": case.name,
        "model": "real",
        "nodes": groups,
        "network": {"efficiency": f"{EFFICIENCY:.15%}", "latency": f"{plain(config['base_rtt_ms'] / 2)} ms"},
        "registry": {"uplink": _rate(uplink), "ttfb": "0 s"},
        "images": {
            config["image"]: {
                "layers": {
                    f"layer{i}": {"digest": f"layer{i}", "compressed": f"{size} B", "unpacked": f"{size} B"}
                    for i, size in enumerate(config["layer_bytes"])
                }
            }
        },
    }
    scenario["network"]["congestion_control"] = config["congestion_control"]
    if queues:
        scenario["network"]["buffer"] = f"{config['queue_ms']} ms"
    if fairness:
        scenario["network"]["fairness"] = "on"
    if config["racks"]:
        scenario["network"]["links"] = {
            f"rack{i}": {"capacity": _rate(rack["uplink_mbit"])} for i, rack in enumerate(config["racks"])
        }
    if config["background"]:
        scenario["background"] = {
            f"{flow['kind']}{i}": _background(flow, names) for i, flow in enumerate(config["background"])
        }
    if ping:
        way = ["registry.uplink", *groups["group0"].get("via", ()), f"{names[0]}.nic.in"]
        service = {"links": way, "request": {"size": "64 B", "every": "100 ms"}}
        scenario["background"] = scenario.get("background", {}) | {"ping": service}
    return json.dumps(scenario, indent=1)


def _groups(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Node groups, and the scenario's name of each node: equal neighbours are one group."""
    nodes: int = config["nodes"]
    rates = config["node_mbit_per_s"]
    rates = rates if isinstance(rates, list) else [rates] * nodes
    racks: list[int | None] = [None] * nodes
    if config["racks"]:
        racks = [i for i, rack in enumerate(config["racks"]) for _ in range(rack["nodes"])]
    groups: dict[str, Any] = {}
    names, last, name = [], None, ""
    for own in zip(rates, racks, config["start_offsets_s"], strict=True):
        if own != last:
            last, name = own, f"group{len(groups)}"
            rate, rack, start = own
            groups[name] = {
                "count": 0,
                "nic": _rate(rate),
                "disk": "unlimited",
                "unpack": "unlimited",
                "start": f"{plain(start)} s",
                "parallel_layers": config["layers_at_once"],
                "slots_per": "image",
                **client_of(config["client"], nodes),
            }
            if rack is not None:
                groups[name]["via"] = [f"rack{rack}"]
        names.append(f"{name}-{groups[name]['count']:03d}")
        groups[name]["count"] += 1
    return groups, names


def client_of(name: str, nodes: int) -> dict[str, Any]:
    """What a client does beside so many of its kind on its machine."""
    client = CLIENTS[name]
    alone = parse_time(client["resolve_time"])
    return client | {"resolve_time": f"{plain(alone * max(1.0, nodes / CORES))} s"}


def _background(flow: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Traffic from an application server to a node; the node's own link is the only limited one it crosses."""
    links = [f"{names[flow['node']]}.nic.in"]
    if flow["kind"] == "tcp":
        return {"links": links, "connections": 1}
    if flow["kind"] == "udp":
        return {"links": links, "rate": _rate(flow["mbit"])}
    assert flow["kind"] == "rpc"
    every = f"{plain(flow['period_s'])} s"
    return {"links": links, "request": {"size": f"{flow['bytes']} B", "every": every, "round_trips": ROUND_TRIPS}}


def _rate(mbit_per_s: float) -> str:
    return f"{plain(mbit_per_s)} Mbit/s"
