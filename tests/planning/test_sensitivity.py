"""How the rollout time changes with each input: closed forms of textbook sharing, and the same by `--set`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.inputs import inputs
from rolloutsim.planning.sensitivity import Row, Sensitivity, sensitivity
from rolloutsim.planning.what_if import situation_of
from rolloutsim.results.outcome import Outcome
from tests.long import one_in
from tests.planning.test_what_if import PLANTED, ROOT, image, star


def rows(scenario: rs.Scenario) -> dict[str, Row]:
    return {row.path: row for row in sensitivity(scenario.run().outcome, jobs=1).rows}


def times(row: Row) -> tuple[float, float, float]:
    return (pytest.approx(row.low), pytest.approx(row.base), pytest.approx(row.high))


def test_a_full_uplink_counts_inversely_and_size_and_nodes_in_proportion() -> None:
    # 20 × 346 MB / 125 MB/s = 55.36 s.
    found = rows(star(image("a", "346 MB"), nic="1 Gbit/s"))
    assert times(found["registry.uplink"]) == (55.36 / 0.9, 55.36, 55.36 / 1.1)
    assert times(found["images.a"]) == (55.36 * 0.9, 55.36, 55.36 * 1.1)
    assert times(found["nodes.node.count"]) == (55.36 * 0.9, 55.36, 55.36 * 1.1)
    # The NICs of 1 Gbit/s get a twentieth of it.
    assert times(found["nodes.node.nic"]) == (55.36, 55.36, 55.36)
    assert found["nodes.node.nic"].span == pytest.approx(0.0, abs=1e-9)


def test_the_rows_say_what_was_changed_in_the_words_of_set() -> None:
    found = rows(star(image("a", "346 MB"), nic="1 Gbit/s"))
    shown = {path: (row.low_value, row.value, row.high_value, row.by) for path, row in found.items()}
    assert shown["registry.uplink"] == ("0.9 Gbit/s", "1 Gbit/s", "1.1 Gbit/s", "10%")
    assert shown["images.a"] == ("311.4 MB", "346 MB", "380.6 MB", "10%")
    assert shown["nodes.node.count"] == ("18", "20", "22", "10%")
    assert shown["nodes.node.parallel_layers"] == ("2", "3", "4", "1")


def test_values_keep_the_unit_that_they_were_given_in_and_six_digits() -> None:
    found = rows(star(image("a", "1.234567 MB"), nodes=1, disk="125 MiB/s"))
    shown = {path: (row.low_value, row.value, row.high_value) for path, row in found.items()}
    assert shown["nodes.node.disk.rate"] == ("112.5 MiB/s", "125 MiB/s", "137.5 MiB/s")
    assert shown["images.a"] == ("1.11111 MB", "1.234567 MB", "1.35802 MB")


def test_a_disk_counts_by_what_is_synced() -> None:
    # 100 MB arrive within 8 ms and are synced at 100 MB/s; 19 syncs of 2 ms come on top.
    found = rows(star(image("a", "100 MB"), nodes=1, uplink="100 Gbit/s", disk="100 MB/s"))
    rest = 0.008 + 0.038
    assert times(found["nodes.node.disk.rate"]) == (1.0 / 0.9 + rest, 1.0 + rest, 1.0 / 1.1 + rest)


def test_a_start_up_grows_as_a_whole() -> None:
    scenario = star(image("a", "125 MB"), nodes=1).with_({"rollout.startup": {"min": "10 s", "max": "10 s"}})
    row = rows(scenario)["rollout.startup"]
    assert (row.low_value, row.value, row.high_value) == ("9 s", "10 s", "11 s")
    assert times(row) == (1.0 + 9.0, 11.0, 1.0 + 11.0)


def test_slots_change_by_one() -> None:
    # Four layers of 25 MB at 25 MB/s each: three at a time take 2 rounds of 1 s, two as well, four one.
    images = "app: {ratio: 1, layers: [25 MB, 25 MB, 25 MB, 25 MB]}"
    scenario = star(images, nodes=1, uplink="100 Gbit/s", registry=", connection_cap: 25 MB/s")
    assert times(rows(scenario)["nodes.node.parallel_layers"]) == (2.0, 2.0, 1.0)


def test_a_value_that_is_not_allowed_is_unknown_and_not_zero() -> None:
    row = rows(star(image("a", "125 MB"), nodes=1, unpack="100 MB/s"))["nodes.node.unpack.cores"]
    assert (row.low_value, row.low) == (None, None)
    assert row.high == pytest.approx(row.base)


@cache
def found_in(path: Path) -> tuple[Outcome, Sensitivity]:
    """What came out of a file, and how that changes with each input."""
    outcome = rs.load(path).run().outcome
    return outcome, sensitivity(outcome, jobs=1)


def test_the_largest_span_comes_first() -> None:
    _, found = found_in(ROOT / "scenarios" / "two-registries.yaml")
    assert found.case == "sidecar"
    assert found.rows[0].path == "network.links.wan.capacity"
    assert [row.span for row in found.rows] == sorted((row.span for row in found.rows), reverse=True)


@pytest.mark.parametrize(
    "name", one_in(2, ["two-registries", "multi-stage", "kubelet-queue", "rate-limit", "wan", "termination"])
)
def test_each_row_is_that_of_runs_with_the_same_set(name: str) -> None:
    path = next(path for path in (*PLANTED, *(ROOT / "scenarios").glob("*.yaml")) if path.stem == name)
    outcome, sensitivities = found_in(path)
    found = {row.path: row for row in sensitivities.rows}
    situation = situation_of(outcome)
    assert situation is not None
    every = inputs(situation)
    assert set(found) <= {one.path for one in every}
    for one in every:
        if one.path not in found:  # what plays no part in a scenario may not be given another value in it
            for overrides in (one.low, one.high):
                with pytest.raises(RolloutsimError):
                    rs.load(path, overrides)
    for one in every[:8]:
        for overrides, time in ((one.low, found[one.path].low), (one.high, found[one.path].high)):
            if time is not None:
                result = rs.load(path, overrides).run()
                assert time == pytest.approx(result[situation.records.name].rollout_time, rel=1e-9)


@pytest.mark.parametrize("path", one_in(4, PLANTED), ids=lambda path: path.stem)
def test_what_is_planted_has_an_input_that_counts(path: Path) -> None:
    """Nothing but a crash, a backup's start or a late start can be the cause that no number of the file changes."""
    _, found = found_in(path)
    assert found.rows[0].span > 0.01 * found.rows[0].base


def test_there_is_nothing_to_change_in_a_rollout_that_did_not_finish() -> None:
    run = star(image("a", "16 MB"), registry=", max_connections: 0").run().run
    assert sensitivity(Outcome(run)) == Sensitivity()
