"""Rates over time: bytes are conserved, saturated times are exact, and equal nodes get equal shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import Run
from rolloutsim.results.load.throughput import (
    _Clocks,
    _evenly,
    fetched_by,
    least_time,
    link_loads,
    node_rates,
    node_throughputs,
)
from rolloutsim.scenario.orchestration import Strategy, Workload
from rolloutsim.scenario.resolved import Case, Push
from rolloutsim.scenario.routes import node_racks
from rolloutsim.simulation import simulate
from tests.report.runs import ideal, rolling
from tests.results.by_hand import UPLINK, Story, image, scenario
from tests.shipped import SCENARIOS, shipped


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_load_of_a_link_adds_up_to_the_bytes_that_it_carried(path) -> None:
    run = shipped(path.stem)
    for case in run.cases:
        for place, load in enumerate(link_loads(run.scenario, case)):
            moved = float((load.utilisation * np.diff(load.edges)).sum()) * load.capacity
            assert moved == pytest.approx(float(case.shared_links.bytes[place]), rel=1e-6, abs=1.0)
            assert load.utilisation.min() >= 0.0
            assert load.utilisation.max() <= 1.0


def test_a_link_is_full_exactly_when_the_records_say_so() -> None:
    run = shipped("racks")
    for case in run.cases:
        for place, load in enumerate(link_loads(run.scenario, case)):
            rows = case.shared_links.intervals[case.shared_links.intervals[:, 0] == place, 1:]
            assert load.saturated_spans == [tuple(row) for row in rows.tolist()]
            assert np.all(load.utilisation[load.saturated] == 1.0)


def test_an_uplink_that_feeds_full_racks_runs_at_their_sum() -> None:
    """Oracle: five racks of 5 Gbit/s on an uplink of 40 Gbit/s, while all are full; the estimate is 7 % off."""
    run = shipped("racks")
    (load,) = link_loads(run.scenario, run.cases[1], ["registry.uplink"])
    middle = load.at(np.array([5.0, 12.0]))
    assert middle == pytest.approx([25 / 40], rel=0.08)


def test_coarser_moments_see_the_same_bytes() -> None:
    run = shipped("20nodes")
    (load,) = link_loads(run.scenario, run.cases[-1])
    edges = np.linspace(0.0, load.edges[-1], 8)
    assert (load.at(edges) * np.diff(edges)).sum() == pytest.approx((load.utilisation * np.diff(load.edges)).sum())


def test_a_rollout_without_time_has_no_loads() -> None:
    run = ideal("nodes={'node': {count: 2, cached: {small: '100%', large: '100%'}}}")
    assert run.cases[0].end == 0.0
    assert link_loads(run.scenario, run.cases[0]) == ()


def two_layers() -> Run:
    """A node that fetches 100 B and 25 B side by side at 10 B/s in all, by hand: the small one ends at 5 s."""
    story = Story((image("app", 100.0, 25.0),))
    pull = story.pull(0.0, 0.0, 12.5)
    story.fetch(pull, "app-0", 0.0, 0.0, 12.5)
    story.fetch(pull, "app-1", 0.0, 0.0, 5.0)
    case = story.case()
    return Run(scenario(case), 7, (case,), {})


def test_fetches_of_a_node_that_run_side_by_side_share_what_it_gets() -> None:
    """Oracle: 10 B/s throughout, half of it each while there are two."""
    (case,) = two_layers().cases
    edges = np.array([0.0, 2.5, 5.0, 10.0, 12.5])
    done = fetched_by(case, edges, np.array([0, 1]), 2)
    assert done[0] == pytest.approx([0.0, 12.5, 25.0, 75.0, 100.0])
    assert done[1] == pytest.approx([0.0, 12.5, 25.0, 25.0, 25.0])
    assert node_rates(case, edges)[0] == pytest.approx([10.0] * 4)
    assert node_throughputs(case) == pytest.approx([10.0])


def test_a_node_has_no_rate_before_its_first_byte_and_after_its_last() -> None:
    story = Story((image("app", 10.0),), nodes=2)
    pull = story.pull(0.0, 1.0, 3.0)
    story.fetch(pull, "app-0", 1.0, 1.0, 2.0)
    rates = node_rates(story.case(), np.array([0.0, 1.0, 1.5, 3.0]))
    np.testing.assert_equal(rates, [[np.nan, 10.0, 10.0], [np.nan] * 3])


def test_a_fetch_without_length_arrives_at_once() -> None:
    story = Story((image("app", 10.0),))
    pull = story.pull(0.0, 1.0, 2.0)
    story.fetch(pull, "app-0", 1.0, 1.0, 1.0)
    assert fetched_by(story.case(), np.array([0.5, 1.0]), np.array([0]), 1)[0].tolist() == [0.0, 10.0]


def test_no_rollout_is_faster_than_its_bytes_over_the_narrowest_link() -> None:
    """Oracle: 4 x 125 MB over 1 Gbit/s are 4 s; with NICs of 100 Mbit/s each node needs 10 s for its own."""
    run, slow = ideal(), ideal("nodes={'node': {count: 4, nic: 100 Mbit/s}}")
    assert least_time(run.scenario, run.cases[1]) == (pytest.approx(4.0), "registry.uplink")
    assert least_time(slow.scenario, slow.cases[1]) == (pytest.approx(10.0), "nic.in")
    for name in ("20nodes", "racks", "two-registries", "multi-stage"):
        real = shipped(name)
        for case in real.cases:
            bound = least_time(real.scenario, case)
            assert bound is not None
            assert bound[0] <= case.end


def test_what_was_held_already_needs_no_time() -> None:
    run = ideal("nodes={'node': {count: 2, cached: {small: '100%', large: '100%'}}}")
    assert least_time(run.scenario, run.cases[0]) is None


def test_replicas_of_a_registry_carry_about_the_same() -> None:
    run = rs.loads(
        "rolloutsim: 1\nname: replicated\nmodel: ideal\nnodes: 8\nnetwork: 10 Gbit/s\n"
        "registry: {uplink: 1 Gbit/s, replicas: 2}\nimages: {app: 100 MB}\n"
    ).run().run  # fmt: skip
    loads = link_loads(run.scenario, run.cases[0])
    assert len([load for load in loads if load.kind == "registry_uplink"]) == 2
    assert least_time(run.scenario, run.cases[0])[0] == pytest.approx(8 * 100e6 / 250e6)


def test_other_applications_are_part_of_the_load() -> None:
    """Oracle: the backup holds 25 MB/s of the uplink before the first byte of a layer arrives."""
    run = rolling()
    (load,) = link_loads(run.scenario, run.cases[0], ["registry.uplink"])
    assert load.utilisation[0] > 25e6 / load.capacity * 0.9


def test_nodes_take_the_racks_of_their_group_in_turn() -> None:
    assert node_racks(shipped("racks").scenario)[:7] == ["r1", "r2", "r3", "r4", "r5", "r1", "r2"]
    assert node_racks(shipped("20nodes").scenario) == [None] * 20


def test_capacity_zero_is_no_load() -> None:
    story = Story((image("app", 10.0),), end=1.0, links=(replace(UPLINK, capacity=0.0),))
    case = story.case()
    (load,) = link_loads(scenario(case), case)
    assert load.utilisation.max() == 0.0


def test_a_push_during_the_rollout_is_part_of_the_load_of_its_links() -> None:
    """Oracle: 500 MB over 2 Gbit/s are two seconds, from 1 s on; the rollout takes 4 s."""
    base = rs.loads(
        "rolloutsim: 1\nname: pushed\nmodel: ideal\nnodes: {web: {count: 1, nic: 1 Gbit/s}}\n"
        "network: {rate: 1 Gbit/s, links: {ci: 2 Gbit/s}}\nimages: {app: 500 MB}\n"
    ).resolve()
    workload = Workload("app", ("app",), 1, False, ("web",), Strategy("all_at_once"))
    run = simulate(replace(base, cases=(Case("all", {}, (workload,)),), pushes=(Push("ci", "ci", ("app",), at=1.0),)))
    (load,) = link_loads(run.scenario, run.cases[0], ["ci"])
    assert load.at(np.array([0.0, 1.0, 2.0, 3.0, 4.0])) == pytest.approx([0.0, 1.0, 1.0, 0.0], abs=0.05)


@pytest.mark.parametrize("name", ["racks", "rate-limited", "ml-image"])
@pytest.mark.parametrize("alike", [False, True])
def test_clocks_over_time_show_what_they_show_at_each_moment(name: str, alike: bool) -> None:
    """To the bit, also at the very moments at which fetches begin and end."""
    case = shipped(name).cases[0]
    clocks, every = _Clocks(case, alike), np.arange(len(case.node_names))
    own = np.concatenate([case.fetches.started, case.fetches.fetched])
    moments = np.unique(np.concatenate([np.linspace(0.0, case.end, 50), own[~np.isnan(own)][:400], [case.end + 9.0]]))
    for moment, shown in zip(moments.tolist(), clocks.over(moments), strict=True):
        assert (shown == clocks.at(every, moment)).all()


def test_what_the_sources_of_a_swarm_fetch_counts_on_the_links_of_their_registry() -> None:
    """Oracle: what the registry sent, over its uplink of 100 Mbit/s; that is no less than one copy."""
    text = (
        "rolloutsim: 1\nmodel: ideal\nnodes: {a: {count: 6, nic: 1 Gbit/s, hosts: [kraken, registry]}}\n"
        "registry: 100 Mbit/s\npeers: {kraken: {profile: kraken}}\nimages: {i: 50 MB}\n"
        "workloads: {w: {images: i, replicas: 6}}\nrollout: {strategy: rolling, max_unavailable: 3, max_surge: 0}\n"
    )
    run = simulate(rs.loads(text).resolve())
    (case,) = run.cases
    least = least_time(run.scenario, case)
    assert least is not None
    assert least[0] == pytest.approx(case.shared_links.bytes[0] / 12.5e6)
    assert 50e6 <= case.shared_links.bytes[0] < 6 * 50e6


def test_racks_without_a_node_have_no_route() -> None:
    text = (
        "rolloutsim: 1\nnodes: {a: {count: 2, racks: [r1, r2, r3]}}\n"
        "network: {rate: 1 Gbit/s, racks: 1 Gbit/s}\nimages: {i: 2 MB}\n"
    )
    run = simulate(rs.loads(text).resolve())
    (case,) = run.cases
    assert {route.rack for route in case.routes} == {"r1", "r2"}
    idle = [load for load in link_loads(run.scenario, case) if not load.utilisation.any()]
    assert len(idle) == len(case.shared_links.bytes) - np.count_nonzero(case.shared_links.bytes) > 0


def test_what_takes_no_time_has_moved_at_once_and_divides_by_nothing() -> None:
    at, size, edges = np.array([2.0]), np.array([9.0]), np.array([0.0, 1.0, 3.0, 1e11])
    with np.errstate(all="raise"):
        assert _evenly(at, at, size, edges).tolist() == [0.0, 0.0, 9.0, 9.0]
