"""Changes are judged by the target that is missed: times from textbook sharing, and the same by `--set`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import rolloutsim as rs
from rolloutsim import simulation
from rolloutsim.cli import main
from rolloutsim.planning.targets import Effect, conditions_of, judged_case
from rolloutsim.planning.tried import WhatIf, WhatIfs, by_gain, what_if_table
from rolloutsim.planning.what_if import Plan, quick_what_if, what_if
from rolloutsim.report.headline import facts
from rolloutsim.results import metrics
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.thresholds import Measurement
from rolloutsim.scenario.resolved import Threshold
from tests.report.runs import IDEAL

# Ten nodes of `slow` have 25 Mbit/s (3.125 MB/s) each of the uplink's 125 MB/s, ten of `web` share the rest,
# 9.375 MB/s each: 200 MB in 21.3 s, and 2 GB in 640 s. What is faster as a whole, wider NICs of `slow`, takes from
# `web`, which has 6.25 MB/s each then. A wider uplink gives all of its gain to `web`.
TWO = """\
rolloutsim: 1
name: two workloads
model: ideal
nodes: {web: {count: 10, nic: 1 Gbit/s}, slow: {count: 10, nic: 25 Mbit/s}}
registry: 1 Gbit/s
images: {api: 200 MB, batch: 2 GB}
workloads:
  api: {images: api, replicas: 10, groups: [web]}
  batch: {images: batch, replicas: 10, groups: [slow]}
rollout: {strategy: all_at_once}
thresholds: {"rollout_time{workload=api}": max < 20 s}
"""
UPLINK, NICS, WAVES = "registry uplink 10 Gbit/s", "NICs of slow 1 Gbit/s", "pods of batch in 2 waves"


def outcome(thresholds: str = '"rollout_time{workload=api}": max < 20 s', **keywords: object) -> Outcome:
    text = TWO[: TWO.index("thresholds")] + f"thresholds: {{{thresholds}}}\n"
    return rs.loads(text).run(**keywords).outcome


def tried(of: Outcome) -> dict[str, WhatIf]:
    return {one.change: one for one in what_if(of, jobs=1).tried}


@pytest.fixture(scope="module")
def missed() -> Outcome:
    return outcome()


@pytest.fixture(scope="module")
def every(missed: Outcome) -> WhatIfs:
    return what_if(missed, jobs=1)


def test_a_change_is_judged_by_the_missed_target_of_a_workload(every: WhatIfs) -> None:
    found = {one.change: one for one in every.tried}
    assert found[UPLINK].figures == pytest.approx((200 / 9.375, 200 / 121.875))
    assert found[NICS].figures == pytest.approx((200 / 9.375, 200 / 6.25))
    # Of the whole rollout the NICs make 640 s less, and the uplink nothing.
    assert (found[UPLINK].before, found[UPLINK].after) == pytest.approx((640.0, 640.0))
    assert found[NICS].after < 200.0


def test_what_meets_the_target_comes_first_and_what_makes_it_worse_is_no_help(every: WhatIfs) -> None:
    assert every.tried[0].change == UPLINK
    met = [one.misses for one in every.tried]
    assert met == sorted(met)
    assert NICS not in [one.change for one in every.faster]
    nics, swarm = every.slower
    assert nics.change == NICS
    # A node of `slow` has no byte of 2 GB for 300 s where an agent stores them first: its runtime gives up each time.
    assert swarm.change.startswith("a swarm of the nodes")
    assert swarm.after is None
    assert what_if_table([nics]).cells()[-1][3:5] == ("worse by 10.7 s", "missed")
    assert what_if_table(every.seen).cells()[0][1:5] == ("21.3 s", "1.64 s", "19.7 s", "met")


def judged(change: str, *times: tuple[float, float], leads: bool = False) -> WhatIf:
    """A change of times that shall all be under 10 s."""
    target = Threshold("pull_time", {}, "max", "<", 10.0, "max < 10 s")
    pairs = [[Measurement(target, "all", f"group={i}", time, True) for time in two] for i, two in enumerate(times)]
    effects = tuple(Effect.of(before, after) for before, after in pairs)
    return WhatIf("all", change, change, (), 20.0, 19.0, leads=leads, effects=effects)


def test_the_order_is_what_meets_all_targets_then_this_one_then_the_gain_and_what_breaks_one_is_last() -> None:
    every = (
        judged("breaks", (20.0, 1.0), (9.0, 11.0)), judged("nearer", (20.0, 11.0), (9.0, 9.0)),
        judged("leads", (20.0, 12.0), (9.0, 9.0), leads=True), judged("little", (20.0, 9.0), (9.0, 9.0)),
        judged("more", (20.0, 8.0), (9.0, 9.0)), judged("worse", (20.0, 21.0), (9.0, 1.0)),
    )  # fmt: skip
    ordered = by_gain(every)
    assert [one.change for one in ordered] == ["more", "little", "leads", "nearer", "worse", "breaks"]
    assert [one.change for one in WhatIfs("all", ordered).faster] == ["more", "little", "leads", "nearer"]
    assert [one.change for one in WhatIfs("all", ordered).slower] == ["worse", "breaks"]
    # Of two targets that are missed, the gain in the first is worth less than that both are met.
    both = (judged("first", (20.0, 1.0), (12.0, 12.0)), judged("all", (20.0, 9.0), (12.0, 9.0)))
    assert [one.change for one in by_gain(both)] == ["all", "first"]


def test_what_each_change_does_to_the_conditions_is_what_a_run_with_the_same_set_gives() -> None:
    others = '"pull_time{group=slow}": p95 < 700 s, bytes_on_wire: "> 1 GB"'
    of = outcome(f'"rollout_time{{workload=api}}": max < 20 s, {others}')
    text = of.run.scenario.document
    for one in what_if(of, jobs=1).tried:
        again = rs.loads(text, overrides=one.overrides)
        results = {(each.metric, each.check): each for each in again.run().thresholds}
        assert len(one.effects) == 3
        for effect in one.effects:
            result = results[effect.before.metric, effect.before.check]
            assert effect.after is not None
            assert (effect.after.value, effect.is_met) == (result.value, result.passed), one.change


def test_a_change_that_breaks_another_target_is_not_advised() -> None:
    both = '"rollout_time{workload=api}": max < 20 s, "rollout_time{workload=batch}": max < 650 s'
    found = what_if(outcome(both), jobs=1)
    (waves,) = (one for one in found.tried if one.change == WAVES)
    assert waves.effects[0].is_met
    assert waves.is_broken
    assert WAVES not in [one.change for one in found.faster]
    assert waves.verdict == "misses the target for the rollout time of batch"
    # As a warning it may be missed.
    warned = both.replace("max < 650 s", "{check: max < 650 s, severity: warn}")
    assert WAVES in [one.change for one in what_if(outcome(warned), jobs=1).faster]


def test_a_lower_limit_is_met_by_what_makes_more() -> None:
    # 22 GB in 640 s are 28 % of the uplink; all at once it is full.
    found = what_if(outcome('"utilisation{link=registry.uplink}": "> 50%"'), jobs=1)
    assert found.tried[0].change == NICS
    assert found.tried[0].verdict == "met"
    (uplink,) = (one for one in found.tried if one.change == UPLINK)
    assert uplink.is_slower
    assert what_if_table([found.tried[0], uplink]).cells()[1][3].startswith("worse by 24.")


def test_with_all_targets_met_changes_are_judged_by_the_rollout_time_as_without_any() -> None:
    met, none = (what_if(outcome(text), jobs=1) for text in ('"rollout_time{workload=api}": max < 30 s', ""))
    assert met == none
    assert met.tried[0].change == f"{NICS} and {UPLINK}"
    assert all(one.effects == () for one in met.tried)
    assert Plan.of(outcome('"rollout_time{workload=api}": max < 30 s')).trials.conditions == ()
    assert all("thresholds" not in row for row in met.to_rows())
    assert list(met.to_columns()) == ["case", "change", "before_s", "after_s", "gain_s", "set"]


def test_no_more_is_worked_out_than_the_conditions_need(missed: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    alone: list[object] = []
    simulate = simulation.simulate

    def watched(*arguments: object, **options: object) -> object:
        alone.append(options["alone"])
        return simulate(*arguments, **options)  # type: ignore[arg-type]

    def refuse(*_: object) -> None:
        raise AssertionError("no condition needs all figures")

    plan = Plan.of(missed)
    slowdown = Plan.of(outcome('"slowdown{workload=api}": max < 2'))
    monkeypatch.setattr(simulation, "simulate", watched)
    assert slowdown.trials.trial(("registry.uplink=2 Gbit/s",)).figure > 1.0
    monkeypatch.setattr(metrics, "summarise", refuse)
    assert plan.trials.trial(("registry.uplink=2 Gbit/s",)).figure == pytest.approx(200 / 21.875)
    assert alone == [True, False]


def test_a_slowdown_is_that_of_the_run() -> None:
    of = outcome('"slowdown{workload=api}": max < 2')
    uplink = tried(of)[UPLINK]
    # Alone a pull takes 1.6 s.
    assert uplink.figures == pytest.approx((200 / 9.375 / 1.6, 200 / 121.875 / 1.6))
    assert uplink.verdict == "met"


def test_what_has_no_effect_has_none_on_what_the_target_is_about(every: WhatIfs, missed: Outcome) -> None:
    ((words, subjects),) = every.without_effect
    assert words == "No effect on the rollout time of api"
    assert "NICs of slow" not in subjects
    assert "NICs of slow" in what_if(outcome('"peak_flows{link=registry.uplink}": max < 2'), jobs=1).idle


def test_the_changes_that_go_with_a_run_are_those_for_what_the_target_waits_for(missed: Outcome) -> None:
    """The uplink takes 3 % of all pods' time, and all of the workload's."""
    assert [one.change for one in quick_what_if(missed).tried] == [UPLINK, NICS]


def test_the_report_gives_the_effect_in_the_metric_of_the_target(missed: Outcome, every: WhatIfs) -> None:
    for changes in (every, quick_what_if(missed)):
        assert dict(facts(missed, changes).entries)["What to buy"] == (
            "registry uplink 10 Gbit/s: rollout time of api 21.3 s → 1.64 s (simulated), which meets the target "
            "(under 20 s)."
        )
    page = rs.loads(TWO).run().to_html(changes=every).replace("\u00a0", " ")
    assert "What would help, simulated: rollout time of api, target under 20 s" in page
    assert "What would make it worse, simulated: rollout time of api, target under 20 s" in page


def test_where_nothing_helps_the_target_that_is_said() -> None:
    of = outcome()
    worse = tried(of)[NICS]
    assert dict(facts(of, WhatIfs("all", (worse,))).entries)["What to buy"] == (
        "Nothing: no faster hardware that was simulated brings the rollout time of api nearer to its target."
    )


def test_what_meets_all_targets_comes_before_what_meets_one() -> None:
    of = outcome('"rollout_time{workload=api}": max < 20 s, "rollout_time{workload=batch}": max < 100 s')
    changes = what_if(of, jobs=1)
    # The target that is missed by more is the one that the verdict is about: 640 s of 100 s.
    assert changes.target is not None
    assert changes.target.before.metric == "rollout_time{case=all,workload=batch}"
    said = dict(facts(of, changes).entries)["What to buy"]
    # The NICs alone meet it, too, but the uplink as well meets both.
    assert changes.tried[0].misses == 0
    assert said == (
        "NICs of slow 1 Gbit/s and registry uplink 10 Gbit/s: rollout time of batch 10m40s → 0m18s (simulated), which "
        "meets the target (under 100 s)."
    )


def test_what_meets_this_target_and_not_another_one_that_was_missed_says_so() -> None:
    of = outcome('"rollout_time{workload=batch}": max < 500 s, "rollout_time{workload=api}": max < 21 s')
    nics = tried(of)[NICS]
    assert nics.misses == 1
    said = dict(facts(of, WhatIfs("all", (nics,))).entries)["What to buy"]
    assert said.endswith("which meets the target (under 500 s), but not that for the rollout time of api.")


def test_with_replications_the_effect_is_that_of_the_first() -> None:
    of = outcome(replications=3)
    said = dict(facts(of, quick_what_if(of)).entries)["What to buy"]
    assert said.endswith("1.64 s (simulated in the first of 3 replications), where it meets the target (under 20 s).")


IMAGES = IDEAL.replace("rollout_time:", '"rollout_time{image=small}":')


def test_changes_are_tried_on_the_case_of_the_missed_target() -> None:
    # 4 x 10 MB over 125 MB/s are 0.32 s, the others 4 s.
    of = rs.loads(IMAGES.replace("max < 3 s", "max < 0.1 s")).run().outcome
    assert judged_case(of) == "small"
    found = what_if(of, jobs=1)
    assert found.case == "small"
    assert (found.tried[0].before, found.tried[0].after) == pytest.approx((0.32, 0.032))
    assert found.tried[0].verdict == "met"
    met = rs.loads(IMAGES).run().outcome
    assert judged_case(met) == "large"
    assert what_if(of, case="large", jobs=1).tried[0].effects == ()


def test_a_smaller_image_whose_rollout_is_known_is_judged_by_that() -> None:
    conditions = (
        '{rollout_time: max < 3 s, "bytes_on_wire{image=large}": "< 100 MB", "pull_time{group=node}": max < 1 s}'
    )
    text = IDEAL.replace("{rollout_time: max < 3 s}", conditions)
    of = rs.loads(text).run().outcome
    (known,) = (one for one in quick_what_if(of).tried if one.subject == "a smaller image")
    (simulated,) = (one for one in what_if(of, jobs=1).tried if one.change == known.change)
    assert len(known.effects) == 3
    values = [[one.after.value for one in each.effects if one.after] for each in (known, simulated)]
    assert values[0] == pytest.approx(values[1])
    assert [one.is_met for one in known.effects] == [one.is_met for one in simulated.effects] == [True, True, True]


def test_a_target_whose_value_nobody_knows_judges_nothing() -> None:
    text = TWO.replace("slow: {", "spare: {count: 1, nic: 1 Gbit/s}, slow: {").replace("workload=api", "group=spare")
    of = rs.loads(text).run().outcome
    assert not of.thresholds[0].passed
    assert conditions_of(of, "all") == ((), ())
    said = dict(facts(of, quick_what_if(of)).entries)["What to buy"]
    assert said.endswith("(simulated), of the whole rollout; what it does for the targets is not known.")


def test_a_change_that_does_not_finish_meets_no_target(every: WhatIfs) -> None:
    (uplink,) = (one for one in every.tried if one.change == UPLINK)
    stuck = replace(uplink, after=None)
    assert (stuck.figures[1], stuck.is_slower, stuck.is_faster, stuck.misses) == (None, True, False, 2)
    assert stuck.shown_after == "does not finish"


def test_the_columns_of_python_have_the_target(every: WhatIfs) -> None:
    columns = every.to_columns()
    assert columns["threshold"][0] == "rollout_time{case=all,workload=api} max < 20 s"
    assert (columns["value_before"][0], columns["value_after"][0]) == pytest.approx((200 / 9.375, 200 / 121.875))
    assert columns["passed"][0] is True
    assert columns["passed"][columns["change"].index(NICS)] is False


def program(*arguments: str | Path) -> str:
    return CliRunner().invoke(main, [*map(str, arguments)]).stdout


def test_run_and_explain_show_it(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TWO)
    shown = program("run", file)
    assert "What would (all, simulated; rollout time of api, target under 20 s):" in shown
    assert "registry uplink 10 Gbit/s 21.3 s → 1.64 s, met" in " ".join(shown.split())
    assert "1 change makes it worse" in shown
    assert "32.0 s" not in shown  # that it takes then is no advice
    said = " ".join(program("explain", file, "--jobs", "1").split())
    assert "Before and after: rollout time of api, target under 20 s." in said
    rows = json.loads(program("explain", file, "--jobs", "1", "--format", "json"))["what_if"]
    assert rows[0]["thresholds"] == [
        {
            "metric": "rollout_time{case=all,workload=api}", "check": "max < 20 s", "severity": "error",
            "value": {"before": pytest.approx(200 / 9.375), "after": pytest.approx(200 / 121.875)},
            "passed": {"before": False, "after": True},
        }
    ]  # fmt: skip
