"""Changes where the links of racks or sites are full, or hosts are silent: tried first, found by hand.

12 nodes in two sites get 350 MB each: 6 times that over a site's link of 500 Mbit/s, 2.1 GB, take 33.6 s at least.
"""

from __future__ import annotations

from functools import cache

import pytest

import rolloutsim as rs
from rolloutsim.planning.changes import candidates
from rolloutsim.planning.inputs import inputs
from rolloutsim.planning.sensitivity import Plan as SensitivityPlan
from rolloutsim.planning.what_if import Plan, quick_what_if, situation_of
from rolloutsim.results.outcome import Outcome

SITES = """
rolloutsim: 1
nodes: {web: {count: 12, nic: 10 Gbit/s, sites: [muc, ham]}}
network: {sites: {uplink: 500 Mbit/s, latency: 5 ms}}
registries: {hub: {uplink: 10 Gbit/s}}
images: {api: {layers: [100 MB, 200 MB, 50 MB]}}
"""
RACKS = SITES.replace("sites: [muc, ham]", "racks: [r1, r2]").replace("sites: {uplink: 500 Mbit/s, latency: 5 ms}",
                                                                      "racks: {uplink: 500 Mbit/s}")  # fmt: skip
SILENT = SITES.replace("ham]", "ham], hosts: [near, hub]") + (
    "mirrors: {near: {in: site, uplink: 10 Gbit/s}}\nfailures: {f: {mirror: near-muc, at: 0 s, silent: true}}\n"
)
OVERSUBSCRIBED = RACKS.replace("racks: {uplink: 500 Mbit/s}", "racks: {oversubscription: 120}")


@cache
def outcome(text: str) -> Outcome:
    return rs.loads(text).run().outcome


def first(text: str, most: int) -> list[str]:
    """The subjects that are tried first, the first few of them."""
    situation = situation_of(outcome(text))
    assert situation is not None
    return list(dict.fromkeys(one.subject for one in candidates(situation)))[:most]


@pytest.mark.parametrize(("text", "kind", "cached"), [
    (SITES, "site", "a cache at each site"), (RACKS, "rack", "a cache in each rack"),
])  # fmt: skip
def test_full_links_of_sites_and_racks_and_what_spares_them_are_tried_first(text: str, kind: str, cached: str) -> None:
    assert first(text, 5) == [f"{kind} uplinks", cached, "peers", "peers and waves", "a swarm"]


def test_racks_that_are_oversubscribed_are_tried_with_half_of_it() -> None:
    assert first(OVERSUBSCRIBED, 1) == ["rack uplinks"]
    (change, *_) = Plan.of(outcome(OVERSUBSCRIBED)).candidates
    assert change.overrides == ("network.racks.oversubscription=60",)


def test_a_faster_link_of_each_site_is_tried_with_a_run_and_does_what_set_does() -> None:
    (found,) = [one for one in quick_what_if(outcome(SITES)).best if one.subject == "site uplinks"]
    assert found.overrides == ("network.sites.uplink=2.5 Gbit/s",)
    assert found.before > 33.6
    # 94.1 % of the line's rate is payload; the layers take a fifth as long.
    assert found.gain == pytest.approx(33.6 / 0.941 * 0.8, rel=0.05)
    again = rs.loads(SITES, overrides=found.overrides).run()
    assert again.summary.cases["api"].rollout_time_s == found.after


def test_a_cache_behind_the_full_link_brings_one_copy_over_it() -> None:
    plan = Plan.of(outcome(SITES))
    assert plan.trials is not None
    (near,) = [one for one in plan.candidates if one.subject == "a cache at each site"]
    trial = plan.trials.trial(near.overrides)
    assert (round(plan.sent / 1e6), round(trial.sent / 1e6)) == (4200, 700)
    assert trial.rollout_time is not None
    assert trial.rollout_time < 0.3 * plan.before


def test_peers_are_tried_with_those_of_the_same_site_first_as_well_where_its_link_is_full() -> None:
    plan = Plan.of(outcome(SITES))
    assert plan.trials is not None
    every, own = [one for one in plan.candidates if one.subject == "peers and waves"]
    assert "those of the same site first" in own.change
    assert '"per_rack": true' in own.overrides[0]
    of_all, of_own = (plan.trials.trial(one.overrides).rollout_time for one in (every, own))
    assert of_all is not None
    assert of_own is not None
    # What nodes of other sites hand over crosses two full links.
    assert of_own < min(of_all, plan.before)


def test_a_cache_behind_a_narrow_rack_is_as_fast_as_the_nodes() -> None:
    (change,) = [one for one in Plan.of(outcome(RACKS)).candidates if one.subject == "a cache in each rack"]
    assert change.change == "a cache in each rack (coalesces, as varnish, 10 Gbit/s)"


def test_links_of_places_that_are_wide_call_for_no_cache() -> None:
    wide = SITES.replace("500 Mbit/s", "400 Gbit/s").replace("hub: {uplink: 10 ", "hub: {uplink: 400 ")
    assert not {"a cache at each site", "peers", "a swarm"} & set(first(wide, 99))


def test_a_host_that_does_not_answer_is_given_up_sooner() -> None:
    (change,) = [one for one in Plan.of(outcome(SILENT)).candidates if one.subject == "timeouts.dial"]
    assert change.overrides == ("nodes.web.timeouts.dial=5 s",)
    assert change.share > 0.2
    before, after = (rs.loads(SILENT, overrides=made).run()["api"].rollout_time for made in ((), change.overrides))
    assert before is not None
    assert after is not None
    assert before - after > 25.0  # of the 30 s that the first request alone waits


def test_hosts_that_answer_are_given_their_time() -> None:
    assert "timeouts.dial" not in first(SILENT.replace(", silent: true", ""), 99)
    assert "timeouts.dial" not in first(SITES, 99)
    patient = SILENT.replace("hosts: [near, hub]", "hosts: [near, hub], timeouts: {dial: 2 s}")
    assert "timeouts.dial" not in first(patient, 99)


def test_inputs_of_the_greatest_causes_are_tried_first() -> None:
    situation = situation_of(outcome(SITES))
    assert situation is not None
    shares = {one.path: one.share for one in inputs(situation)}
    ranked = sorted(shares, key=lambda path: -shares[path])
    assert ranked[:3] == ["network.sites.uplink", "images.api", "nodes.web.count"]
    assert shares["nodes.web.nic"] == shares["registries.hub.uplink"] == 0.0
    # A budget for nothing: what is left out stands in that order.
    left = SensitivityPlan.of(outcome(SITES), budget=0.0).carry_out(1).left_out
    assert list(left) == ranked


def test_keys_of_a_registry_of_no_name_and_of_a_workload_belong_to_their_causes() -> None:
    situation = situation_of(
        outcome(
            "rolloutsim: 1\nnodes: 8\nnetwork: 10 Gbit/s\nregistry: {uplink: 100 Mbit/s, storage: 900 MB/s}\n"
            'images: {"a.1": 50 MB}\nworkloads: {a: {images: "a.1", replicas: 8, startup: 20 s}}\n'
        )
    )
    assert situation is not None
    shares = {one.path: one.share for one in inputs(situation)}
    assert shares["registry.uplink"] == situation.share(["registry.uplink"]) > 0.0
    assert shares["workloads.a.startup"] == situation.share(["startup"]) > 0.3
    assert shares['images["a.1"]'] == situation.largest_share
    assert shares["registry.storage"] == 0.0


def test_what_takes_most_is_said_not_to_be_tried_until_it_is() -> None:
    plan = Plan.of(outcome(SITES), budget=60.0)
    assert plan.limit == "site uplinks"
    nothing = Plan.of(outcome(SITES), budget=0.0).carry_out(1)
    assert (nothing.limit, nothing.is_thorough, nothing.extent) == (
        "site uplinks", True, f"0 of {len(plan.candidates)} changes",
    )  # fmt: skip
    assert quick_what_if(outcome(SITES)).limit == ""
