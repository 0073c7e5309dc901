"""Where nothing is random, seeds make no difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.planning.differences import is_random
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import load, loads
from rolloutsim.simulation import simulate
from tests.shipped import SCENARIOS, shipped

QUICK = [path for path in SCENARIOS if path.stem not in ("fleet-10k", "kraken-10k", "edge-sites")]
PLAIN = "rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {a: 10 MB}\n"


@pytest.mark.parametrize("path", QUICK, ids=lambda path: path.stem)
def test_a_run_that_drew_nothing_is_the_same_with_another_seed_and_what_draws_is_said_to_be_random(path: Path) -> None:
    scenario = load(path).resolve()
    run = shipped(path.stem)
    if any(case.drawn for case in run.cases):
        assert is_random(scenario)
    else:
        one, other = (Outcome(each).to_dict("nodes")["cases"] for each in (run, simulate(scenario, run.seed + 1)))
        assert one == other


@pytest.mark.parametrize(
    ("more", "random"),
    [
        ("", False),
        ("rollout: {startup: 3 s}\n", False),
        ("rollout: {startup: {p50: 4 s, p95: 9 s}}\n", True),
        ("rollout: {startup: {min: 4 s, max: 9 s}}\n", True),
    ],
)
def test_distributions_make_a_scenario_random(more: str, random: bool) -> None:
    assert is_random(loads(PLAIN + more).resolve()) is random


@pytest.mark.parametrize(
    ("overrides", "random"),
    [
        (["peers={spegel: {}}"], False),
        (["peers={spegel: {}}", "nodes.node.hosts=[spegel]"], True),
        (["peers={spegel: {finds: first}}", "nodes.node.hosts=[spegel]"], False),
        (["peers={kraken: {profile: kraken}}", "nodes.node.hosts=[kraken]"], False),
        (["nodes.node.ingest_poll=2 s"], True),
    ],
)
def test_look_ups_that_find_any_holder_make_a_scenario_random(overrides: list[str], random: bool) -> None:
    assert is_random(loads(PLAIN, "plain.yaml", overrides).resolve()) is random
