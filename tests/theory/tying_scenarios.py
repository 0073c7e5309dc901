"""Random small ideal scenarios in which events tie, simulated and in exact rational arithmetic.

Few sizes, few times, few speeds; equal groups behind the same slow links, groups that come late and do not cross
them, several registries, caps, transfers that are cut, constant rates that begin and end at the instants at which
pulls do and that may add up to all that a link has.
"""

from __future__ import annotations

import json
from math import inf, isnan
from typing import TYPE_CHECKING, Any

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.oracle.exact import simulate_exactly
from tests.oracle.exact_sharing import Bounds
from tests.theory.observed import exactly, observe
from tests.theory.tying_networks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Hashable
    from random import Random

    from rolloutsim.results.facts.records import CaseRecords

UNCOUNTED = 0.1  # [B]

SPEEDS = (50, 100, 100, 200, 300)  # [MB/s]
SIZES = (1, 50, 100, 100, 200)  # [MB]
TIMES = (0, 0, 0, 1, 2, 5)  # [s]


def tying_scenario(random: Random) -> str:
    """Draw a scenario; its file as text."""
    registries = [f"hub{i}" for i in range(random.choice((1, 1, 2)))]
    middles = [f"slow{i}" for i in range(random.choice((0, 1, 1, 2)))]
    images = _images(random, registries)
    nodes: dict[str, Any] = {}
    for number in range(random.choice((2, 2, 3, 3, 4))):
        late = random.choice((0, 0, 10))
        group: dict[str, Any] = {
            "count": random.choice((1, 1, 2, 4, 6)),
            "nic": _speed(random),
            "parallel_layers": random.choice((1, 2, 3)),
            "slots_per": random.choice(("node", "node", "image")),
            "pulls": [
                {"image": image, "at": f"{late + random.choice(TIMES)} s"}
                for image in random.sample(sorted(images), random.randint(1, len(images)))
            ],
        }
        if via := random.sample(middles, random.randint(0, len(middles))):
            group["via"] = via
        if random.random() < 0.2:
            group["racks"] = random.choice((["r1"], ["r1", "r2"]))
        if random.random() < 0.2:
            group["connection_cap"] = _speed(random)
        if random.random() < 0.2:
            group["cached"] = {image: random.randint(0, group["count"]) for image in random.sample(sorted(images), 1)}
        nodes[f"g{number}"] = group
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "model": "ideal",
        "nodes": nodes,
        "registries": {name: {"uplink": _speed(random)} for name in registries},
        "images": images,
        "rollout": "schedule",
    }
    network: dict[str, Any] = {"links": {name: _speed(random) for name in middles}} if middles else {}
    shared = [*middles, *(f"{name}.uplink" for name in registries)]
    if racks := sorted({rack for group in nodes.values() for rack in group.get("racks", ())}):
        network["racks"] = {"uplink": _speed(random)}
        shared += [f"{rack}.down" for rack in racks]
    if network:
        scenario["network"] = network
    if random.random() < 0.5:
        shared += [f"{name}-000.nic.in" for name in nodes]
        scenario["background"] = {f"b{i}": _traffic(random, shared) for i in range(random.choice((1, 2, 3)))}
    return json.dumps(scenario, indent=1)


def _speed(random: Random) -> str:
    return f"{random.choice(SPEEDS)} MB/s"


def _images(random: Random, registries: list[str]) -> dict[str, Any]:
    images: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for number in range(random.choice((1, 2, 2, 3))):
        digests = [f"l{len(sizes) + i}" for i in range(random.choice((1, 1, 2, 3)))]
        if sizes and random.random() < 0.3:
            digests.insert(0, random.choice(sorted(sizes)))
        for digest in digests:
            sizes.setdefault(digest, random.choice(SIZES))
        images[f"image{number}"] = {
            "registry": random.choice(registries),
            "layers": {digest: {"digest": digest, "compressed": f"{sizes[digest]} MB"} for digest in digests},
        }
    return images


def _traffic(random: Random, links: list[str]) -> dict[str, Any]:
    begin, lasts = random.choice(TIMES), random.choice((None, 1, 2, 5))
    traffic: dict[str, Any] = {"links": random.sample(links, random.choice((1, 1, min(2, len(links)))))}
    if random.random() < 0.5:
        traffic |= {"rate": f"{random.choice((25, 50, 50, 100))} MB/s", "from": f"{begin} s"}
    elif random.random() < 0.5:
        traffic |= {"size": f"{random.choice(SIZES)} MB", "at": f"{begin} s"}
    else:
        traffic |= {"connections": random.choice((1, 2, 4)), "from": f"{begin} s"}
        lasts = lasts or 5
    if "rate" not in traffic and random.random() < 0.3:
        traffic["cap"] = _speed(random)
    if lasts is not None:
        traffic["until"] = f"{begin + lasts} s"
    return traffic


def differences(text: str) -> list[str]:
    """What a simulation says otherwise than exact arithmetic, beyond `TOLERANCE`."""
    scenario = loads(text).resolve()
    (case,) = simulate(scenario, alone=False).cases
    times = simulate_exactly(scenario, "all")
    right, ours = exactly(scenario, times), observe(case)
    found: list[str] = []

    # Bulk connections without an end are flows of some 1e13 B, whose bytes by now are only known to a few hundredths.
    endless = any(one.rate is None and one.size is None for one in scenario.background)

    def compare(what: str, key: Hashable, value: float, least: float, most: float) -> None:
        slack = TOLERANCE * max(1.0, abs(most)) + (UNCOUNTED if endless and what == "carried" else 0.0)
        if isnan(value) and isnan(least):
            return
        if not least - slack <= value <= most + slack:
            found.append(f"{what} of {key}: {value!r}, exactly {least!r} to {most!r}")

    is_over = all(end is not None for _, end in times.pulls.values())
    if case.finished != is_over:
        found.append(f"finished: {case.finished}, exactly {is_over}")
    layers = {key: span for key, span in ours.layers.items() if not isnan(span[1])}
    for what, got, exact in (("layers", layers, right.layers), ("pulls", ours.pulls, right.pulls)):
        found += [f"{what}: only one has {key}" for key in got.keys() ^ exact.keys()]
        for key in got.keys() & exact.keys():
            for value, expected in zip(got[key], exact[key], strict=True):
                compare(what, key, value, expected, expected)
    end = float(times.end)
    for traffic in scenario.background:
        # A run ends with its last pull; what ends at that instant may or may not have ended before it.
        expected = right.background.get(traffic.name, inf)
        if traffic.rate is None and is_over and abs(expected - end) > TOLERANCE:
            value = ours.background[traffic.name]
            if expected < end:
                compare("background", traffic.name, value, expected, expected)
            elif not isnan(value):
                found.append(f"background of {traffic.name}: {value!r}, exactly {expected!r}")
    if is_over:
        for link, saturated, peak, carried in _links(case):
            for what, value, bounds in (
                ("saturated", saturated, times.saturated.get(link, Bounds())),
                ("peak", peak, times.peaks.get(link, Bounds())),
            ):
                compare(what, link, value, float(bounds.least), float(bounds.most))
            expected = float(times.carried.get(link, 0))
            compare("carried", link, carried, expected, expected)
    return found


def _links(case: CaseRecords) -> list[tuple[str, float, float, float]]:
    """Every link: its name, seconds saturated, most flows, bytes carried."""
    shared = case.shared_links
    rows = [
        (name, float(shared.saturated[i]), float(shared.peak_flows[i]), float(shared.bytes[i]))
        for i, name in enumerate(shared.name)
    ]
    for links in case.private_links:
        rows += [
            (
                f"{case.node_names[node]}.{links.kind}",
                *map(float, (links.saturated[i], links.peak_flows[i], links.bytes[i])),
            )
            for i, node in enumerate(links.node.tolist())
        ]
    return rows
