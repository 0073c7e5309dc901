"""The package's own form of a frozen dataclass: all that a dataclass is, but quicker to define."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from math import nan

import pytest

from rolloutsim.planning.solve import Solution
from rolloutsim.results.facts.records import Run
from rolloutsim.results.metrics import CaseSummary
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.structs import struct


@struct
class Point:
    """Of a plane."""

    x: float
    y: float = 0.0
    note: str = field(default="", compare=False)


@struct
class One:
    """Of a single field."""

    only: float


@struct(frozen=True)
class Held:
    """By a user."""

    x: float


@struct(eq=False)
class Thing:
    """Equal to itself only."""

    x: float

    def __repr__(self) -> str:
        return "a thing"


def test_it_is_a_dataclass() -> None:
    assert is_dataclass(Point)
    assert [each.name for each in fields(Point)] == ["x", "y", "note"]
    assert asdict(replace(Point(1.0), y=2.0)) == {"x": 1.0, "y": 2.0, "note": ""}
    assert Point.__match_args__ == ("x", "y", "note")


def test_it_is_compared_and_hashed_by_the_fields_that_say_so() -> None:
    assert Point(1.0, 2.0, "a") == Point(1.0, 2.0, "b")
    assert hash(Point(1.0, 2.0, "a")) == hash(Point(1.0, 2.0, "b"))
    assert Point(1.0, 2.0) != Point(1.0, 3.0)
    assert Point(1.0) != One(1.0)
    assert len({One(1.0), One(1.0), One(2.0)}) == 2
    assert One(nan) != One(float("nan"))


def test_what_is_identical_is_equal_as_in_tuples() -> None:
    assert One(nan) == One(nan)
    assert Point(nan) == Point(nan)


def test_or_it_is_equal_to_itself_only() -> None:
    thing = Thing(1.0)
    assert thing == thing
    assert thing != Thing(1.0)
    assert len({thing, Thing(1.0)}) == 2


def test_it_shows_its_fields_or_what_it_says_itself() -> None:
    assert repr(Point(1.0, note="a")) == "Point(x=1.0, y=0.0, note='a')"
    assert repr(Thing(1.0)) == "a thing"


def test_what_users_hold_refuses_assignments() -> None:
    with pytest.raises(FrozenInstanceError) as caught:
        Held(1.0).x = 2.0  # type: ignore[misc]
    assert str(caught.value) == "cannot assign to field 'x'"
    assert Held(1.0) == Held(1.0)
    for frozen in (ResolvedScenario, Run, CaseSummary, Solution):
        assert frozen.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_it_has_slots_and_survives_pickling() -> None:
    assert not hasattr(Point(1.0), "__dict__")
    with pytest.raises(AttributeError):
        Point(1.0).z = 3.0  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(Point(1.0, note="a"))).note == "a"
