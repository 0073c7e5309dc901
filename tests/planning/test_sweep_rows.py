"""A case of the contract as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.planning.sweep.rows import RESULTS, Gathering
from rolloutsim.results.outcome import Outcome
from tests.planning.test_sweep import rows

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def test_a_map_is_columns_and_the_unit_stays_at_the_end() -> None:
    gathering = Gathering()
    case = {"case": "a", "pull_time_s": {"p95": 2.0}, "disk": {"fleet_bytes": 7}, "rate_bytes_per_s": {"before": 3}}
    gathering.add_run(4, 5, 6, [case])
    table = gathering.tables()[RESULTS]
    assert table.columns == (
        "point", "replication", "case", "seed", "pull_time_p95_s", "disk_fleet_bytes", "rate_before_bytes_per_s",
    )  # fmt: skip
    assert table.values == [[4, 5, "a", 6, 2.0, 7, 3]]


def test_rows_may_have_different_columns() -> None:
    gathering = Gathering()
    links = [{"link": "x"}, {"nodes": 3, "link": "y"}, {"link": "z"}]
    gathering.add_run(0, 0, 1, [{"case": "a", "links": links, "time_split_s": {"disk": 2.0}, "stuck": []}])
    tables = gathering.tables()
    assert tables["links"].columns == ("point", "replication", "case", "link", "nodes")
    assert tables["links"].values == [[0, 0, "a", "x"], [0, 0, "a", "y", 3], [0, 0, "a", "z", None]]
    assert tables["time_split"].values == [[0, 0, "a", "disk", 2.0]]
    assert tables[RESULTS].values == [[0, 0, "a", 1, None]]


@pytest.mark.parametrize("name", ["rate-limited", "shared-link", "push-and-roll"])
def test_everything_that_the_contract_says_of_a_case_is_in_a_table(name: str) -> None:
    """Every number of the contract, wherever it stands in a case, is a value in a row of that case."""
    scenario = rs.load(SCENARIOS / f"{name}.yaml")
    tables = scenario.sweep({"seed": [3]}).records.tables
    for case in Outcome(scenario.run(seed=3).run).to_dict("summary")["cases"]:
        del case["why"]  # found out for single runs only
        found = [
            value
            for table in tables.values()
            for row in rows(table, {"case": case["case"]})
            for value in row.values()
            if isinstance(value, (int, float))
        ]
        lists = [json.loads(value) for value in tables["results"].get("disk_images", []) if value]
        assert set(leaves(case)) <= {*found, *leaves(lists)}


def leaves(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, (int, float)):
        yield float(value)
