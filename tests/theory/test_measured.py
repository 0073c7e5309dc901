"""Pulls on a real registry, predicted by the real model with the parameters of the measurements' README."""

from __future__ import annotations

import pytest

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.theory import measured_cases
from tests.theory.measured_cases import Measured

CASES = measured_cases.read_all()
CORE = [case for case in CASES if case.core]
OTHERS = [case for case in CASES if not case.core]

# Of the measured median, for the cases that bandwidth, round trips and slow start should explain.
TOLERANCE = 0.10

# What the others measure beside that: why they differ, or why they agree all the same.
REASONS = {
    "n1-golang8-bg-udp-rpc": "the pull's own standing queue (42 ms) adds to the round trips between layers",
    "n10-gocarbon-rtt40-bbr": "bbr shares unequally: the uplink is not full in the last two seconds",
    "n20-alpine-bbr": "bbr ramps up: the uplink is a third used in the first second, full from then on",
    "n5-bg-tcp-nodelink": "a new cubic connection needs seconds to win its share from an established bulk flow",
    "n5-cache-warm": "a warm cache in the registry's place; cubic shares unequally",
    "n5-ctr-fetch": "cubic shares unequally: the last node, alone, cannot fill the uplink",
    "n5-golang-bbr": "bbr shares unequally, yet the uplink is full but for the last two seconds",
    "n5-golang8-queue10": "a shorter queue still keeps the uplink full",
}


def predicted(case: Measured) -> float:
    """The rollout time [s]."""
    (run,) = simulate(loads(measured_cases.scenario_text(case), case.name).resolve()).cases
    assert run.finished
    return run.end


def error(case: Measured) -> float:
    """The prediction's relative error; negative where reality is slower."""
    return predicted(case) / case.rollout_time - 1


def test_the_measurements_are_all_here() -> None:
    assert (len(CASES), len(CORE), len(OTHERS)) == (20, 12, 8)


@pytest.mark.parametrize("case", CORE, ids=lambda case: case.name)
def test_a_core_case_is_predicted_within_ten_per_cent(case: Measured) -> None:
    assert abs(error(case)) <= TOLERANCE


def test_every_case_that_is_not_core_has_a_reason() -> None:
    assert REASONS.keys() == {case.name for case in CASES if not case.core}


def test_the_table_of_predictions(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["", "case                    core  measured  predicted   error"]
    for case in sorted(CASES, key=lambda case: (not case.core, case.name)):
        core = "yes" if case.core else "no"
        time = predicted(case)
        numbers = f"{case.rollout_time:7.2f} s  {time:7.2f} s  {time / case.rollout_time - 1:+6.1%}"
        lines.append(f"{case.name:<24}{core:<4}{numbers}  {REASONS.get(case.name, '')}".rstrip())
    with capsys.disabled():
        print("\n".join(lines))
    assert len(lines) == 2 + len(CASES)
