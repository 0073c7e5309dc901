"""Peers as changes: tried where the way to the registry is narrow, with what it sends then, found by hand.

60 nodes get 350 MB each over 1 Gbit/s: 21 GB. A node that has an image before all others hands it over: one copy; of
60 nodes that ask at once nobody has a layer when the others look it up.
"""

from __future__ import annotations

from functools import cache

import pytest

import rolloutsim as rs
from rolloutsim.planning.tried import WhatIf, WhatIfs
from rolloutsim.planning.what_if import Plan
from rolloutsim.results.outcome import Outcome
from tests.planning import some

BARE = """
rolloutsim: 1
nodes: {web: {count: 60, nic: 1 Gbit/s}}
registries: {hub: {uplink: 1 Gbit/s}}
images: {api: {layers: [100 MB, 200 MB, 50 MB]}}
"""
ROLLING = f"{BARE}workloads: {{agent: {{images: api, daemonset: true, rollout: {{max_unavailable: 10%}}}}}}\n"
HOT = BARE.replace("count: 60", "count: 60, hosts: [p, hub]") + (
    "peers: {p: {profile: spegel-0.4}}\nrollout: {strategy: waves, waves: [1, 10%]}\n"
)


OF_PEERS = {"peers", "peers and waves", "a swarm", "look-ups of p"}


def of(text: str) -> Outcome:
    return rs.loads(text).run().outcome


@cache
def tried(text: str) -> dict[str, WhatIf]:
    return some.tried(of(text), lambda one: one.subject in OF_PEERS)


def sent(found: WhatIf) -> list[float]:
    assert found.sent is not None
    return [round(size / 1e6) for size in found.sent]


def test_peers_bring_nothing_where_all_ask_at_once_and_one_copy_is_enough_where_one_is_first() -> None:
    assert sent(tried(BARE)["peers"]) == [21_000, 21_000]
    assert sent(tried(BARE)["peers and waves"]) == [21_000, 350]


def test_peers_that_help_with_waves_are_not_said_to_have_no_effect() -> None:
    every = Plan.of(rs.loads(BARE).run().outcome).candidates
    alone, both = (next(one for one in every if one.subject == subject) for subject in ("peers", "peers and waves"))
    tried = tuple(
        WhatIf("api", one.subject, one.change, one.overrides, 100.0, after, one.parts)
        for one, after in ((alone, 100.0), (both, 30.0))
    )
    assert WhatIfs("api", tried).idle == ()
    assert WhatIfs("api", tried[:1]).idle == ("peers",)


def test_peers_spare_the_registry_all_but_the_first_turn_of_a_rolling_update() -> None:
    assert sent(tried(ROLLING)["peers"]) == [21_000, 2_100]
    assert "peers and waves" not in some.subjects(of(ROLLING))


def test_a_swarm_is_tried_and_told_with_the_error_of_its_model() -> None:
    swarm = tried(BARE)["a swarm"]
    assert swarm.change == "a swarm of the nodes (Kraken; the model of it may be off by 20 %)"
    assert sent(swarm)[1] < 0.1 * 21_000


def test_holders_that_are_always_found_first_are_tried_at_random() -> None:
    found = tried(HOT)
    assert found["look-ups of p"].overrides == ("peers.p.finds=random",)
    assert found["look-ups of p"].after is not None
    assert found["look-ups of p"].after < found["look-ups of p"].before
    assert not {"peers", "a swarm"} & some.subjects(of(HOT))


@pytest.mark.parametrize(
    "text", [BARE.replace("count: 60", "count: 9"), BARE.replace("hub: {uplink: 1 ", "hub: {uplink: 100 ")]
)
def test_no_peers_are_tried_among_few_nodes_or_where_the_registry_is_wide(text: str) -> None:
    assert not {"peers", "a swarm"} & some.subjects(of(text))
