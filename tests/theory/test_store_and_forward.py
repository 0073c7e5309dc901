"""Swarms that hand a layer over when all of it is on the node's disk, and nodes whose agents write what they get.

A member alone gets its layer as fast as its NIC, so that all times are worked out by hand. Payload is all that there
is on the links, and nothing is unpacked but the same bytes, at once.

Sources: kraken `lib/dockerregistry/transfer/ro_transferer.go` @2a7fbcb (Stat and Download return when the torrent has
ended); containerd `core/remotes/docker/registry.go` (ResponseHeaderTimeout, 30 s).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.fleet.writing import EXPIRY, DiskTerms, DiskWriter
from rolloutsim.results.facts.records import Run
from rolloutsim.results.load.supply import ServerSummary, supply_summary
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.findings import findings
from rolloutsim.simulation import simulate

NIC, DISK = 100e6, 200e6  # [B/s]
HEADER = 30.0  # [s]
NO_HEADER = "containerd-1"


def scene(size: float, runtime: str = NO_HEADER, count: int = 1, disk: str = "200 MB/s", **peers: Any) -> Run:
    """Nodes that pull one layer of `size` [B] through a swarm that only its members' NICs limit."""
    document = {
        "rolloutsim": 1,
        "network": {"efficiency": "100%"},
        "nodes": {
            "n": {
                "count": count, "nic": "100 MB/s", "disk": disk, "unpack": {"rate": "unlimited"}, "hosts": ["p", "hub"],
                "runtime": runtime,
            }
        },
        "registries": {"hub": {"uplink": "100 MB/s"}},
        "peers": {"p": {"profile": "kraken", "upload": "unlimited", "download": "unlimited", **peers}},
        "images": {"a": {"layers": [f"{size:.0f} B"], "ratio": 1}},
    }  # fmt: skip
    return simulate(rs.loads(json.dumps(document)).resolve())


def peers_of(run: Run) -> ServerSummary:
    found = supply_summary(run, run.cases[0])
    assert found is not None
    return found.servers[-1]


def test_what_is_handed_over_whole_is_written_after_the_last_byte() -> None:
    """Oracle: F / NIC until the agent has all; then containerd writes and syncs F at the rate of the disk."""
    fetches = scene(4e9).cases[0].fetches
    assert fetches.fetched[0] - fetches.started[0] == pytest.approx(4e9 / NIC, rel=1e-9)
    synced = fetches.committed[0] - fetches.fetched[0]
    assert synced == pytest.approx(4e9 / DISK, abs=0.1)  # and 0.04 s for each of its transactions


def test_what_streams_is_partly_written_before_the_last_byte() -> None:
    """Oracle: the kernel has written what was older than 30 s, or above its background limit."""
    whole, streamed = (scene(4e9, serve=serve).cases[0].fetches for serve in ("store_and_forward", "streaming"))
    assert streamed.fetched[0] == whole.fetched[0]
    assert streamed.committed[0] - streamed.fetched[0] < 0.5 * (whole.committed[0] - whole.fetched[0])


@pytest.mark.parametrize(("profile", "copies"), [("kraken", 3), ("dragonfly", 3), ("bittorrent", 2)])
def test_agents_write_a_layer_to_the_disk_beside_the_runtime(profile: str, copies: int) -> None:
    """Oracle: a copy of the agent's, one of the runtime's, and the unpacked files; the disk idles when all is written.

    Of these, no more is unwritten at the end than the limit of dirty memory.
    """
    (case,) = scene(20e9, profile=profile, serve="streaming").cases
    (disk,) = [links for links in case.private_links if links.kind == "disk"]
    unwritten = copies * 20e9 - disk.bytes[0]
    assert 0.0 <= unwritten <= 10e9
    assert case.end >= disk.bytes[0] / DISK


def test_a_blob_that_is_kept_is_work_for_the_disk_and_lets_nobody_wait() -> None:
    writer = DiskWriter(DiskTerms(DISK, 10e9, 5e9, 0.0, True, None))
    writer.keep(10.0, 1e9, 10.0)
    assert writer.work == 1e9 / DISK
    assert writer.idle_at == 10.0 + 1e9 / DISK
    assert writer.commit(10.0, 1e9, 0.0) == pytest.approx(1e9 / DISK)


@given(st.floats(1e6, 1e11), st.floats(0.0, 300.0), st.floats(0.0, 1e3))
@settings(max_examples=200, deadline=None)
def test_of_a_blob_that_is_kept_no_more_is_written_than_there_is(size: float, elapsed: float, since: float) -> None:
    """What is written while it comes and what is left are all of it, and the disk had the time for the former."""
    writer = DiskWriter(DiskTerms(DISK, 10e9, 5e9, 0.0, True, None))
    now = since + elapsed
    writer.keep(now, size, elapsed)
    assert writer.work == pytest.approx(size / DISK)
    left = writer.idle_at - now
    assert -1e-9 <= left <= size / DISK * (1 + 1e-9)
    assert size / DISK - left <= max(elapsed, 0.0) + 1e-9
    assert left == pytest.approx(size / DISK) or elapsed > EXPIRY or size > 5e9


def test_a_runtime_without_a_header_in_time_asks_the_next_host_for_all_of_it() -> None:
    """Oracle: 30 s of the swarm in vain, 3 GB; then F / NIC from the registry.

    The layer's flow begins after the requests of the pull, of which the limit knows nothing.
    """
    run = scene(4e9, "containerd")
    fetches = run.cases[0].fetches
    assert fetches.source.tolist() == [0]
    assert fetches.fetched[0] - fetches.connected[0] == pytest.approx(HEADER + 4e9 / NIC, abs=0.05)
    assert fetches.bytes_done[0] == pytest.approx(HEADER * NIC + 4e9, rel=1e-3)
    assert peers_of(run).refused == {"header_timeout": 1}
    said = [one.text for one in findings(Outcome(run).first) if one.topic == "Sources"]
    assert said == [
        "p does not have the whole layer in time for 1 request: it hands a layer over when all of it is there "
        "(serve: store_and_forward), and a runtime that has no header of an answer until then asks the next host for "
        "all of it."
    ]


@pytest.mark.parametrize("size", [2.9e9, 4e9])
def test_only_layers_that_take_longer_than_the_limit_are_given_up(size: float) -> None:
    late = size / NIC > HEADER
    assert bool(peers_of(scene(size, "containerd")).refused) is late
    assert not peers_of(scene(size, "containerd", serve="streaming")).refused
    assert not peers_of(scene(size, "dockerd")).refused


def test_seconds_of_a_layer_that_is_given_up_have_causes_that_add_up() -> None:
    """Thirty members, who are given up while they wait for a first byte, receive, or lack their last pieces only."""
    run = scene(2.2e9, "containerd", 30, piece="64 MiB")
    summary = Outcome(run).first.cases["a"]
    assert peers_of(run).refused["header_timeout"] > 0
    pulls = run.cases[0].pulls
    assert sum(summary.time_split_s.values()) == pytest.approx(float((pulls.pulled - pulls.asked).sum()), rel=1e-9)
    arrived = sum(float(links.bytes.sum()) for links in run.cases[0].private_links if links.kind == "nic.in")
    assert arrived == pytest.approx(float(run.cases[0].fetches.bytes_done.sum()), rel=1e-9)
