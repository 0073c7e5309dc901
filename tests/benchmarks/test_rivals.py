"""The rivals do the same work as the engine: no timing here."""

from __future__ import annotations

import pytest

from rolloutsim.scenario import loads
from tests.benchmarks import measure, workloads

NODES = 45  # two racks, one of them not full


@pytest.mark.parametrize("workload", ["star", "racks_registry", "racks_racks"])
@pytest.mark.parametrize("rival", ["numpy", "simpy"])
def test_a_rival_finds_the_same_times(rival: str, workload: str) -> None:
    assert measure.rival(rival, workload, NODES)["difference_s"] <= 1e-6


@pytest.mark.parametrize("workload", workloads.WORKLOADS)
def test_every_workload_is_a_valid_scenario(workload: str) -> None:
    resolved = loads(workloads.WORKLOADS[workload](1000), workload).resolve()
    assert sum(group.count for group in resolved.groups) == 1000
