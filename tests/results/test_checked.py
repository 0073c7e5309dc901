"""A result outside of what the model was checked on says so; the ranges are those of the measured pulls."""

from __future__ import annotations

import json

import pytest

from rolloutsim.planning.tried import WhatIfs
from rolloutsim.report.blocks import Text
from rolloutsim.report.contents import report_of_run
from rolloutsim.results.checked import CHECKED, connections, longest_round_trip, outside
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tables import footnotes, to_markdown
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.theory.measured_cases import read_all, scenario_text

MANY, ROUND_TRIPS, DISKS = CHECKED


def outcome(nodes: str, more: str = "", image: str = "{layers: [30 MB, 30 MB, 30 MB]}") -> Outcome:
    text = f"rolloutsim: 1\nnodes: {nodes}\nnetwork: 1 Gbit/s\nimages: {{app: {image}}}\n{more}"
    return Outcome(simulate(loads(text).resolve()))


def test_the_ranges_are_those_of_the_measured_pulls() -> None:
    runs = [simulate(loads(scenario_text(case)).resolve(), alone=False) for case in read_all()]
    assert max(connections(run.cases[0], 0)[0] for run in runs) == MANY.seen
    assert max(longest_round_trip(run, run.cases[0]) for run in runs) == pytest.approx(ROUND_TRIPS.seen)
    assert all(not len(run.cases[0].orchestration.disks.node) for run in runs)
    assert all([*outside(run)] == [] for run in runs)


def test_hundreds_of_connections_of_a_few_megabytes_a_second_say_so_in_table_json_and_report() -> None:
    found = outcome("100")
    _, rate = connections(found.run.cases[0], 0)
    # 100 nodes share 117.6 MB/s; a node has three of its connections for most of the time.
    assert rate == pytest.approx(117.6e6 / 300, rel=0.05)
    (said,) = outside(found.run)
    assert said.startswith("Outside of what the model was checked on: registry has 300 connections at once, of ")
    assert said.endswith(" kB/s on average; real pulls were measured with up to 24 connections on one registry.")
    assert said in footnotes(found)
    assert said in to_markdown(found)
    assert said in json.loads(found.to_json())["notes"]
    blocks = [block for section in report_of_run(found, WhatIfs()).sections for block in section.blocks]
    assert said in [block.text for block in blocks if isinstance(block, Text)]


@pytest.mark.parametrize(
    ("nodes", "more"),
    [
        ("60", ""),  # 180 connections
        ("100", "registry: {uplink: 100 Gbit/s}"),  # as fast as NICs and disks allow: tens of MB/s each
        ("100", "registry: {uplink: 1 Gbit/s, replicas: 2}"),  # 150 on each
        ("100", "registry: {uplink: 1 Gbit/s, redirect: {connection_cap: 1 MB/s}}"),  # they are the object storage's
        ("100", "model: ideal"),  # which is arithmetic
    ],
)
def test_fewer_connections_faster_ones_and_arithmetic_say_nothing(nodes: str, more: str) -> None:
    assert [*outside(outcome(nodes, more).run)] == []


@pytest.mark.parametrize(("latency", "said"), [("50 ms", 0), ("51 ms", 1)])
def test_long_round_trips_say_so(latency: str, said: int) -> None:
    more = "registry: {uplink: 1 Gbit/s, via: [wan]}\nnodes: {web: 2}"
    network = f"{{rate: 1 Gbit/s, latency: 0 s, links: {{wan: {{capacity: 1 Gbit/s, latency: {latency}}}}}}}"
    text = f"rolloutsim: 1\nnetwork: {network}\nimages: {{app: 10 MB}}\n{more}\n"
    found = Outcome(simulate(loads(text).resolve()))
    sentence = (
        "Outside of what the model was checked on: round trips of 102 ms; real pulls were measured with round trips of "
        "up to 41 ms."
    )
    assert [*outside(found.run)] == [sentence] * said


@pytest.mark.parametrize(("used", "said"), [("9.2 GB", 0), ("9.7 GB", 1)])
def test_disks_that_are_almost_full_say_so(used: str, said: int) -> None:
    # 90 MB compressed, and 90 MB × 2.67 unpacked: 330 MB of 10 GB come to it.
    nodes = f"{{web: {{count: 1, disk: {{capacity: 10.2 GB, used: {used}}}}}}}"
    found = outcome(nodes)
    assert [text.partition(";")[0] for text in outside(found.run)] == [
        "Outside of what the model was checked on: a disk is 98.3 % full"
    ] * said
