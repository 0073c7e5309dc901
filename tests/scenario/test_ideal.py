"""What the ideal model switches off is the same scenario, whatever its keys say."""

from __future__ import annotations

from dataclasses import replace

import pytest

import rolloutsim as rs
from rolloutsim.scenario.ideal import SWITCHED_OFF
from rolloutsim.scenario.model.caches import CacheSpec, CacheTripsSpec, LockSpec, MirrorSpec
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.model.network import LinkSpec, NetworkSpec, RacksSpec, SitesSpec
from rolloutsim.scenario.model.nodes import BackoffSpec, DiskSpec, GroupSpec, SnapshotterSpec, UnpackSpec
from rolloutsim.scenario.model.peers import PeersSpec
from rolloutsim.scenario.model.registries import RedirectSpec, RegistrySpec
from rolloutsim.scenario.model.rollout import ControllerManagerSpec, PolicySpec, RolloutSpec, WorkloadSpec
from rolloutsim.scenario.resolved import ResolvedScenario

IDEAL = """
rolloutsim: 1
model: ideal
nodes:
  n: {count: 3, nic: 1 Gbit/s, via: [core], hosts: [spegel, near, far], snapshotter: stargz, cached: {a: 1}}
  r: {count: 1, racks: [r1]}
  s: {count: 1, sites: 1}
network: {rate: 1 Gbit/s, links: {core: 10 Gbit/s}, racks: 10 Gbit/s, sites: 10 Gbit/s}
registry: {redirect: true}
mirrors: {far: {}}
peers: {spegel: {}}
caches: {near: {profile: nginx-lock}}
images: {a: {layers: [20 MB, 10 MB]}}
workloads: {w: {images: a, groups: n, replicas: 6, rollout: rolling}}
"""
PLACES: dict[type[Spec], str] = {
    NetworkSpec: "network", LinkSpec: "network.links.core", RegistrySpec: "registry",
    PeersSpec: "peers.spegel",
    MirrorSpec: "mirrors.far", CacheSpec: "caches.near", CacheTripsSpec: "caches.near.upstream_round_trips",
    LockSpec: "caches.near.lock", RacksSpec: "network.racks", SitesSpec: "network.sites",
    RedirectSpec: "registry.redirect", GroupSpec: "nodes.n", DiskSpec: "nodes.n.disk", UnpackSpec: "nodes.n.unpack",
    BackoffSpec: "nodes.n.image_backoff", RolloutSpec: "rollout", PolicySpec: "workloads.w.rollout",
    WorkloadSpec: "workloads.w", ControllerManagerSpec: "controller_manager", SnapshotterSpec: "nodes.n.snapshotter",
}  # fmt: skip
# A value of each key that would make a difference in the real model.
VALUES = {
    "mtu": "9000", "efficiency": "50%", "latency": "1 s", "buffer": "1 s", "queue": "fq_codel", "tcp_window": "1 kB",
    "fairness": "on", "max_connections": "1", "ttfb": "1 s", "manifest_ttfb": "1 s", "first_fetch": "1 kB/s",
    "tls": "true", "stagger": "1 s", "resolve_round_trips": "9", "resolve_time": "1 s", "layer_round_trips": "9",
    "layer_time": "1 s", "kept_connections": "9", "finish_time": "1 s", "rate": "1 MB/s", "iops": "1", "sync": "1 s",
    "dirty_ratio": "1%", "capacity": "1 GB", "stored_rate": "1 MB/s", "requeue": "expiry", "startup": "1 s",
    "step_overhead": "1 s", "qps": "1", "efficiency_at": "{200: 90%}",
    "tag": "5", "manifest": "5", "layer": "5", "poll": "1 s", "authenticates": "false",
    "manifest_late": "1 s", "look_up": "1 s", "timeout": "1 s", "announce": "1 s",
    "timeouts": "{dial: 1 s, tls: 1 s, header: 1 s}",
    "index": "5%", "volume_snapshot": "1 MB/s",
    "remembers": "1 s", "remembers_nobody": "1 s", "hedge": "1 s",
}  # fmt: skip
KEYS = [(part, key) for part, keys in SWITCHED_OFF.items() for key in keys]


def resolved(*overrides: str) -> ResolvedScenario:
    """What is simulated, without the file that it came from."""
    return replace(rs.loads(IDEAL, overrides=overrides).resolve(), document="", overrides={}, sha256="", notes=())


@pytest.mark.parametrize(("part", "key"), KEYS, ids=[f"{PLACES[part]}.{key}" for part, key in KEYS])
def test_what_is_switched_off_is_so_whatever_the_scenario_says(part: type[Spec], key: str) -> None:
    # A curve is about the uplink, over which nothing comes with object storage.
    others = ("registry.redirect=false",) if key == "efficiency_at" else ()
    change = f"{PLACES[part]}.{key}={VALUES[key]}"
    assert resolved(*others, change) == resolved(*others)
    real = "model=real"
    assert resolved(*others, change, real) != resolved(*others, real)


def test_the_ideal_registry_has_no_cold_objects() -> None:
    """Three nodes take 20 MB over 1 Gbit/s in 0.48 s, however slowly the first of them was to have it."""
    text = "rolloutsim: 1\nmodel: ideal\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {a: 20 MB}\n"
    cold = "registry.first_fetch={rate: 1 MB/s, time: 5 s}"
    assert rs.loads(text, overrides=(cold,)).run()["a"].rollout_time == pytest.approx(0.48)


def test_what_was_written_stays_written() -> None:
    assert '"latency":"1.0 s"' in rs.loads(IDEAL, overrides=("network.latency=1 s",)).resolve().document
