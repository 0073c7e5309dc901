"""A short slice of the random cases of each kind; `make fuzz` plays a million."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import pytest

from rolloutsim import units
from tests.fuzz import run
from tests.fuzz.kinds import KINDS

AT_A_TIME = 5  # cases of one test, so that all cores have some
PARTS = [
    pytest.param(kind, part, marks=pytest.mark.long if part >= 2 else ()) for kind in KINDS for part in range(AT_A_TIME)
]  # of which two fifths are in every run


@pytest.mark.parametrize(("kind", "part"), PARTS)
def test_nothing_is_violated_in_a_slice(kind: str, part: int) -> None:
    for number in range(part, KINDS[kind].slice, AT_A_TIME):
        run.check(kind, number)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A kind of cases whose check is still to be given."""
    kind = SimpleNamespace(check=None)
    imported = run.import_module

    def instead(name: str) -> ModuleType | SimpleNamespace:
        return kind if name == "tests.fuzz.made_up" else imported(name)

    monkeypatch.setattr(run, "import_module", instead)
    return kind


def test_a_case_in_which_nothing_goes_wrong_is_no_violation(made_up: SimpleNamespace) -> None:
    made_up.check = lambda number: None
    assert run.violation("made_up", 3) is None


def test_what_a_case_raises_is_a_violation_known_by_its_kind(made_up: SimpleNamespace) -> None:
    def check(number: int) -> None:
        raise AssertionError(f"utilisation above 1: {number}")

    made_up.check = check
    assert run.violation("made_up", 3) == (
        3,
        "AssertionError in utilisation above 1",
        "AssertionError: utilisation above 1: 3",
    )


def test_a_defect_is_known_by_where_it_comes_up(made_up: SimpleNamespace) -> None:
    made_up.check = lambda number: units.format_time(str(number))
    found = run.violation("made_up", 4)
    assert found is not None
    assert found.fault.startswith("TypeError in units.py:")


def test_a_case_without_end_is_a_violation(made_up: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(number: int) -> None:
        while True:
            pass

    made_up.check = check
    monkeypatch.setattr(run, "SECONDS", 1)
    assert run.violation("made_up", 5) == (5, "HangError in the test", "HangError: more than 1 s")
