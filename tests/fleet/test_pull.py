"""A pull step by step, each time worked out by hand in the comments. Error bound 1e-9 relative."""

from __future__ import annotations

from itertools import islice
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rolloutsim.fleet import ledger, pulls
from rolloutsim.fleet.pulls import ABANDONED, COMPLETE, FLOWING, WANTED, Ranges
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import summarise
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

# A real model with everything that takes time switched off; tests switch on what they are about.
QUIET = (
    "nic: unlimited, disk: unlimited, unpack: unlimited, stagger: 0 s, resolve_round_trips: 0, resolve_time: 0 s, "
    "layer_round_trips: 0, layer_time: 0 s, finish_time: 0 s"
)


def only_case(text: str) -> CaseRecords:
    (case,) = simulate(loads("rolloutsim: 1\n" + text).resolve()).cases
    return case


def scenario(group: str = "", *, registry: str = "", network: str = "", image: str = "100 MB", more: str = "") -> str:
    return (
        f"nodes: {{web: {{count: 1, {group or QUIET}}}}}\n"
        f"network: {{efficiency: 100%, latency: 0 s{network}}}\n"
        f"registry: {{uplink: 100 MB/s, ttfb: 0 s{registry}}}\n"
        f"images: {{app: {image}}}\n{more}"
    )


def test_nothing_but_the_uplink_takes_size_over_capacity() -> None:
    case = only_case(scenario())
    assert case.pulls.pulled.tolist() == pytest.approx([1.0])
    assert case.finished
    assert case.stuck == ()


def test_resolving_costs_its_round_trips_requests_and_own_time() -> None:
    # RTT 20 ms: 3 round trips, of which the first sets up the connection; 2 requests of 5 ms; 0.1 s own time.
    group = QUIET.replace("resolve_round_trips: 0, resolve_time: 0 s", "resolve_round_trips: 3, resolve_time: 0.1 s")
    case = only_case(
        scenario(group, network=", latency: 10 ms", image="1 kB")
        .replace("latency: 0 s, ", "")
        .replace("ttfb: 0 s", "ttfb: 5 ms")
    )
    assert case.pulls.resolved[0] == pytest.approx(0.1 + 3 * 0.02 + 2 * 0.005)
    # The layer fits the initial window: no slow start; 5 ms until its first byte, 1 kB at 100 MB/s.
    assert case.pulls.pulled[0] == pytest.approx(0.17 + 0.005 + 1e-5)


def test_answers_about_manifests_may_take_a_time_of_their_own() -> None:
    # 7 round trips: a set-up and 6 requests, three of which are about manifests; a pull has one layer more.
    group = QUIET.replace("resolve_round_trips: 0", "resolve_round_trips: 7")
    text = scenario(group, image="1 kB").replace("ttfb: 0 s", "ttfb: 5 ms{}")
    assert only_case(text.replace("{}", "")).pulls.resolved[0] == pytest.approx(6 * 0.005)
    slow = only_case(text.replace("{}", ", manifest_ttfb: 800 ms"))
    assert slow.pulls.resolved[0] == pytest.approx(3 * 0.005 + 3 * 0.8)
    assert slow.pulls.pulled[0] - slow.pulls.resolved[0] == pytest.approx(0.005 + 1e-5)
    # Where there are fewer requests, no more than these; none is asked in no time.
    few = only_case(text.replace("trips: 7", "trips: 3").replace("{}", ", manifest_ttfb: 800 ms"))
    assert few.pulls.resolved[0] == pytest.approx(2 * 0.8)
    ideal = only_case("model: ideal\n" + text.replace("{}", ", manifest_ttfb: 800 ms"))
    assert ideal.pulls.resolved[0] == 0.0


def first_fetch(first: str, at: tuple[str, ...], more: str = "", image: str = "100 MB") -> CaseRecords:
    """Nodes that ask at different times for a layer that comes at 100 MB/s to all but its first readers."""
    pulls = "".join(
        f"  n{i}: {{count: 1, {QUIET}{more}, pulls: [{{image: app, at: {t}}}]}}\n" for i, t in enumerate(at)
    )
    return only_case(
        f"nodes:\n{pulls}network: {{efficiency: 100%, latency: 0 s}}\nrollout: {{strategy: schedule}}\n"
        f"registry: {{uplink: 100 MB/s, ttfb: 0 s{first}}}\nimages: {{app: {image}}}\n"
    )


def test_a_cold_layer_comes_slowly_to_all_who_ask_until_one_has_all_of_it() -> None:
    # 100 MB at 10 MB/s take 10 s; the second asks at 5 s and is no quicker; the third at 15 s, when the first has it:
    # it has all of the uplink that the second leaves, 100 MB at 100 MB/s.
    case = first_fetch(", first_fetch: 10 MB/s", ("0 s", "5 s", "15 s"))
    assert case.pulls.pulled.tolist() == pytest.approx([10.0, 15.0, 16.0])
    # Alone on an idle system it is warm.
    assert case.pulls.alone.tolist() == pytest.approx([1.0] * 3)


def test_a_cold_layer_may_take_a_time_to_its_first_byte() -> None:
    # 3 s, then 1 s for the bytes; the second waits as long from 1 s on, for bytes that it has for itself from 4 s on.
    case = first_fetch(", first_fetch: {time: 3 s}", ("0 s", "1 s", "5 s"))
    assert case.fetches.started.tolist() == pytest.approx([3.0, 4.0, 5.0])
    assert case.pulls.pulled.tolist() == pytest.approx([4.0, 5.0, 6.0])


def test_each_layer_is_cold_for_itself_and_warm_when_all_its_ranges_are_there() -> None:
    image = "{layers: [60 MB, 40 MB]}"
    case = first_fetch(", first_fetch: 10 MB/s", ("0 s", "20 s"), ", parallel_layers: 1", image)
    assert case.pulls.pulled.tolist() == pytest.approx([10.0, 21.0])
    # Ranges of 50 MB, one after another, 5 s each for the first: the second's first begins at 6 s and takes as long,
    # though that range was read at 5 s; its other one begins at 11 s, when the layer is warm.
    ranges = ", parallel_layers: 1, layer_fetch_buffer: 50 MB"
    case = first_fetch(", first_fetch: 10 MB/s", ("0 s", "6 s", "16 s"), ranges)
    assert case.pulls.pulled.tolist() == pytest.approx([10.0, 11.5, 17.0])


@pytest.mark.skipif(not pulls.__file__.endswith(".py"), reason="the compiled engine takes no stand-ins for pulls")
def test_ranges_under_way_are_those_with_a_slot_that_are_not_complete() -> None:
    """Oracle: all of them looked at, while they get their slots in order and end in any."""
    pull: Any = SimpleNamespace(way=None)
    step: Any = SimpleNamespace(later=False)
    random = Random(1)
    ranges = Ranges(pull, step, 100.0, 1.0, 0.0)
    granted, left = iter(enumerate(ranges.fetches)), True
    while left:
        for row, fetch in islice(granted, random.randrange(4)):
            fetch.row, fetch.state = row, random.choice((WANTED, ABANDONED, FLOWING))
        under_way = [fetch for fetch in ranges.fetches if fetch.row >= 0 and fetch.state < COMPLETE]
        assert ranges.under_way() == under_way
        for fetch in random.sample(under_way, len(under_way) // 2 or len(under_way)):
            fetch.state = COMPLETE
        left = any(fetch.state < COMPLETE for fetch in ranges.fetches)


def test_who_gets_the_connection_of_the_first_reader_finds_the_layer_warm() -> None:
    # One connection: the second waits for it for 10 s, and then takes 1 s.
    case = first_fetch(", max_connections: 1, first_fetch: 10 MB/s", ("0 s", "5 s"), ", timeouts: unlimited")
    assert case.pulls.pulled.tolist() == pytest.approx([10.0, 11.0])


def test_a_first_fetch_that_does_not_bite_changes_nothing() -> None:
    plain = first_fetch("", ("0 s", "100 ms"))
    same = first_fetch(", first_fetch: {rate: 100 MB/s, time: 0 s}", ("0 s", "100 ms"))
    assert same.pulls.pulled.tolist() == plain.pulls.pulled.tolist()
    assert same.events == plain.events


def nodes_at_once(number: int, registry: str, image: str = "100 MB", more: str = "") -> CaseRecords:
    """So many nodes ask an uplink of 100 MB/s for an image of one layer."""
    return only_case(scenario(QUIET, registry=registry, image=image, more=more).replace("count: 1", f"count: {number}"))


@pytest.mark.parametrize(
    ("nodes", "share"),
    [(1, 1.0), (2, 0.9), (3, 0.8), (5, 0.6), (7, 0.5), (9, 0.4), (20, 0.4)],
)
def test_a_registry_fills_a_share_of_its_uplink_that_hangs_on_its_connections(nodes: int, share: float) -> None:
    # Straight lines from all of it at one connection to 60 % at 5 and 40 % at 9, level from there.
    case = nodes_at_once(nodes, ", efficiency_at: {9: 40%, 5: 60%}")
    assert case.pulls.pulled.tolist() == pytest.approx([nodes / share] * nodes)
    assert nodes_at_once(nodes, "").pulls.pulled.tolist() == pytest.approx([float(nodes)] * nodes)


def test_a_registry_gets_quicker_as_connections_end() -> None:
    # Two layers of 50 and 100 MB at 25 MB/s each; the rest, 50 MB, has all of the uplink: 2 s and 0.5 s.
    case = nodes_at_once(1, ", efficiency_at: {2: 50%}", "{layers: [50 MB, 100 MB]}")
    assert case.fetches.fetched.tolist() == pytest.approx([2.0, 2.5])
    # The uplink was full for all of that time, at 25 MB/s as well.
    assert case.shared_links.saturated.tolist() == pytest.approx([2.5])


def test_each_replica_has_its_own_connections() -> None:
    case = nodes_at_once(4, ", replicas: 2, efficiency_at: {2: 50%, 4: 10%}")
    assert case.pulls.pulled.tolist() == pytest.approx([4.0] * 4)


def test_what_a_fault_leaves_of_an_uplink_is_filled_in_the_same_share() -> None:
    # 200 MB at 50 MB/s; half of that, 25 MB/s, from 2 s on: 100 MB more in 4 s.
    more = "failures: {slow: {registry: registry, at: 2 s, capacity: 50%}}\n"
    assert nodes_at_once(2, ", efficiency_at: {2: 50%}", more=more).end == pytest.approx(6.0)


def test_a_share_that_is_all_of_the_uplink_changes_nothing() -> None:
    plain, same = nodes_at_once(5, ""), nodes_at_once(5, ", efficiency_at: {10: 100%}")
    assert same.pulls.pulled.tolist() == plain.pulls.pulled.tolist()
    ideal = only_case("model: ideal\n" + scenario(registry=", efficiency_at: {2: 10%}").replace("count: 1", "count: 2"))
    assert ideal.end == pytest.approx(2.0)


def test_tls_costs_one_more_round_trip_per_new_connection() -> None:
    group = QUIET.replace("resolve_round_trips: 0", "resolve_round_trips: 3").replace(
        "layer_round_trips: 0", "layer_round_trips: 2"
    )
    text = scenario(group, network=", latency: 10 ms", image="1 kB").replace("latency: 0 s, ", "")
    plain = only_case(text)
    tls = only_case(text.replace("ttfb: 0 s", "ttfb: 0 s, tls: true"))
    assert tls.pulls.pulled[0] - plain.pulls.pulled[0] == pytest.approx(2 * 0.02)


def test_slow_start_delays_what_the_window_cannot_carry_yet() -> None:
    # 100 MB/s × 20 ms = 2 MB in flight, 139 initial windows of 14,480 B: 8 rounds of doubling (2^8 = 256).
    # They carry 255 windows and last 8 RTT; at full rate the same bytes take 255 × 14,480 / 100e6 s.
    case = only_case(scenario(network=", latency: 10 ms").replace("latency: 0 s, ", ""))
    assert case.fetches.started[0] == pytest.approx(8 * 0.02 - 255 * 14_480 / 100e6)
    assert case.pulls.pulled[0] == pytest.approx(1.0 + 8 * 0.02 - 255 * 14_480 / 100e6)


def test_layers_wait_for_slots_base_first() -> None:
    # 5 layers of 20 MB, 2 slots, 10 MB/s per connection: ceil(5/2) rounds of 2 s.
    group = QUIET + ", parallel_layers: 2, connection_cap: 10 MB/s"
    case = only_case(scenario(group, image="{layers: [20 MB, 20 MB, 20 MB, 20 MB, 20 MB]}"))
    assert case.fetches.layer.tolist() == [0, 1, 2, 3, 4]
    assert case.fetches.granted.tolist() == pytest.approx([0, 0, 2, 2, 4])
    assert case.fetches.freed_by.tolist() == [-1, -1, 0, 1, 2]
    assert case.pulls.pulled[0] == pytest.approx(6.0)


def test_each_layer_is_synced_when_it_has_arrived() -> None:
    # 100 MB at 100 MB/s come to memory in 1 s; a disk of 50 MB/s needs 2 s for them.
    disk = QUIET.replace("disk: unlimited", "disk: {rate: 50 MB/s, sync: 0 s}")
    case = only_case(scenario(disk, image="{compressed: 100 MB, unpacked: 0 B}"))
    assert case.fetches.fetched[0] == pytest.approx(1.0)
    assert case.causes[case.fetches.cause[0]] == "registry.uplink"
    assert case.fetches.committed[0] == case.pulls.pulled[0] == pytest.approx(3.0)
    assert summarise_split(case) == pytest.approx({"registry.uplink": 1.0, "disk": 2.0})
    (written,) = (table for table in case.private_links if table.kind == "disk")
    assert (written.bytes[0], written.saturated[0]) == pytest.approx((100e6, 2.0))


def test_unpacking_is_in_order_and_overlaps_later_fetches() -> None:
    # Uplink 100 MB/s, one slot: layers of 100, 100, 50 MB arrive at 1, 2, 2.5 s. The decompressor reads 80 MB/s:
    # 1.25 s each for the first two (1 to 2.25, 2.25 to 3.5), 0.625 s for the third (3.5 to 4.125).
    group = QUIET.replace("unpack: unlimited", "unpack: 80 MB/s") + ", parallel_layers: 1"
    case = only_case(scenario(group, image="{layers: [100 MB, 100 MB, 50 MB], ratio: 2}"))
    assert case.fetches.fetched.tolist() == pytest.approx([1.0, 2.0, 2.5])
    assert case.unpacks.started.tolist() == pytest.approx([1.0, 2.25, 3.5])
    assert case.unpacks.unpacked.tolist() == pytest.approx([2.25, 3.5, 4.125])
    assert {case.causes[c] for c in case.unpacks.cause} == {"unpack"}


@pytest.mark.parametrize("at_once", [1, 3])
def test_layers_that_take_no_time_to_unpack_may_be_any_number(at_once: int) -> None:
    # All come at once and only the first, of 80 MB, takes a second to unpack: the others are in place with it.
    layers = ", ".join(["80 MB", *["{compressed: 1 B, unpacked: 0 B}"] * 900])
    slow = QUIET.replace("unpack: unlimited", "unpack: 80 MB/s")
    group = f"{slow}, parallel_layers: 1000, parallel_unpacks: {at_once}"
    case = only_case(scenario(group, image=f"{{layers: [{layers}]}}"))
    assert case.unpacks.unpacked.max() == pytest.approx(case.fetches.fetched[0] + 1.0, abs=1e-3)
    assert case.pulls.pulled[0] == case.unpacks.unpacked.max()


def test_unpacked_files_wait_for_the_disk_where_memory_is_short() -> None:
    # Disk 100 MB/s, uplink 40 MB/s, at most 100 MB unwritten. Layer 1 (40 MB) arrives at 1 s, is committed at 1.4 s and
    # unpacks to 240 MB at once. Layer 2 has its slot then, arrives at 2.4 s and is committed at 2.8 s, whatever else is
    # unwritten. By 3.2 s all of 40 + 240 + 40 MB but 100 MB are written, which layer 1 waits for; by 4.2 s so are the
    # 100 MB of layer 2.
    slow = "disk: {rate: 100 MB/s, sync: 0 s}, memory: 500 MB"
    group = QUIET.replace("disk: unlimited", slow) + ", parallel_layers: 1"
    image = "{layers: {a: {compressed: 40 MB, unpacked: 240 MB}, b: {compressed: 40 MB, unpacked: 100 MB}}}"
    case = only_case(scenario(group, image=image).replace("uplink: 100 MB/s", "uplink: 40 MB/s"))
    assert case.fetches.committed.tolist() == pytest.approx([1.4, 2.8])
    assert case.unpacks.unpacked.tolist() == pytest.approx([3.2, 4.2])
    assert summarise_split(case) == pytest.approx({"registry.uplink": 1.0, "disk": 3.2})


def test_more_unpacks_than_cores_share_them() -> None:
    # Two images of 80 MB on one node, both there at t = 0 + 1.6 s (160 MB at 100 MB/s); one core of 80 MB/s.
    text = (
        f"nodes: {{web: {{count: 1, {QUIET.replace('unpack: unlimited', 'unpack: 80 MB/s')}, "
        "pulls: [{image: a, at: 0 s}, {image: b, at: 0 s}]}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 100 MB/s, ttfb: 0 s}\n"
        "images: {a: 80 MB, b: 80 MB}\nrollout: {strategy: schedule}\n"
    )
    assert only_case(text).pulls.pulled.tolist() == pytest.approx([3.6, 3.6])
    two_cores = text.replace("unpack: 80 MB/s", "unpack: {rate: 80 MB/s, cores: 2}")
    assert only_case(two_cores).pulls.pulled.tolist() == pytest.approx([2.6, 2.6])


def test_a_registry_serves_so_many_connections_and_queues_the_others_in_order() -> None:
    text = scenario(registry=", max_connections: 2").replace("count: 1", "count: 6")
    case = only_case(text)
    # Pairs at 50 MB/s each: 2 s a pair.
    assert case.fetches.connected.tolist() == pytest.approx([0, 0, 2, 2, 4, 4])
    assert case.pulls.pulled.tolist() == pytest.approx([2, 2, 4, 4, 6, 6])
    assert summarise_split(case)["registry_queue"] == pytest.approx(2 * 2 + 2 * 4)


def summarise_split(case: CaseRecords) -> dict[str, float]:
    from rolloutsim.results.time.steps import time_split

    return dict(time_split(case))


def test_layers_shared_between_images_are_fetched_once_per_node() -> None:
    text = (
        f"nodes: {{web: {{count: 1, {QUIET}, pulls: [{{image: a, at: 0 s}}, {{image: b, at: 0.5 s}}]}}}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 100 MB/s, ttfb: 0 s}\n"
        "images: {a: 100 MB, b: {base: a, layers: [25 MB]}}\nrollout: {strategy: schedule}\n"
    )
    case = only_case(text)
    # b's own layer shares the uplink from 0.5 s: 25 MB each until 1.0 s, then a's last 25 MB alone until 1.25 s.
    assert case.fetches.bytes_done.sum() == 125e6
    assert case.waits.fetch.tolist() == [0]
    assert case.pulls.pulled.tolist() == pytest.approx([1.25, 1.25])
    assert summarise_split(case)["other_pull"] == pytest.approx(0.75)


def test_nodes_that_hold_an_image_pull_nothing() -> None:
    text = scenario(QUIET + ", cached: {app: 40%}").replace("count: 1", "count: 5")
    case = only_case(text)
    assert np.isclose(case.pulls.pulled, 0.0).sum() == 2
    assert case.fetches.bytes_done.sum() == 300e6


def test_cri_o_has_slots_per_image_and_containerd_per_node() -> None:
    images = "images: {a: {layers: [10 MB, 10 MB]}, b: {layers: [10 MB, 10 MB]}}\nrollout: {strategy: schedule}\n"
    text = (
        f"nodes: {{web: {{count: 1, {QUIET}, connection_cap: 10 MB/s, parallel_layers: 1, "
        "pulls: [{image: a, at: 0 s}, {image: b, at: 0 s}]}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 100 MB/s, ttfb: 0 s}\n" + images
    )
    assert only_case(text).pulls.pulled.tolist() == pytest.approx([2.0, 4.0])
    per_image = only_case(text.replace("connection_cap", "runtime: cri-o, connection_cap"))
    assert per_image.pulls.pulled.tolist() == pytest.approx([2.0, 2.0])


def test_a_pod_is_ready_its_startup_time_after_its_image() -> None:
    case = only_case(scenario(more="rollout: {startup: 4 s}\n"))
    assert case.pods.ready.tolist() == pytest.approx([5.0])


def test_random_times_follow_the_seed_and_nothing_else() -> None:
    text = "rolloutsim: 1\n" + scenario(
        QUIET + ", start: {min: 0 s, max: 3 s}", more="rollout: {startup: {p50: 4 s, p95: 9 s}}\n"
    )
    resolved = loads(text.replace("count: 1", "count: 50")).resolve()
    first, again, other = simulate(resolved, 1), simulate(resolved, 1), simulate(resolved, 2)
    assert first.cases[0].pods.ready.tolist() == again.cases[0].pods.ready.tolist()
    assert first.cases[0].pods.ready.tolist() != other.cases[0].pods.ready.tolist()
    asked = first.cases[0].pulls.asked
    assert asked.min() >= 0
    assert asked.max() <= 3


def test_a_pull_alone_is_simulated_with_the_same_node_on_an_idle_system() -> None:
    text = scenario(QUIET.replace("nic: unlimited", "nic: 50 MB/s")).replace("count: 1", "count: 4")
    run = simulate(loads("rolloutsim: 1\n" + text).resolve())
    assert run.cases[0].pulls.alone.tolist() == pytest.approx([2.0] * 4)
    assert summarise(run).cases["app"].slowdown.max == pytest.approx(2.0)


def test_background_transfers_take_their_share_and_constant_rates_take_their_rate() -> None:
    elastic = only_case(scenario(more="background: {copy: {links: [registry.uplink], size: 50 MB, at: 0 s}}\n"))
    # Half each until the copy's 50 MB are through at 1 s; the pull's other 50 MB alone until 1.5 s.
    assert elastic.pulls.pulled[0] == pytest.approx(1.5)
    assert elastic.background.finished[0] == pytest.approx(1.0)
    inelastic = only_case(
        scenario(more="background: {udp: {links: [registry.uplink], rate: 60 MB/s, from: 0.5 s, until: 1.5 s}}\n")
    )
    # 50 MB by 0.5 s, 40 MB in the next second, 10 MB in 0.1 s.
    assert inelastic.pulls.pulled[0] == pytest.approx(1.6)
    assert inelastic.shared_links.bytes[0] == pytest.approx(160e6)


def test_background_traffic_may_cross_the_nic_of_one_node() -> None:
    text = (
        scenario(
            QUIET.replace("nic: unlimited", "nic: 50 MB/s"),
            more="background: {copy: {links: [web-001.nic.in], size: 500 MB, at: 0 s}}\n",
        )
        .replace("count: 1", "count: 2")
        .replace("uplink: 100 MB/s", "uplink: 1 GB/s")
    )
    case = only_case(text)
    assert case.pulls.pulled.tolist() == pytest.approx([2.0, 4.0])
    (nics,) = (table for table in case.private_links if table.kind == "nic.in")
    assert nics.saturated.tolist() == pytest.approx([2.0, 4.0])
    assert {case.causes[c] for c in case.fetches.cause} == {"nic"}


def test_constant_rates_never_carry_more_than_a_link_has() -> None:
    # Two streams of 80 MB/s on 100 MB/s: 50 each while both run (0 to 1 s), then one of 80; the pull gets
    # nothing until 1 s, 20 MB/s until 2 s, 100 MB/s from then: 80 MB in 0.8 s.
    case = only_case(
        scenario(
            more="background:\n"
            "  a: {links: [registry.uplink], rate: 80 MB/s, from: 0 s, until: 2 s}\n"
            "  b: {links: [registry.uplink], rate: 80 MB/s, from: 0 s, until: 1 s}\n"
        )
    )
    assert case.pulls.pulled[0] == pytest.approx(2.8)
    assert case.background.bytes.tolist() == pytest.approx([50e6 + 80e6, 50e6])
    assert case.shared_links.bytes[0] == pytest.approx(280e6)


def test_a_stream_that_a_narrow_link_cuts_leaves_the_rest_of_a_wide_one() -> None:
    # 80 MB/s meet a WAN of 20 MB/s: only 20 MB/s cross the uplink of 100 MB/s too.
    case = only_case(
        scenario(
            network=", links: {wan: {capacity: 20 MB/s}}",
            more="background: {a: {links: [wan, registry.uplink], rate: 80 MB/s, from: 0 s}}\n",
        )
    )
    assert case.pulls.pulled[0] == pytest.approx(100 / 80)
    assert case.shared_links.bytes.tolist() == pytest.approx([125e6, 25e6])


def test_what_background_traffic_moves_over_a_nodes_own_link_counts_there() -> None:
    text = scenario(
        QUIET.replace("nic: unlimited", "nic: 50 MB/s"),
        more="background:\n"
        "  udp: {links: [web-000.nic.in], rate: 25 MB/s, from: 0 s}\n"
        "  copy: {links: [web-000.nic.out], size: 10 MB, at: 0 s}\n",
    )
    case = only_case(text)
    assert case.pulls.pulled[0] == pytest.approx(4.0)
    moved = {table.kind: table.bytes.tolist() for table in case.private_links}
    assert moved == {"nic.in": pytest.approx([200e6]), "nic.out": pytest.approx([10e6])}


def test_the_most_flows_on_a_nodes_links_are_counted_when_one_follows_another() -> None:
    group = QUIET.replace("unpack: unlimited", "unpack: 80 MB/s").replace("disk: unlimited", "disk: 1 GB/s")
    case = only_case(scenario(group, image="{layers: [10 MB, 90 MB], ratio: 2}"))
    peaks = {table.kind: table.peak_flows.tolist() for table in case.private_links}
    assert peaks == {"disk": [1], "unpack": [1]}


@pytest.mark.parametrize("start", [86_400.0, 1.7e9])
def test_a_pull_late_on_the_clock_takes_as_long_as_at_its_beginning(start: float) -> None:
    """To 1e-6 s: doubles resolve 2.4e-7 s at 1.7e9 s."""

    def durations(at: float) -> list[float]:
        text = (
            f"nodes: {{web: {{count: 20, {QUIET}, pulls: [{{image: a, at: {at} s}}]}}}}\n"
            "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 125 MB/s, ttfb: 0 s}\n"
            "images: {a: {layers: [100 MB, 200 MB, 46 MB]}}\nrollout: {strategy: schedule}\n"
        )
        case = only_case(text)
        return list(case.pulls.pulled - case.pulls.asked)

    assert durations(start) == pytest.approx(durations(0.0), abs=1e-6)
    assert durations(0.0) == pytest.approx([55.36] * 20)


def test_a_pull_alone_lacks_what_its_own_node_lacks() -> None:
    # 10 nodes; the even ones hold `base` (100 MB), the last one `tool` (50 MB). Alone at 100 MB/s: 1 s and 0.5 s for
    # those that lack the image, none for those that hold it, whatever other image they hold.
    text = scenario(QUIET + ", cached: {base: 5, tool: 1}").replace("count: 1", "count: 10")
    text = text.replace("images: {app: 100 MB}", "images: {base: 100 MB, tool: 50 MB}")
    run = simulate(loads("rolloutsim: 1\n" + text).resolve())
    base, tool = run.cases
    assert base.pulls.alone.tolist() == pytest.approx([1.0, 0.0] * 5)
    assert tool.pulls.alone.tolist() == pytest.approx([0.5] * 9 + [0.0])
    # 5 pulls share 100 MB/s, 9 do: 5 and 9 times as long as alone.
    assert [summarise(run).cases[name].slowdown.max for name in ("base", "tool")] == pytest.approx([5.0, 9.0])  # type: ignore[union-attr]


def test_a_column_of_fetches_stands_where_its_number_says() -> None:
    places = {name: getattr(ledger, name.upper()) for name in ledger.FETCH}
    assert places == {name: place for place, name in enumerate(ledger.FETCH)}
