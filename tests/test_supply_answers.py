"""What the comments of the scenarios on caches, mirrors and peers answer, against closed forms."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim

ROOT = Path(__file__).parent.parent
SHARE = 1448 / 1538  # of a line rate that is payload


def run(name: str, variant: str | None = None, *overrides: str) -> rolloutsim.Result:
    scenario = rolloutsim.load(ROOT / f"scenarios/{name}.yaml", list(overrides))
    return (scenario if variant is None else scenario.variant(variant)).run()


def bytes_from(result: rolloutsim.Result, server: str, case: str = "all") -> float:
    """What left a registry, mirror or cache [B]."""
    supply = result.summary.cases[case].supply
    assert supply is not None
    return sum(one.sent_bytes for one in supply.servers if one.called == server)


@pytest.mark.parametrize(
    ("product", "copies"),
    [
        ("distribution-2", (101, 101)), ("distribution-3", (100, 100)), ("harbor", (101, 101)), ("nexus", (1, 1)),
        ("zot", (1, 1)), ("nginx", (100, 100)), ("nginx-lock", (1, 100)), ("varnish", (1, 1)),
    ],
)  # fmt: skip
def test_as_many_copies_cross_the_wan_of_a_herd_as_its_product_lets_through(
    product: str, copies: tuple[int, int]
) -> None:
    """Oracle: one for each node, and the store's own; one where requests wait, unless that takes longer than 5 s."""
    result = run("pull-through-herd", product)
    for image, most in zip(("api", "notebook"), copies, strict=True):
        supply = result.summary.cases[image].supply
        assert supply is not None
        assert supply.upstream_copies is not None
        assert supply.upstream_copies.max == pytest.approx(most)
        if most >= 100 and product != "nginx-lock":
            least = most * {"api": 200e6, "notebook": 1250e6}[image] / (1e9 / 8 * SHARE)
            assert least < result[image].rollout_time < 1.05 * least


def test_a_cache_in_each_rack_lets_one_copy_a_rack_leave_the_registry() -> None:
    """Oracle: 400 x 500 MB over 10 Gbit/s; 40 x 500 MB over a cache's 25 Gbit/s, then what a node does with it."""
    results = {name: run("rack-caches", name) for name in ("registry-only", "rack-caches", "warm-base", "distribution")}
    alone = 400 * 500e6 / (1.25e9 * SHARE)
    assert alone < results["registry-only"]["api"].rollout_time < 1.05 * alone
    assert results["distribution"]["api"].rollout_time == pytest.approx(
        results["registry-only"]["api"].rollout_time, rel=0.01
    )
    least = 40 * 500e6 / (25e9 / 8 * SHARE)
    warm, cold = (results[name]["api"].rollout_time for name in ("warm-base", "rack-caches"))
    assert least < warm < cold - 1.0 < results["registry-only"]["api"].rollout_time / 10
    sent = {name: bytes_from(result, "registry", "api") for name, result in results.items() if name != "registry-only"}
    assert sent == pytest.approx({"rack-caches": 5e9, "warm-base": 0.5e9, "distribution": 200e9})


def test_what_crosses_a_shops_line_is_what_its_tills_get_together() -> None:
    """Oracle: one copy of 150 MB for those that read along, two over the line, three where both give the cache up."""
    shops = ("nodes.shop.sites=6", "nodes.shop.count=12")  # all are alike
    copy = 150e6 / (20e6 / 8 * SHARE)
    for variant, copies in {"over-the-line": 2, "distribution": 2, "varnish": 1, "nexus": 3}.items():
        time = run("edge-sites", variant, *shops)["till"].rollout_time
        assert copies * copy < time < copies * copy + 4.0
    mirror = run("edge-sites", "mirror", *shops)["till"].rollout_time
    assert 2 * 150e6 / (1e9 / 8 * SHARE) < mirror < 5.0


def test_a_silent_mirror_costs_containerd_nine_rounds_and_others_one() -> None:
    """Oracle: tag, index, manifest, config, 13 layers three at a time; 30 s each, or 5 s. containerd#10660: 270 s."""
    plain = run("dead-mirror", "up")["agent"].rollout_time
    lost = {
        name: run("dead-mirror", name)["agent"].rollout_time - plain
        for name in ("lacks-it", "refuses", "silent", "silent-crio", "silent-dockerd", "silent-5s")
    }
    expected = {"lacks-it": 0, "refuses": 0, "silent": 270, "silent-crio": 30, "silent-dockerd": 30, "silent-5s": 45}
    assert lost == pytest.approx(expected, abs=0.6)


def test_spegel_helps_those_who_come_after_the_first() -> None:
    """Oracle: of 100 copies of 300 MB all, a tenth or one leaves the registry, which binds at 2 Gbit/s."""
    least = 100 * 300e6 / (250e6 * SHARE)
    times = {name: run("spegel-daemonset", name)["all"].rollout_time for name in ("at-once", "tenth", "one")}
    assert least < times["at-once"] < times["tenth"] < times["one"]
    for name, copies in {"at-once": 100, "tenth": 10, "one": 1}.items():
        result = run("spegel-daemonset", f"{name}-spegel")
        assert bytes_from(result, "registry") == pytest.approx(copies * 300e6)
        if name == "at-once":
            assert result["all"].rollout_time == pytest.approx(times[name], rel=0.01)
        else:
            assert result["all"].rollout_time < times[name]
            assert (result["all"].rollout_time < times["at-once"]) is (name == "tenth")


def test_kraken_brings_5_gb_to_10000_nodes_in_less_than_twice_the_bound_of_its_limits() -> None:
    """Oracle: Kumar and Ross: 5 GB at 200 MiB/s of each agent is the least; its README speaks of 60 % of that rate."""
    result = run("kraken-10k")
    least = 5e9 / (200 * 2**20)
    in_swarm = result["model"].time_split["peer_uplink"] / 10_000
    assert least < in_swarm < least / 0.5
    assert in_swarm > 0.75 * result["model"].rollout_time
    assert result["model"].bytes_on_wire == 10_000 * 5e9
    assert bytes_from(result, "origin", "model") < 20 * 5e9
