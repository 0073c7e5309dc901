"""The reference of what comes out is true of what comes out."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.scenario.metrics import METRICS


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    """A case of everything: workloads, a push, prices, other applications, disks that fill, lazy layers,
    a cache, a mirror to which images are copied, peers."""
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 2, nic: 1 Gbit/s, disk: {rate: 200 MB/s, capacity: 10 GB}, "
        "snapshotter: stargz}, old: {count: 2, nic: 1 Gbit/s, hosts: [spegel, proxy]}, "
        "swarm: {count: 2, nic: 1 Gbit/s, hosts: [kraken]}}\n"
        "mirrors: {copy: {of: registry, uplink: 1 Gbit/s, copied: {on: push}}}\n"
        "caches: {proxy: {upstream: registry, uplink: 1 Gbit/s}}\npeers: {spegel: {}, kraken: {profile: kraken}}\n"
        "registry: {uplink: 1 Gbit/s, rate_limit: 1000/s}\nimages: {app: 20 MB, tools: 1 MB}\n"
        "workloads: {app: {images: app, replicas: 6}}\npush: {images: app, link: 1 Gbit/s}\n"
        "prepulls: {night: {images: tools}}\nprices: {ssd: 0.1, hdd: 0.02}\nbackground:\n"
        "  bulk: {links: [registry.uplink], connections: 1}\n"
        "  calls: {links: [registry.uplink], request: {size: 2 kB, every: 100 ms}}\n"
    )
    found: dict[str, Any] = json.loads(rs.loads(text).run().to_json())["cases"][0]
    return found


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_stands_in_the_json_where_the_reference_says(case: dict[str, Any], name: str) -> None:
    metric, here = METRICS[name], case
    for step, following in pairwise((*metric.path, "")):
        if step == "{statistic}":
            assert set(here) & set(metric.statistics)
            return
        if step.startswith("{") and isinstance(here, list):
            # What only some kinds of servers have stands in their rows.
            here = [row for row in here if following in row] or here
            here = here[-1]
        elif step.startswith("{"):
            # A label whose value nothing had need not be there.
            here = next(iter(here.values()), None)
        elif step in here:
            here = here[step]
        else:
            assert metric.absent is not None, f"{name}: no {step}"
            return
