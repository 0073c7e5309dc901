"""Sliders in Jupyter: driven as a front end drives them, by the values of their widgets."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.api.background import Latest
from rolloutsim.api.explore import Explorer
from rolloutsim.errors import UsageError

LONG = 60.0  # what nothing here takes [s]
# Ideal: 2 x 10 MB and 2 x 100 MB over 1 Gbit/s are 0.16 s and 1.6 s.
TEXT = """\
rolloutsim: 1
name: <b>two</b> nodes
model: ideal
nodes: 2
network: 1 Gbit/s
images: {small: 10 MB, large: 100 MB}
thresholds: {rollout_time: max < 2 s}
"""


@pytest.fixture
def scenario() -> rs.Scenario:
    return rs.loads(TEXT)


def shown(explorer: Explorer) -> str:
    return explorer._bundle()["text/html"]


def test_a_slider_moves_its_field_and_the_scenario_and_the_one_it_began_with_stays(scenario: rs.Scenario) -> None:
    explorer = scenario.explore("nodes", "network")
    assert explorer.scenario is scenario
    assert explorer.result["large"].rollout_time == pytest.approx(1.6)
    slider = explorer.widget.children[1].children[0]
    slider.value = "10 Gbit/s"
    assert explorer.fields["network"].value == "10 Gbit/s"
    assert explorer.scenario == scenario.with_({"network": "10 Gbit/s"})
    assert explorer.result["large"].rollout_time == pytest.approx(0.16)
    assert scenario == rs.loads(TEXT)


def test_a_field_moves_its_slider_also_to_a_value_that_was_no_step(scenario: rs.Scenario) -> None:
    explorer = scenario.explore("nodes")
    slider = explorer.widget.children[0].children[0]
    for value in ("4", "37"):
        explorer["nodes"] = value
        assert slider.value == value
    assert explorer.result.scenario.groups[0].count == 37


def test_what_is_shown_is_the_answer_and_what_changed_against_the_start(scenario: rs.Scenario) -> None:
    explorer = scenario.explore("nodes")
    assert "<strong>✓ Passed: large, " in shown(explorer)
    assert "Since the start" not in shown(explorer)
    explorer["nodes"] = 3
    assert explorer.wait(LONG)
    page = shown(explorer)
    assert page.startswith("<p><strong>✗ Missed: large, ")
    parts = [
        "Thresholds</caption>", "<img ", "&lt;b&gt;two&lt;/b&gt; nodes</caption>", "Since the start</caption>", "2 → 3",
        "What moved</caption>", "slower", "Thresholds that turned</caption>",
    ]  # fmt: skip
    places = [page.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    explorer.reset()
    assert explorer.wait(LONG)
    assert "Since the start" not in shown(explorer)


def test_a_value_that_is_not_allowed_is_said_and_changes_nothing(scenario: rs.Scenario) -> None:
    explorer = scenario.explore("nodes", "network")
    explorer["network"] = "2 Gbit/s"
    explorer["nodes"] = "2.5"
    assert "nodes.node.count: error: &#x27;2.5&#x27; is not a whole number from 1 to 1000000" in explorer._said.value
    assert explorer.result["large"].rollout_time == pytest.approx(0.8)
    assert "error" in explorer._said.value
    explorer["nodes"] = 4
    assert explorer.result["large"].rollout_time == pytest.approx(1.6)
    assert explorer._said.value == ""


def test_words_and_switches_are_chosen_and_a_default_is_what_it_is_with_them() -> None:
    scenario = rs.loads(TEXT.replace("model: ideal\n", ""))
    explorer = scenario.explore("model", "nodes.node.runtime", "nodes.node.parallel_layers")
    runtimes = explorer.fields["nodes.node.runtime"]
    before = explorer["nodes.node.parallel_layers"]
    assert {"containerd", "cri-o"} <= set(runtimes.options)
    runtimes.value = "cri-o"
    assert explorer["nodes.node.parallel_layers"] != before
    assert explorer.scenario == scenario.with_({"nodes.node.runtime": "cri-o"})
    explorer["nodes.node.parallel_layers"] = 2
    explorer.fields["model"].value = "ideal"
    changes = {"nodes.node.runtime": "cri-o", "nodes.node.parallel_layers": 2, "model": "ideal"}
    assert explorer.scenario == scenario.with_(changes)
    explorer["nodes.node.parallel_layers"] = None
    assert explorer.scenario == scenario.with_({"nodes.node.runtime": "cri-o", "model": "ideal"})
    explorer["model"] = None
    assert explorer["model"] == "real"


def test_without_keys_it_has_those_that_matter(scenario: rs.Scenario) -> None:
    assert list(scenario.explore().fields)[:4] == [
        "nodes.node.count", "network.rate", "images.small.compressed", "images.large.compressed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("nodez", r"explore nodez: unknown key 'nodez' in the scenario; .*; did you mean nodes\?"),
        ("images.tiny", r"explore images\.tiny: no image is named 'tiny' in images; there are: small large; .*"),
        (3, r"explore takes keys as text, 'nodes' or 'network.latency', and 3 is none"),
    ],
)
def test_a_key_that_there_is_not_is_an_error_that_says_which_there_are(
    scenario: rs.Scenario, key: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        scenario.explore(key)


def test_a_key_that_is_not_explored_and_a_word_that_there_is_not_are_errors(scenario: rs.Scenario) -> None:
    explorer = scenario.explore("nodes", "model")
    for key, value, message in (
        ("node", 3, "'node' is not explored here; keys: nodes model; did you mean 'nodes'?"),
        ("xyz", 3, "'xyz' is not explored here; keys: nodes model"),
        ("model", "perfect", "model: 'perfect' is none of its words; allowed: real ideal"),
    ):
        with pytest.raises(UsageError) as caught:
            explorer[key] = value
        assert str(caught.value) == message


def test_without_ipywidgets_it_says_what_to_install(scenario: rs.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(UsageError) as caught:
        scenario.explore("nodes")
    assert str(caught.value) == "exploring needs ipywidgets: pip install 'rolloutsim[explore]'"


def test_the_latest_question_ends_what_is_at_work_and_those_between_are_not_begun() -> None:
    begun: list[str] = []
    is_at_work, told = threading.Semaphore(0), threading.Semaphore(0)

    def work(question: str, look: Callable[[], None]) -> str:
        begun.append(question)
        is_at_work.release()
        while question == "old":
            look()
        return question.upper()

    latest = Latest(work, told.release)
    latest.ask("old")
    assert is_at_work.acquire(timeout=LONG)
    with latest._changed:  # so that both are asked before anything is begun
        latest._asked += 1
        latest._question = "between"
        latest._asked += 1
        latest._question = "new"
    assert latest.wait(LONG)
    assert (latest.answer, begun) == ("NEW", ["old", "new"])
    assert told.acquire(timeout=LONG)


def test_what_comes_of_a_question_may_be_an_error() -> None:
    def work(question: str, look: Callable[[], None]) -> str:
        raise UsageError(question)

    latest = Latest(work, lambda: None)
    latest.ask("no")
    assert latest.wait(LONG)
    with pytest.raises(UsageError, match="no"):
        _ = latest.answer
