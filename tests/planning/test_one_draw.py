"""What is judged by one draw of what is random says so; what is not random, or drawn often, does not."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.planning.solve import solution_notes
from rolloutsim.planning.sweep.figures import notes
from rolloutsim.results.shown.tables import footnotes

RANDOM = """
rolloutsim: 1
nodes: 4
network: 1 Gbit/s
images: {api: 100 MB}
rollout: {startup: {p50: 4 s, p95: 9 s}}
thresholds: {rollout_time: max < 20 s}
"""
STEADY = RANDOM.replace("{p50: 4 s, p95: 9 s}", "4 s")
CONDITION = "rollout_time < 15 s"


def judged(text: str, replications: int) -> str:
    solution = rs.loads(text).solve("network", CONDITION, ("100 Mbit/s", "10 Gbit/s"), replications=replications)
    assert solution.to_dict()["drawn"] == ([] if text == STEADY else ["startup"])
    return " ".join(solution_notes(solution))


@pytest.mark.parametrize(("text", "replications", "says"), [(RANDOM, 1, True), (RANDOM, 3, False), (STEADY, 1, False)])
def test_what_was_judged_by_one_draw_says_so(text: str, replications: int, says: bool) -> None:
    assert ("judged by one draw of random start-up times" in judged(text, replications)) is says
    swept = rs.loads(text).sweep({"nodes": [2, 4]}, replications=replications)
    assert (any("by one draw of what is random" in note for note in notes(swept.records))) is says


@pytest.mark.parametrize(
    ("text", "check", "says"), [(RANDOM, "max", "largest"), (RANDOM, "p95", ""), (STEADY, "max", "")]
)
def test_an_extreme_of_replications_is_told_from_a_mean(text: str, check: str, says: str) -> None:
    outcome = rs.loads(text.replace("max <", f"{check} <")).run(replications=3).outcome
    found = [note for note in footnotes(outcome) if "threshold's" in note]
    assert found == ([f"A threshold's max is the {says} value of all replications, and no mean."] if says else [])
