"""Files over each other: maps merge key by key, all else takes the place of what is there."""

from __future__ import annotations

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import Scenario, load, loads

BASE = """\
rolloutsim: 1
nodes: {web: {count: 20, racks: [r1, r2]}, gpu: {count: 4, nic: 25 Gbit/s}}
network: {rate: 1 Gbit/s, latency: 5 ms, racks: {uplink: 9 Gbit/s}, links: {wan: {capacity: 1 Gbit/s, latency: 9 ms}}}
images: {app: 30 MB, tool: {layers: [3 MB, 4 MB]}}
"""


def over(*texts: str, base: str = BASE) -> Scenario:
    return loads(base, "base.yaml", overlays=[(text, f"over{number}.yaml") for number, text in enumerate(texts)])


def test_maps_are_merged_key_by_key_at_every_depth() -> None:
    scenario = over("network: {links: {wan: {latency: 20 ms}, lan: {capacity: 9 Gbit/s}}}\nnodes: {web: {count: 30}}\n")
    assert scenario.network.links["wan"].capacity == 125e6
    assert scenario.network.links["wan"].latency == 0.02
    assert scenario.network.links["lan"].capacity == 1.125e9
    assert (scenario.nodes["web"].count, scenario.nodes["web"].racks) == (30, ("r1", "r2"))
    assert (scenario.network.rate, scenario.nodes["gpu"].count) == (125e6, 4)


def test_lists_are_replaced() -> None:
    scenario = over("nodes: {web: {racks: [r9]}}\nimages: {tool: {layers: [1 MB]}}\n")
    assert scenario.nodes["web"].racks == ("r9",)
    assert [layer.compressed for layer in scenario.images["tool"].layers.values()] == [1e6]


def test_a_list_where_there_is_none_makes_place_for_a_map() -> None:
    rest = "rolloutsim: 1\nnetwork: 1 Gbit/s\nimages: {app: 30 MB}\n"
    assert over("nodes: {web: {count: 3}}\n", base=f"{rest}nodes: [web]\n").nodes["web"].count == 3
    assert over("network: {rate: 2 Gbit/s}\nnodes: 2\n", base=rest.replace("1 Gbit/s", "[1]")).network.rate == 250e6
    with pytest.raises(ScenarioError, match="a list is not allowed here"):
        over("name: x\n", base=f"{rest}nodes: [web]\n")


def test_the_last_file_wins() -> None:
    assert over("network: 2 Gbit/s\n", "network: 3 Gbit/s\n").network.rate == 375e6
    assert over("network: 3 Gbit/s\n", "network: {latency: 1 ms}\n").network.rate == 375e6


def test_short_forms_mean_what_they_mean_in_set() -> None:
    """The oracle is `--set` with the same values."""
    plain = "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {a: 3 MB}\n"
    pairs = {
        "network: 10 Gbit/s\n": (BASE, "network=10 Gbit/s"),
        "network: {latency: 3 ms}\n": (plain, "network.latency=3 ms"),
        "nodes: 50\n": (plain, "nodes=50"),
        "images: {a: {layers: [1 MB, 2 MB]}}\n": (plain, "images.a.layers=[1 MB, 2 MB]"),
        "images: {tool: 9 MB}\n": (BASE, "images.tool=9 MB"),
    }
    for text, (base, override) in pairs.items():
        assert over(text, base=base).resolve().sha256 == loads(base, "f", [override]).resolve().sha256, text


def test_a_number_of_nodes_over_several_groups_is_an_error_there() -> None:
    with pytest.raises(ScenarioError) as caught:
        over("nodes: 50\n")
    (only,) = caught.value.diagnostics
    assert only.render() == (
        "over0.yaml:1:8: error: there are several groups of nodes: web gpu; say which, as in "
        "nodes: {NAME: {count: 50}}\n"
        "     1 | nodes: 50\n"
        "       |        ^^"
    )


def test_errors_point_at_the_file_that_says_it() -> None:
    with pytest.raises(ScenarioError) as caught:
        over("network: {latency: 5 msx}\n", "images:\n  b: {layers: [3 MB, 4 Mx]}\n  app: {size: 3}\n",
             base=BASE.replace("count: 4", "count: 0"))  # fmt: skip
    places = {(one.file, one.line, one.column, one.source_line) for one in caught.value.diagnostics}
    assert ("over0.yaml", 1, 20, "network: {latency: 5 msx}") in places
    assert ("over1.yaml", 2, 22, "  b: {layers: [3 MB, 4 Mx]}") in places
    assert any(file == "base.yaml" and line == 2 for file, line, *_ in places)


def test_a_text_that_is_wrong_alone_says_so_of_itself() -> None:
    with pytest.raises(ScenarioError) as caught:
        over("images:\n  app: 3 MB\n  app: 4 MB\n")
    assert str(caught.value).startswith(
        "over0.yaml:3:3: error: duplicate key 'app' in images; it stands first in line 2"
    )
    with pytest.raises(ScenarioError) as caught:
        over("network:\n")
    assert str(caught.value).startswith("over0.yaml:1:1: error: key 'network' has no value")


def test_a_threshold_knows_its_file() -> None:
    resolved = over("thresholds: {rollout_time: max < 9 s}\n").resolve()
    assert [one.place for one in resolved.thresholds] == [("over0.yaml", 1)]


def test_files_are_read_over_each_other_with_variants(tmp_path) -> None:
    base, prod = tmp_path / "base.yaml", tmp_path / "prod.yaml"
    base.write_text(BASE + "variants: {today: {}, big: {network: 4 Gbit/s}}\n")
    prod.write_text("variants: {small: {network: 100 Mbit/s}}\nnodes: {web: {count: 40}}\n")
    scenario = load(base, overlays=[prod], variant="small")
    assert (scenario.network.rate, scenario.nodes["web"].count) == (12.5e6, 40)
    assert list(load(base, overlays=[prod]).variants) == ["today", "big", "small"]
