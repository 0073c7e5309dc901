"""What images take on disks and cost: expected bytes are added up by hand."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from rolloutsim.results.load.disks import NodeDisk, disk_summary
from rolloutsim.results.metrics import summarise
from rolloutsim.results.shown.tables import disk_rows
from rolloutsim.scenario.resolved import Image, Prices
from tests.results.by_hand import RUNTIME, Story, image, run
from tests.results.rollout_by_hand import Rollout

# Unpacked layers are twice as large as compressed ones in all stories.
BASE = image("base", 10e9)
APP = Image("app", "registry", (*BASE.layers, *image("app", 5e9).layers))


def story() -> Story:
    """Three nodes: the first pulls both images, the second only app; the third's pull failed."""
    told = Story((BASE, APP), nodes=3, rollout=Rollout())
    told.pull(0.0, 1.0, 4.0)
    told.pull(0.0, 1.0, 4.0, image=1)
    told.pull(0.0, 1.0, 5.0, node=1, image=1)
    told.fail(told.pull(0.0, nan, nan, node=2), 3.0, "no space left on device")
    return told


def test_nodes_keep_each_layer_once_compressed_and_unpacked() -> None:
    found = disk_summary(run(case := story().case()), case)
    # app holds base's layer: 15 GB compressed and 30 GB unpacked, on two nodes.
    assert (found.bytes_per_node, found.most_bytes_per_node, found.fleet_bytes) == (45e9, 45e9, 90e9)
    assert found.registry_bytes == 15e9
    base, app = found.images
    assert (base.nodes, base.compressed_bytes, base.unpacked_bytes) == (1, 10e9, 20e9)
    assert (base.bytes_per_node, base.fleet_bytes) == (30e9, 30e9)
    assert (app.nodes, app.bytes_per_node, app.fleet_bytes) == (2, 45e9, 90e9)
    assert (found.cost_per_month, found.peak_utilisation, found.collected_bytes) == ({}, None, 0.0)


def test_a_runtime_that_drops_compressed_layers_keeps_the_unpacked_ones() -> None:
    case = story().case()
    found = disk_summary(run(case, runtime=replace(RUNTIME, keeps_compressed=False)), case)
    assert (found.fleet_bytes, found.registry_bytes) == (60e9, 15e9)
    assert [one.bytes_per_node for one in found.images] == [20e9, 30e9]


def test_prices_are_for_what_nodes_and_registry_keep() -> None:
    case = story().case()
    found = disk_summary(run(case, prices=Prices(ssd=0.10, hdd=0.04)), case)
    # 90 GB on nodes and 15 GB in the registry.
    assert found.cost_per_month == {"ssd": 105 * 0.10, "hdd": 105 * 0.04}
    assert [one.cost_per_month["ssd"] for one in found.images] == [40 * 0.10, 105 * 0.10]


def test_bare_pulls_have_a_disk_section_if_prices_are_given() -> None:
    told = story()
    told.rollout = None
    case = told.case()
    assert summarise(run(case)).cases["all"].disk is None
    summary = summarise(run(case, prices=Prices(hdd=1.0)))
    table = disk_rows(summary)
    assert table is not None
    assert [column.heading for column in table.columns] == [
        "image", "a node", "all nodes", "registry", "a month on HDD", "vs smallest",
    ]  # fmt: skip
    assert table.cells() == (
        ("base", "30 GB", "30 GB", "10 GB", "40.0", "1.00×"),
        ("app", "45 GB", "90 GB", "15 GB", "105", "1.50×"),
    )
    assert disk_rows(summarise(run(case))) is None


def test_disks_with_a_capacity_say_how_full_they_were() -> None:
    told = story()
    assert told.rollout is not None
    told.rollout.disks += [(0, 100e9, 10e9, 80e9, 55e9, 0.0), (1, 50e9, 40e9, 50e9, 45e9, 30e9)]
    case = told.case()
    found = disk_summary(run(case), case)
    assert found.nodes == (
        NodeDisk("node-000", 100e9, 10e9, 80e9, 55e9, 0.0),
        NodeDisk("node-001", 50e9, 40e9, 50e9, 45e9, 30e9),
    )
    assert (found.peak_utilisation, found.collected_bytes) == (1.0, 30e9)


def test_nothing_pulled_takes_nothing() -> None:
    told = Story((BASE,), finished=False, end=9.0)
    told.fail(told.pull(0.0, nan, nan), 3.0, "no space left on device")
    case = told.case()
    found = disk_summary(run(case), case)
    assert (found.bytes_per_node, found.most_bytes_per_node, found.fleet_bytes) == (0.0, 0.0, 0.0)
    assert found.images[0].bytes_per_node == 0.0
