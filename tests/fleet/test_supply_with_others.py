"""Caches, mirrors and peers together with what else a scenario may have, worked out by hand.

Links carry 100 MB/s; in the ideal model nothing but bytes takes time.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import Run
from rolloutsim.results.load.supply import supply_summary
from rolloutsim.simulation import simulate
from tests.fleet.scenes import MB

QUICK = {
    "disk": "unlimited", "unpack": "unlimited", "stagger": "0 s", "resolve_round_trips": 0, "resolve_time": "0 s",
    "layer_round_trips": 0, "layer_time": "0 s", "finish_time": "0 s",
}  # fmt: skip


def scene(
    hosts: list[str],
    starts: list[float] | None = None,
    model: str = "ideal",
    node: dict[str, Any] | None = None,
    **more: Any,
) -> Run:
    """A node for each start, which pull one image of one layer of 50 MB."""
    document = {
        "rolloutsim": 1,
        "model": model,
        "nodes": {
            f"n{number}": {
                "count": 1, "nic": "100 MB/s", "hosts": hosts, "pulls": [{"image": "api", "at": f"{time} s"}],
                **(QUICK if model == "real" else {}), **(node or {}),
            }
            for number, time in enumerate(starts or [0.0])
        },
        "network": {"rate": "100 MB/s", "efficiency": "100%", "latency": "0 s"},
        "registries": {"hub": {"uplink": "100 MB/s"}},
        "images": {"api": "50 MB"},
        "rollout": {"strategy": "schedule"},
        **more,
    }  # fmt: skip
    return simulate(rs.loads(json.dumps(document)).resolve())


def times(run: Run) -> list[float]:
    """How long each pull took [s]."""
    pulls = run.cases[0].pulls
    return [float(time) for time in pulls.pulled - pulls.asked]


def carried(run: Run) -> dict[str, float]:
    links = run.cases[0].shared_links
    return {name: size / MB for name, size in zip(links.name, links.bytes.tolist(), strict=True)}


def sent(run: Run) -> dict[str, float]:
    found = supply_summary(run, run.cases[0])
    assert found is not None
    return {one.server: one.sent_bytes / MB for one in found.servers}


# By hand: the first reader waits for 50 MB at 10 MB/s, 5 s, in zot's case for a second way of 0.5 s as well. The second
# finds a registry that is warm, and a cache that is cold: 50 MB at 25 MB/s. The third finds both warm.
@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("distribution-3", [5.0, 2.0, 0.5]),
        ("distribution-2", [5.0, 2.0, 0.5]),
        ("zot", [7.0, 0.5, 0.5]),
        ("varnish", [5.0, 0.5, 0.5]),
    ],
)
def test_layers_are_cold_at_a_registry_and_at_the_cache_before_it_for_their_first_readers(
    profile: str, expected: list[float]
) -> None:
    run = scene(
        ["proxy", "hub"],
        [0.0, 20.0, 40.0],
        "real",
        registries={"hub": {"uplink": "100 MB/s", "ttfb": "0 s", "first_fetch": "10 MB/s"}},
        caches={"proxy": {"profile": profile, "ttfb": "0 s", "first_fetch": "25 MB/s"}},
    )
    assert times(run) == pytest.approx(expected, abs=1e-6)


def test_a_cold_layer_that_passes_two_caches_is_as_slow_and_warm_afterwards() -> None:
    run = scene(
        ["near", "hub"],
        [0.0, 20.0],
        "real",
        registries={"hub": {"uplink": "100 MB/s", "ttfb": "0 s", "first_fetch": {"rate": "10 MB/s", "time": "3 s"}}},
        caches={
            "far": {"profile": "distribution-3", "ttfb": "0 s", "upstream": "hub"},
            "near": {"profile": "distribution-3", "ttfb": "0 s", "upstream": "far"},
        },
    )
    assert times(run) == pytest.approx([8.0, 0.5], abs=1e-6)


@pytest.mark.parametrize("nic", ["100 MB/s", "15 MB/s"])
def test_who_reads_along_with_a_fill_that_is_lost_has_no_more_of_it_than_came(nic: str) -> None:
    # At 10 MB/s 20 MB have come when the cache goes away at 2 s; the other 30 MB come from the registry by 5 s.
    run = scene(
        ["proxy", "hub"],
        node={"nic": nic},
        registries={"hub": {"uplink": "10 MB/s"}},
        caches={"proxy": {"profile": "varnish"}},
        failures={"gone": {"cache": "proxy", "at": "2 s"}},
    )
    assert times(run) == pytest.approx([5.0])
    assert sent(run) == pytest.approx({"hub": 50.0, "proxy": 20.0})
    assert carried(run) == pytest.approx({"hub.uplink": 50.0, "proxy.uplink": 20.0, "proxy.uplink.in": 20.0})


def test_what_a_cache_sent_to_a_node_that_crashed_while_it_read_along_is_no_more_than_it_had() -> None:
    # Of 50 MB at 10 MB/s 20 MB are there at 2 s; the cache goes on, and the pod's next pull begins anew.
    document = {
        "rolloutsim": 1,
        "model": "ideal",
        "nodes": {"n": {"count": 1, "hosts": ["proxy"]}},
        "network": {"rate": "100 MB/s"},
        "registries": {"hub": {"uplink": "10 MB/s"}},
        "caches": {"proxy": {"profile": "varnish"}},
        "images": {"api": "50 MB"},
        "rollout": {"strategy": "daemonset"},
        "failures": {"crash": {"node": "n-000", "at": "2 s", "back_after": "1 s"}},
    }
    run = simulate(rs.loads(json.dumps(document)).resolve())
    assert sent(run) == pytest.approx({"hub": 50.0, "proxy": 70.0})
    assert carried(run)["proxy.uplink"] == pytest.approx(70.0)


@pytest.mark.parametrize("profile", ["kraken", "dragonfly", "bittorrent"])
def test_a_layer_whose_last_piece_takes_less_than_a_step_of_the_clock_comes_through_a_swarm(profile: str) -> None:
    run = scene(["swarm"], images={"api": {"layers": ["2 GB", "1 B"]}}, peers={"swarm": {"profile": profile}})
    assert run.cases[0].finished


def test_members_of_a_swarm_with_unlimited_connections_have_as_many_as_there_are_members() -> None:
    at_once = [0.0] * 30
    few, many, unlimited = (
        scene(["swarm"], at_once, peers={"swarm": {"profile": "bittorrent", "connections": number}}).cases[0].end
        for number in (1, 1000, "unlimited")
    )
    assert unlimited == many != few


def test_a_layer_that_an_old_lock_brings_is_there_for_all_who_wait() -> None:
    # 50 MB at 5 MB/s; the lock is too old after 5 s, and the second node begins a fetch that takes from 5 s to 15 s.
    # At 10 s the first is done: the others, who look every half second, get the layer at 100 MB/s together, 1.5 s.
    run = scene(
        ["proxy", "hub"],
        [0.0] * 5,
        registries={"hub": {"uplink": "100 MB/s", "connection_cap": "5 MB/s"}},
        caches={"proxy": {"profile": "nginx-lock", "uplink": "105 MB/s", "lock": {"timeout": "unlimited"}}},
    )
    assert times(run) == pytest.approx([10.0, 15.0, 11.5, 11.5, 11.5])
    assert sent(run) == pytest.approx({"hub": 100.0, "proxy": 250.0})


def test_all_fetches_of_a_cache_end_with_it_where_each_request_has_its_own() -> None:
    # Three fetches of a layer share 10 MB/s when the cache goes away at 2 s, with 20 MB of 150 MB; without it 150 MB
    # come from the registry in 15 s.
    run = scene(
        ["proxy", "hub"],
        [0.0] * 3,
        registries={"hub": {"uplink": "10 MB/s"}},
        caches={"proxy": {"profile": "quay"}},
        failures={"gone": {"cache": "proxy", "at": "2 s"}},
    )
    assert times(run) == pytest.approx([17.0] * 3)
    assert sent(run) == pytest.approx({"hub": 170.0, "proxy": 0.0})


def test_a_pull_whose_cache_is_refused_by_its_registry_fails_and_is_tried_again() -> None:
    # Two requests at once, and one each half a minute: for the layer nothing is left when the manifest is there, and
    # dockerd gives up. Its kubelet tries again after 10 s and more.
    document = {
        "rolloutsim": 1,
        "nodes": {"n": {"count": 2, "hosts": ["proxy"], "runtime": "dockerd"}},
        "network": {"rate": "100 MB/s"},
        "registries": {"hub": {"rate_limit": "2/min"}},
        "caches": {"proxy": {}},
        "images": {"api": "50 MB"},
        "rollout": {"strategy": "daemonset", "max_unavailable": 2},
    }
    (case,) = simulate(rs.loads(json.dumps(document)).resolve()).cases
    assert case.finished
    assert int((case.pulls.failed == case.pulls.failed).sum()) > 0
    assert case.end > 10.0


def test_images_that_are_copied_while_lazy_layers_still_come_are_no_part_of_the_rollout() -> None:
    # Nydus needs nothing to start, so the rollout is over at once; the rest of it and the second mirror's layer, which
    # waits for the first's, come later.
    document = {
        "rolloutsim": 1,
        "nodes": {"n": {"count": 1, "sites": ["s1", "s2"], "snapshotter": {"kind": "nydus", "needed": "0%"}}},
        "network": {"rate": "1 Gbit/s", "sites": {"uplink": "1 Gbit/s", "latency": "18 ms"}},
        "registries": {"hub": {"max_connections": 1}},
        "mirrors": {"near": {"in": "site", "copied": {"workers": 1}}},
        "images": {"api": "300 MB"},
    }
    run = simulate(rs.loads(json.dumps(document)).resolve())
    (case,) = run.cases
    assert case.finished
    assert case.reads.complete[0] > case.end
    assert (case.supply.fills.asked <= case.end).all()
    assert carried(run)["near-s1.uplink.in"] * MB == pytest.approx(float(case.supply.fills.bytes.sum()))
