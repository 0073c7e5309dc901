"""What moved from one run of a scenario to the next; its oracle is the comparison of the two."""

from __future__ import annotations

import rolloutsim as rs
from rolloutsim.api.result import simulated
from rolloutsim.planning.moved import Moved, moved
from rolloutsim.results.outcome import Outcome
from tests.planning.test_draws import RANDOM

# Ideal: 2 x 10 MB and 2 x 100 MB over 1 Gbit/s are 0.16 s and 1.6 s.
QUICK = """\
rolloutsim: 1
model: ideal
nodes: 2
network: 1 Gbit/s
images: {small: 10 MB, large: 100 MB}
thresholds: {rollout_time: max < 2 s}
"""


def outcome(text: str) -> Outcome:
    return simulated(rs.loads(text).resolve(), beside=True).outcome


def cells(found: Moved) -> list[tuple[str, ...]]:
    assert found.figures is not None
    return list(found.figures.cells())


def test_the_same_run_moved_nothing() -> None:
    found = moved(outcome(QUICK), outcome(QUICK))
    assert found.is_nothing
    assert found.notes == ("No key differs.", "No figure moved.")


def test_only_what_moved_is_told() -> None:
    found = moved(outcome(QUICK), outcome(QUICK.replace("100 MB", "150 MB")))
    assert found.keys is not None
    assert found.keys.cells() == (("~", "images.large.compressed", "100 MB → 150 MB", ""),)
    assert cells(found) == [("large", "1.60 s", "2.40 s", "+0.800 s", "+50.0 %", "slower", "+50.0 %", "+50.0 %")]
    assert found.thresholds is not None
    assert found.thresholds.cells() == (
        ("✗", "rollout_time{image=large}", "max < 2 s", "1.60 s, held", "2.40 s, missed"),
    )
    assert found.notes == ("1 other rollout time did not move.",)


def test_a_key_that_moves_nothing_is_told_all_the_same() -> None:
    found = moved(outcome(QUICK), outcome(QUICK + "seed: 7\n"))
    assert found.keys is not None
    assert found.keys.cells()[0][:3] == ("~", "seed", "1 → 7")
    assert (found.figures, found.thresholds, found.notes) == (None, None, ("No figure moved.",))


def test_defaults_that_follow_from_a_profile_are_counted() -> None:
    group = "nodes: {node: {count: 2, runtime: RUNTIME}}"
    text = QUICK.replace("model: ideal\n", "")
    before, now = (outcome(text.replace("nodes: 2", group.replace("RUNTIME", one))) for one in ("containerd", "cri-o"))
    found = moved(before, now)
    assert found.keys is not None
    assert [row[1] for row in found.keys.cells()] == ["nodes.node.runtime"]
    assert any("that follow from these" in note for note in found.notes)


def test_where_chance_plays_a_part_the_draws_beside_the_runs_say_what_is_chance() -> None:
    found = moved(outcome(RANDOM), outcome(RANDOM.replace("startup: {min: 1 s", "startup: {min: 3 s")))
    assert {row[5] for row in cells(found)} == {"slower"}
    assert "±" in cells(found)[0][3]
    assert found.notes[-1].startswith("10 replications, paired by the same seeds")


def test_cases_without_any_in_common_are_not_compared() -> None:
    found = moved(outcome(QUICK), outcome(QUICK.replace("small: 10 MB, large: 100 MB", "one: 1 MB, two: 2 MB")))
    assert found.figures is None
    assert found.keys is not None
    assert found.notes == ("before and now have no case in common: small, large; and one, two.",)
