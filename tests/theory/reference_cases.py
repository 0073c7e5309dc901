"""The cases of `tests/data/reference/` as scenario files.

Every node is a group of one, every number is written out in bytes, bytes/s and seconds, so that nothing is
rounded on the way through the file format.
"""

from __future__ import annotations

import json
from decimal import Decimal
from math import nan
from pathlib import Path
from typing import Any

from tests.theory.observed import Observed

FOLDER = Path(__file__).parents[1] / "data" / "reference"
FILES = sorted(FOLDER.glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    """A case: its specification and its exact results."""
    case: dict[str, Any] = json.loads(path.read_text())
    return case


def plain(number: float) -> str:
    """All digits of a number, without an exponent."""
    return f"{Decimal(repr(number)):f}"


def scenario_text(case: dict[str, Any], open_until: float | None = None) -> str:
    """The scenario file (JSON is YAML).

    A run ends with its last pull; `open_until` [s] keeps it open for background traffic, by one more node with
    a registry of its own that pulls one byte then.
    """
    spec = case["spec"]
    registry_of, registries, links = _registries(spec)
    nodes = {node["id"]: _node(node, spec) for node in spec["nodes"]}
    private = {link for node in spec["nodes"] for link in node["links"] if link.endswith(".nic")}
    links |= {
        _link_name(name): {"capacity": f"{plain(capacity)} B/s"}
        for name, capacity in spec["links"].items()
        if name not in private and not any(name in path for path in spec["registries"].values())
    }
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "name": case["name"],
        "description": case["description"],
        "model": "ideal",
        "nodes": nodes,
        "network": {"efficiency": "100%"} | ({"links": links} if links else {}),
        "registries": registries,
        "images": {
            name: {
                "registry": registry_of[name],
                "layers": {
                    digest: {"digest": digest, "compressed": f"{plain(size)} B"} for digest, size in image["layers"]
                },
            }
            for name, image in spec["images"].items()
        },
        "rollout": {"strategy": "schedule"},
    }
    if spec["background"]:
        scenario["background"] = {flow["id"]: _background(flow, registries) for flow in spec["background"]}
    if open_until is not None:
        registries["late"] = {"uplink": "1 B/s"}
        scenario["images"]["late"] = {"registry": "late", "layers": {"late": {"digest": "late", "compressed": "1 B"}}}
        nodes["late"] = {"count": 1, "nic": "1 B/s", "pulls": [{"image": "late", "at": f"{plain(open_until)} s"}]}
    return json.dumps(scenario, indent=1)


def expected(case: dict[str, Any]) -> Observed:
    """The exact results, with a scenario's names for nodes; background that outlasts the rollout never finishes."""
    exact, nodes = case["exact"], case["spec"]["nodes"]
    return Observed(
        layers={
            (f"{node}-000", digest): (span[0], span[1])
            for node, spans in exact["layers"].items()
            for digest, span in spans.items()
        },
        pulls={
            (f"{node['id']}-000", pull["image"]): (pull["start"], finish)
            for node in nodes
            for pull, finish in zip(node["pulls"], exact["pull_finish"][node["id"]], strict=True)
        },
        nodes={f"{node}-000": time for node, time in exact["node_finish"].items()},
        background={
            flow: time if time <= exact["makespan"] else nan for flow, time in exact["background_finish"].items()
        },
    )


def _registries(spec: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """Which registry serves each image, the registries, and the links that several of them share.

    A registry whose images have one rate cap owns its uplink; one whose images differ becomes one registry
    for each cap, all behind a link of their own.
    """
    registry_of: dict[str, str] = {}
    registries: dict[str, Any] = {}
    links: dict[str, Any] = {}
    for name, (egress,) in spec["registries"].items():
        images = {image: one["rate_cap"] for image, one in spec["images"].items() if one["registry"] == name}
        capacity = f"{plain(spec['links'][egress])} B/s"
        caps = sorted(set(images.values()), key=lambda cap: (cap is None, cap))
        if len(caps) > 1:
            links[f"{name}-egress"] = {"capacity": capacity}
        for number, cap in enumerate(caps):
            alias = name if len(caps) == 1 else f"{name}-{number}"
            registries[alias] = {"uplink": capacity}
            if len(caps) > 1:
                registries[alias] = {"uplink": "unlimited", "via": [f"{name}-egress"]}
            if cap is not None:
                registries[alias]["connection_cap"] = f"{plain(cap)} B/s"
            registry_of |= {image: alias for image, own in images.items() if own == cap}
    return registry_of, registries, links


def _node(node: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    (nic,) = (link for link in node["links"] if link.endswith(".nic"))
    via = [_link_name(link) for link in node["links"] if link != nic]
    group: dict[str, Any] = {
        "count": 1,
        "nic": f"{plain(spec['links'][nic])} B/s",
        "parallel_layers": node["concurrency"],
        "pulls": [{"image": pull["image"], "at": f"{plain(pull['start'])} s"} for pull in node["pulls"]],
    }
    if via:
        group["via"] = via
    if node["rate_cap"] is not None:
        group["connection_cap"] = f"{plain(node['rate_cap'])} B/s"
    return group


def _background(flow: dict[str, Any], registries: dict[str, Any]) -> dict[str, Any]:
    traffic = {
        "links": [_background_link(link, registries) for link in flow["links"]],
        "size": f"{plain(flow['size'])} B",
        "at": f"{plain(flow['start'])} s",
    }
    if flow["rate_cap"] is not None:
        traffic["cap"] = f"{plain(flow['rate_cap'])} B/s"
    return traffic


def _background_link(name: str, registries: dict[str, Any]) -> str:
    owner, _, part = name.partition(".")
    if part == "nic":
        return f"{owner}-000.nic.in"
    return f"{owner}.uplink" if part == "egress" and owner in registries else _link_name(name)


def _link_name(name: str) -> str:
    # `tor0.up` would read as a link that belongs to a rack.
    return name.replace(".", "-")
