"""What a report says of the scenario: what was given and by whom, and the sources of what was not."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.api.result import Result
from rolloutsim.report.inputs import defaults_table, given_table
from rolloutsim.report.markdown import to_markdown
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.scenario.settings import SWITCHES
from rolloutsim.scenario.structure import all_keys
from tests.shipped import ROOT, SCENARIOS

TEXT = """\
rolloutsim: 1
name: 5 s
nodes: {storage: {count: 2, nic: 10 Gbit/s, disk: 200 MB/s, unpack: 112 MiB/s, start: {min: 0 s, max: 1.5 s}}}
network: {latency: 0.25 ms, mtu: 9000, buffer: 1 s}
registry: {uplink: 2.5 Gbit/s, storage: 1.5 GB/s, connection_cap: 85 MB/s, redirect: true, ttfb: 4 ms}
images: {"a:1": {layers: [30 MB, {compressed: 64 kB, unpacked: 250 MiB}], ratio: 3}, b: 7 B}
background: {shop: {links: [registry.uplink], request: {size: 64 kB, every: 50 ms, round_trips: 2}}}
thresholds: {rollout_time: max < 90 s}
"""


def given(scenario: rs.Scenario) -> dict[str, str]:
    return {row[0]: row[1] for row in given_table(scenario.resolve()).cells()}


def defaults(scenario: rs.Scenario) -> dict[str, tuple[str, str]]:
    return {row[0]: (row[1], row[2]) for row in defaults_table(scenario.resolve()).cells()}


def test_quantities_are_said_as_they_were_given() -> None:
    assert given(rs.loads(TEXT)) == {
        "name": "5 s",
        "nodes.storage.count": "2",
        "nodes.storage.nic": "10 Gbit/s",
        "nodes.storage.disk.rate": "200 MB/s",
        "nodes.storage.unpack.rate": "112 MiB/s",
        "nodes.storage.start.min": "0 s",
        "nodes.storage.start.max": "1.5 s",
        "network.latency": "0.25 ms",
        "network.mtu": "9000",
        "network.buffer": "1 s",
        "registry.uplink": "2.5 Gbit/s",
        "registry.storage": "1.5 GB/s",
        "registry.connection_cap": "85 MB/s",
        "registry.redirect": "true",
        "registry.ttfb": "4 ms",
        "images.a:1.layers.0.compressed": "30 MB",
        "images.a:1.layers.1.compressed": "64 kB",
        "images.a:1.layers.1.unpacked": "250 MiB",
        "images.a:1.ratio": "3",
        "images.b.compressed": "7 B",
        "background.shop.links": "registry.uplink",
        "background.shop.request.size": "64 kB",
        "background.shop.request.every": "50 ms",
        "background.shop.request.round_trips": "2",
        "thresholds.rollout_time[0].check": "max < 90 s",
    }


def test_switches_are_said_as_words() -> None:
    said = given(rs.load(ROOT / "scenarios/shared-link.yaml"))
    assert (said["network.fairness"], said["network.buffer"]) == ("on", "20 ms")
    off = rs.load(ROOT / "scenarios/shared-link.yaml", ['network.fairness="off"', "registry.redirect=false"])
    assert [given(off)[key] for key in ("network.fairness", "registry.redirect")] == ["off", "false"]


def test_every_switch_of_the_format_is_known() -> None:
    """A short form of words that becomes an empty map is no longer seen in the document; one that is off is."""
    found = {}
    for path, part in all_keys():
        forms = part.short.forms({"patternProperties": {"": {}}, "items": {}}) if part.short else []
        words = [word for form in forms for word in form.get("enum", (True, False) * (form.get("type") == "boolean"))]
        by_long = {str(part.short.expand(word)): str(word).lower() for word in words} if part.short else {}
        if {"{}", "None"} <= set(by_long):
            found[path[-1]] = by_long["{}"]
            assert part.short is not None
            assert str(part.short.off).lower() == by_long["None"]
    assert found == SWITCHES


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_was_given_reads_as_the_same_scenario(path) -> None:  # type: ignore[no-untyped-def]
    """What the table says, set as an override, changes nothing."""
    scenario = rs.load(path)
    known = scenario.resolve()
    quantities = [(key, value) for key, value, *_ in given_table(known).cells()
                  if key.startswith(("network.", "registry.", "nodes.", "background."))
                  and not key.endswith(("links", "racks", "via", "between", "hosts"))]  # fmt: skip
    overrides = [f"{key}={value}" for key, value in quantities]
    assert rs.load(path, overrides).resolve() == known


def test_defaults_have_the_sources_of_their_keys() -> None:
    found = defaults(rs.load(ROOT / "scenarios/20nodes.yaml"))
    aws = "AWS EBS gp3 without provisioned throughput: 125 MiB/s; EBS volume types page"
    assert found["nodes.node.disk.rate"] == ("125 MiB/s", aws)
    value, source = found["images.<image>.ratio"]
    assert value == "2.67"
    assert source.startswith("median of nine published pairs, 2.35 to 3.45: ")
    assert found["nodes.node.parallel_layers"][0] == "3"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_no_default_has_its_source_elsewhere_or_is_given_too(path) -> None:  # type: ignore[no-untyped-def]
    scenario = rs.load(path)
    found = defaults(scenario)
    assert [key for key, (_, source) in found.items() if "of its keys" in source] == []
    assert set(found) & set(given(scenario)) == set()


def test_defaults_are_those_of_the_groups_own_runtime() -> None:
    found = defaults(rs.loads(TEXT, overrides=["nodes.storage.runtime=cri-o"]))
    assert found["nodes.storage.parallel_layers"] == ("6", "containers/image copy/copy.go L38-40")


def test_a_ratio_is_a_default_only_where_a_size_is_taken_from_it() -> None:
    assert defaults(rs.loads(TEXT))["images.b.ratio"][0] == "2.67"
    known = rs.loads(TEXT, overrides=["images.b={compressed: 7 B, unpacked: 9 B}"])
    assert [key for key in defaults(known) if key.startswith("images")] == []
    third = rs.loads(TEXT, overrides=["images.c={compressed: 1 MB}"])
    assert defaults(third)["images.<image>.ratio"][0] == "2.67 (of b, c)"


def test_the_ideal_model_has_no_defaults_that_it_switches_off() -> None:
    found = defaults(rs.load(ROOT / "scenarios/20nodes.yaml", ["model=ideal"]))
    assert [key for key in found if key.startswith(("nodes", "network", "images"))] == [
        "nodes.node.nic",
        "nodes.node.pull_cap",
        "nodes.node.parallel_layers",
        "nodes.node.slots_per",
        "nodes.node.start",
    ]


def test_overrides_are_marked() -> None:
    scenario = rs.loads(TEXT, overrides=["network.latency=1 ms", "nodes.storage.disk={rate: 1 GB/s, capacity: 1 TB}",
                                         "thresholds.rollout_time=max < 1m", "images.b=9 MB"])  # fmt: skip
    table = given_table(scenario.with_({"nodes.storage.count": 3}).resolve())
    assert [column.heading for column in table.columns] == ["key", "value", "given by"]
    assert [row for row in table.cells() if row[2] != "file"] == [
        ("nodes.storage.count", "3", "with_"),
        ("nodes.storage.disk.rate", "1 GB/s", "--set"),
        ("nodes.storage.disk.capacity", "1 TB", "--set"),
        ("network.latency", "1 ms", "--set"),
        ("images.b.compressed", "9 MB", "--set"),
        ("thresholds.rollout_time[0].check", "max < 1m", "--set"),
    ]


def test_an_override_inside_a_list_of_one_is_marked() -> None:
    scenario = rs.loads(TEXT, overrides=["thresholds.rollout_time.check=max < 1m"])
    assert given_table(scenario.resolve()).cells()[-1] == ("thresholds.rollout_time[0].check", "max < 1m", "--set")


def test_a_result_that_was_written_still_knows_its_overrides() -> None:
    run = rs.loads(TEXT, overrides=["network.latency=1 ms"]).run().run
    again = from_bytes(to_bytes(Outcome(run)))
    assert again.run.scenario.overrides == {"network.latency": "--set"}
    assert "| network.latency | 1 ms | --set |" in to_markdown((Result(again).report(),))


def test_a_result_without_overrides_has_nothing_more_in_it() -> None:
    run = rs.loads(TEXT).run().run
    assert b"overrides" not in to_bytes(Outcome(run))
    assert from_bytes(to_bytes(Outcome(run))).run.scenario.overrides == {}
    changed = rs.loads(TEXT.replace("0.25 ms", "1 ms")).resolve()
    assert rs.loads(TEXT, overrides=["network.latency=1 ms"]).resolve().sha256 == changed.sha256
