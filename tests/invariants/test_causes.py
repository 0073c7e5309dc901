"""The causes of a case add up to its rollout time, in every shipped scenario and in random ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import CaseSummary, rollout_time, summarise
from rolloutsim.results.why.critical import causes
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.simulation import simulate
from tests.invariants.test_time_split import scenarios
from tests.long import without
from tests.shipped import SCENARIOS, shipped

ROOT = Path(__file__).parent.parent.parent
FILES = sorted([*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "tests" / "data" / "planted").glob("*.yaml")])


def assert_they_add_up(case: CaseRecords, summary: CaseSummary) -> None:
    found = causes(case, summary)
    whole = rollout_time(case)
    assert sum(one.seconds for one in found) == pytest.approx(whole, rel=1e-9, abs=1e-9)
    assert sum(one.share for one in found) == pytest.approx(1.0 if whole else 0.0, abs=1e-9)
    # Over all pods they are the time split, cause by cause.
    assert {one.cause: one.over_all_s for one in found if one.over_all_s} == summary.time_split_s
    assert [one.seconds for one in found] == sorted((one.seconds for one in found), reverse=True)
    assert len({one.cause for one in found}) == len(found)


@pytest.mark.parametrize("path", without(["fleet-10k"], FILES), ids=lambda path: path.stem)
def test_the_causes_of_a_file_add_up_to_its_rollout_times(path: Path) -> None:
    run = shipped(path.stem) if path in SCENARIOS else rs.load(path).run().run
    summary = summarise(run)
    for case in run.cases:
        assert_they_add_up(case, summary.cases[case.name])


@given(scenarios())
@settings(max_examples=150, deadline=None)
def test_the_causes_of_a_random_scenario_add_up_to_its_rollout_time(scenario: ResolvedScenario) -> None:
    run = simulate(scenario)
    (case,) = run.cases
    assert case.finished
    assert_they_add_up(case, summarise(run).cases["all"])
