"""One scenario with a deep buffer: options that have nothing to do there leave its time as it is."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.planning.what_if import what_if

# Five nodes meet each other's queue at each request: of the 220 ms that it can hold, what the others have on their way.
DEEP = """
rolloutsim: 1
nodes: {office: {count: 5, nic: 1 Gbit/s, start: {min: 0 s, max: 1 s}}}
network: {links: {deep: {capacity: 100 Mbit/s, latency: 10 ms, buffer: 250 ms}}}
registry: {uplink: 10 Gbit/s, via: [deep]}
images: {small: {layers: [500 kB, 500 kB, 500 kB, 500 kB]}}
"""
IDLE = (
    "registry.rate_limit=1000000/s",  # never reached
    "nodes.office.disk.capacity=100TB",  # never filled
    "nodes.office.layer_fetch_buffer=1GB",  # larger than any layer
    "nodes.office.parallel_unpacks=2",  # a layer is unpacked before the next is there
)


@pytest.mark.parametrize("override", IDLE)
def test_each_request_waits_in_the_queue_that_it_meets_whatever_else_is_there(override: str) -> None:
    """Oracle: the scenario without; it takes longer than with a queue that is kept short, less than with a full one."""
    plain = rs.loads(DEEP).run()["small"].rollout_time
    case = rs.loads(DEEP, overrides=(override,)).run()["small"]
    assert case.rollout_time == pytest.approx(plain, abs=1e-9)
    managed = rs.loads(DEEP.replace("buffer: 250 ms", "buffer: 250 ms, queue: fq_codel")).run()["small"].rollout_time
    assert managed < plain < 3.702  # as it was while a queue was full at once


def test_no_change_is_recommended_that_has_nothing_to_do() -> None:
    tried = what_if(rs.loads(DEEP).run().outcome, jobs=1)
    assert tried.faster  # the line is worth more
    overrides = [override for one in tried.faster for override in one.overrides]
    # Synchronous writes are not among them: four layers take 152 ms of them on each node.
    for idle in ("registry.replicas", "registry.rate_limit", "disk.rate", "iops", "layer_fetch_buffer", "parallel_unp"):
        assert not [one for one in overrides if idle in one]
