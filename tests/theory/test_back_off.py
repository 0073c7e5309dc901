"""When kubelets ask again for what failed, against their rule worked out by hand and what it must lead to."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.fleet.requeue import Looks
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

LIMITED = """\
rolloutsim: 1
seed: {seed}
nodes: {{node: {{count: 30, nic: 1 Gbit/s}}}}
registry: {{uplink: 10 Gbit/s, rate_limit: {{rate: 1000/min, burst: {burst}}}}}
images: {{"app:1": {{layers: [30 MB, 20 MB, 10 MB, 1 MB, 1 MB]}}}}
workloads: {{app: {{images: "app:1", daemonset: true, create: true}}}}
"""
THROTTLED = """\
rolloutsim: 1
seed: {seed}
nodes: {{node: {{count: 1, nic: 1 Gbit/s, serialize_image_pulls: false}}}}
registry: 10 Gbit/s
images: {{{images}}}
workloads: {{{workloads}}}
"""


def only(text: str) -> CaseRecords:
    (case,) = simulate(loads(text).resolve(), alone=False).cases
    return case


@pytest.mark.parametrize("burst", [50, 100, 150])
def test_thirty_nodes_that_a_limit_refuses_do_not_stay_in_step(burst: int) -> None:
    """Oracle: 330 requests are needed and 1000 a minute allowed; only perfect lockstep never ends."""
    for seed in range(20):
        case = only(LIMITED.format(seed=seed, burst=burst))
        assert case.finished
        assert np.nanmax(case.pods.ready) < 120.0


def test_sixty_pods_that_registry_pull_qps_refuses_are_admitted_within_three_quarters_of_a_minute() -> None:
    """Oracle: the rule by hand, 10 + 5/s and looks after 10 to 15 s, over 200 seeds: 40 to 46 s."""
    names = [f"i{number:02d}" for number in range(60)]
    images = ", ".join(f'"{name}:1": 1 MB' for name in names)
    workloads = ", ".join(f'{name}: {{images: "{name}:1", replicas: 1, create: true}}' for name in names)
    for seed in range(10):
        case = only(THROTTLED.format(seed=seed, images=images, workloads=workloads))
        assert case.finished
        admitted = np.sort(case.pulls.asked - case.pulls.asked.min())
        assert len(admitted) == 60
        assert (admitted == 0.0).sum() == 10
        assert 38.0 <= admitted[-1] <= 48.0


def looks(seed: int = 0) -> Looks:
    rng = np.random.default_rng(seed)
    return Looks(lambda number: rng.random(number).tolist())


@pytest.mark.parametrize("wait", [10.0, 20.0, 80.0, 300.0])
def test_the_first_look_at_or_after_the_end_of_the_back_off_counts(wait: float) -> None:
    """Oracle: pod_workers.go completeWork, one time at a time: Jitter(10 s, 0.5) is uniform in 10 to 15 s."""
    drawn, ours = np.random.default_rng(0).random(1024).tolist(), looks()
    for since in (0.0, 1000.0):
        times = [since]
        while times[-1] < since + wait:
            times.append(times[-1] + 10.0 * (1.0 + 0.5 * drawn.pop(0)))
        assert ours.after(since, since + wait, "fixed") == pytest.approx(times[1:], rel=1e-12)


def test_a_kubelet_that_knows_when_a_back_off_ends_looks_after_what_is_left_of_it() -> None:
    """Oracle: Jitter(min(time left, 1 min), 0.5): 60 to 90 s while more is left, then up to half as much again."""
    ours, last = looks(), []
    for _ in range(1000):
        times = [0.0, *ours.after(0.0, 300.0, "expiry")]
        gaps = np.diff(times)
        assert ((gaps[:-1] >= 60.0) & (gaps[:-1] < 90.0)).all()
        assert times[-2] < 300.0 <= times[-1] < times[-2] + max(90.0, 1.5 * (300.0 - times[-2]))
        last.append(times[-1])
    assert min(last) > 300.0
    assert max(last) < 390.0


def test_the_looks_of_a_kubelet_add_a_quarter_of_ten_seconds_to_each_wait_of_ten() -> None:
    """Oracle: the mean of a uniform distribution on 10 to 15 s, within 4 standard errors."""
    ours = looks()
    waits = np.array([ours.after(0.0, 10.0, "fixed")[-1] for _ in range(4000)])
    assert abs(waits.mean() - 12.5) < 4 * 5.0 / 12**0.5 / 4000**0.5
    assert waits.min() >= 10.0
    assert waits.max() < 15.0


def test_nothing_is_random_where_nothing_fails() -> None:
    """Oracle: the same scenario with another seed."""
    text = LIMITED.replace(", rate_limit: {{rate: 1000/min, burst: {burst}}}", "")
    first, other = (only(text.format(seed=seed)) for seed in (1, 2))
    np.testing.assert_array_equal(first.pods.ready, other.pods.ready)


def test_a_run_is_the_same_with_the_same_seed_and_another_with_another() -> None:
    first, again, other = (only(LIMITED.format(seed=seed, burst=50)).pods.ready for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
