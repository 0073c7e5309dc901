"""Where bytes come from, worked out by hand: herds, hits, mirrors that lack something, and hosts that are silent.

Links carry 100 MB/s, the nodes' NICs 1000 MB/s; the upstream is the only registry. In the ideal model nothing else
takes time, so that all that a cache does at once happens at one instant.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import rolloutsim as rs
from rolloutsim.results.facts.records import Run
from rolloutsim.results.load.requests import registry_summaries
from rolloutsim.results.load.supply import SupplySummary, supply_summary
from rolloutsim.results.load.throughput import link_loads, sent_by
from rolloutsim.results.metrics import summarise
from rolloutsim.results.shown.supply import supply_rows
from rolloutsim.results.time.split import path_times
from rolloutsim.simulation import simulate
from tests.fleet.scenes import MB

EXACT = {"rtol": 1e-12, "atol": 1e-6}
TIMES = {"rtol": 0.0, "atol": 1e-9}
LAYERS = [30.0, 70.0]  # [MB]


def scene(
    hosts: list[str],
    starts: list[float] | None = None,
    model: str = "ideal",
    node: dict[str, Any] | None = None,
    **more: Any,
) -> Run:
    """A node for each start, which pull one image of two layers, one at a time."""
    at = starts or [0.0]
    document = {
        "rolloutsim": 1,
        "model": model,
        "nodes": {
            f"n{number}": {
                "count": 1, "nic": "1000 MB/s", "hosts": hosts, "parallel_layers": 1,
                "pulls": [{"image": "api", "at": f"{time} s"}], **(node or {}),
            }
            for number, time in enumerate(at)
        },
        "registries": {"hub": {"uplink": "100 MB/s"}},
        "images": {"api": {"layers": [f"{size} MB" for size in LAYERS]}},
        "rollout": {"strategy": "schedule"},
        **more,
    }  # fmt: skip
    return simulate(rs.loads(json.dumps(document)).resolve())


def supplied(run: Run) -> SupplySummary:
    """Where the bytes of its only case came from."""
    found = supply_summary(run, run.cases[0])
    assert found is not None
    return found


def cache(profile: str, **more: Any) -> dict[str, Any]:
    return {"proxy": {"profile": profile, "uplink": "100 MB/s", **more}}


def sent(found: SupplySummary) -> dict[str, float]:
    return {one.server: one.sent_bytes / MB for one in found.servers}


def split(run: Run) -> dict[str, float]:
    return {cause: round(seconds, 9) for cause, seconds in path_times(run.cases[0]).total().items()}


@pytest.mark.parametrize("nodes", [2, 5])
def test_n_nodes_at_once_get_n_copies_through_a_cache_that_does_not_coalesce(nodes: int) -> None:
    found = supplied(scene(["proxy"], [0.0] * nodes, caches=cache("distribution-3")))
    assert_allclose(found.bytes_by_source["passed_on"], nodes * 100 * MB, **EXACT)
    assert found.bytes_by_source["registry"] == found.bytes_by_source["cache"] == 0.0
    assert (found.hit_ratio, found.byte_hit_ratio) == (0.0, 0.0)
    assert found.upstream_copies is not None
    assert_allclose([found.upstream_copies.mean, found.upstream_copies.max], [nodes, nodes], **EXACT)
    assert_allclose(found.egress, nodes * 100 * MB, **EXACT)
    assert_allclose(found.images[0].copies.mean, nodes, **EXACT)  # type: ignore[union-attr]


def test_distribution_2_fetches_a_copy_of_its_own_besides() -> None:
    # Measured: N nodes at once fetch N + 1 copies.
    found = supplied(scene(["proxy"], [0.0] * 3, caches=cache("distribution-2", upstream_round_trips={"layer": 0})))
    assert_allclose(found.upstream_copies.mean, 4.0, **EXACT)  # type: ignore[union-attr]
    assert_allclose(sent(found)["hub"], 400.0, **EXACT)
    assert_allclose(sent(found)["proxy"], 300.0, **EXACT)


def test_a_cache_that_coalesces_lets_one_copy_come() -> None:
    run = scene(["proxy"], [0.0] * 4, caches=cache("varnish"))
    found = supplied(run)
    assert_allclose(found.bytes_by_source["cache"], 400 * MB, **EXACT)
    assert_allclose(sent(found)["hub"], 100.0, **EXACT)
    assert_allclose(sent(found)["proxy"], 400.0, **EXACT)
    assert_allclose(found.upstream_copies.max, 1.0, **EXACT)  # type: ignore[union-attr]
    # What the links carried says the same.
    links = run.cases[0].shared_links
    carried = dict(zip(links.name, links.bytes / MB, strict=True))
    assert_allclose([carried["hub.uplink"], carried["proxy.uplink.in"], carried["proxy.uplink"]], [100, 100, 400])
    # The fill counts where it crosses links over time, too: nothing is left out of the hub's uplink.
    loads = {load.link: load for load in link_loads(run.scenario, run.cases[0])}
    assert loads["hub.uplink"].utilisation.any()
    assert_allclose(sent_by(run.cases[0], run.cases[0].end + loads["hub.uplink"].edges[:1], 1)[0] / MB, [100.0])


def test_who_comes_later_hits() -> None:
    # The first is done after 1 s; both ask for two layers.
    found = supplied(scene(["proxy"], [0.0, 5.0], caches=cache("distribution-3")))
    assert (found.hit_ratio, found.byte_hit_ratio) == (0.5, 0.5)
    assert_allclose([found.bytes_by_source["passed_on"], found.bytes_by_source["cache"]], [100 * MB] * 2, **EXACT)
    assert_allclose(found.upstream_copies.mean, 1.0, **EXACT)  # type: ignore[union-attr]


def test_what_a_cache_holds_at_the_beginning_does_not_cross_the_upstream() -> None:
    found = supplied(scene(["proxy"], [0.0, 0.0], caches=cache("distribution-3", holds={"api": "30%"})))
    # The base of 30 MB is there; the other layer comes twice, and only it counts as come.
    assert_allclose(sent(found)["hub"], 140.0, **EXACT)
    assert_allclose([found.hit_ratio, found.byte_hit_ratio], [0.5, 0.3], **EXACT)
    assert_allclose(found.upstream_copies.mean, 2.0, **EXACT)  # type: ignore[union-attr]


def test_caches_behind_each_other_count_each_crossing_once() -> None:
    caches = cache("varnish", upstream="far") | {"far": {"profile": "varnish", "uplink": "100 MB/s", "upstream": "hub"}}
    found = supplied(scene(["proxy"], [0.0] * 3, caches=caches))
    assert sent(found) == pytest.approx({"hub": 100.0, "far": 100.0, "proxy": 300.0})
    each = {one.server: one.cache.upstream_bytes for one in found.servers if one.cache is not None}
    assert each == pytest.approx({"proxy": 100 * MB, "far": 100 * MB})


def test_what_passes_two_caches_came_into_both() -> None:
    caches = cache("distribution-3", upstream="far") | {
        "far": {"profile": "distribution-3", "uplink": "100 MB/s", "upstream": "hub"}
    }
    found = supplied(scene(["proxy"], [0.0] * 2, caches=caches))
    assert sent(found) == pytest.approx({"hub": 200.0, "far": 200.0, "proxy": 200.0})
    assert found.bytes_by_source["passed_on"] == pytest.approx(200 * MB)
    each = {one.server: one.cache.upstream_bytes for one in found.servers if one.cache is not None}
    assert each == pytest.approx({"proxy": 200 * MB, "far": 200 * MB})


def test_a_mirror_serves_what_it_has_and_is_asked_for_the_rest_in_vain() -> None:
    run = scene(["near"], [0.0], mirrors={"near": {"of": "hub", "uplink": "100 MB/s", "images": {"api": "30%"}}})
    found = supplied(run)
    assert found.bytes_by_source == pytest.approx({"registry": 70 * MB, "mirror": 30 * MB})
    near = next(one for one in found.servers if one.server == "near")
    (hub,) = registry_summaries(run, run.cases[0])
    # Manifests, token and config at the mirror, and both layers, of which one is not there.
    resolving = int(run.cases[0].pulls.requests[0])
    assert (near.requests, near.refused, near.lacks) == (resolving + 2, {"404": 1}, ("api",))
    assert hub.requests == 1
    assert (found.hit_ratio, found.upstream_copies) == (None, None)


def test_each_request_to_a_silent_host_costs_the_time_to_connect() -> None:
    silent = {"dead": {"mirror": "near", "at": "0 s", "silent": True}}
    mirrors = {"near": {"of": "hub", "uplink": "100 MB/s"}}
    run = scene(["near"], [0.0], "real", {"unpack": {"rate": "unlimited"}}, mirrors=mirrors, failures=silent)
    case = run.cases[0]
    # containerd's dial_timeout is 30 s: for each request before the layers, and for each of two layers in turn.
    rounds = int(case.supply.asked.count[case.supply.asked.source == 1].sum()) + len(LAYERS)
    assert split(run)["fallback"] == pytest.approx(30.0 * rounds, abs=1e-6)
    near = next(one for one in supplied(run).servers if one.server == "near")
    assert (near.refused, near.bytes) == ({"dial_timeout": rounds}, 0.0)
    assert near.lost_s == pytest.approx(30.0 * rounds, abs=1e-6)


@pytest.mark.parametrize(
    ("runtime", "layers", "rounds"),
    [("containerd", 13, 4 + 5), ("containerd", 1, 4 + 1), ("cri-o", 13, 1), ("dockerd", 13, 1)],
)
def test_a_silent_mirror_costs_its_time_to_connect_each_round(runtime: str, layers: int, rounds: int) -> None:
    # Oracle: HEAD of the tag (what gets its token goes where the token is wanted), index, manifest, config, and layers
    # three at a time; 9 rounds of 30 s are the 270 s of containerd#10660. Others choose once for an image.
    run = scene(
        ["near"], [0.0], "real", {"runtime": runtime, "parallel_layers": 3},
        mirrors={"near": {"of": "hub", "uplink": "100 MB/s"}},
        failures={"dead": {"mirror": "near", "at": "0 s", "silent": True}},
        images={"api": {"layers": ["1 MB"] * layers}},
    )  # fmt: skip
    assert split(run)["fallback"] == pytest.approx(30.0 * rounds, abs=0.2)


@pytest.mark.parametrize("failures", [{}, {"late": {"registry": "hub", "at": "1h"}}])
def test_a_swarm_in_which_nobody_has_an_image_costs_its_answers(failures: dict[str, Any]) -> None:
    # Whether or not anything can fail: 20 ms for each of four requests before the layers, and for each of these.
    swarm = {"look_up": "20 ms", "found": 1, "hedge": "off"}
    run = scene(["swarm"], model="real", peers={"swarm": swarm}, failures=failures)
    requests = 4 + len(LAYERS)
    found = split(run)
    near = next(one for one in supplied(run).servers if one.server == "swarm")
    assert near.refused == {"404": requests}
    assert near.lost_s == pytest.approx(found["fallback"])
    assert found["fallback"] == pytest.approx(0.02 * requests, rel=0.05)


def test_a_manifest_that_waits_for_all_of_an_image_waits_for_the_cache() -> None:
    # zot syncs 100 MB at 100 MB/s, one after another or side by side: a second. Who comes at 0.4 s waits for 0.6 s.
    run = scene(["proxy"], [0.0, 0.4], caches=cache("zot", upstream_round_trips={"tag": 0, "manifest": 0, "layer": 0}))
    found = split(run)
    assert_allclose([found["cache_fill"], found["other_fill"]], [1.0, 0.6], **TIMES)
    assert "requests" not in found


def test_requests_of_caches_count_at_the_registry_and_those_of_nodes_at_the_cache() -> None:
    run = scene(["proxy"], [0.0, 5.0], caches=cache("distribution-3"))
    (hub,) = registry_summaries(run, run.cases[0])
    # A manifest, a config, two layers for the first; the tag is checked for the second, and for the first as well.
    assert hub.of_caches["layers"] == 2
    assert hub.requests == sum(hub.of_caches.values())
    proxy = next(one for one in supplied(run).servers if one.server == "proxy")
    assert proxy.requests == int(run.cases[0].pulls.requests.sum()) + 4
    assert proxy.cache is not None
    assert proxy.cache.upstream_requests == hub.requests


def test_bytes_of_a_body_that_broke_count_where_they_came_from() -> None:
    # The mirror sends 100 MB/s until it goes down at 0.5 s: 30 MB and 20 MB; the rest comes from the registry.
    down = {"gone": {"mirror": "near", "at": "0.5 s"}}
    found = supplied(scene(["near"], [0.0], mirrors={"near": {"of": "hub", "uplink": "100 MB/s"}}, failures=down))
    assert found.bytes_by_source == pytest.approx({"registry": 50 * MB, "mirror": 50 * MB})


def test_the_table_tells_what_other_nodes_sent() -> None:
    # The second comes when the first has all of it.
    run = scene(["spegel"], [0.0, 10.0], peers={"spegel": {"announce": "0 s"}})
    table = supply_rows(summarise(run))
    assert table is not None
    source, size = table.columns[:2]
    assert {source.of(row): size.of(row) for row in table.rows} == {"hub": 100 * MB, "spegel (peers)": 100 * MB}


def test_without_hosts_there_is_nothing_to_tell() -> None:
    run = scene([], [0.0], caches=cache("varnish"))
    assert supply_summary(run, run.cases[0]) is None


# ---- ranges ---------------------------------------------------------------------------------------------

# Three at a time: what the 20 MB/s of one connection to the hub are not enough for, several are.
IN_RANGES = {"parallel_layers": 3, "layer_fetch_buffer": "10 MB"}
ONE_BY_ONE = {"hub": {"uplink": "100 MB/s", "connection_cap": "20 MB/s"}}
NO_MIRROR = {"near": {"of": "hub", "uplink": "100 MB/s", "images": []}}


@pytest.mark.parametrize(("profile", "copies"), [("distribution-2", 2), ("distribution-3", 1), ("harbor", 2)])
@pytest.mark.parametrize("hosts", [["proxy"], ["near", "proxy"]])
def test_ranges_of_a_layer_that_a_cache_lacks_come_as_one_piece(profile: str, copies: int, hosts: list[str]) -> None:
    # 70 MB over one connection, though each layer is asked for in ranges; nothing passes twice.
    run = scene(hosts, [0.0], node=IN_RANGES, registries=ONE_BY_ONE, caches=cache(profile), mirrors=NO_MIRROR)
    case = run.cases[0]
    assert_allclose([case.end, float(case.fetches.bytes_done.sum())], [3.5, 100 * MB], **EXACT)
    assert_allclose(sent(supplied(run))["hub"], copies * 100.0, **EXACT)
    assert split(run) == pytest.approx({"connection_cap": 3.5})
    assert not np.isnan(case.fetches.committed).any()


def test_ranges_that_wait_in_line_for_a_cache_are_not_asked_for_when_all_of_the_layer_comes() -> None:
    # One connection at a time: a manifest, a token and a config, and both layers.
    run = scene(["proxy"], [0.0], "real", IN_RANGES, caches=cache("distribution-3", max_connections=1))
    proxy = next(one for one in supplied(run).servers if one.server == "proxy")
    assert proxy.requests == int(run.cases[0].pulls.requests[0]) + 2
    assert sent(supplied(run)) == pytest.approx({"hub": 100.0, "proxy": 100.0})
    fetches = run.cases[0].fetches
    times = np.array([fetches.granted, fetches.connected, fetches.started, fetches.fetched])
    assert (np.diff(times, axis=0) >= 0.0).all()


def test_ranges_of_a_layer_that_a_cache_has_come_side_by_side() -> None:
    # All that the first came for is there by then; the second has the cache's whole uplink.
    run = scene(["proxy"], [0.0, 5.0], node=IN_RANGES, registries=ONE_BY_ONE, caches=cache("distribution-3"))
    case = run.cases[0]
    assert_allclose(case.end, 5.0 + 1.0, **EXACT)
    assert np.bincount(case.fetches.pull).tolist() == [2, 3 + 7]


def test_a_cache_hands_a_whole_layer_on_that_its_upstream_answers_with() -> None:
    caches = cache("nginx", upstream="far") | {"far": {"profile": "distribution-3", "uplink": "100 MB/s"}}
    run = scene(["proxy"], [0.0], node=IN_RANGES, registries=ONE_BY_ONE, caches=caches)
    assert_allclose(run.cases[0].end, 3.5, **EXACT)
    assert_allclose(run.cases[0].fetches.bytes_done.max(), 70 * MB, **EXACT)


@pytest.mark.parametrize(("ignores", "left"), [(True, 70.0), (False, 50.0)])
def test_a_body_that_broke_begins_anew_at_a_cache_that_ignores_ranges(ignores: bool, left: float) -> None:
    # The mirror sends 30 MB, and 20 of 70 MB until it goes down; the cache lacks that layer.
    run = scene(
        ["near", "proxy"], [0.0],
        caches=cache("distribution-3", ignores_ranges=ignores),
        mirrors={"near": {"of": "hub", "uplink": "100 MB/s"}},
        failures={"gone": {"mirror": "near", "at": "0.5 s"}},
    )  # fmt: skip
    fetches = run.cases[0].fetches
    assert_allclose(fetches.bytes_done, [30 * MB, (20 + left) * MB], **EXACT)
    assert_allclose(fetches.again, [0.0, (left - 50) * MB], **EXACT)
    assert supplied(run).bytes_by_source == pytest.approx(
        {"registry": 0.0, "cache": 0.0, "passed_on": left * MB, "mirror": 50 * MB}
    )
    if ignores:
        assert_allclose(run.cases[0].end, 0.5 + 0.7, **EXACT)


def test_what_a_pull_that_failed_had_of_a_layer_comes_again_from_a_cache_that_ignores_ranges() -> None:
    # 20 of 70 MB come from the mirror; then nobody answers until 0.6 s, when the client tries once more.
    away = {"at": "0.1 s", "back_after": "0.5 s"}
    run = scene(
        ["near", "proxy"], [0.0], node={"retry": {"times": 3}},
        images={"api": {"layers": ["70 MB"]}},
        caches=cache("distribution-3"),
        mirrors={"near": {"of": "hub", "uplink": "100 MB/s"}},
        failures={
            "gone": {"mirror": "near", "at": "0.2 s"},
            "proxy": {"cache": "proxy", **away},
            "hub": {"registry": "hub", **away},
        },
    )  # fmt: skip
    fetches = run.cases[0].fetches
    assert_allclose(fetches.bytes_done, [20 * MB, 70 * MB], **EXACT)
    assert_allclose(fetches.again, [20 * MB, 0.0], **EXACT)
    assert_allclose(run.cases[0].end, 0.6 + 0.7, **EXACT)


def test_a_layer_that_comes_whole_needs_its_room_at_once() -> None:
    # There is room for the first three ranges of the other layer, and not for all of it.
    small = {**IN_RANGES, "disk": {"capacity": "70 MB"}}
    case = scene(["proxy"], [0.0], "real", small, caches=cache("distribution-3")).cases[0]
    assert case.reasons == ("no space left on device: 60 MB more do not fit, 30 MB of 70 MB are free",)
