"""Causes are declared once; whoever forgets a part of one is told here."""

import pytest

from rolloutsim.report.plots import colours
from rolloutsim.report.plots.looks import LOOKS
from rolloutsim.scenario.causes import CAUSES, PULL, STEPS, Cause
from rolloutsim.scenario.resources import RESOURCES

EVERY = pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)


@EVERY
def test_every_cause_has_words(cause: Cause) -> None:
    of_a_node = cause in [resource.cause for resource in RESOURCES]
    assert cause.noun
    assert bool(cause.sentence) != of_a_node


@EVERY
def test_every_cause_has_a_colour_and_a_legend(cause: Cause) -> None:
    assert getattr(colours, cause.look.colour.upper()).startswith("#")
    assert cause.look.legend


def test_no_two_causes_look_alike_or_have_one_place() -> None:
    looks = [cause.look for cause in CAUSES.values()]
    assert len({(look.colour, look.hatch) for look in looks}) == len(looks)
    assert sorted(look.place for look in looks) == list(range(1, len(looks) + 1))


def test_no_cause_looks_like_a_kind_of_shared_links() -> None:
    looks = [(colour, hatch) for colour, hatch, _ in LOOKS.values()]
    assert len(set(looks)) == len(looks)


def test_steps_are_numbered_as_in_stored_results_and_have_words() -> None:
    assert [step.number for step in STEPS] == list(range(len(STEPS)))
    assert all(step.pods and step.waits for step in STEPS)
    assert PULL in STEPS
    assert PULL.name not in CAUSES
    # The numbers of rolloutsim.records/1.
    assert [step.name for step in STEPS] == [
        "controller_pacing", "termination", "controller", "kubelet_queue", "qps", "rate_limited", "backoff",
        "failed_pull", "pull", "other_pull", "node_down", "startup", "api_calls", "disk_pressure", "node_join",
        "on_demand", "initialisation",
    ]  # fmt: skip
