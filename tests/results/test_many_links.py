"""Causes of a scenario with more links than a short integer can number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rolloutsim.fleet.ledger import Ledger
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.scenario import loads
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.simulation import simulate

# The registry binds first, then on one node what is left of its NIC; unpacked files wait for the disks, since memory is
# short.
SITES = """\
rolloutsim: 1
name: sites
nodes:
  site: {count: 2, via: [line], nic: 1 Gbit/s, memory: 1 GB, start: {min: 0 s, max: 1 s}}
  one: {count: 1, nic: 1 Gbit/s, start: 60 s}
network: {links: {line: 1.2 Gbit/s}}
registry: {uplink: 1 Gbit/s}
images: {api: {layers: [100 MB, 50 MB]}}
background:
  backup: {links: [site-000.disk], size: 300 MB, connections: 2}
  feed: {links: [site-001.nic.in], rate: 600 Mbit/s, from: 1 s}
"""


@pytest.fixture(scope="module")
def few() -> ResolvedScenario:
    return loads(SITES).resolve()


@pytest.fixture(scope="module")
def many(few: ResolvedScenario) -> ResolvedScenario:
    """The same with as many idle links before those that are used."""
    line = few.links["line"]
    return replace(few, links={f"idle{i}": replace(line, name=f"idle{i}") for i in range(1 << 15)} | few.links)


def named(case: CaseRecords) -> list[list[str | None]]:
    """The columns of causes, by name."""
    columns = (case.fetches.cause, case.unpacks.cause, case.spent.cause)
    return [[case.causes[cause] if cause >= 0 else None for cause in column.tolist()] for column in columns]


def test_causes_are_the_same_however_many_links_are_idle(few: ResolvedScenario, many: ResolvedScenario) -> None:
    (one,), (other,) = simulate(few).cases, simulate(many).cases
    assert named(one) == named(other)
    assert {"registry.uplink", "nic", "disk"} <= set(named(one)[2])
    assert max(other.spent.cause) > 0x7FFF
    assert np.array_equal(one.spent.seconds, other.spent.seconds)


def test_causes_are_shorts_where_these_do(few: ResolvedScenario, many: ResolvedScenario) -> None:
    for scenario, wide in ((few, np.int16), (many, np.int32)):
        (case,) = simulate(scenario, alone=False).cases
        assert [column.cause.dtype for column in (case.unpacks, case.spent)] == [wide, wide]
        assert case.fetches.source.dtype == np.int16


def test_columns_of_causes_widen_while_a_case_runs() -> None:
    ledger = Ledger()
    ledger.spent.add(False, 7, {3: 1.0, -10: 2.0})
    ledger.make_room(0x7FFF)
    assert ledger.spent.cause.typecode == "h"
    for links in (0x8000, 0x8001):
        ledger.make_room(links)
        ledger.spent.add(True, 8, {links - 1: 1.0})
        ledger.unpacks.cause.append(links - 1)
    assert list(ledger.spent.cause) == [3, -10, 0x7FFF, 0x8000]
    assert list(ledger.unpacks.cause) == [0x7FFF, 0x8000]


def test_wide_causes_are_read_as_they_were_written(many: ResolvedScenario) -> None:
    outcome = Outcome(simulate(many, alone=False))
    (case,), (again,) = outcome.run.cases, from_bytes(to_bytes(outcome)).run.cases
    assert named(again) == named(case)
    assert again.spent.cause.dtype == np.int32
