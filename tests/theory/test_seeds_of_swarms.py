"""Where the first copy of a swarm's layer comes from: times and counts worked out by hand.

In the ideal model, and with members that nothing but their NICs limits. A member alone joins its swarm 50 ms after it
has asked (`rolloutsim.fleet.sources.pieces.TOGETHER`).

Sources: dragonfly client `dragonfly-client/src/resource/task.rs` @ff17c0b7 (a request about the length for each task,
back to source by pieces, short tasks from the source); kraken `lib/hashring/config.go` @2a7fbcb (three origins have a
blob); Kumar & Ross, HotWeb 2006 (the least time in which seeds and members bring a file to all).
"""

from __future__ import annotations

import json
from math import ceil
from typing import Any

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.fleet.sources.pieces import TOGETHER
from rolloutsim.fleet.sources.seeding import NO_PARENT
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.load.requests import registry_summaries
from rolloutsim.results.load.supply import SupplySummary, supply_summary
from rolloutsim.simulation import simulate

MB = 1e6
PIECE = 4 * 2**20
LAYER = 100.0  # [MB]
RESOLVE = 6  # requests of containerd about manifests, token and config


def scene(
    count: int = 1,
    profile: str = "dragonfly",
    layers: tuple[float, ...] = (LAYER,),
    hub: float = 100.0,
    seeds: tuple[int, float] | None = None,
    nic: float = 100.0,
    **more: Any,
) -> Run:
    """So many nodes with NICs of so many MB/s, one registry of `hub` [MB/s], and (count, MB/s each) seeds."""
    peers: dict[str, Any] = {"profile": profile, "upload": "unlimited", "download": "unlimited"}
    if seeds is not None:
        peers["seeds"] = {"count": seeds[0], "uplink": f"{seeds[1]} MB/s"}
    registry = {"uplink": f"{hub} MB/s", **more.pop("registry", {})}
    document = {
        "rolloutsim": 1,
        "model": "ideal",
        "nodes": {"n": {"count": count, "nic": f"{nic} MB/s", "hosts": ["p", "hub"], "runtime": "containerd-1"}},
        "registries": {"hub": registry},
        "peers": {"p": peers},
        "images": {"a": {"layers": [f"{size} MB" for size in layers]}},
        **more,
    }
    return simulate(rs.loads(json.dumps(document)).resolve())


def supplied(run: Run) -> SupplySummary:
    found = supply_summary(run, run.cases[0])
    assert found is not None
    return found


def crossed(case: CaseRecords, link: str) -> float:
    """[MB]"""
    return float(case.shared_links.bytes[case.shared_links.name.index(link)]) / MB


# ---- requests to the source ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("nodes", "layers"), [(1, (LAYER,)), (7, (LAYER,)), (5, (LAYER, 50.0, 20.0))])
def test_each_member_asks_the_registry_about_each_layer(nodes: int, layers: tuple[float, ...]) -> None:
    """Oracle: N x L requests, and one for each piece of the one copy that the first member gets."""
    run = scene(nodes, layers=layers)
    (hub,) = registry_summaries(run, run.cases[0])
    pieces = [ceil(size * MB / PIECE) for size in layers]
    assert hub.of_caches == {"heads": nodes * len(layers), "layers": sum(pieces) - len(pieces)}
    assert hub.requests == nodes * (RESOLVE + len(layers)) + sum(pieces)
    peers = supplied(run).servers[-1]
    assert peers.seeding is not None
    assert peers.seeding.upstream_requests == nodes * len(layers) + sum(pieces) - len(pieces)
    assert supplied(run).egress == pytest.approx(sum(layers) * MB)


@pytest.mark.parametrize("profile", ["kraken", "bittorrent"])
def test_members_of_other_swarms_ask_it_for_nothing(profile: str) -> None:
    run = scene(5, profile)
    (hub,) = registry_summaries(run, run.cases[0])
    assert (hub.requests, dict(hub.of_caches)) == (0, {})


@pytest.mark.parametrize("limit", [100, 101])
def test_limits_of_the_registry_count_what_members_ask(limit: int) -> None:
    """Oracle: pulls of six requests and one about the layer, by ten nodes and a late one, and 24 pieces: 101."""
    nodes = {
        name: {
            "count": count, "nic": "100 MB/s", "hosts": ["p", "hub"], "runtime": "containerd-1",
            "pulls": [{"image": "a", "at": at}],
        }
        for name, count, at in (("n", 10, "0 s"), ("late", 1, "30 s"))
    }  # fmt: skip
    run = scene(
        nodes=nodes, rollout={"strategy": "schedule", "horizon": "60 s"},
        registry={"rate_limit": {"rate": f"{limit}/24h", "burst": limit}},
    )  # fmt: skip
    assert bool(supplied(run).servers[0].refused) is (limit < 10 * 7 + 7 + ceil(LAYER * MB / PIECE))


def test_a_member_whose_question_is_refused_asks_the_next_host() -> None:
    """Of ten nodes the limit lets the pulls through and three of the questions; the swarm has the layer for three."""
    run = scene(10, registry={"rate_limit": {"rate": "63/24h", "burst": 63}}, rollout={"horizon": "60 s"})
    hub, peers = supplied(run).servers
    assert peers.refused["429"] >= 7
    assert hub.refused["429"] >= 7


def test_while_the_registry_is_down_nobody_gets_what_the_swarm_has() -> None:
    """The second node asks when the first has all; Kraken's members do not need the registry."""

    def ready(profile: str) -> list[bool]:
        nodes = {
            f"n{number}": {
                "count": 1, "nic": "100 MB/s", "hosts": ["p", "hub"], "runtime": "containerd-1",
                "pulls": [{"image": "a", "at": f"{10 * number} s"}],
            }
            for number in range(2)
        }  # fmt: skip
        run = scene(
            profile=profile, nodes=nodes, rollout={"strategy": "schedule", "horizon": "40 s"},
            failures={"down": {"registry": "hub", "at": "9 s"}},
        )  # fmt: skip
        return [not np.isnan(time) for time in run.cases[0].pulls.pulled[:2].tolist()]

    assert ready("kraken") == [True, True]
    assert ready("dragonfly")[0] is True
    assert not all(ready("dragonfly"))


def test_short_layers_come_from_the_registry_for_each_member() -> None:
    """Oracle: N x F / uplink; what is no longer than the shortest piece is not handed over."""
    run = scene(10, layers=(PIECE / MB,), hub=10.0)
    assert supplied(run).egress == pytest.approx(10 * PIECE)
    assert run.cases[0].end == pytest.approx(10 * PIECE / (10 * MB))
    assert supplied(run).bytes_by_source["peer"] == 0.0


# ---- the first member --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hub", [10.0, 100.0, 1000.0])
def test_the_first_member_gets_its_layer_as_in_a_pull_without_a_swarm(hub: float) -> None:
    run = scene(hub=hub)
    assert run.cases[0].end == pytest.approx(LAYER / min(hub, 100.0))
    assert run.cases[0].fetches.source.tolist() == [0]


@pytest.mark.parametrize("hub", [2.0, 5.0])
def test_nobody_is_complete_before_the_first_member_is(hub: float) -> None:
    """Oracle: F / uplink of the registry, which is slower than the swarm: a streaming cache's time; and a few hops."""
    run = scene(20, hub=hub)
    fetched = np.sort(run.cases[0].fetches.fetched)
    assert fetched[0] == pytest.approx(LAYER / hub)
    assert LAYER / hub <= fetched[-1] <= LAYER / hub + 5.0
    assert supplied(run).egress == pytest.approx(LAYER * MB)


def test_another_member_goes_back_to_the_source_when_the_first_is_gone() -> None:
    """Oracle: the first has 10 MB after 1 s; after 2 s without a parent another one begins, and has all 10 s later."""
    run = scene(5, hub=10.0, failures={"crash": {"node": "n-000", "at": "1 s"}})
    case = run.cases[0]
    complete = np.sort(case.fetches.fetched[~np.isnan(case.fetches.fetched)])
    assert case.pulls.node[case.fetches.pull[case.fetches.source == 0]].tolist()[0] == 0
    assert complete[0] == pytest.approx(1.0 + NO_PARENT + LAYER / 10.0, abs=2 * NO_PARENT)
    assert len(complete) == 4
    assert supplied(run).egress <= 3 * LAYER * MB


# ---- seeds of their own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize(("profile", "most"), [("dragonfly", 1), ("kraken", 3), ("bittorrent", 5)])
def test_the_registry_sends_a_copy_to_each_seed_that_has_a_layer(profile: str, most: int, count: int) -> None:
    """Oracle: one seed peer of a task, three origins of a blob; members' bytes come from seeds and each other."""
    run = scene(8, profile, seeds=(count, 100.0))
    copies = min(count, most) * LAYER
    assert supplied(run).egress == pytest.approx(copies * MB)
    assert crossed(run.cases[0], "p.seeds.uplink.in") == pytest.approx(copies)
    assert LAYER <= crossed(run.cases[0], "p.seeds.uplink") <= 8 * LAYER
    assert run.cases[0].fetches.bytes_done.sum() == pytest.approx(8 * LAYER * MB)
    assert run.cases[0].fetches.source.tolist() == [1] * 8


@pytest.mark.parametrize(("hub", "seed"), [(10.0, 50.0), (100.0, 50.0), (100.0, 1000.0)])
def test_a_seed_peer_hands_on_what_it_gets(hub: float, seed: float) -> None:
    """Oracle: a streaming cache, F / the slowest link, if a member is alone."""
    slowest = min(hub, seed, 100.0)
    end = scene(hub=hub, seeds=(3, seed)).cases[0].end
    assert LAYER / slowest - 1e-9 <= end <= LAYER / slowest + TOGETHER + 1e-9


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_origin_seeds_when_it_has_all_of_a_blob(count: int) -> None:
    """Oracle: store and forward: copies x F / uplink of the registry, then F / the member's NIC."""
    end = scene(profile="kraken", hub=10.0, seeds=(count, 1000.0)).cases[0].end
    assert end == pytest.approx(count * LAYER / 10.0 + TOGETHER + LAYER / 100.0, rel=1e-6)


@pytest.mark.parametrize("profile", ["dragonfly", "kraken", "bittorrent"])
@pytest.mark.parametrize("seed", [20.0, 100.0, 400.0])
def test_no_swarm_is_faster_than_its_seeds_and_members_can_be(profile: str, seed: float) -> None:
    """Oracle: Kumar and Ross: F / seeds, F / d, N F / (seeds + N u), and nothing before the first copy is there."""
    nodes, count = 12, 2
    sending = {"dragonfly": 1, "kraken": 2, "bittorrent": 2}[profile] * seed
    least = max(LAYER / sending, LAYER / 100.0, nodes * LAYER / (sending + nodes * 100.0))
    assert scene(nodes, profile, seeds=(count, seed)).cases[0].end >= least


def test_seeds_of_a_swarm_are_no_seeds_without_the_registry() -> None:
    """A registry that is down when the first member asks: all go to the next host, which is the registry."""
    run = scene(
        3, "kraken", seeds=(2, 100.0), failures={"down": {"registry": "hub", "at": "0 s", "back_after": "20 s"}},
        workloads={"w": {"images": "a", "daemonset": True, "create": True}}, rollout={"horizon": "10m"},
    )  # fmt: skip
    assert run.cases[0].finished
    assert supplied(run).servers[-1].refused["503"] >= 3
    assert supplied(run).servers[0].refused["broken"] >= 1
