"""Caches as changes: tried where the way to a registry is narrow, with what registries send then, found by hand.

20 nodes in two racks get 350 MB each over 500 Mbit/s: 7 GB, of which a cache in each rack that coalesces needs 700 MB.
"""

from __future__ import annotations

import rolloutsim as rs
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tabular import as_options
from tests.planning.some import subjects, the, tried

BARE = """
rolloutsim: 1
nodes: {web: {count: 20, nic: 1 Gbit/s, racks: [r1, r2]}}
network: {racks: {uplink: 10 Gbit/s}, links: {wan: {capacity: 500 Mbit/s, latency: 20 ms}}}
registries: {hub: {uplink: 10 Gbit/s, via: [wan]}}
images: {api: {layers: [100 MB, 200 MB, 50 MB]}}
"""
CACHED = BARE.replace("racks: [r1, r2]", "racks: [r1, r2], hosts: [proxy]") + (
    "caches: {proxy: {in: rack, profile: distribution-3, uplink: 10 Gbit/s}}\n"
)


EACH_RACK = "a cache in each rack"


def of(text: str, *overrides: str) -> Outcome:
    return rs.loads(text, overrides=overrides).run().outcome


def test_a_cache_in_each_rack_is_tried_where_the_way_to_the_registry_is_narrow() -> None:
    found = tried(of(BARE), the(EACH_RACK))[EACH_RACK]
    assert found.change == "a cache in each rack (coalesces, as varnish, 10 Gbit/s)"
    assert found.sent is not None
    assert [round(size / 1e6) for size in found.sent] == [7000, 700]
    # The options make what is told.
    again = rs.loads(BARE, overrides=found.overrides).run()
    assert again.summary.cases["api"].rollout_time_s == found.after
    assert as_options(found.overrides).startswith('--set \'caches.rack-cache={"in": "rack", "profile": "varnish"')
    assert found.shown_after.endswith("registries send 700 MB in place of 7 GB")


def test_a_cache_is_tried_where_the_last_pod_finds_its_image_on_its_node() -> None:
    """Pods are more than nodes: the last one has waited for the same image as all others, though not itself."""
    rolled = BARE + "workloads: {api: {images: api, replicas: 40, rollout: {strategy: rolling, max_surge: 10}}}\n"
    outcome = of(rolled)
    (case,) = outcome.run.cases
    assert case.pods.pull[int(case.pods.ready.argmax())] == -1
    assert EACH_RACK in subjects(outcome)


def test_no_cache_is_tried_where_nothing_before_the_racks_is_narrow() -> None:
    wide = ("network.links.wan.capacity=400 Gbit/s", "registries.hub.uplink=400 Gbit/s")
    assert EACH_RACK not in subjects(of(BARE, *wide))


def test_a_cache_that_herds_is_tried_with_coalescing_and_no_other_is_put_before_it() -> None:
    outcome = of(CACHED)
    assert EACH_RACK not in subjects(outcome)
    (coalescing,) = tried(outcome, the("coalescing of proxy")).values()
    assert coalescing.overrides == ("caches.proxy.coalesce=stream",)
    assert coalescing.sent is not None
    assert [round(size / 1e6) for size in coalescing.sent] == [7000, 700]
    assert coalescing.is_faster


def test_a_cache_that_coalesces_already_is_left_alone() -> None:
    assert "coalescing of proxy" not in subjects(of(CACHED, "caches.proxy.profile=varnish"))
