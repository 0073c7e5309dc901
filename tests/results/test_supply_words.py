"""What is said of sources of layers: whole sentences, on runs whose numbers are told beside them."""

from __future__ import annotations

import rolloutsim as rs
from rolloutsim.results.shown.findings import REQUESTS, SOURCES, findings
from rolloutsim.results.shown.supply import supply_rows
from rolloutsim.results.store import from_bytes, to_bytes

# 4 nodes at once in each of two racks: each layer comes four times into each of two caches.
HERD = """
rolloutsim: 1
model: ideal
nodes: {web: {count: 8, nic: 1000 MB/s, racks: [r1, r2], hosts: [proxy], parallel_layers: 1}}
network: {racks: {uplink: 1000 MB/s}}
registries: {hub: {uplink: 100 MB/s}}
caches: {proxy: {in: rack, profile: distribution-3, uplink: 10 MB/s}}
images: {api: {layers: [30 MB, 70 MB]}}
"""
MIRRORED = """
rolloutsim: 1
nodes: {web: {count: 1, nic: 1000 MB/s, hosts: [near, hub], parallel_layers: 1}}
network: 1000 MB/s
registries: {hub: {uplink: 100 MB/s}}
mirrors: {near: {of: hub, images: {api: 30%}}}
images: {api: {layers: [30 MB, 70 MB]}}
"""


def said(text: str, topic: str, *overrides: str) -> list[str]:
    result = rs.loads(text, overrides=overrides).run()
    return [one.text for one in findings(result.summary) if one.topic == topic]


def test_a_cache_that_herds_is_told_with_what_would_do() -> None:
    assert said(HERD, SOURCES) == [
        "each proxy fetched each layer 4.00 times on average, since distribution-3 does not coalesce requests: 800 MB "
        "from hub, where one copy of each layer for each of them is 200 MB."
    ]
    assert said(HERD, SOURCES, "caches.proxy.profile=varnish") == []


def test_each_layer_counts_alike_in_copies_whatever_its_size() -> None:
    """nginx' lock holds for the layer of 30 MB, and ends before that of 70 MB is there: one copy, and four."""
    lock = ("caches.proxy.profile=nginx-lock", "caches.proxy.lock.timeout=3 s")
    supply = rs.loads(HERD, overrides=lock).run().summary.cases["api"].supply
    assert supply is not None
    assert supply.upstream_copies is not None
    assert (supply.upstream_copies.mean, supply.upstream_copies.max) == ((1 + 4) / 2, 4.0)
    (cache, _) = (one.cache for one in supply.servers if one.cache is not None)
    assert cache.upstream_bytes == 1 * 30e6 + 4 * 70e6


def test_servers_of_one_key_are_told_together() -> None:
    result = rs.loads(HERD).run()
    table = supply_rows(result.summary)
    assert table is not None
    assert [row[0] for row in table.cells()] == ["hub", "proxy (2 caches)"]
    why = result.why()
    assert "uplinks of proxy" in why
    assert "proxy-r1" not in why


def test_a_mirror_that_lacks_something_is_told() -> None:
    (text,) = said(MIRRORED, SOURCES)
    assert text == "near (mirror) does not have all of api: 1 request is answered with 404, and goes to the next host."


def test_requests_are_told_of_whoever_was_asked() -> None:
    hub, near = said(MIRRORED, REQUESTS)
    # Six before the layers, which the mirror answers, and two for layers, of which it has one.
    assert hub == "hub gets 1 request, 1.00 a pull, at most 1 in one second."
    assert near == "near (mirror) gets 8 requests; 1 of them fails (404 not found)."


def test_a_silent_host_is_told_with_what_each_request_costs() -> None:
    dead = 'failures.dead={"mirror": "near", "at": "0 s", "silent": true}'
    text = said(MIRRORED, SOURCES, dead, "mirrors.near.images=[api]")[0]
    # HEAD, index, manifest, config, and two layers; a token is asked for at the host that wants it.
    assert text == (
        "near does not answer 6 requests in time: each costs 30.0 s before the next host is asked, one request of a "
        "pull after another; 180 s over all pulls."
    )


def test_what_is_unknown_of_pulls_with_hosts_is_said() -> None:
    result = rs.loads(HERD).run()
    assert result.summary.cases["api"].alone_time_s is None
    notes = result.outcome.to_dict()["notes"]
    assert (
        "The time alone and the slowdown are not known: what caches and others among their hosts have depends on other "
        "pulls, so that there is none to compare with."
    ) in notes


def test_unknown_times_alone_of_mirrors_are_told_apart_from_those_of_caches() -> None:
    mirrored = rs.loads(MIRRORED).run()
    assert mirrored.summary.cases["api"].alone_time_s is None
    assert (
        "The time alone and the slowdown are not known: their first host may lack layers, fail or refuse, and a pull "
        "alone that goes on to the next one is not simulated."
    ) in mirrored.outcome.to_dict()["notes"]
    whole = rs.loads(MIRRORED, overrides=["mirrors.near.images=[api]"]).run()
    assert whole.summary.cases["api"].alone_time_s is not None
    assert not any("alone" in note for note in whole.outcome.to_dict()["notes"])


def test_of_several_groups_it_is_said_whose_times_alone_are_unknown() -> None:
    text = HERD.replace("nodes: {", "nodes: {plain: {count: 2, nic: 1 Gbit/s}, ", 1)
    found = rs.loads(text).run()
    told = [note for note in found.outcome.to_dict()["notes"] if "alone" in note]
    group = next(one.name for one in found.run.scenario.groups if one.hosts)
    assert len(told) == 1
    assert told[0].startswith(f"The time alone and the slowdown of pulls on {group} are not known: ")


def test_a_stored_result_says_the_same() -> None:
    result = rs.loads(HERD, overrides=["replications=2"]).run()
    again = from_bytes(to_bytes(result.outcome))
    assert again.to_json() == result.outcome.to_json()
    assert findings(again.means) == findings(result.outcome.means)


# A node every 10 s, each of which takes a second: nothing comes together.
ONE_BY_ONE = """
rolloutsim: 1
model: ideal
nodes:
  a: {count: 1, hosts: [proxy], pulls: [{image: api}]}
  b: {count: 1, hosts: [proxy], pulls: [{image: api, at: 10 s}]}
  c: {count: 1, hosts: [proxy], pulls: [{image: "tool:1", at: 20 s}]}
network: 100 MB/s
registries: {hub: {uplink: 100 MB/s}}
caches: {proxy: {profile: distribution-3}}
images:
  api: {layers: {base: {digest: base, compressed: 60 MB}, api: 30 MB}}
  "tool:1": {layers: {base: {digest: base, compressed: 60 MB}, api: {digest: api/api, compressed: 30 MB}}}
rollout: schedule
"""


def why_again(*overrides: str) -> list[str]:
    """Why layers came more often than once."""
    texts = said(ONE_BY_ONE, SOURCES, "caches.proxy.store=shared", *overrides)
    return [text.split(", since ")[1].split(": ")[0] for text in texts]


def test_why_layers_come_again_is_told_by_the_limits_that_were_met() -> None:
    assert why_again() == []
    small = "caches.proxy.disk.capacity=50 MB"
    assert why_again(small) == ["its disk of 50 MB does not hold all of it"]
    assert why_again(small, "caches.proxy.profile=nexus") == ["its disk of 50 MB does not hold all of it"]
    assert why_again("caches.proxy.disk.capacity=70 MB") == ["its disk of 70 MB does not hold all of it"]
    assert why_again("caches.proxy.ttl=3 s") == ["layers are dropped after 3.00 s (ttl)"]
    assert why_again("caches.proxy.ttl=3 s", small) == [
        "its disk of 50 MB does not hold all of it and layers are dropped after 3.00 s (ttl)"
    ]
    varnish = "caches.proxy.profile=varnish"
    assert why_again(varnish) == []
    assert why_again(varnish, "caches.proxy.replicas=3") == ["its 3 replicas have their own stores"]
    assert why_again(varnish, "caches.proxy.store=repository") == ["varnish stores each of 2 repositories for itself"]


def test_a_copy_for_the_store_is_told_as_that_and_not_as_a_herd() -> None:
    assert why_again(
        "nodes.b.pulls=[]", "nodes.c.pulls=[]", "caches.proxy.profile=harbor", "caches.proxy.disk={capacity: 50 MB}"
    ) == ["harbor fetches a copy of its own beside what it passes on"]


def test_requests_that_come_together_are_told_beside_a_disk_that_is_too_small() -> None:
    small = "caches.proxy.disk.capacity=50 MB"
    assert why_again(small, 'nodes.b.pulls=[{"image": "api"}]') == [
        "distribution-3 does not coalesce requests and its disk of 50 MB does not hold all of it"
    ]
    # Where all come together the disk has nothing to do with it.
    (text,) = said(HERD, SOURCES, "caches.proxy.disk.capacity=50 MB", "caches.proxy.ttl=1 s")
    assert "since distribution-3 does not coalesce requests: 800 MB" in text


def test_columns_of_caches_stand_only_where_there_are_caches() -> None:
    table = supply_rows(rs.loads(MIRRORED).run().summary)
    assert table is not None
    assert table.headings() == ("source", "to nodes", "share", "sent in all")


def test_nobody_is_too_early_for_peers_of_which_there_is_one() -> None:
    text = (
        "rolloutsim: 1\nnodes: {n: {count: 1, hosts: [p, hub]}}\nnetwork: 1 Gbit/s\nregistries: {hub: {}}\n"
        "peers: {p: {}}\nimages: {api: {layers: [9 MB, 2 MB]}}\n"
    )
    assert said(text, SOURCES) == ["2 of 2 look-ups of p found nobody."]
    early = "4 of 4 look-ups of p found nobody: nodes ask before anybody has the layer."
    assert said(text, SOURCES, "nodes.n.count=2") == [early]
