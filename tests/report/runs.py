"""Runs that several tests draw; each is simulated once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import rolloutsim as rs
from rolloutsim.results.facts.records import Run
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Amount, Strategy, Workload
from rolloutsim.scenario.resolved import Background, Case, Disk, RateLimit
from rolloutsim.simulation import simulate

# With 8 replications the registry is gone in time to leave some of them unfinished.
PARTLY = """\
rolloutsim: 1
name: partly
nodes: {n: {count: 2, start: {min: 0 s, max: 20 s}}}
network: 1 Gbit/s
images: {a: 20 MB}
failures: {dead: {registry: registry, at: 14 s}}
rollout: {horizon: 10m}
"""

IDEAL = """\
rolloutsim: 1
name: four nodes
model: ideal
nodes: 4
network: 1 Gbit/s
images: {small: 10 MB, large: {layers: [100 MB, 25 MB]}}
thresholds: {rollout_time: max < 3 s}
"""
# Ideal: 4 x 10 MB and 4 x 125 MB over 125 MB/s are 0.32 s and 4 s.

ROLLING = """\
rolloutsim: 1
name: rolling
nodes: {web: {count: 10, racks: [r1, r2], nic: 10 Gbit/s}}
network: {rate: 10 Gbit/s, racks: {uplink: 10 Gbit/s}}
registry: 1 Gbit/s
images: {api: {layers: [30 MB, 60 MB]}, log: 20 MB}
"""


CACHED = """
rolloutsim: 1
nodes:
  web: {count: 12, nic: 1 Gbit/s, racks: [r1, r2], hosts: [proxy, hub], start: {min: 0 s, max: 60 s}}
  gpu: {count: 2, nic: 1 Gbit/s, hosts: [near, hub]}
network: {racks: {uplink: 10 Gbit/s}, links: {wan: {capacity: 500 Mbit/s, latency: 20 ms}}}
registries: {hub: {uplink: 10 Gbit/s, via: [wan]}}
caches: {proxy: {in: rack, profile: distribution-3, uplink: 10 Gbit/s}}
mirrors: {near: {of: hub, uplink: 1 Gbit/s, images: {api: 50%}}}
images: {api: {layers: [100 MB, 100 MB]}}
"""


@cache
def ideal(*overrides: str) -> Run:
    """The run of four nodes on bandwidth alone."""
    return rs.loads(IDEAL, overrides=overrides).run().run


@cache
def cached() -> Run:
    """Nodes in two racks that ask a cache there, and then a mirror that lacks a layer."""
    return rs.loads(CACHED).run().run


@cache
def rolling() -> Run:
    """Two workloads, other applications, disks with a capacity and a rate limit: what no bare pull has."""
    base = rs.loads(ROLLING).resolve()
    deployment = Strategy("rolling", Amount(share=0.25), Amount(share=0.10))
    workloads = (
        Workload("api", ("api",), 20, False, ("web",), deployment, startup=Distribution(2.0, 2.0)),
        Workload("log", ("log",), 10, True, ("web",), Strategy("daemonset")),
    )
    group = replace(base.groups[0], storage=Disk(20e9, 12e9))
    registries = {
        name: replace(registry, rate_limits=(RateLimit(50.0, 100.0),)) for name, registry in base.registries.items()
    }
    background = (
        Background("backup", ("registry.uplink",), rate=25e6),
        Background("bulk", ("registry.uplink",), connections=2),
    )
    return simulate(
        replace(
            base, cases=(Case("all", {}, workloads),), groups=(group,), registries=registries, background=background
        )
    )
