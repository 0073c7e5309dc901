"""Replications: independent seeds, the same results whoever computes them, every number with an interval."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
import pytest

from rolloutsim.api.result import Result
from rolloutsim.errors import UsageError
from rolloutsim.planning.replicate import replicate
from rolloutsim.planning.seeds import seeds
from rolloutsim.results.facts.intervals import mean_interval, median, quantile_interval
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.numerals import plus_minus, show_time
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tables import case_rows
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.scenario import load, loads
from rolloutsim.simulation import simulate

RANDOM = """\
rolloutsim: 1
name: random starts
model: ideal
nodes: {node: {count: 4, start: {min: 0 s, max: 3 s}}}
network: 1 Gbit/s
images: {a: 40 MB, b: 100 MB}
thresholds:
  rollout_time: [max < 4.5 s, p95 < 4.5 s, < 4 s]
  pull_time{image=b}: p95 < 3 s
"""


SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def records() -> int:
    """How many cases' records there are in memory."""
    gc.collect()
    return sum(isinstance(one, CaseRecords) for one in gc.get_objects())


@pytest.mark.usefixtures("only_new_objects")
@pytest.mark.parametrize("name", ["20nodes", "rate-limited"])
def test_of_all_replications_but_the_first_only_figures_stay(name: str) -> None:
    before = records()
    outcome = replicate(load(SCENARIOS / f"{name}.yaml").resolve(), 7, 4)
    assert records() == before + len(outcome.cases)
    assert len(outcome.each) == 4


@pytest.mark.usefixtures("only_new_objects")
@pytest.mark.parametrize("name", ["20nodes", "rate-limited"])
def test_what_was_told_of_a_run_does_not_keep_its_records(name: str) -> None:
    before = records()
    result = Result(replicate(load(SCENARIOS / f"{name}.yaml").resolve(), 7, 1))
    assert records() == before + len(result.cases)
    assert result.why() in result.to_markdown()
    assert result.to_html()
    assert result.to_json("full")
    del result
    assert records() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_without_times_alone_only_what_follows_from_them_is_unknown(jobs: int) -> None:
    scenario = loads(RANDOM).resolve()
    every, some = replicate(scenario, 7, 4, jobs), replicate(scenario, 7, 4, jobs, alone=False)
    for whole, part in zip(every.each, some.each, strict=True):
        for case, figures in whole.cases.items():
            without = dict(figures) | {"alone_time_s": None, "slowdown": None}
            assert part.cases[case] == without


@pytest.fixture(scope="module")
def found() -> Outcome:
    return replicate(loads(RANDOM).resolve(), 7, 8)


def test_the_first_seed_is_the_one_asked_for_and_more_replications_change_none() -> None:
    assert seeds(7, 1) == (7,)
    assert seeds(7, 5) == seeds(7, 9)[:5]
    assert len({*seeds(7, 500), *seeds(8, 500)}) == 1000
    assert all(0 <= seed < 2**63 for seed in seeds(7, 500))


def test_replication_0_is_the_run_itself(found: Outcome) -> None:
    run = simulate(loads(RANDOM).resolve(), 7)
    assert Outcome(found.run).to_json() == Outcome(run).to_json()
    assert found.values("a")[0] == found.each[0].summary.cases["a"].rollout_time_s


def test_each_replication_is_the_run_with_its_seed(found: Outcome) -> None:
    for one, seed in zip(found.each, seeds(7, 8), strict=True):
        case = json.loads(Outcome(simulate(loads(RANDOM).resolve(), seed)).to_json("summary"))["cases"][0]
        assert (one.seed, one.cases["a"]["rollout_time_s"]) == (seed, case["rollout_time_s"])


def test_results_do_not_depend_on_the_number_of_processes(found: Outcome) -> None:
    assert replicate(loads(RANDOM).resolve(), 7, 8, jobs=2).to_json() == found.to_json()


def test_the_json_has_means_with_students_and_percentiles_with_order_statistics(found: Outcome) -> None:
    document = json.loads(found.to_json())
    case = document["cases"][1]
    times = [one.cases["b"]["rollout_time_s"] for one in found.each]
    medians = [one.cases["b"]["pull_time_s"]["p50"] for one in found.each]
    assert document["replications"] == 8
    assert case["rollout_time_s"] == pytest.approx(np.mean(times), rel=1e-12)
    assert case["rollout_time_ci_s"] == list(mean_interval(times) or ())
    assert case["pull_time_s"]["p50"] == median(medians)
    assert case["ci"]["pull_time_s"]["p50"] == list(quantile_interval(medians, 0.5) or ())
    assert case["ci"]["bytes_on_wire"] == [4e8, 4e8]
    assert case["ci"]["links"]["registry.uplink"]["utilisation"][0] < 1.0
    assert "rollout_time_s" not in case["ci"]


def test_every_number_of_a_case_has_an_interval(found: Outcome) -> None:
    case = found.to_dict("summary")["cases"][0]

    def numbers(value, interval, path):
        if isinstance(value, dict):
            for key, item in value.items():
                numbers(item, interval[key], f"{path}.{key}")
        elif isinstance(value, list):
            for row in value:
                name = next(text for text in row.values() if isinstance(text, str))
                numbers({k: v for k, v in row.items() if not isinstance(v, str)}, interval[name], f"{path}.{name}")
        else:
            assert interval[0] <= value <= interval[1], path

    apart = ("case", "finished", "stuck", "rollout_time_s", "rollout_time_ci_s", "ci", "thresholds", "why")
    numbers({key: value for key, value in case.items() if key not in apart}, case["ci"], "")


def test_thresholds_are_checked_over_all_replications(found: Outcome) -> None:
    """`max` is the largest of all, p95 of 8 values too (nearest rank), none is the mean."""
    times = found.values("b")
    largest, middle = max(times), float(np.mean(times))
    medians = median([one.cases["b"]["pull_time_s"]["p95"] for one in found.each])
    results = [result for result in found.thresholds if result.case == "b"]
    assert [result.value for result in results] == pytest.approx([largest, largest, middle, medians])
    assert [result.ci is None for result in results] == [True, True, False, False]
    assert results[2].shown.count("±") == 1


def test_stored_replications_are_the_same(found: Outcome) -> None:
    assert from_bytes(to_bytes(found)).to_json() == found.to_json()


@pytest.mark.parametrize(
    ("count", "jobs", "message"),
    [
        (0, 1, "0 replications are not possible; allowed: 1 to 1,000,000"),
        (2, 0, "0 jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core"),
    ],
)
def test_what_is_not_possible_is_said(count: int, jobs: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        replicate(loads(RANDOM).resolve(), 7, count, jobs)
    assert str(caught.value) == message


def test_the_row_of_a_workload_shows_the_interval_of_the_rollout_that_waits_for_it() -> None:
    text = """\
rolloutsim: 1
name: random start-up
nodes: 2
network: 1 Gbit/s
images: {a: 40 MB}
workloads:
  slow: {images: a, replicas: 2, startup: {p50: 5 s, p95: 9 s}}
  quick: {images: a, replicas: 2}
rollout: {strategy: rolling}
"""
    found = replicate(loads(text).resolve(), 7, 8)
    interval = found.intervals["all"]
    assert interval is not None
    slow, quick = case_rows(found).cells()
    centre = found.means.cases["all"].rollout_time_s
    assert centre is not None
    assert slow[2] == plus_minus(show_time, centre, interval.half)
    assert "±" not in quick[2]
