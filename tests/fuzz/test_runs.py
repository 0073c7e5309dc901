"""A few random scenarios, and small ones of defects that random ones found: what must hold in each result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.runs import check, holds

# By what was wrong.
FOUND: dict[str, dict[str, Any]] = {
    "a NIC that is full all the time, in two parts": {
        "nodes": {"gpu": {"count": 1, "pull_cap": "10 Mbit/s", "racks": ["r1"]}},
        "network": {"rate": "100 Mbit/s", "racks": {"uplink": "20 MB/s"}},
        "images": {"app": "100 MB"},
        "background": {"a": {"connections": 4, "links": ["gpu-000.nic.in"]}},
        "failures": {"down": {"link": "r1.down", "back_after": "30 s"}},
    },
    "a layer that was being unpacked as the rollout began": {
        "nodes": {"web": 1},
        "network": {"rate": "20 MB/s"},
        "images": {"side": "2 GB"},
        "prepulls": {
            "b": {"images": "side", "at": "-2 m", "parallelism": "unlimited"},
            "a": {"images": "side", "at": "-5 s", "by": "schedule", "spread": {"min": "5 s", "max": "60.7 s"}},
        },
    },
    "nothing limits what a cache fetches": {
        "model": "ideal",
        "nodes": {"web": {"count": 2, "hosts": ["cache"]}},
        "network": {"rate": "1 Gbit/s"},
        "registry": {"uplink": "unlimited"},
        "caches": {"cache": {"uplink": "unlimited"}},
        "images": {"app": "100 MB"},
    },
    "an index whose registry fails, when the pull has chosen a mirror": {
        "nodes": {
            "web": {"count": 2, "hosts": ["mirror"], "host_per": "image", "snapshotter": "stargz"},
        },
        "network": "10 Mbit/s",
        "registry": {"ttfb": "2 s"},
        "mirrors": {"mirror": {"images": ["app"]}},
        "images": {"app": "100 MB"},
        "workloads": {"api": {"images": "app", "daemonset": True}},
        "failures": {"down": {"registry": "registry", "back_after": "20 s"}},
        "rollout": {"strategy": "all_at_once", "horizon": "10m"},
    },
    "pulls wait for a disk when the time is over": {
        "nodes": {"web": {"count": 2, "pull_timeout": "1 s"}},
        "network": "10 Gbit/s",
        "registry": "unlimited",
        "images": {"app": "1 GB"},
    },
    "several layers wait for one disk": {
        "nodes": {"web": {"count": 1, "memory": "1 MB", "disk": "20 MB/s", "parallel_unpacks": 4}},
        "network": "10 Gbit/s",
        "images": {"app": {"size": "400 MB", "layers": 4}, "side": {"size": "300 MB", "layers": 3}},
        "workloads": {"api": {"images": ["app", "side"], "replicas": 1}},
    },
    "an empty layer of some files": {
        "nodes": {"web": {"count": 1, "memory": "1 MB", "unpack": "unlimited"}},
        "network": "1 Gbit/s",
        "images": {"app": {"compressed": "10 kB", "unpacked": "0 MB", "files": 300}},
    },
    "a lazy image that was pulled before, and is larger than the disk": {
        "nodes": {"web": {"count": 1, "disk": {"capacity": "500 MB"}, "snapshotter": "soci"}},
        "network": "1 Gbit/s",
        "images": {"app": "1 GB"},
        "prepulls": {"before": {"images": "app"}},
        "rollout": {"strategy": "daemonset", "horizon": "20m"},
    },
    "the background brings what containers need, and decompresses nothing": {
        "nodes": {"web": {"count": 1, "snapshotter": "soci", "unpack": "1 kbit/s"}},
        "network": "100 Mbit/s",
        "images": {"app": "100 MB"},
        "failures": {"short": {"registry": "registry", "at": "3h", "back_after": "1 s"}},
        "rollout": {"startup": "10m", "horizon": "1h"},
    },
    "what flows without an end carried": {
        "nodes": {"web": {"count": 1}},
        "network": {"rate": "20 MB/s"},
        "images": {"app": "5 MB", "side": "100 MB"},
        "prepulls": {"before": {"images": "side"}},
        "background": {"bulk": {"connections": 1, "links": ["web-000.nic.in"]}},
    },
}


@pytest.mark.parametrize("name", FOUND)
def test_a_defect_that_was_found(name: str) -> None:
    holds(simulate(loads(json.dumps({"rolloutsim": 1} | FOUND[name])).resolve()))


def test_what_unfinished_pulls_are_at_is_said() -> None:
    document = {
        "rolloutsim": 1,
        "nodes": {"web": {"count": 2}},
        "network": "1 Mbit/s",
        "images": {"app": {"size": "1 GB"}},
        "workloads": {"api": {"images": "app", "daemonset": True, "create": True}},
        "rollout": {"strategy": "all_at_once", "horizon": "1m"},
    }
    (case,) = simulate(loads(json.dumps(document)).resolve()).cases
    assert case.stuck == (
        "workload 'api': 0 of 2 pods of the new version are available: 2 pulling",
        "2 layers coming from 'registry', as fast as link 'registry.uplink' allows",
    )


def test_what_must_hold_in_random_scenarios() -> None:
    for number in range(60):
        check(number)
