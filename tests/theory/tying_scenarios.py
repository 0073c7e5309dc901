"""Random small ideal scenarios in which events tie, simulated and in exact rational arithmetic.

Few sizes, few times, few speeds; equal groups behind the same slow links, groups that come late and do not cross
them, several registries, caps, transfers that are cut, constant rates that begin and end at the instants at which
pulls do and that may add up to all that a link has. Uneven ones have storage, caps of pulls and of registries as well,
and numbers of all magnitudes, some of which doubles only come near to.
"""

from __future__ import annotations

import json
from math import inf, isnan, ulp
from sys import float_info
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.endless import LONGEST
from rolloutsim.network.guards import ROUNDING
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.oracle.exact import simulate_exactly
from tests.oracle.exact_sharing import Bounds, as_written
from tests.theory.observed import exactly, observe
from tests.theory.tying_networks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Hashable
    from random import Random

    from rolloutsim.results.facts.records import CaseRecords

SPEEDS = (50, 100, 100, 200, 300)  # [MB/s]
SIZES = (1, 50, 100, 100, 200)  # [MB]
TIMES = (0, 0, 0, 1, 2, 5)  # [s]


def uneven_scenario(random: Random) -> str:
    """Draw a scenario with more of what there is, and with numbers of all magnitudes; its file as text."""
    scenario = json.loads(tying_scenario(random))
    links = list(scenario.get("network", {}).get("links", ()))
    for registry in scenario["registries"].values():
        if random.random() < 0.3:
            registry["storage"] = _speed(random)
        if random.random() < 0.3:
            registry["connection_cap"] = _speed(random)
        # A path crosses no link twice.
        if links and random.random() < 0.3:
            registry["via"] = [links[0]]
    for group in scenario["nodes"].values():
        if random.random() < 0.3:
            group["pull_cap"] = _speed(random)
        if any(links[:1] == registry.get("via") for registry in scenario["registries"].values()):
            group["via"] = [link for link in group.get("via", ()) if link != links[0]]
    kept, spread = random.choice((1.0, 0.7, 0.0)), random.choice((0.3, 2.0, 5.0))
    # Equal figures stay equal: nodes that are alike, layers of several images.
    other: dict[str, str] = {}

    def redrawn(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: redrawn(one) for key, one in value.items()}
        if isinstance(value, list):
            return [redrawn(one) for one in value]
        if not isinstance(value, str) or " " not in value:
            return value
        if value not in other:
            figure, unit = value.split(" ")
            factor = 1.0 if random.random() < kept else 10.0 ** random.uniform(-spread, spread)
            # Decimals, most of which no double is, and which may well add up to a tie.
            other[value] = f"{float(figure) * factor:.{random.choice((1, 2, 3, 6, 15))}g} {unit}"
        return other[value]

    scenario = redrawn(scenario)
    for traffic in scenario.get("background", {}).values():
        begin = traffic.get("from", traffic.get("at"))
        if "until" in traffic and float(traffic["until"].split()[0]) <= float(begin.split()[0]):
            del traffic["until"]
            if "rate" not in traffic:
                traffic.setdefault("size", "50 MB")
    return json.dumps(scenario, indent=1)


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
    times = simulate_exactly(scenario, "all", as_written)
    right, ours = exactly(scenario, times), observe(case)
    found: list[str] = []

    # A difference of two times is known to a few steps of the clock, which are 1e-7 s after some years, and what a
    # transfer has moved by then to what moves meanwhile and to a step of its size.
    step = 4 * ulp(float(times.end))
    # What constant rates leave of a link is the difference of two numbers that are known to a few steps: the less there
    # is of it, the less is known of it, and so little that it may be a rounding is none to the engine.
    if times.least_left < 2 * ROUNDING:
        return []
    if times.end > LONGEST:
        # Nothing is later than that to the engine, which says so.
        return [] if case.stuck and not case.finished else [f"finished at {float(times.end)!r}"]
    tolerance = TOLERANCE + 4 * float_info.epsilon / float(times.least_left)
    sizes = sum((2 * one.connections * ulp(one.size) for one in scenario.background if one.size), 0.0)

    def compare(what: str, key: Hashable, value: float, least: float, most: float, known: float = 0.0) -> None:
        slack = tolerance * max(1.0, abs(most)) + known
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
        for link, saturated, peak, carried, capacity in _links(case):
            for what, value, bounds, known in (
                ("saturated", saturated, times.saturated.get(link, Bounds()), step),
                ("peak", peak, times.peaks.get(link, Bounds()), 0.0),
            ):
                compare(what, link, value, float(bounds.least), float(bounds.most), known)
            expected = float(times.carried.get(link, 0))
            compare("carried", link, carried, expected, expected, capacity * step + sizes)
    return found


def _links(case: CaseRecords) -> list[tuple[str, float, float, float, float]]:
    """Every link: its name, seconds saturated, most flows, bytes carried, capacity."""
    shared = case.shared_links
    columns = (shared.saturated, shared.peak_flows, shared.bytes, shared.capacity)
    rows = [(name, *(float(column[i]) for column in columns)) for i, name in enumerate(shared.name)]
    for links in case.private_links:
        rows += [
            (
                f"{case.node_names[node]}.{links.kind}",
                *map(float, (links.saturated[i], links.peak_flows[i], links.bytes[i], links.capacity[i])),
            )
            for i, node in enumerate(links.node.tolist())
        ]
    return rows
