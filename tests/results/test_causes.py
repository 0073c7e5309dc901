"""The causes on the last pod's path and on all pods' paths, of records written by hand."""

from __future__ import annotations

import json

import pytest

from rolloutsim.results.outcome import Outcome
from rolloutsim.results.why.critical import Cause, cause_columns, causes
from tests.results.by_hand import DISK, NIC, UPLINK_CAUSE, Story, image, run


def two_pods() -> Story:
    """A pull of 10 s, seven of them behind the uplink; another one of 6 s, all but one behind its disk."""
    story = Story((image("a", 10.0),), name="a", nodes=2)
    late = story.pull(0.0, 1.0, 10.0, node=0)
    story.fetch(late, "a-0", 1.0, 1.0, 10.0, cause={UPLINK_CAUSE: 7.0, NIC: 2.0})
    soon = story.pull(0.0, 1.0, 6.0, node=1)
    story.fetch(soon, "a-0", 1.0, 1.0, 6.0, cause=DISK)
    return story


def found_in(story: Story) -> tuple[Cause, ...]:
    """The causes of a story's case."""
    case = story.case()
    return causes(case, Outcome(run(case)).first.cases[case.name])


def test_the_last_pod_says_why_and_all_pods_say_what_they_waited_for() -> None:
    assert found_in(two_pods()) == (
        Cause("registry.uplink", 7.0, 0.7, 7.0),
        Cause("nic", 2.0, 0.2, 2.0),
        Cause("requests", 1.0, 0.1, 2.0),
        Cause("disk", 0.0, 0.0, 5.0),
    )


def test_the_time_before_a_pull_is_asked_for_is_the_schedules() -> None:
    story = Story((image("a", 10.0),), name="a")
    story.fetch(story.pull(4.0, 5.0, 10.0), "a-0", 5.0, 5.0, 10.0)
    found = {one.cause: one.seconds for one in found_in(story)}
    assert found == {"registry.uplink": 5.0, "schedule": 4.0, "requests": 1.0}


def test_a_rollout_that_did_not_finish_has_no_last_pod() -> None:
    story = two_pods()
    story.finished = False
    assert found_in(story) == ()
    (case,) = Outcome(run(story.case())).to_dict()["cases"]
    assert case["why"] is None


def test_the_contract_holds_them() -> None:
    (case,) = json.loads(Outcome(run(two_pods().case())).to_json())["cases"]
    assert case["why"] == [
        {"cause": "registry.uplink", "seconds": 7.0, "share": 0.7, "over_all_s": 7.0},
        {"cause": "nic", "seconds": 2.0, "share": 0.2, "over_all_s": 2.0},
        {"cause": "requests", "seconds": 1.0, "share": 0.1, "over_all_s": 2.0},
        {"cause": "disk", "seconds": 0.0, "share": 0.0, "over_all_s": 5.0},
    ]
    assert sum(cause["seconds"] for cause in case["why"]) == pytest.approx(case["rollout_time_s"])


def test_columns_are_named_as_in_the_contract() -> None:
    case = two_pods().case()
    columns = cause_columns(case, Outcome(run(case)).first.cases["a"])
    assert list(columns) == ["cause", "seconds", "share", "over_all_s"]
    assert columns["cause"] == ["registry.uplink", "nic", "requests", "disk"]
