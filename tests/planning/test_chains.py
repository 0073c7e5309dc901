"""Limits that stand behind one another are raised together; what helps only with another is not called useless."""

from __future__ import annotations

from functools import cache

import pytest

import rolloutsim as rs
from rolloutsim.planning.trials import Chain, Trial, Trials
from rolloutsim.planning.tried import WhatIf, WhatIfs
from rolloutsim.planning.what_if import quick_what_if, what_if
from rolloutsim.scenario import loads

BEHIND_A_WAN = (
    "rolloutsim: 1\n"
    "nodes: {web: {count: 8, nic: 100 Mbit/s}}\n"
    "network: {links: {wan: {capacity: 100 Mbit/s}}}\n"
    "registry: {uplink: 10 Gbit/s, via: [wan]}\n"
    "images: {api: 137 MB}\n"
    "workloads: {agent: {images: [api], daemonset: true}}\n"
)
BOTH = "node NICs 1 Gbit/s and wan link 1 Gbit/s"


@cache
def behind_a_wan() -> rs.Result:
    return rs.loads(BEHIND_A_WAN).run()


def test_nodes_and_a_wan_that_are_equally_fast_get_a_gigabit_together() -> None:
    found = what_if(behind_a_wan().outcome, jobs=1)
    times = {one.change: (one.before, one.after) for one in found.tried}
    # 8 × 137 MB at 94.1 Mbit/s, one after another, are 93 of 120 s; at ten times the speed a tenth of them.
    assert times[BOTH] == (pytest.approx(120, abs=1.0), pytest.approx(36, abs=1.0))
    for alone in ("node NICs 1 Gbit/s", "wan link 1 Gbit/s"):
        before, after = times[alone]
        assert after == pytest.approx(before, rel=1e-3)
    assert found.best[0].change == BOTH
    assert not {"node NICs", "wan link", "node NICs and wan link"} & set(found.useless)


def test_the_run_itself_offers_both_too() -> None:
    found = quick_what_if(behind_a_wan().outcome)
    assert found.best[0].change == BOTH
    assert not {"node NICs", "wan link"} & set(found.useless)


def test_both_together_are_what_a_run_with_the_same_set_gives() -> None:
    (both,) = (one for one in quick_what_if(behind_a_wan().outcome).tried if one.change == BOTH)
    assert both.overrides == ("nodes.web.nic=1 Gbit/s", "network.links.wan.capacity=1 Gbit/s")
    assert rs.loads(BEHIND_A_WAN, overrides=both.overrides).run()["all"].rollout_time == both.after


@pytest.mark.parametrize("pulled", ["registry: 1 Gbit/s", "registry: {uplink: 10 Gbit/s, via: [wan]}"])
def test_a_link_that_no_pull_crosses_is_in_no_pair(pulled: str) -> None:
    # Another application fills a link of its own all the time, as full as what the pulls wait for.
    text = (
        "rolloutsim: 1\nmodel: ideal\nnodes: {web: {count: 4, nic: 10 Gbit/s}}\n"
        "network: {links: {wan: {capacity: 1 Gbit/s}, lan: {capacity: 1 Gbit/s}}}\n"
        f"images: {{api: 125 MB}}\nbackground: {{backup: {{links: [lan], size: 100 GB}}}}\n{pulled}\n"
    )
    outcome = rs.loads(text).run().outcome
    for found in (what_if(outcome, jobs=1), quick_what_if(outcome)):
        assert found.best
        assert not [one for one in found.tried if "lan link" in one.parts]
        assert "lan link" not in "".join(one.change for one in found.faster)


def test_three_limits_one_behind_another_are_raised_one_by_one() -> None:
    # An uplink of 1 Gbit/s for two nodes, NICs of 800 Mbit/s, a limit of 1 Gbit/s: 125 MB take 2, 1.25, 1 and 0.5 s.
    text = (
        "rolloutsim: 1\nmodel: ideal\nnodes: {web: {count: 2, nic: 800 Mbit/s, pull_cap: 1 Gbit/s}}\n"
        "registry: 1 Gbit/s\nimages: {api: 125 MB}\n"
    )
    found = what_if(rs.loads(text).run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    assert times["registry uplink 10 Gbit/s"] == pytest.approx(1.25)
    two = "registry uplink 10 Gbit/s and node NICs 10 Gbit/s"
    assert times[two] == pytest.approx(1.0)
    three = "registry uplink 10 Gbit/s, node NICs 10 Gbit/s and limit of a node's pulls 2 Gbit/s"
    assert times[three] == pytest.approx(0.5)
    assert len([one for one in found.tried if one.parts]) == 2
    assert found.best[0].change == three


def test_what_gives_nothing_back_or_hands_it_to_nobody_is_not_followed() -> None:
    nic, wan, disk = (frozenset({name}) for name in ("nic", "wan", "disk"))
    others = ((nic, ("nic=2",)), (wan, ("wan=2",)), (disk, ("disk=2",)))
    chain = Chain(("nic=2",), nic, others, {"nic": 80.0, "disk": 20.0})

    def then(path: dict[str, float], joined: tuple[int, ...] = ()) -> tuple[int, ...] | None:
        return chain.following(Trial(("nic=2",), 100.0, path=path, joined=joined), chain.path)

    assert then({"nic": 8.0, "wan": 72.0, "disk": 20.0}) == (1,)
    assert then({"nic": 8.0, "wan": 1.0, "disk": 60.0}) == (2,)
    assert then({"nic": 8.0, "wan": 30.0, "disk": 40.0}) is None  # less than half of the 72 s each
    assert then({"nic": 8.0, "disk": 20.0}) is None
    assert then({"nic": 80.0, "wan": 20.0}) is None
    assert then({"nic": 8.0, "disk": 92.0}, joined=(1,)) == (1, 2)
    assert then({"nic": 8.0, "disk": 92.0}, joined=(1, 2)) is None
    assert chain.following(Trial(("nic=2",), None), chain.path) is None
    known = Chain(("nic=2",), nic, others, chain.path, frozenset({frozenset({"nic=2", "wan=2"})}))
    assert known.following(Trial(("nic=2",), 100.0, path={"nic": 8.0, "wan": 72.0}), chain.path) is None


def test_of_what_was_cut_no_effect_is_claimed() -> None:
    alone = WhatIf("a", "node NICs", "node NICs 1 Gbit/s", (), 100.0, 100.0)
    disks = WhatIf("a", "disks", "disks 2 GB/s", (), 100.0, 100.0)
    assert WhatIfs("a", (alone, disks)).idle == ("node NICs", "disks")
    assert WhatIfs("a", (alone, disks), unknown=("node NICs", "wan link")).idle == ("disks",)
    both = WhatIf("a", "node NICs and disks", "both", (), 100.0, 50.0, ("node NICs", "disks"))
    assert WhatIfs("a", (alone, disks, both)).idle == ()
    none = WhatIf("a", "node NICs and disks", "both", (), 100.0, 100.0, ("node NICs", "disks"))
    assert WhatIfs("a", (alone, disks, none)).idle == ("node NICs", "disks")


def test_a_chain_without_room_ends_and_names_what_it_did_not_try() -> None:
    scenario = loads(BEHIND_A_WAN).resolve()
    result = behind_a_wan()
    trials = Trials.of(scenario, result.run.cases[0], 1)
    others = ((frozenset({"wan"}), ("network.links.wan.capacity=1 Gbit/s",)),)
    chain = Chain(("nodes.web.nic=1 Gbit/s",), frozenset({"nic"}), others, {"nic": 93.0})
    first, cut = trials.followed(chain, most=1)
    assert (first.joined, first.is_cut) == ((), False)
    assert (cut.joined, cut.is_cut, cut.rollout_time) == ((0,), True, None)
