"""What would have been faster: real simulations, expected times from textbook sharing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.planning.what_if import WhatIf, what_if
from rolloutsim.scenario.resolved import (
    Case,
    Distribution,
    Image,
    Layer,
    Link,
    NodeGroup,
    PlannedPull,
    Registry,
    ResolvedScenario,
    Runtime,
)
from rolloutsim.simulation import simulate

GBIT = 125e6  # bytes per second


def star(
    *sizes: float, nodes: int = 20, uplink: float = GBIT, registry: Registry | None = None, **group: Any
) -> ResolvedScenario:
    """The given image sizes, each a case, on equal nodes behind one registry."""
    images = {f"image-{i}": Image(f"image-{i}", "registry", (Layer(f"layer-{i}", s, s),)) for i, s in enumerate(sizes)}
    runtime = Runtime("any", 3, "node", 0.0, 0.0, 0.0, 0.0, 0.0)
    return ResolvedScenario(
        name="star",
        description=None,
        model="real",
        seed=1,
        groups=(NodeGroup("node", nodes, runtime, **group),),
        links={
            "registry.uplink": Link("registry.uplink", "registry_uplink", uplink, uplink),
            "registry.storage": Link("registry.storage", "registry_storage", 2e9, 2e9),
        },
        path_latency=0.0,
        registries={"registry": registry or Registry("registry", ("registry.uplink",))},
        images=images,
        cases=tuple(Case(name, {"node": (PlannedPull(name, Distribution()),)}) for name in images),
        startup=Distribution(),
    )


def changes(scenario: ResolvedScenario) -> list[tuple[str, float, float]]:
    found = what_if(scenario, simulate(scenario))
    return [(one.change, pytest.approx(one.before), pytest.approx(one.after)) for one in found]


def test_a_smaller_image_and_the_next_interface() -> None:
    # 20 × 346 MB / 125 MB/s = 55.36 s; a tenth with 10 Gbit/s; 20 × 16 MB take 2.56 s.
    scenario = star(3.97e6, 16e6, 257e6, 346e6, nic=GBIT, nic_line_rate=GBIT)
    assert changes(scenario) == [
        ("image-1 instead of image-3", 55.36, 2.56),
        ("registry uplink 10 Gbit/s", 55.36, 5.536),
    ]


def test_if_no_image_is_half_as_large_the_next_smaller_one_counts() -> None:
    (found, *_) = changes(star(300e6, 346e6))
    assert found == ("image-0 instead of image-1", 55.36, 48.0)


def test_nics_get_the_next_interface() -> None:
    # 1 Gbit/s NICs: 125 MB in 1 s; with 10 Gbit/s the NIC takes 0.1 s, the uplink of 100 Gbit/s 0.2 s for 20 nodes.
    scenario = star(125e6, uplink=100 * GBIT, nic=GBIT, nic_line_rate=GBIT)
    assert changes(scenario) == [("node NICs 10 Gbit/s", 1.0, 0.2)]


def test_disks_get_twice_the_speed() -> None:
    # Written compressed and unpacked, 100 MB each at 100 MB/s.
    scenario = star(100e6, nodes=1, uplink=100 * GBIT, disk=100e6)
    assert changes(scenario) == [("node disks 200 MB/s", 2.0, 1.0)]


def test_decompression_gets_twice_the_speed() -> None:
    # Fetched in 0.1 s, unpacked at 100 MB/s.
    scenario = star(100e6, nodes=1, uplink=8 * GBIT, unpack_rate=100e6)
    assert changes(scenario) == [("decompression 200 MB/s", 1.1, 0.6)]


def test_connections_lose_their_limit() -> None:
    # 50 of 125 MB/s: 2 s for 100 MB; without the limit 0.8 s.
    scenario = star(100e6, nodes=1, connection_cap=50e6)
    assert changes(scenario) == [("no limit per connection", 2.0, 0.8)]


def test_a_queue_for_connections_loses_its_limit() -> None:
    # One connection at a time, 25 MB/s each: 1, 2, 3, 4 s; at once they share 125 MB/s at their caps of 25 MB/s.
    registry = Registry("registry", ("registry.uplink",), max_connections=1, connection_cap=25e6)
    scenario = star(25e6, nodes=4, registry=registry)
    # The queue takes 0 + 1 + 2 + 3 of 10 s, the caps 4 s; at once without caps 100 MB take 0.8 s, in turn too.
    assert changes(scenario) == [("no limit per connection", 4.0, 0.8), ("no limit on registry connections", 4.0, 1.0)]


def test_storage_gets_twice_the_speed() -> None:
    scenario = star(2e9, nodes=1, uplink=100 * GBIT, registry=Registry("registry", ("registry.storage",)))
    assert changes(scenario) == [("registry storage 4 GB/s", 1.0, 0.5)]


def test_what_a_queue_stands_before_is_tried_first() -> None:
    # One connection at a time; the storage moves 125 MB/s. Eight pulls of 25 MB: 0.2 s each, in turn or at once.
    registry = Registry("registry", ("registry.storage",), max_connections=1)
    scenario = star(25e6, nodes=8, uplink=100 * GBIT, registry=registry)
    storage = replace(scenario.links["registry.storage"], capacity=GBIT, line_rate=GBIT)
    scenario = replace(scenario, links={**scenario.links, "registry.storage": storage})
    assert changes(scenario) == [
        ("registry storage 250 MB/s", 1.6, 0.8),
        ("no limit on registry connections", 1.6, 1.6),
    ]


def test_disks_in_mebibytes_stay_in_mebibytes() -> None:
    scenario = star(125 * 2.0**20, nodes=1, uplink=100 * GBIT, disk=125 * 2.0**20)
    assert changes(scenario) == [("node disks 250 MiB/s", 2.0, 1.0)]


def test_all_racks_get_the_next_interface() -> None:
    # Two racks of 10 nodes behind 1 Gbit/s each: 10 × 125 MB / 125 MB/s.
    scenario = star(125e6, uplink=100 * GBIT, racks=("r1", "r2"))
    downs = {f"{rack}.down": Link(f"{rack}.down", "rack", GBIT, GBIT) for rack in ("r1", "r2")}
    scenario = replace(scenario, links={**scenario.links, **downs})
    assert changes(scenario) == [("rack uplinks 10 Gbit/s", 10.0, 1.0)]


def test_large_runs_are_not_simulated_again() -> None:
    scenario = star(16e6, 346e6)
    run = simulate(scenario)
    long = replace(run, cases=tuple(replace(case, events=1_000_000) for case in run.cases))
    assert what_if(scenario, long) == (
        WhatIf("image-1", "image-0 instead of image-1", pytest.approx(55.36), pytest.approx(2.56)),
    )


def test_nothing_is_tried_if_a_rollout_did_not_finish() -> None:
    scenario = star(16e6, registry=Registry("registry", ("registry.uplink",), max_connections=0))
    assert what_if(scenario, simulate(scenario)) == ()


def test_the_seed_is_the_runs() -> None:
    seeds = []

    def watched(changed: ResolvedScenario, seed: int | None) -> Any:
        seeds.append(seed)
        return simulate(changed, seed)

    scenario = star(346e6)
    what_if(scenario, simulate(scenario, 99), watched)
    assert seeds == [99]
