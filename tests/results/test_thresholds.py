"""Conditions, their values and their headroom."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest

from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.thresholds import ThresholdResult, missed
from rolloutsim.scenario.resolved import Threshold
from tests.results.by_hand import Story, image, nics, run


def case(name: str = "a", seconds: float = 55.4) -> CaseRecords:
    """Two nodes; the pulls take a tenth of `seconds` and `seconds`, alone 5 s each."""
    story = Story(
        (image(name, 10.0),), nodes=2, name=name, link_bytes=(20.0,), link_saturated=(seconds,),
        private=(nics([10.0, 2770.0], [0.0, 1.0]),),
    )  # fmt: skip
    for node, time in enumerate((seconds / 10, seconds)):
        story.fetch(story.pull(0.0, 0.0, time, node=node, alone=5.0), f"{name}-0", 0.0, 0.0, time)
    return story.case()


def threshold(metric: str, text: str, value: float, **selectors: str) -> Threshold:
    *statistic, comparison = text.split()
    found: Any = comparison
    return Threshold(metric, selectors, statistic[0] if statistic else None, found, value, f"{text} …")


def only(limit: Threshold, *cases: CaseRecords) -> ThresholdResult:
    (result,) = Outcome(run(*cases, thresholds=(limit,))).thresholds
    return result


def test_a_condition_without_a_selector_is_checked_for_each_case() -> None:
    told = run(case("a"), case("b", 70.0), thresholds=(threshold("rollout_time", "max <", 60.0),))
    results = Outcome(told).thresholds
    assert [(r.case, r.metric, r.value, r.passed, r.headroom, r.shown) for r in results] == [
        ("a", "rollout_time{image=a}", 55.4, True, "8 % left", "55.4 s"),
        ("b", "rollout_time{image=b}", 70.0, False, "17 % over", "70.0 s"),
    ]


def test_a_selector_picks_its_case() -> None:
    limit = threshold("rollout_time", "max <", 60.0, image="b")
    assert only(limit, case("a"), case("b", 70.0)).metric == "rollout_time{image=b}"


@pytest.mark.parametrize(
    ("metric", "text", "limit", "value", "headroom"),
    [
        ("pull_time", "max <", 60.0, 55.4, "8 % left"),
        ("pull_time", "min >", 5.0, 5.54, "11 % left"),
        ("pull_time", "p50 >", 6.0, 5.54, "8 % short"),
        ("slowdown", "max <=", 11.08, 11.08, "0 % left"),
        ("alone_time", "<", 10.0, 5.0, "50 % left"),
        ("bytes_on_wire", "<", 10.0, 20.0, "100 % over"),
        ("bytes_on_wire", "<", 2.0, 20.0, "10.0× the limit"),
        ("bytes_on_wire", ">", 2.0, 20.0, "10.0× the limit"),
        ("bytes_on_wire", "<", 8000.0, 20.0, "99.8 % left"),
        ("bytes_on_wire", "<", 19.96, 20.0, "0.200 % over"),
    ],
)
def test_values_of_pulls(metric: str, text: str, limit: float, value: float, headroom: str) -> None:
    result = only(threshold(metric, text, limit), case())
    assert result.value == pytest.approx(value)
    assert result.headroom == headroom


@pytest.mark.parametrize(
    ("metric", "text", "link", "value", "shown"),
    [
        ("utilisation", "max <", "registry.uplink", 20 / 5540, "0.361 %"),
        ("saturated", "max <", "registry.uplink", 55.4, "55.4 s"),
        ("utilisation", "max <", "node.nic.in", 0.5, "50.0 %"),
        ("utilisation", "mean <", "node.nic.in", 0.2509, "25.1 %"),
        ("utilisation", "<", "node.nic.in", 0.2509, "25.1 %"),
        ("utilisation", "min <", "node.nic.in", 10 / 5540, "0.181 %"),
        ("utilisation", "max <", "node-000.nic.in", 10 / 5540, "0.181 %"),
    ],
)
def test_values_of_links(metric: str, text: str, link: str, value: float, shown: str) -> None:
    result = only(threshold(metric, text, 0.8, link=link), case())
    assert result.value == pytest.approx(value, rel=1e-3)
    assert result.shown == shown
    assert result.metric == f"{metric}{{image=a,link={link}}}"


def test_a_value_that_does_not_exist_fails() -> None:
    result = only(threshold("utilisation", "max <", 0.8, link="wan"), case())
    assert (result.value, result.passed, result.shown) == (None, False, "unknown")
    assert result.headroom == "nothing of the kind in this case"


def test_a_condition_about_no_case_fails_in_each() -> None:
    told = run(case("a"), case("b"), thresholds=(threshold("rollout_time", "max <", 60.0, image="c"),))
    results = Outcome(told).thresholds
    assert [(result.case, result.passed) for result in results] == [("a", False), ("b", False)]
    assert {result.headroom for result in results} == {"no case has what it selects"}


def test_pulls_that_did_not_finish_took_for_ever() -> None:
    story = Story((image("a", 10.0),), nodes=3, name="a", finished=False, end=9.0)
    for node, time in enumerate((4.0, 5.0, nan)):
        story.pull(0.0, 0.0, time, node=node, alone=2.0)
    limits = [threshold("pull_time", f"{name} <", 60.0) for name in ("max", "mean", "p50")]
    results = Outcome(run(story.case(), thresholds=tuple(limits))).thresholds
    assert [(result.value, result.passed) for result in results] == [(None, False), (None, False), (5.0, True)]
    assert [result.headroom for result in results] == [*["the rollout did not finish"] * 2, "92 % left"]
    nothing = only(threshold("push_time", "max <", 60.0), story.case())  # nor would there be if it had finished
    assert nothing.headroom == "nothing of the kind in this case"


def test_in_a_case_of_several_images_one_of_them_can_be_picked() -> None:
    story = Story((image("a", 10.0), image("b", 20.0)))
    story.fetch(story.pull(0.0, 0.0, 3.0, ready=4.0), "a-0", 0.0, 0.0, 3.0)
    story.fetch(story.pull(0.0, 0.0, 8.0, image=1), "b-0", 0.0, 0.0, 8.0)
    assert only(threshold("rollout_time", "<", 5.0, image="a"), story.case()).value == 4.0
    assert only(threshold("bytes_on_wire", "<", 5.0, image="b"), story.case()).value == 20.0
    assert only(threshold("rollout_time", "<", 5.0), story.case()).metric == "rollout_time{case=all}"


def test_only_an_error_is_a_miss() -> None:
    limit = threshold("rollout_time", "max <", 1.0)
    warning = Threshold(limit.metric, {}, "max", "<", 1.0, limit.check, "warn")
    assert missed(Outcome(run(case(), thresholds=(limit,))).thresholds)
    assert not missed(Outcome(run(case(), thresholds=(warning,))).thresholds)
