"""A run that is one draw of what is random says so, and quick ones have more draws beside them."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

import rolloutsim as rs
from rolloutsim.api.result import Result, simulated
from rolloutsim.planning.replicate import DRAWS, MOST_EVENTS
from rolloutsim.planning.seeds import seeds
from rolloutsim.report.headline import verdict
from rolloutsim.results.facts.intervals import mean_interval
from rolloutsim.results.shown.tables import case_rows, footnotes, to_csv
from rolloutsim.scenario.chance import PURPOSES

FIXED = """
rolloutsim: 1
nodes: 4
network: 1 Gbit/s
images: {"app:1": 20 MB, "db:1": 30 MB}
workloads:
  app: {images: ["app:1"], replicas: 8}
  db: {images: ["db:1"], replicas: 4, start: 2 s}
rollout: {startup: 1 s}
thresholds: {"rollout_time{case=all}": max < 60 s}
"""
RANDOM = FIXED.replace("startup: 1 s", "startup: {min: 1 s, max: 9 s}")


def beside(text: str, **more: int) -> Result:
    return simulated(rs.loads(text).resolve(), beside=True, **more)


def test_a_run_without_chance_draws_nothing_says_nothing_and_is_simulated_once() -> None:
    result = beside(FIXED)
    assert result.draws is None
    assert result["all"].records.drawn == ()
    assert not any("draw" in note for note in footnotes(result.outcome))
    assert result.thresholds[0].draws is None
    assert "draw" not in result.to_json("summary") + repr(result)


def test_the_first_draw_stays_the_result_and_the_means_of_ten_stand_beside_it() -> None:
    result, alone = beside(RANDOM), rs.loads(RANDOM).run()
    assert result["all"].rollout_time == alone["all"].rollout_time
    every = [rs.loads(RANDOM).run(seed=seed)["all"] for seed in seeds(1, DRAWS)]
    times = [case.rollout_time for case in every]
    document = result.outcome.to_dict("summary")["cases"][0]
    assert document["rollout_time_s"] == times[0]
    draws = document.pop("draws")
    assert draws["rollout_time_s"] == pytest.approx(mean(times))
    assert draws["rollout_time_ci_s"] == pytest.approx(mean_interval(times))
    ready = [case.rollout.workloads[1].ready_s for case in every]
    assert draws["workloads"][1]["workload"] == "db"
    assert draws["workloads"][1]["ready_s"] == pytest.approx(mean(ready))
    assert draws["workloads"][1]["ready_ci_s"] == pytest.approx(mean_interval(ready))
    (threshold,) = document["thresholds"]
    assert threshold.pop("draws") == {"passed": sum(time < 60 for time in times), "number": 10}
    single = alone.outcome.to_dict("summary")["cases"][0]
    assert single["thresholds"][0].pop("draws") == {"passed": 1, "number": 1}
    assert document == single


def test_it_is_said_which_parts_are_random_and_that_thresholds_are_on_one_draw() -> None:
    one, ten = rs.loads(RANDOM).run(), beside(RANDOM)
    assert (
        "One draw of random start-up times (startup): another --seed gives another, --replications 30 an interval."
        in footnotes(one.outcome)
    )
    assert (
        "One draw of random start-up times (startup); the means of 10 draws stand beside it, ± half a 95 % interval, "
        "Student's t. --replications 30 makes every figure such a mean." in footnotes(ten.outcome)
    )
    assert one.thresholds[0].headroom.endswith(" left on one draw")
    assert ten.thresholds[0].headroom.endswith(" left on one draw; 10 of 10 draws meet it")
    assert " in one draw; " in verdict(one.outcome).text
    assert " on average of 10; " in verdict(ten.outcome).text
    assert repr(one).endswith("; one draw>")


def test_draws_that_miss_a_target_are_counted() -> None:
    times = [rs.loads(RANDOM).run(seed=seed)["all"].rollout_time for seed in seeds(1, DRAWS)]
    limit = sorted(times)[4]
    result = beside(RANDOM.replace("60 s", f"{limit!r} s"))
    assert result.thresholds[0].draws == (4, 10)
    assert result.thresholds[0].headroom.endswith("on one draw; 4 of 10 draws meet it")
    assert result.thresholds[0].passed == (times[0] < limit)


@pytest.mark.parametrize("more", [{}, {"replications": 6}], ids=["draws", "replications"])
def test_every_workload_has_its_interval(more: dict[str, int]) -> None:
    result = beside(RANDOM, **more)
    table = case_rows(result.outcome)
    column = table.headings().index("rollout time" if result.replications else "10 draws")
    outcome = result.replications or result.draws
    assert outcome is not None
    for row, workload in zip(table.cells(), ("app", "db"), strict=True):
        interval = mean_interval([value or 0.0 for value in outcome.lasted("all", workload)])
        assert interval is not None
        assert interval.half > 0.1
        value, half = row[column].removesuffix(" s").split(" ± ")
        assert float(value) == pytest.approx((interval.low + interval.high) / 2, abs=0.06)
        assert float(half) == pytest.approx(interval.half, abs=0.06)


@pytest.mark.parametrize("more", ["replications: 1\n", "replications: 3\n"])
def test_who_says_how_often_gets_no_draws_beside(more: str) -> None:
    assert beside(RANDOM + more).draws is None


def test_one_replication_that_is_asked_for_gets_no_draws_beside() -> None:
    assert beside(RANDOM, replications=1).draws is None
    assert beside(RANDOM).draws is not None


def test_whether_draws_are_quick_is_judged_by_events() -> None:
    events = rs.loads(RANDOM).run()["all"].records.events
    pods = 2 * MOST_EVENTS // ((DRAWS - 1) * events)
    large = RANDOM.replace("replicas: 8", f"replicas: {8 * pods}").replace("nodes: 4", f"nodes: {4 * pods}")
    result = beside(large)
    assert result["all"].records.events * (DRAWS - 1) > MOST_EVENTS
    assert result.draws is None
    assert "--replications 30 an interval." in " ".join(footnotes(result.outcome))


def test_draws_are_the_same_with_several_processes_and_are_kept_with_the_result(tmp_path: Path) -> None:
    result = beside(RANDOM)
    assert beside(RANDOM, jobs=2).to_json() == result.to_json()
    result.save(tmp_path, with_report=False)
    back = rs.read(tmp_path)
    assert back.to_json() == result.to_json()
    assert to_csv(back.outcome) == to_csv(result.outcome)
    head, line = to_csv(result.outcome).splitlines()
    found = dict(zip(head.split(","), line.split(","), strict=True))
    draws = json.loads(result.to_json())["cases"][0]["draws"]
    assert (int(found["draws"]), float(found["draws_rollout_time_s"])) == (10, draws["rollout_time_s"])
    ends = [float(found[f"draws_rollout_time_ci_{end}_s"]) for end in ("low", "high")]
    assert ends == draws["rollout_time_ci_s"]


RANDOM_PARTS = {
    "asking": "rolloutsim: 1\nnodes: {n: {count: 2, start: {min: 0 s, max: 5 s}}}\nnetwork: 1 Gbit/s\n"
    "images: {app: 5 MB}\n",
    "startup": RANDOM,
    "fairness": "rolloutsim: 1\nnodes: 3\nnetwork: {rate: 1 Gbit/s, fairness: on}\nimages: {app: 50 MB}\n",
    "faults": FIXED + "failures: {crash: {group: node, rate: 60/h, back_after: 5 s}}\n",
    "requests": FIXED + "failures: {hiccups: {registry: registry, flaky: 10%}}\n",
}


@pytest.mark.parametrize("purpose", RANDOM_PARTS)
def test_a_part_that_is_random_is_named(purpose: str) -> None:
    result = rs.loads(RANDOM_PARTS[purpose]).run()
    assert purpose in {name for case in result for name in case.records.drawn}
    words = next(one.words for one in PURPOSES if one.name == purpose)
    assert any(note.startswith("One draw of random ") and words in note for note in footnotes(result.outcome))
