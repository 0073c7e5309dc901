"""What a scenario resolves to: defaults, goodput, links, cases, layers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rolloutsim.scenario import Scenario, load, loads
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import Background, ResolvedScenario, Threshold

GOODPUT = 1448 / 1538  # MTU 1500: 1448 B of payload in 1538 B on the line
SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


def resolved(text: str, *overrides: str) -> ResolvedScenario:
    return loads("rolloutsim: 1\n" + text, "f.yaml", overrides).resolve()


TWENTY = "nodes: 20\nnetwork: 1 Gbit/s\nimages: {app: 30 MB}\n"


def test_a_network_rate_is_every_uplink_and_nic() -> None:
    scenario = resolved(TWENTY)
    uplink = scenario.links["registry.uplink"]
    assert (uplink.kind, uplink.line_rate) == ("registry_uplink", 125e6)
    assert uplink.capacity == pytest.approx(125e6 * GOODPUT, rel=1e-15)
    (group,) = scenario.groups
    assert (group.name, group.count, group.nic_line_rate) == ("node", 20, 125e6)
    assert group.nic == uplink.capacity


def test_explicit_rates_win_over_the_networks() -> None:
    scenario = resolved("nodes: {web: {count: 2, nic: 10 Gbit/s}, gpu: {count: 1}}\nnetwork: 1 Gbit/s\n"
                        "registry: 25 Gbit/s\nimages: {app: 30 MB}\n")  # fmt: skip
    assert [group.nic_line_rate for group in scenario.groups] == [1.25e9, 125e6]
    assert scenario.links["registry.uplink"].line_rate == 3.125e9


def test_goodput_follows_the_mtu_or_the_efficiency() -> None:
    jumbo = resolved(TWENTY, "network.mtu=9000").links["registry.uplink"]
    assert jumbo.capacity == pytest.approx(125e6 * 8948 / 9038, rel=1e-15)
    assert resolved(TWENTY, "network.efficiency=100%").links["registry.uplink"].capacity == 125e6


def test_disk_storage_and_unpacking_are_payload_already() -> None:
    scenario = resolved(TWENTY, "registry.storage=800 MB/s", "nodes.node.disk=400 MB/s")
    assert scenario.links["registry.storage"].capacity == 800e6
    assert (scenario.groups[0].disk, scenario.groups[0].unpack_rate) == (400e6, 135e6)


def test_unlimited_parts_are_no_links() -> None:
    text = "nodes: {web: {count: 1, nic: unlimited, disk: unlimited, unpack: unlimited, connection_cap: 9 MB/s}}\n"
    scenario = resolved(text + "registry: unlimited\nimages: {app: 30 MB}\n")
    (group,) = scenario.groups
    assert (group.nic, group.nic_line_rate, group.disk, group.unpack_rate) == (None, None, None, None)
    assert scenario.links == {}
    assert scenario.registries["registry"].path == ()


def test_a_registrys_path_is_storage_uplink_and_via() -> None:
    text = (
        "nodes: 2\nnetwork: {rate: 1 Gbit/s, links: {wan: {capacity: 1 Gbit/s, latency: 18 ms}}}\n"
        "registries:\n  near: {}\n  far: {via: [wan], storage: 1 GB/s, max_connections: 7, ttfb: 40 ms, "
        "connection_cap: 85 MB/s, tls: true}\n"
        "images: {app: {compressed: 3 MB, registry: far}}\n"
    )
    scenario = resolved(text)
    far = scenario.registries["far"]
    assert far.path == ("far.storage", "far.uplink", "wan")
    assert (far.max_connections, far.ttfb, far.connection_cap, far.tls) == (7, 0.04, 85e6, True)
    assert scenario.links["wan"].latency == 0.018
    assert scenario.images["app"].registry == "far"


def test_a_rack_has_a_link_in_each_direction() -> None:
    text = "nodes: {web: {count: 3, racks: [r1, r2]}}\nnetwork: {rate: 1 Gbit/s, racks: 40 Gbit/s}\n"
    links = resolved(text + "images: {app: 1 MB}\n").links
    assert [name for name, link in links.items() if link.kind == "rack"] == ["r1.up", "r1.down", "r2.up", "r2.down"]
    assert links["r2.down"].line_rate == 5e9


def test_oversubscription_divides_the_nics_of_the_racks_own_nodes() -> None:
    # r1 has nodes 0 and 2 of web and the one of gpu: (2 * 1 + 10) Gbit/s / 4 = 3 Gbit/s; r2 has node 1: 0.25 Gbit/s.
    text = (
        "nodes: {web: {count: 3, racks: [r1, r2]}, gpu: {count: 1, racks: [r1], nic: 10 Gbit/s}}\n"
        "network: {rate: 1 Gbit/s, racks: {oversubscription: 4}}\nimages: {app: 1 MB}\n"
    )
    links = resolved(text).links
    assert (links["r1.down"].line_rate, links["r2.down"].line_rate) == (375e6, 31.25e6)


def test_ideal_leaves_only_bandwidth_slots_and_caches() -> None:
    text = (
        "model: ideal\n"
        "nodes: {web: {count: 10, cached: {app: 50%}, connection_cap: 5 MB/s, via: [wan]}}\n"
        "network: {rate: 1 Gbit/s, latency: 5 ms, links: {wan: {capacity: 1 Gbit/s, latency: 9 ms}}}\n"
        "registry: {storage: 800 MB/s, max_connections: 3, ttfb: 1 s, connection_cap: 9 MB/s, tls: true}\n"
        "images: {app: 30 MB}\nrollout: {startup: 3 s}\n"
        "background: {a: {links: [wan, web-001.disk], size: 3 MB}, b: {links: [web-001.disk], size: 3 MB}}\n"
    )
    scenario = resolved(text)
    (group,) = scenario.groups
    runtime, registry = group.runtime, scenario.registries["registry"]
    assert (group.nic, group.disk, group.unpack_rate) == (125e6, None, None)
    assert (group.cached, group.connection_cap, group.via) == ({"app": 5}, 5e6, ("wan",))
    assert (runtime.parallel_layers, runtime.slots_per) == (3, "node")
    assert (runtime.resolve_round_trips, runtime.layer_round_trips) == (0, 0)
    assert (runtime.resolve_time, runtime.layer_time, runtime.finish_time) == (0, 0, 0)
    assert (registry.max_connections, registry.ttfb, registry.connection_cap, registry.tls) == (None, 0, 9e6, False)
    assert (scenario.path_latency, scenario.links["wan"].latency) == (0, 0)
    assert scenario.links["registry.storage"].capacity == 800e6
    assert scenario.startup == Distribution()
    assert [flow.links for flow in scenario.background] == [("wan",)]
    assert scenario.notes == ()


def test_a_profile_gives_every_default_and_the_group_changes_any() -> None:
    text = "nodes: {web: {count: 1, runtime: cri-o, parallel_layers: 9, layer_time: 1 ms}}\n"
    runtime = resolved(text + "network: 1 Gbit/s\nimages: {app: 1 MB}\n").groups[0].runtime
    assert (runtime.name, runtime.parallel_layers, runtime.slots_per) == ("cri-o", 9, "image")
    assert (runtime.resolve_round_trips, runtime.resolve_time, runtime.layer_time) == (8, 0.06, 0.001)


def test_all_at_once_has_a_case_for_each_image_in_the_files_order() -> None:
    text = (
        "nodes: {web: {count: 2, start: {min: 0 s, max: 3 s}}, gpu: {count: 1, start: 5 s}}\n"
        "network: 1 Gbit/s\nimages: {b: 1 MB, a: 2 MB}\n"
    )
    cases = resolved(text).cases
    assert [case.name for case in cases] == ["b", "a"]
    (pull,) = cases[1].pulls["web"]
    assert (pull.image, pull.at) == ("a", Distribution(0.0, 3.0))
    assert cases[1].pulls["gpu"][0].at == Distribution(5.0, 5.0)


def test_a_schedule_is_one_case() -> None:
    text = (
        "nodes: {web: {count: 2, pulls: [{image: a, at: 1.657 s}, {image: b}]}, idle: {count: 1}}\n"
        "network: 1 Gbit/s\nimages: {a: 1 MB, b: 2 MB}\nrollout: {strategy: schedule, startup: {p50: 4 s, p95: 9 s}}\n"
    )
    scenario = resolved(text)
    (case,) = scenario.cases
    assert case.name == "all"
    assert [(pull.image, pull.at.low) for pull in case.pulls["web"]] == [("a", 1.657), ("b", 0.0)]
    assert case.pulls["idle"] == ()
    assert scenario.startup == Distribution(0.0, 0.0, 4.0, 9.0)


def test_a_base_shares_its_layers() -> None:
    text = "nodes: 1\nnetwork: 1 Gbit/s\nimages: {base: 30 MB, app: {base: base, layers: [12.03 MB]}}\n"
    images = resolved(text).images
    assert images["app"].layers[0] is images["base"].layers[0]
    assert [layer.digest for layer in images["app"].layers] == ["base/0", "app/0"]
    assert images["app"].compressed == 42_030_000


def test_a_missing_size_comes_from_the_ratio_and_is_noted() -> None:
    text = (
        "nodes: 1\nnetwork: 1 Gbit/s\nimages:\n  a: 10 MB\n"
        "  b:\n    ratio: 2\n"
        "    layers: {x: {compressed: 10 MB}, y: {unpacked: 10 MB}, z: {compressed: 3 MB, unpacked: 7 MB}}\n"
    )
    scenario = resolved(text)
    assert scenario.images["a"].layers[0].unpacked == 26_700_000
    assert [(layer.compressed, layer.unpacked) for layer in scenario.images["b"].layers] == [
        (10e6, 20e6),
        (5e6, 10e6),
        (3e6, 7e6),
    ]
    assert scenario.notes == (
        "Unpacked sizes are estimated for 3 of 4 layers: "
        "unpacked = 2 × compressed (layers of b), 2.67 × compressed (layers of a).",
    )


def test_a_note_names_three_images_at_most() -> None:
    images = ", ".join(f"i{n}: {{compressed: {n + 1} MB, ratio: 3}}" for n in range(5))
    (note,) = resolved(f"nodes: 1\nnetwork: 1 Gbit/s\nimages: {{a: 10 MB, {images}}}\n").notes
    assert note.endswith(
        "unpacked = 2.67 × compressed (layers of a), 3 × compressed (layers of i0, i1, i2 and 2 more)."
    )


def test_a_size_that_one_image_gives_holds_for_all_that_share_the_digest() -> None:
    text = (
        "nodes: 1\nnetwork: 1 Gbit/s\nimages:\n  a: {digest: d, compressed: 10 MB}\n"
        "  b: {layers: {x: {digest: d, compressed: 10 MB, unpacked: 25 MB}}}\n"
    )
    assert resolved(text).images["a"].layers[0].unpacked == 25e6


@pytest.mark.parametrize(("share", "nodes"), [("0%", 0), ("29%", 29), ("33.4%", 33), ("100%", 100), ("7", 7)])
def test_a_cached_share_is_rounded_down(share: str, nodes: int) -> None:
    assert resolved(TWENTY, "nodes=100", f"nodes.node.cached.app={share}").groups[0].cached == {"app": nodes}


def test_background_rates_are_on_the_line_and_caps_are_payload() -> None:
    flows = (
        "background:\n  backup: {links: [registry.uplink, node-007.nic.in], rate: 300 Mbit/s, from: 60 s, until: 4m}\n"
        "  copy: {links: [registry.uplink], size: 3 GB, at: 2 s, cap: 9 MB/s}\n"
    )
    backup, copy = resolved(TWENTY + flows).background
    assert backup.rate == pytest.approx(37.5e6 * GOODPUT, rel=1e-15)
    assert (backup.start, backup.until, backup.size) == (60, 240, None)
    assert copy == Background("copy", ("registry.uplink",), size=3e9, at=2.0, cap=9e6)


def test_thresholds_are_parsed_in_the_metrics_own_unit() -> None:
    text = (
        "thresholds:\n"
        "  rollout_time: [max < 60 s, {check: p95 <= 5m, severity: warn}]\n"
        '  "utilisation{link=registry.uplink, case=app}": < 80%\n'
        "  bytes_on_wire{image=app}: <= 1 GB\n"
        "  slowdown: p95 < 20×\n"
    )
    assert resolved(TWENTY + text).thresholds == (
        Threshold("rollout_time", {}, "max", "<", 60.0, "max < 60 s"),
        Threshold("rollout_time", {}, "p95", "<=", 300.0, "p95 <= 5m", "warn"),
        Threshold("utilisation", {"link": "registry.uplink", "case": "app"}, None, "<", 0.8, "< 80%"),
        Threshold("bytes_on_wire", {"image": "app"}, None, "<=", 1e9, "<= 1 GB"),
        Threshold("slowdown", {}, "p95", "<", 20.0, "p95 < 20×"),
    )


def test_a_link_and_a_connection_limit_of_zero_are_allowed() -> None:
    text = "nodes: {web: {count: 1, via: [down]}}\nnetwork: {rate: 1 Gbit/s, links: {down: {capacity: 0 bit/s}}}\n"
    scenario = resolved(text + "registry: {max_connections: 0}\nimages: {app: 1 MB}\n")
    assert scenario.links["down"].capacity == 0
    assert scenario.registries["registry"].max_connections == 0


def test_the_hash_is_of_the_meaning_and_not_of_the_seed() -> None:
    written_out = (
        "nodes: {node: {count: 20}}\nnetwork: {rate: 1000 Mbit/s, mtu: 1500}\nimages: {app: {layers: [30 MB]}}\n"
    )
    assert resolved(TWENTY).sha256 == resolved(written_out).sha256 == resolved(TWENTY, "seed=99").sha256
    assert resolved(TWENTY).sha256 != resolved(TWENTY, "nodes=21").sha256
    assert len(resolved(TWENTY).sha256) == 64


def written(value: Any) -> Any:
    """A part of a scenario as JSON has it, field by field; one that is left out where it is empty is."""
    if dataclasses.is_dataclass(value):
        every = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {
            field.name: written(found)
            for field, found in every
            if (found or not field.metadata.get("unless_empty"))
            and (found is not None or not field.metadata.get("unless_none"))
        }  # fmt: skip
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    return [written(item) for item in value] if isinstance(value, tuple) else value


NASTY = r"""
name: '"groups":"\u00001"'
description: "\"groups\":\"\\u0000\""
nodes: {groups: {count: 1}, b: {count: 2}, c: {count: 1}}
network: 1 Gbit/s
images: {groups: 30 MB, app: 10 MB}
workloads:
  all: {images: app, replicas: 2}
  groups: {images: groups, groups: [c, b], replicas: 1}
  too: {images: [groups, app], replicas: 1}
"""


@pytest.mark.parametrize("scenario", [resolved(NASTY), load(SCENARIOS[0]).resolve(), resolved(TWENTY)])
def test_the_hash_is_that_of_canonical_json(scenario: ResolvedScenario) -> None:
    data = written(scenario)
    for name in ("seed", "sha256", "document", "overrides"):
        data.pop(name, None)
    for threshold in data["thresholds"]:
        del threshold["place"]
    if data["fairness"] is not None and data["fairness"]["memory"] == math.inf:
        data["fairness"]["memory"] = "unlimited"
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    assert scenario.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_group_of_100_000_nodes_is_one_object() -> None:
    scenario = resolved(TWENTY, "nodes=100000")
    assert len(scenario.groups) == 1
    assert scenario.groups[0].node_name(7) == "node-00007"
    assert len(str(dataclasses.asdict(scenario))) < 5000


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_a_shipped_scenario_survives_its_long_form(path: Path) -> None:
    scenario = load(path)
    again = Scenario(**scenario.model_dump(exclude_unset=True, by_alias=True))
    assert again.resolve() == scenario.resolve()
