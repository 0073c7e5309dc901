"""The results of an independent simulator (SimGrid 4.1, confirmed in exact arithmetic), through the public door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.oracle.exact import simulate_exactly
from tests.theory import reference_cases
from tests.theory.observed import exactly, observe, worst_difference

if TYPE_CHECKING:
    from pathlib import Path

    from rolloutsim.scenario.resolved import ResolvedScenario

CASES = pytest.mark.parametrize("path", reference_cases.FILES, ids=lambda path: path.stem)
ALL_FILES = 11


def resolved(path: Path) -> ResolvedScenario:
    text = reference_cases.scenario_text(reference_cases.read(path))
    return loads(text, path.name).resolve()


def test_no_reference_case_is_missing() -> None:
    assert len(reference_cases.FILES) == ALL_FILES


@CASES
def test_every_layer_pull_and_node_time_is_the_independent_simulators(path: Path) -> None:
    (case,) = simulate(resolved(path)).cases
    observed, expected = observe(case), reference_cases.expected(reference_cases.read(path))
    assert case.finished
    assert worst_difference(observed, expected) <= 1e-6


@CASES
def test_every_background_transfer_ends_when_the_independent_simulator_says(path: Path) -> None:
    reference = reference_cases.read(path)
    finishes = reference["exact"]["background_finish"]
    late = max([reference["exact"]["makespan"], *finishes.values()]) + 1
    text = reference_cases.scenario_text(reference, open_until=late)
    (case,) = simulate(loads(text, path.name).resolve()).cases
    assert observe(case).background == pytest.approx(finishes, abs=1e-6)


@CASES
def test_the_rollout_ends_with_the_last_node(path: Path) -> None:
    (case,) = simulate(resolved(path)).cases
    assert case.end == pytest.approx(reference_cases.read(path)["exact"]["makespan"], abs=1e-6)


@CASES
def test_times_worked_out_by_hand_are_met(path: Path) -> None:
    by_hand = reference_cases.read(path)["analytic_node_finish"] or {}
    (case,) = simulate(resolved(path)).cases
    nodes = observe(case).nodes
    assert {node: nodes[f"{node}-000"] for node in by_hand} == pytest.approx(by_hand, abs=1e-6)


@CASES
def test_the_exact_oracle_gives_the_same_doubles(path: Path) -> None:
    reference = reference_cases.read(path)
    scenario = resolved(path)
    found = exactly(scenario, simulate_exactly(scenario, "all"))
    expected = reference_cases.expected(reference)
    assert (found.layers, found.pulls, found.nodes) == (expected.layers, expected.pulls, expected.nodes)
    assert found.background == reference["exact"]["background_finish"]
