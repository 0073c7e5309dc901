"""Pulls alone on an idle system: what they are simulated with, how often, and what is left of it.

The oracle of a time is the scenario itself with that one node in it, simulated as it is.
"""

from __future__ import annotations

import gc
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rolloutsim import simulation
from rolloutsim.collecting import collect
from rolloutsim.fleet.build import build
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.scenario import loads
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import Case, PlannedPull
from rolloutsim.scenario.routes import rack_of
from rolloutsim.simulation import AloneTimes, simulate
from tests.benchmarks import shapes

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.resolved import ResolvedScenario

RICH = """\
rolloutsim: 1
nodes:
  web: {count: 5, racks: [r1, r2], via: [wan], cached: {base: 2, other: 4}}
  slow: {count: 2, racks: [r1], nic: 300 Mbit/s, disk: 100 MB/s, via: [wan], cached: {app: 1}}
  edge: {count: 3, runtime: dockerd, nic: 2 Gbit/s}
network:
  rate: 1 Gbit/s
  racks: {uplink: 800 Mbit/s}
  links: {wan: {capacity: 500 Mbit/s, latency: 20 ms, buffer: 40 ms}, store: {capacity: 900 Mbit/s, latency: 3 ms}}
registries:
  hub: {uplink: 700 Mbit/s, replicas: 3, tls: true, rate_limit: {rate: 1/s, burst: 2}}
  lake: {uplink: 10 Gbit/s, redirect: {via: [store], ttfb: 30 ms, connection_cap: 60 MB/s}, max_connections: 2}
images:
  base: {layers: [{digest: a, compressed: 40 MB}, {digest: b, compressed: 10 MB}], registry: hub}
  app: {base: base, layers: [{digest: c, compressed: 30 MB}, {digest: a, compressed: 40 MB}, 5 MB], registry: lake}
  other: {layers: [{digest: c, compressed: 30 MB}], registry: hub}
background: {backup: {links: [wan], size: 5 GB}}
"""


# No link is narrower than any NIC, and nothing but these, the disks and the decompressors binds.
WIDE = re.sub("[5-9]00 Mbit/s", "9 Gbit/s", RICH)


def by_itself(scenario: ResolvedScenario, number: int, node: int, image: str) -> float:
    """The time of one pull by one of a group's nodes, with all the scenario's links, registries and images."""
    group = scenario.groups[number]
    held, rack = dict.fromkeys(cached_images(group)[node], 1), rack_of(group, node)
    one = replace(group, count=1, racks=() if rack is None else (rack,), cached=held)
    case = Case("one", {group.name: (PlannedPull(image, Distribution()),)})
    registries = {name: registry.without_limits() for name, registry in scenario.registries.items()}
    idle = replace(
        scenario, groups=(one,), cases=(case,), background=(), registries=registries, startup=Distribution()
    )  # fmt: skip
    return float(simulate(idle, alone=False).cases[0].pulls.pulled[0])


@pytest.mark.parametrize("text", [RICH, WIDE, WIDE.replace(", replicas: 3", "").replace(", max_connections: 2", "")])
def test_a_pull_alone_takes_as_long_as_with_all_that_it_does_not_meet(text: str) -> None:
    scenario = loads(text).resolve()
    times = AloneTimes(scenario)
    found = []
    for number, group in enumerate(scenario.groups):
        for node, held in enumerate(cached_images(group)):
            for image in scenario.images:
                found.append(times.of(group, number, rack_of(group, node), image, held))
                assert found[-1] == by_itself(scenario, number, node, image)
    assert len(set(found)) > 10


HOSTED = """\
rolloutsim: 1
nodes: {web: {count: 4, racks: [r1, r2]%s}}
network: {rate: 1 Gbit/s, racks: {uplink: 800 Mbit/s, latency: 1 ms}}
registries: {hub: {uplink: 700 Mbit/s, ttfb: 30 ms}}
mirrors:
  near: {in: rack, of: hub, uplink: 300 Mbit/s%s}
  far: {in: r1, of: hub, uplink: 200 Mbit/s, tls: true}
caches: {store: {upstream: hub, uplink: 1 Gbit/s}}
peers: {spegel: {}}
images: {base: {layers: [40 MB, 10 MB]}, app: {base: base, layers: [30 MB]}}
%s
"""


@pytest.mark.parametrize("hosts", ["[near, hub]", "[far, store, hub]", "[far]", "[hub]", "[hub, spegel]"])
def test_a_pull_from_a_mirror_takes_as_long_alone_as_by_the_only_node(hosts: str) -> None:
    scenario = loads(HOSTED % (f", hosts: {hosts}", "", "")).resolve()
    pulls = {case.name: case.pulls for case in simulate(scenario).cases}
    group = scenario.groups[0]
    for image, its in pulls.items():
        for node, alone in zip(its.node.tolist(), its.alone.tolist(), strict=True):
            one = replace(group, count=1, racks=(rack_of(group, node) or "",))
            case = Case("one", {group.name: (PlannedPull(image, Distribution()),)})
            lonely = simulate(replace(scenario, groups=(one,), cases=(case,)), alone=False).cases[0].pulls
            assert alone == pytest.approx(lonely.pulled[0] - lonely.asked[0], rel=1e-12)


def test_to_name_the_images_own_registry_changes_no_time_alone() -> None:
    times = [
        [case.pulls.alone.tolist() for case in simulate(loads(HOSTED % (hosts, "", "")).resolve()).cases]
        for hosts in ("", ", hosts: [hub]")
    ]
    assert times[0] == times[1]


DOWN = "failures: {down: {mirror: near, at: 0 s}}"


@pytest.mark.parametrize(
    ("hosts", "holds", "more"),
    [
        ("[store, hub]", "", ""),  # what it has depends on others
        ("[spegel, far, hub]", "", ""),
        ("[near, hub]", ", images: [base]", ""),  # it lacks a layer of app
        ("[near, hub]", "", DOWN),  # nodes go on to the registry, which may be quicker
        ("[near, hub]", ", max_connections: 1", ""),
    ],
)
def test_a_time_alone_is_unknown_where_others_decide_whom_a_node_gets_layers_from(
    hosts: str, holds: str, more: str
) -> None:
    scenario = loads(HOSTED % (f", hosts: {hosts}", holds, more)).resolve()
    alone = {case.name: case.pulls.alone for case in simulate(scenario).cases}
    assert np.isnan(alone["app"]).all()
    assert np.isnan(alone["base"]).all() == ("base" not in holds)


def test_pulls_that_do_not_differ_in_what_they_meet_are_simulated_once() -> None:
    layers = "[50 MB, 20 MB]"
    text = (
        "rolloutsim: 1\nregistry: {uplink: 10 Gbit/s}\n"
        "network: {rate: 1 Gbit/s, links: {x: 500 Mbit/s, y: 500 Mbit/s, z: {capacity: 500 Mbit/s, latency: 1 ms}}}\n"
        "nodes: {a: {count: 2, via: [x]}, b: {count: 3, via: [y], shared_address: true, cached: {none: 1}},"
        " c: {count: 1, via: [z]}, d: {count: 1, via: [y], nic: 2 Gbit/s},"
        " e: {count: 1, via: [y], cached: {half: 1}}}\n"
        f"images: {{one: {{layers: {layers}}}, two: {{layers: {layers}}}, none: 3 MB,"
        " half: {layers: [{digest: one/0, compressed: 50 MB}]}}\n"
    )
    scenario = loads(text).resolve()
    times = AloneTimes(scenario)

    def known(name: str, image: str, node: int = 0) -> int:
        number = next(n for n, group in enumerate(scenario.groups) if group.name == name)
        group = scenario.groups[number]
        times.of(group, number, None, image, cached_images(group)[node])
        return len(times.known)

    # Neither the group's name nor the link's, the digests of the layers, or what is held and of no use matter.
    assert [known("a", "one"), known("a", "two"), known("b", "one"), known("b", "one", 2)] == [1, 1, 1, 1]
    # A latency, a NIC and a layer that is held do; of another image the same layer is another.
    assert [known("c", "one"), known("d", "one"), known("e", "one"), known("e", "two")] == [2, 3, 4, 4]


def test_pulls_that_differ_in_what_is_held_share_a_machine_and_take_as_long_as_with_one_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = loads(shapes.text("cached_sets", 12)).resolve()
    built: list[object] = []

    def counted(*args: Any) -> Actors:
        built.append(args)
        return build(*args)

    gc.collect()
    before = _networks()
    times = AloneTimes(scenario)
    with monkeypatch.context() as patched:
        patched.setattr(simulation, "build", counted)
        gc.disable()
        try:
            found = [
                times.of(group, number, None, "api", cached_images(group)[0])
                for number, group in enumerate(scenario.groups)
            ]
            assert len(built) == 1
            assert _networks() == before + 1
            built.clear()
            times.forget()
            assert _networks() == before
        finally:
            gc.enable()
    assert len(times.known) == 12
    assert len(set(found)) > 8
    assert found == [by_itself(scenario, number, 0, "api") for number in range(12)]


def test_nothing_is_left_of_a_pull_that_was_simulated_alone() -> None:
    scenario = loads(shapes.text("own_link", 5)).resolve()
    times = AloneTimes(scenario)
    gc.collect()
    before = _networks()
    gc.disable()
    try:
        for number, group in enumerate(scenario.groups):
            assert times.of(group, number, None, "api", ()) > 0.0
        assert _networks() == before
    finally:
        gc.enable()
    assert len(times.known) == 5


def test_nothing_is_left_of_a_case_when_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(shapes.text("own_nic", 3))
    document["images"] |= {f"i{i}": "1 MB" for i in range(4)}
    scenario = loads(json.dumps(document)).resolve()
    seen: list[int] = []

    def noting(*args: Any, **more: Any) -> CaseRecords:
        seen.append(_networks())
        return collect(*args, **more)

    monkeypatch.setattr(simulation, "collect", noting)
    gc.collect()
    before = _networks()
    simulation.simulate(scenario)
    assert seen == [before + 1] * 5
    assert _networks() == before


def _networks() -> int:
    """How many networks there are."""
    return sum(isinstance(one, FluidNetwork) for one in gc.get_objects())


@pytest.mark.parametrize(("count", "nodes"), [(0, 7), (1, 7), (3, 7), (7, 7), (2, 4), (333, 1000), (999, 1000)])
def test_cached_images_lie_evenly_on_the_nodes_of_a_group(count: int, nodes: int) -> None:
    scenario = loads(RICH).resolve()
    group = replace(scenario.groups[0], count=nodes, cached={"base": count, "other": nodes})
    held = cached_images(group)
    # Node i is one of them if the share of nodes up to it passes another whole number of images.
    wanted = [(i + 1) * count // nodes > i * count // nodes for i in range(nodes)]
    assert ["base" in images for images in held] == wanted
    assert all(images[-1] == "other" for images in held)
    assert np.count_nonzero(wanted) == count
