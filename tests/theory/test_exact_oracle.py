"""Random ideal scenarios, against exact rational arithmetic."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.oracle.exact import simulate_exactly
from tests.theory.observed import exactly, observe, worst_difference
from tests.theory.random_scenarios import ideal_scenarios

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario

TOLERANCE = 1e-6  # [s]


def difference(scenario: ResolvedScenario) -> float:
    """Between the simulation and the exact oracle [s]."""
    (case,) = simulate(scenario).cases
    assert case.finished
    exact = exactly(scenario, simulate_exactly(scenario, "all"))
    end = max(finish for _, finish in exact.pulls.values())
    # A run ends with its last pull. Background that goes on has no end; what ends with the last pull may have one.
    ends = {name: time for name, time in exact.background.items() if abs(time - end) > TOLERANCE}
    ours = observe(case)
    return worst_difference(
        replace(ours, background={name: ours.background[name] for name in ends}),
        replace(exact, background={name: time if time < end else nan for name, time in ends.items()}),
    )


@settings(max_examples=130, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(ideal_scenarios())
def test_random_ideal_scenarios_take_exactly_as_long_as_in_rational_arithmetic(text: str) -> None:
    assert difference(loads(text).resolve()) <= TOLERANCE


def test_what_is_not_ideal_is_refused() -> None:
    scenario = loads("rolloutsim: 1\nname: real\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {a: 10 MB}\n").resolve()
    with pytest.raises(ValueError, match=r"^real: the exact oracle knows bandwidth sharing only; use model: ideal$"):
        simulate_exactly(scenario, "a")
