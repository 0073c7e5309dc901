"""What caches, mirrors, sites and hosts resolve to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.scenario import explain, loads
from rolloutsim.scenario.cache_profiles import CACHE_PROFILES
from rolloutsim.scenario.copied import Copied
from rolloutsim.scenario.resolved import Caching, Fault, Registry, ResolvedScenario
from rolloutsim.scenario.routes import hosts_of, round_trip, routes
from rolloutsim.scenario.settings import show

BASE = """\
rolloutsim: 1
network:
  rate: 1 Gbit/s
  efficiency: 100%
  links: {wan: 1 Gbit/s}
  racks: {uplink: 40 Gbit/s, latency: 0.02 ms}
  sites: {uplink: 20 Mbit/s, latency: 18 ms}
nodes:
  web: {count: 4, racks: [r1, r2], hosts: [rack-cache, hub]}
  store: {count: 6, sites: 3, hosts: [site-mirror, near, hub]}
registries: {hub: 10 Gbit/s, other: 1 Gbit/s}
images:
  api: {layers: {base: 30 MB, code: 10 MB, top: 60 MB}, registry: hub}
  tool: {layers: [5 MB], registry: other}
caches:
  rack-cache: {in: rack, upstream: near, uplink: 8 Gbit/s, storage: 2 GB/s, disk: {capacity: 500 GB, rate: 400 MB/s}}
  near: {upstream: hub, via: [wan], holds: {api: 50%}}
mirrors:
  site-mirror: {in: site, of: hub, images: [api]}
"""


def resolved(*overrides: str, text: str = BASE) -> ResolvedScenario:
    return rs.loads(text, "f.yaml", overrides).resolve()


def test_there_is_a_server_for_each_rack_and_site_mirrors_first() -> None:
    scenario = resolved()
    assert list(scenario.mirrors) == [f"site-mirror-store-site-{number:03d}" for number in range(3)]
    assert list(scenario.caches) == ["rack-cache-r1", "rack-cache-r2", "near"]
    stands = {one.name: (one.called, one.rack) for one in scenario.servers.values()}
    assert stands["hub"] == ("", None)
    assert stands["near"] == ("near", None)
    assert stands["rack-cache-r2"] == ("rack-cache", "r2")
    assert stands["site-mirror-store-site-001"] == ("site-mirror", "store-site-001")


def test_a_cache_has_the_links_of_a_registry_one_in_and_its_disk() -> None:
    scenario = resolved()
    cache = scenario.caches["rack-cache-r1"]
    assert cache.path == ("rack-cache-r1.storage", "rack-cache-r1.uplink")
    assert cache.inbound == ("rack-cache-r1.uplink.in",)
    assert cache.caching is not None
    assert cache.caching.into == ("r1.down", "rack-cache-r1.uplink.in", "rack-cache-r1.disk")
    links = {name: (link.kind, link.line_rate) for name, link in scenario.links.items()}
    assert links["rack-cache-r1.uplink"] == links["rack-cache-r1.uplink.in"] == ("registry_uplink", 1e9)
    assert links["rack-cache-r1.storage"] == ("registry_storage", 2e9)
    assert links["rack-cache-r1.disk"] == ("registry_storage", 400e6)
    near = scenario.caches["near"]
    assert (near.path, near.rack) == (("near.uplink", "wan"), None)
    assert near.caching is not None
    assert near.caching.into == ("wan", "near.uplink.in")


COPIED = "mirrors.site-mirror.copied="


def test_a_mirror_that_is_copied_to_begins_with_what_it_holds_and_has_a_link_in() -> None:
    mirror = resolved(f"{COPIED}{{rate: 50 Mbit/s}}").mirrors["site-mirror-store-site-001"]
    assert mirror.holds == {}
    assert mirror.copied == Copied(
        on="push", images=("api",), into=("store-site-001.down", "site-mirror-store-site-001.uplink.in"), rate=50e6 / 8
    )
    held = resolved("mirrors.site-mirror={in: core, of: [hub, other], copied: {on: schedule, every: 1h, held: [tool]}}")
    mirror = held.mirrors["site-mirror"]
    assert mirror.holds == {"tool": ("tool/0",)}
    assert mirror.copied == Copied(on="schedule", images=("api",), into=("site-mirror.uplink.in",), every=3600.0)


def test_of_what_was_copied_before_nothing_is_simulated() -> None:
    assert resolved(f"{COPIED}before").sha256 == resolved().sha256


def test_what_is_pushed_is_not_said_to_be_copied_from_the_start_on() -> None:
    pushed = resolved(f"{COPIED}push", "push={images: api, at: 5 s}")
    assert not [note for note in pushed.notes if "from 0 s on" in note]


def test_replicas_of_a_cache_share_one_link_in() -> None:
    scenario = resolved("caches.near.replicas=3")
    assert scenario.caches["near"].replicas == ("near-0.uplink", "near-1.uplink", "near-2.uplink")
    assert scenario.links["near.uplink.in"].line_rate == 3 * scenario.links["near-0.uplink"].line_rate


def test_a_mirror_has_a_link_in_where_something_goes_in() -> None:
    assert "site-mirror-store-site-000.uplink.in" not in resolved().links
    scenario = resolved("background.copy={between: [hub, site-mirror-store-site-000], size: 1 GB}")
    assert scenario.mirrors["site-mirror-store-site-000"].inbound == ("site-mirror-store-site-000.uplink.in",)
    assert scenario.background[0].links == ("hub.uplink", "store-site-000.down", "site-mirror-store-site-000.uplink.in")


def test_a_server_is_for_the_registries_where_its_upstream_ends() -> None:
    scenario = resolved()
    assert {one.mirrors for one in (*scenario.caches.values(), *scenario.mirrors.values())} == {("hub",)}
    upstreams = {name: one.caching.upstream for name, one in scenario.caches.items() if one.caching is not None}
    assert upstreams == {"rack-cache-r1": "near", "rack-cache-r2": "near", "near": "hub"}
    both = resolved("mirrors.site-mirror={in: core, of: [hub, other]}", "caches.near.upstream=site-mirror")
    assert both.caches["rack-cache-r1"].mirrors == ("hub", "other")


def test_a_cache_in_a_rack_asks_the_one_of_its_own_rack() -> None:
    text = BASE.replace("  near:", "  deep: {in: rack, upstream: near}\n  near:").replace(
        "in: rack, upstream: near, uplink", "in: rack, upstream: deep, uplink"
    )
    caching = resolved(text=text).caches["rack-cache-r2"].caching
    assert caching is not None
    assert caching.upstream == "deep-r2"


def test_one_in_a_named_rack_has_the_name_of_its_key_and_all_may_ask_it() -> None:
    scenario = resolved("caches.rack-cache.in=r1")
    assert (list(scenario.caches), scenario.caches["rack-cache"].rack) == (["rack-cache", "near"], "r1")
    web = scenario.groups[0]
    assert [hosts_of(scenario, web, rack, "hub") for rack in web.racks] == [("rack-cache", "hub")] * 2


def test_nodes_ask_that_of_their_own_rack_and_what_is_for_the_images_registry() -> None:
    scenario = resolved()
    web, store = scenario.groups
    assert [hosts_of(scenario, web, rack, "hub") for rack in web.racks] == [
        ("rack-cache-r1", "hub"),
        ("rack-cache-r2", "hub"),
    ]
    assert hosts_of(scenario, web, "r1", "other") == ("other",)
    assert hosts_of(scenario, store, "store-site-002", "hub") == ("site-mirror-store-site-002", "near", "hub")


def test_what_a_server_holds_is_as_many_layers_from_the_base_up_as_fit_the_share() -> None:
    scenario = resolved()
    assert scenario.caches["near"].holds == {"api": ("api/base", "api/code")}
    assert scenario.caches["rack-cache-r1"].holds == {}
    assert scenario.mirrors["site-mirror-store-site-000"].holds == {"api": ("api/base", "api/code", "api/top")}
    assert scenario.registries["hub"].holds is None
    (note,) = (note for note in scenario.notes if note.startswith("caches.near"))
    assert note == ("caches.near has 40% of api in place of 50%: 2 of its 3 layers, from the base up, are within that.")
    whole = resolved("mirrors.site-mirror={in: site, of: hub}", "caches.near.holds={api: 40%}")
    assert whole.mirrors["site-mirror-store-site-000"].holds is None
    assert not [note for note in whole.notes if "in place of" in note]
    assert resolved("caches.near.holds={api: 0%}").caches["near"].holds == {"api": ()}


@pytest.mark.parametrize("images", ["api", "[api]", "{api: 100%}"])
def test_a_list_of_images_is_a_map_of_whole_ones(images: str) -> None:
    assert resolved(f"caches.near.holds={images}").caches["near"].holds == {"api": ("api/base", "api/code", "api/top")}


# ---- profiles -------------------------------------------------------------------------------------------

DEFAULT = Caching(
    "hub", ("wan", "near.uplink.in"), "none", True, False, False, True, None, None, 0.0, None, True, True, 0.0, 3.0,
    9.0, 4.0, False, True, 0.0, 168 * 3600.0, False, None,
)  # fmt: skip
OWN: Mapping[str, Mapping[str, Any]] = {
    "distribution-3": {},
    "distribution-2": {"own_copy": True},
    "harbor": {"own_copy": True, "per_repository": False, "manifest_late": 30.0, "ttl": None},
    "nexus": {"coalesce": "lock", "streams": False, "per_repository": False, "most_waiting": 100, "tag_age": 86400.0,
              "ttl": None},
    "zot": {"coalesce": "lock", "streams": False, "whole_images": True, "ttl": None},
    "quay": {"streams": False, "per_repository": False, "per_replica": False, "ttl": 86400.0, "renews": True},
    "nginx": {"tag_age": 600.0, "check_trips": 2.0, "manifest_trips": 4.0, "layer_trips": 2.0, "stale": False,
              "ttl": 600.0, "renews": True},
    "nginx-lock": {"coalesce": "lock", "lock_timeout": 5.0, "lock_age": 5.0, "poll": 0.5, "tag_age": 600.0,
                   "check_trips": 2.0, "manifest_trips": 4.0, "layer_trips": 2.0, "stale": False, "ttl": 600.0,
                   "renews": True},
    "varnish": {"coalesce": "stream", "tag_age": 120.0, "check_trips": 1.0, "manifest_trips": 2.0, "layer_trips": 1.0,
                "stale": False, "ttl": 365 * 86400.0},
    "ecr": {"per_replica": False, "tag_age": 86400.0, "ttl": None},
}  # fmt: skip
IGNORE_RANGES = ("distribution-2", "distribution-3", "harbor")


@pytest.mark.parametrize("profile", CACHE_PROFILES)
def test_a_profile_says_what_a_product_does(profile: str) -> None:
    found = resolved(f"caches.near.profile={profile}").caches["near"].caching
    ignores = profile in IGNORE_RANGES
    assert found == replace(DEFAULT, profile=profile, ignores_ranges=ignores, **OWN[profile])


def test_a_caches_own_keys_come_before_its_profile() -> None:
    keys = (
        "{upstream: hub, via: [wan], coalesce: lock, serve: store_and_forward, own_copy: true, whole_images: true, "
        "ignores_ranges: false, lock: {timeout: 880 s, age: unlimited, poll: 1 s}, most_waiting: 7, store: shared, "
        "memory: shared, tag_check: never, upstream_round_trips: {tag: 1, manifest: 2, layer: 5}, "
        "authenticates: false, serves_stale: false, manifest_late: 4 s, ttl: {time: 10m, renewed: true}, "
        "disk: {capacity: 1 TB, rate: 1 GB/s}}"
    )
    assert resolved(f"caches.near={keys}").caches["near"].caching == Caching(
        "hub", ("wan", "near.uplink.in", "near.disk"), "lock", False, True, True, False, 880.0, None, 1.0, 7, False,
        False, None, 1.0, 2.0, 5.0, True, False, 4.0, 600.0, True, 1e12, "distribution-3",
    )  # fmt: skip


@pytest.mark.parametrize(("check", "age"), [("always", 0.0), ("never", None), ("5m", 300.0)])
def test_a_tag_is_checked_always_never_or_after_a_time(check: str, age: float | None) -> None:
    scenario = rs.loads(BASE, overrides=(f"caches.near.tag_check={check}",))
    caching = scenario.resolve().caches["near"].caching
    assert caching is not None
    assert caching.tag_age == age
    again = rs.Scenario(**scenario.model_dump(exclude_unset=True, by_alias=True))
    assert again.resolve() == scenario.resolve()


@pytest.mark.parametrize("profile", CACHE_PROFILES)
def test_each_default_of_a_profile_has_a_source_and_is_explained(profile: str) -> None:
    for field, default in CACHE_PROFILES[profile].items():
        assert default.source
        assert "/" not in default.shown
        about = explain(f"caches.near.{field}")
        assert default.source in about.source
        assert profile in about.default
    assert CACHE_PROFILES[profile].keys() == CACHE_PROFILES["distribution-3"].keys()


def test_the_ideal_model_keeps_how_a_cache_coalesces_and_drops_what_it_takes() -> None:
    ideal = resolved("model=ideal", "caches.near={upstream: hub, profile: nginx-lock, authenticates: false}")
    caching = ideal.caches["near"].caching
    assert caching is not None
    assert (caching.coalesce, caching.lock_timeout, caching.lock_age) == ("lock", 5.0, 5.0)
    assert (caching.check_trips, caching.manifest_trips, caching.layer_trips) == (0.0, 0.0, 0.0)
    assert (caching.pings, caching.poll, caching.manifest_late) == (False, 0.0, 0.0)
    assert {link.latency for link in ideal.links.values()} == {0.0}
    late = resolved("model=ideal", "caches.near.profile=harbor").caches["near"].caching
    assert late is not None
    assert (late.manifest_late, late.own_copy) == (0.0, True)


# ---- sites, hosts, failures -----------------------------------------------------------------------------


def test_sites_are_racks_that_are_far_away() -> None:
    scenario = resolved()
    assert scenario.groups[1].racks == ("store-site-000", "store-site-001", "store-site-002")
    link = scenario.links["store-site-001.down"]
    assert (link.line_rate, link.latency, link.kind) == (2.5e6, 0.018, "site")
    assert scenario.links["r1.up"].latency == 2e-5
    (case, *_) = scenario.cases
    trips = {route.rack: round_trip(scenario, route.paths[0]) for route in routes(scenario, case) if route.source == 0}
    assert trips["r1"] == pytest.approx(2 * (1e-4 + 2e-5), rel=1e-12)
    assert trips["store-site-000"] == pytest.approx(2 * (1e-4 + 0.018), rel=1e-12)


def test_sites_may_have_names() -> None:
    scenario = resolved("nodes.store.sites=[berlin, rom]", "mirrors.site-mirror.in=rom")
    assert scenario.groups[1].racks == ("berlin", "rom")
    assert list(scenario.mirrors) == ["site-mirror"]
    assert "berlin.up" in scenario.links


def test_more_than_a_thousand_sites_have_names_of_one_length() -> None:
    racks = resolved("nodes.store.sites=1200", "nodes.store.count=1200").groups[1].racks
    assert (racks[0], racks[-1]) == ("store-site-0000", "store-site-1199")


@pytest.mark.parametrize(
    ("runtime", "per_image"), [("containerd", False), ("containerd-1", False), ("dockerd", True), ("cri-o", True)]
)
def test_a_runtime_chooses_a_host_for_each_request_or_image(runtime: str, per_image: bool) -> None:
    scenario = resolved(f"nodes.web.runtime={runtime}")
    assert scenario.groups[0].host_per_image is per_image
    assert resolved(f"nodes.web.runtime={runtime}", "nodes.web.host_per=image").groups[0].host_per_image
    alone = resolved(f"nodes.web.runtime={runtime}", "nodes.web.hosts=null")
    assert (alone.groups[0].hosts, alone.groups[0].host_per_image) == ((), False)


@pytest.mark.parametrize(
    ("failure", "targets"),
    [
        ("{cache: rack-cache, at: 5 s}", ["rack-cache-r1", "rack-cache-r2"]),
        ("{cache: rack-cache-r2, at: 5 s}", ["rack-cache-r2"]),
        ("{cache: near, at: 5 s}", ["near"]),
        ("{mirror: site-mirror-store-site-001, at: 5 s}", ["site-mirror-store-site-001"]),
    ],
)
def test_a_failure_of_a_key_is_one_of_each_server_that_it_makes(failure: str, targets: list[str]) -> None:
    faults = resolved(f"failures.dead={failure}").faults
    assert faults == tuple(Fault("dead", "registry", target, 5.0) for target in targets)


def test_a_failure_may_be_silent_or_of_requests() -> None:
    (silent,) = resolved("failures.dead={cache: near, at: 0 s, silent: true, back_after: 60 s}").faults
    assert silent == Fault("dead", "registry", "near", 0.0, None, 60.0, silent=True)
    (flaky,) = resolved("failures.dead={cache: near, flaky: 10%}").faults
    assert flaky == Fault("dead", "requests", "near", 0.0, None, None, probability=0.1)


# ---- the file -------------------------------------------------------------------------------------------


def test_a_scenario_with_servers_survives_its_long_form_and_show() -> None:
    scenario = rs.loads(BASE)
    again = rs.Scenario(**scenario.model_dump(exclude_unset=True, by_alias=True))
    assert again.resolve() == scenario.resolve()
    shown = rs.loads(show(scenario.resolve())).resolve()
    assert shown.sha256 == scenario.resolve().sha256


def test_show_has_a_caches_defaults_with_those_of_its_profile() -> None:
    lines = show(resolved("caches.near.profile=nginx-lock")).splitlines()
    at = lines.index("  near:")
    own = [line for line in lines[at:] if line.startswith("    # ")]
    assert any(line.startswith("    # coalesce: lock  # default; nginx ") for line in own)
    assert any(line.startswith("    # lock.poll: 500 ms  # default; ") for line in own)
    assert "# coalesce: none  # default; distribution " in "\n".join(show(resolved()).splitlines())
    assert "lock.poll" not in show(resolved())


@pytest.mark.parametrize(
    "change",
    [
        "nodes.web.hosts=[near, hub]", "nodes.store.sites=2", "network.sites.latency=5 ms",
        "network.racks.latency=1 ms", "caches.near.profile=zot", "caches.near.in=r1",
        "caches.near.holds.api=100%", "caches.near.disk=1 GB/s",
        "caches.near.ttl=1h", "caches.near.lock.poll=1 s", "caches.near.uplink=2 Gbit/s", "nodes.web.host_per=image",
        "mirrors.site-mirror.images={}", "mirrors.site-mirror.in=core", "caches.near=2 Gbit/s",
        "mirrors.site-mirror.copied=push",
    ],
)  # fmt: skip
def test_every_key_can_be_changed(change: str) -> None:
    before = resolved("caches.near.coalesce=lock")
    assert resolved("caches.near.coalesce=lock", change).sha256 != before.sha256


def test_variants_change_who_is_asked() -> None:
    text = BASE + "variants: {today: {nodes.web.hosts: null}, cache: {nodes.web.hosts: [near, hub]}}\n"
    hosts = {name: loads(text, "f", variant=name).resolve().groups[0].hosts for name in ("today", "cache")}
    assert hosts == {"today": (), "cache": ("near", "hub")}


def test_a_scenario_without_servers_has_none_of_their_fields_in_its_fingerprint() -> None:
    plain = rs.loads("rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {a: 3 MB}\n").resolve()
    assert (plain.caches, plain.mirrors, plain.groups[0].hosts) == ({}, {}, ())
    assert isinstance(plain.registries["registry"], Registry)
    assert not math.isnan(plain.path_latency)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("nodes.web.hosts=null", "caches.rack-cache plays no part: nobody asks it; name it in nodes.<group>.hosts."),
        (
            "caches.near.lock.poll=1 s",
            "caches.near.lock.poll plays no part: requests do not wait for each other; it goes with "
            "caches.near.coalesce: lock.",
        ),
        (
            "caches.near.most_waiting=5",
            "caches.near.most_waiting plays no part: nobody waits for a layer; see caches.near.coalesce.",
        ),
        (
            "peers={p: {seeds: 2}}",
            "peers.p.seeds plays no part: spegel hands over whole layers; it goes with peers.p.profile: kraken, "
            "dragonfly, bittorrent.",
        ),
        (
            "peers={p: {serve: streaming}}",
            "peers.p.serve plays no part: spegel hands over whole layers; it goes with peers.p.profile: kraken, "
            "dragonfly, bittorrent.",
        ),
        (
            "mirrors.site-mirror.copied={on: before, workers: 3, rate: 1 Mbit/s}",
            "mirrors.site-mirror.copied.workers, mirrors.site-mirror.copied.rate play no part: all is there when the "
            "rollout begins; see mirrors.site-mirror.copied.on.",
        ),
        (
            "mirrors.site-mirror.copied=push",
            "mirrors.site-mirror copies api from 0 s on: nothing pushes it during the rollout (push.at).",
        ),
        ("caches.near.memory=shared", "caches.near.memory plays no part: there is one replica; raise "
         "caches.near.replicas."),
    ],
)  # fmt: skip
def test_what_plays_no_part_is_noted(change: str, note: str) -> None:
    assert note in resolved(change).notes
    assert note not in resolved().notes


def test_a_cache_that_another_one_asks_is_asked() -> None:
    assert not [note for note in resolved("nodes.store.hosts=[site-mirror]").notes if "nobody asks" in note]
