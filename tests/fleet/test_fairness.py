"""Weights of connections: their distribution, and newcomers against an established flow, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.fleet.fairness import LEVELS, conquest_time, incumbent_weight
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.load.background import background_summaries
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

from .test_pull import QUIET

ONE_LAYER = "registry: {uplink: 100 MB/s, ttfb: 0 s}\nimages: {app: 100 MB}\n"


def cases(text: str, seeds: int = 1) -> list[CaseRecords]:
    scenario = loads("rolloutsim: 1\n" + text).resolve()
    return [simulate(scenario, seed).cases[0] for seed in range(seeds)]


def nodes(count: int, fairness: str, image: str = "100 MB") -> str:
    return (
        f"nodes: {{web: {{count: {count}, {QUIET}}}}}\n"
        f"network: {{efficiency: 100%, latency: 0 s, fairness: {fairness}}}\n"
        f"registry: {{uplink: 100 MB/s, ttfb: 0 s}}\nimages: {{app: {image}}}\n"
    )


def test_the_levels_have_a_mean_of_0_and_a_variance_of_1() -> None:
    assert sum(LEVELS) == pytest.approx(0.0, abs=1e-12)
    assert sum(level**2 for level in LEVELS) / len(LEVELS) == pytest.approx(1.0, rel=1e-4)


def test_the_time_of_conquest_is_that_of_cubic() -> None:
    # (0.3 x 160 / 0.4)^(1/3) = 120^(1/3)
    assert conquest_time(160.0) == pytest.approx(4.932424, rel=1e-6)
    assert conquest_time(0.0) == 0.0


def test_a_newcomers_share_is_half_of_the_incumbents_retreat() -> None:
    shares = [1 / (1 + incumbent_weight(retreat)) for retreat in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert shares == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


# An uplink of 100 MB/s with a queue of 88 ms, and one connection on it from before the rollout.
BESIDE_BULK = (
    f"nodes: {{web: {{count: 1, {QUIET}}}}}\nnetwork: {{efficiency: 100%, latency: 0 s, buffer: 100 ms, "
    "fairness: {sigma: 0}}\nregistry: {uplink: 100 MB/s, ttfb: 0 s}\nimages: {app: 1 GB}\n"
    "background: {bulk: {links: [registry.uplink], connections: 1}}\n"
)
CONQUEST = conquest_time(100e6 * 0.088 / 1448)


def test_a_pull_conquers_its_half_from_an_established_transfer() -> None:
    """Oracle: the pull's share of 100 MB/s grows from nothing to a half in K, a quarter on average; then it has a half.

    The transfer has 100 MB/s x (0 + 88 ms) / 1448 B in flight. Slow start takes the pull to the share that it has at
    first, and so no further than its initial window.
    """
    (case,) = cases(BESIDE_BULK)
    assert case.fetches.started[0] == 0.0
    # The retreat is set to 0.14 %.
    assert case.end == pytest.approx(CONQUEST + (1e9 - 25e6 * CONQUEST) / 50e6, rel=1e-3)
    (bulk,) = background_summaries(case)
    assert bulk.bytes == pytest.approx(100e6 * case.end - 1e9, rel=1e-9)


def test_a_transfer_comes_back_as_slowly_as_it_retreated() -> None:
    """Oracle: what a pull of 500 MB that comes second moves while it wins the rest, and after that at 50 MB/s.

    The first has won all by its end. The incumbent has as much of it again as the time without a pull is of K.
    """
    (alone,) = cases(BESIDE_BULK.replace("1 GB", "500 MB"))
    gone = float(alone.end)
    assert gone > CONQUEST
    for pause in (0.01, CONQUEST / 2, CONQUEST + 1.0):
        late = f"late: {{count: 1, start: {gone + pause} s, {QUIET}}}"
        (case,) = cases(BESIDE_BULK.replace("}}\nnetwork", f"}}, {late}}}\nnetwork").replace("1 GB", "500 MB"))
        started, fetched = case.fetches.started, case.fetches.fetched
        won = max(1.0 - float(started[1] - fetched[0]) / CONQUEST, 0.0)
        winning = (1.0 - won) * CONQUEST
        moved = winning * 50e6 * (won + 1.0) / 2
        # A retreat is set to 0.14 %.
        assert fetched[1] - started[1] == pytest.approx(winning + (500e6 - moved) / 50e6, rel=2e-3)


def test_bbr_knows_no_conquest() -> None:
    """Oracle: half of the uplink at once, after a slow start up to that in the other's queue of 0.4 ms."""
    (case,) = cases(BESIDE_BULK.replace("fairness:", "congestion_control: bbr, fairness:"))
    assert case.end == pytest.approx(float(case.fetches.started[0]) + 20.0)
    assert case.fetches.started[0] < 0.001


def test_no_spread_is_max_min_fairness_to_the_last_bit() -> None:
    (even,), (off,) = cases(nodes(3, "{sigma: 0}")), cases(nodes(3, "off"))
    assert even.pods.ready.tolist() == off.pods.ready.tolist()


def test_the_shares_of_equal_nodes_vary_as_much_as_sigma_says() -> None:
    """Oracle: a lognormal with sigma 0.41 has a coefficient of variation of 0.43; four levels of it come to 0.40.

    The first bytes of many nodes tell: until the first is ready all go at constant rates. With 2,000 nodes the
    standard error of the figure is below 0.01.
    """
    (case,) = cases(nodes(2000, "{sigma: 0.41}", "1 MB"))
    first = float(case.pods.ready.min())
    ready = np.sort(case.pods.ready)
    # The fastest level finishes together, and so do the others: four instants.
    instants, counts = np.unique(ready.round(9), return_counts=True)
    assert len(instants) == len(LEVELS)
    assert counts == pytest.approx(500, abs=80)
    weights = np.exp(0.41 * np.array(LEVELS))
    assert weights.std() / weights.mean() == pytest.approx(0.40, abs=0.01)
    # The fastest have the heaviest weight's share of all weights.
    total = float((np.repeat(weights[::-1], counts)).sum())
    assert first == pytest.approx(1e6 / (100e6 * weights[-1] / total), rel=2e-3)


def test_a_short_memory_evens_shares_out() -> None:
    def spread(fairness: str) -> float:
        return float(np.mean([np.ptp(case.pods.ready) / case.end for case in cases(nodes(5, fairness), 30)]))

    assert spread("{sigma: 0.41, memory: 200 ms}") < 0.6 * spread("{sigma: 0.41}")


def test_a_seed_gives_one_result_and_another_seed_another() -> None:
    first, second = cases(nodes(5, "on"), 2)
    (again,) = cases(nodes(5, "on"))
    assert first.pods.ready.tolist() == again.pods.ready.tolist()
    assert first.pods.ready.tolist() != second.pods.ready.tolist()


def test_unfairness_changes_who_is_first_and_not_what_the_link_carries() -> None:
    """Oracle: without private limits the uplink is full to the end, whoever gets it."""
    for case in cases(nodes(5, "on"), 5):
        assert case.end == pytest.approx(5.0)
        assert math.isclose(float(case.shared_links.bytes[0]), 500e6, rel_tol=1e-12)


def test_alone_a_pull_has_no_luck() -> None:
    """Its layers share evenly: what it takes does not depend on which of them is there first."""
    group = QUIET.replace("unpack: unlimited", "unpack: 50 MB/s")
    text = nodes(2, "on", "{layers: [30 MB, 60 MB]}").replace(QUIET, group)
    (on,), (off,) = cases(text), cases(text.replace("fairness: on", "fairness: off"))
    assert on.pulls.pulled.tolist() != off.pulls.pulled.tolist()
    assert on.pulls.alone.tolist() == off.pulls.alone.tolist()
