"""Standing queues: what requests wait for in them, worked out by hand. Error bound 1e-9 relative."""

from __future__ import annotations

import pytest

from rolloutsim.fleet.queues import CODEL_TARGET, OCCUPANCY, standing_queue

from .test_pull import QUIET, only_case

# An early node keeps the uplink (100 MB/s) busy, and has filled its queue by 2 s: 4 ms that its slow start leaves, and
# 5 % of a second each second. A late one asks at 3 s: 3 round trips, then 2 for its only layer.
ASKING = QUIET.replace("resolve_round_trips: 0", "resolve_round_trips: 3").replace(
    "layer_round_trips: 0", "layer_round_trips: 2"
)


def resolved_and_started(network: str, registry: str = "") -> tuple[float, float]:
    """How long the late node's manifests and its layer's first byte take [s]."""
    case = only_case(
        f"nodes: {{early: {{count: 1, {QUIET}}}, late: {{count: 1, start: 3 s, {ASKING}}}}}\n"
        f"network: {{efficiency: 100%, {network}}}\n"
        f"registry: {{uplink: 100 MB/s, ttfb: 0 s{registry}}}\n"
        "images: {app: 1 GB}\n"
    )
    late = int(case.pulls.node.tolist().index(1))
    fetch = int(case.fetches.pull.tolist().index(late))
    resolved = case.pulls.resolved[late] - case.pulls.asked[late]
    return float(resolved), float(case.fetches.started[fetch] - case.fetches.connected[fetch])


def test_requests_wait_in_the_queue_of_a_saturated_link() -> None:
    # No round trip but the queue's: 3 x 0.88 x 100 ms; 2 of them, then slow start up to what a flow has there now:
    # 100 MB/s x 88 ms are 608 initial windows of 14,480 B, so 10 rounds that move 1,023 of them.
    resolved, started = resolved_and_started("latency: 0 s, buffer: 100 ms")
    assert resolved == pytest.approx(3 * 0.088)
    assert started == pytest.approx(2 * 0.088 + 10 * 0.088 - 1023 * 14480 / 100e6)


def test_no_buffer_means_no_queue() -> None:
    assert resolved_and_started("latency: 0 s") == resolved_and_started("latency: 0 s, buffer: 0 s") == (0.0, 0.0)


def test_fq_codel_keeps_the_queue_at_its_target() -> None:
    assert resolved_and_started("latency: 0 s, buffer: 100 ms, queue: fq_codel")[0] == pytest.approx(3 * CODEL_TARGET)


def test_one_bbr_connection_fills_little_more_than_a_round_trip() -> None:
    # 2 ms of round trip, and as much in the queue, and 25 segments of 1,448 B; with 1 ms of buffer 0.88 ms.
    long = "latency: 1 ms, buffer: 100 ms, congestion_control: bbr"
    assert resolved_and_started(long)[0] == pytest.approx(3 * (0.004 + 25 * 1448 / 100e6))
    assert resolved_and_started(long.replace("100 ms", "1 ms"))[0] == pytest.approx(3 * 0.00288)


def test_what_has_just_ended_leaves_no_queue() -> None:
    """A node alone, one layer at a time: nobody fills the queue between its layers."""
    group = ASKING + ", parallel_layers: 1"
    text = (
        f"nodes: {{web: {{count: 1, {group}}}}}\nnetwork: {{efficiency: 100%, latency: 0 s, buffer: 100 ms}}\n"
        "registry: {uplink: 100 MB/s, ttfb: 0 s}\nimages: {app: {layers: [100 MB, 100 MB, 100 MB]}}\n"
    )
    assert only_case(text).pulls.pulled[0] == pytest.approx(3.0)


def test_a_second_layer_waits_in_the_queue_of_the_nodes_own_nic() -> None:
    """Oracle: layers of 10 and 100 MB share 10 MB/s; when the first is there (2 s) the second alone fills the queue.

    Slow start left it 4 ms of 10 MB/s there, and it has received 10 MB.
    """
    trips = "layer_round_trips: 2, kept_connections: 0"
    group = QUIET.replace("nic: unlimited", "nic: 80 Mbit/s").replace("layer_round_trips: 0", trips)
    case = only_case(
        f"nodes: {{web: {{count: 1, parallel_layers: 2, {group}}}}}\n"
        "network: {efficiency: 100%, latency: 0 s, buffer: 100 ms}\n"
        "registry: {uplink: 100 MB/s, ttfb: 0 s}\nimages: {app: {layers: [10 MB, 100 MB, 1 kB]}}\n"
    )
    last = int(case.fetches.layer.tolist().index(2))
    assert case.fetches.granted[last] == pytest.approx(2.0)
    assert case.fetches.started[last] == pytest.approx(2.0 + 2 * (0.004 + 0.05 * 10e6 / 10e6))


def test_a_registrys_storage_has_no_queue() -> None:
    resolved, _ = resolved_and_started("latency: 0 s, buffer: 100 ms", ", storage: 50 MB/s")
    assert resolved == 0.0


def test_a_drop_tail_buffer_is_filled_to_the_middle_of_what_was_measured() -> None:
    assert 0.80 <= OCCUPANCY <= 0.95
    assert standing_queue(0.1, "drop_tail") == pytest.approx(0.088)
    assert standing_queue(0.001, "fq_codel") == pytest.approx(0.00088)
