"""The budget of trials, on a clock that tests move, and what trials leave in memory."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim import simulation
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.planning import sensitivity, trials, what_if
from rolloutsim.planning.trials import OutOfTimeError, Start, Tally, Trial, Trials, document_of
from rolloutsim.results.outcome import Outcome
from tests.planning.test_what_if import ROOT


class FakeClock:
    """Shows how long this process has computed [s]: a second for each simulation, and some for each look at it.

    `growth` is how much longer each simulation takes than the one before it [s].
    """

    def __init__(self) -> None:
        self.now, self.looked, self.looks = 100.0, 0.0, 0
        self.simulation, self.growth = 1.0, 0.0

    def __call__(self) -> float:
        self.now += self.looked
        self.looks += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    simulate = simulation.simulate

    def takes_a_second(*arguments: Any, **options: Any) -> Any:
        run = simulate(*arguments, **options)
        fake.now += fake.simulation
        fake.simulation += fake.growth
        return run

    monkeypatch.setattr(simulation, "simulate", takes_a_second)
    monkeypatch.setattr(trials, "process_time", fake)
    return fake


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return rs.load(ROOT / "scenarios" / "20nodes.yaml").run().outcome


def of(outcome: Outcome) -> Trials:
    found = what_if.Plan.of(outcome).trials
    assert found is not None
    return found


# ---- the budget -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
def test_changes_are_tried_in_their_order_as_far_as_the_budget_goes(outcome: Outcome) -> None:
    planned = [one.change for one in what_if.Plan.of(outcome).candidates]
    for budget in (0.0, 1.0, 3.5, 5.0):
        found = what_if.what_if(outcome, jobs=1, budget=budget)
        assert len(found.tried) == int(budget)
        assert {one.change for one in found.tried} == set(planned[: int(budget)])
        assert list(found.left_out) == planned[int(budget) :]


@pytest.mark.usefixtures("clock")
def test_what_was_tried_does_not_depend_on_the_budget(outcome: Outcome) -> None:
    every = {one.change: one for one in what_if.what_if(outcome, jobs=1, budget=1e9).tried}
    some = what_if.what_if(outcome, jobs=1, budget=6.0).tried
    assert len(some) == 6
    assert all(every[one.change] == one for one in some)


@pytest.mark.usefixtures("clock")
def test_an_input_is_tried_both_ways_or_not_at_all(outcome: Outcome) -> None:
    every = sensitivity.sensitivity(outcome, jobs=1, budget=1e9)
    # Three of two seconds, and the replicas, of which one less is not allowed.
    for budget, count in ((6.9, 3), (7.0, 4), (8.9, 4), (9.0, 5)):
        some = sensitivity.sensitivity(outcome, jobs=1, budget=budget)
        assert len(some.rows) == count
        assert len(some.left_out) == len(every.rows) - count
        assert {row.path for row in some.rows} | set(some.left_out) == {row.path for row in every.rows}
        assert all(row in every.rows for row in some.rows)


def test_a_trial_that_takes_longer_than_what_is_left_is_cut_while_it_runs(outcome: Outcome, clock: FakeClock) -> None:
    found = of(outcome)
    assert found.trial((), until=1e9).events == found.events
    whole, clock.looks = clock.looks, 0
    assert whole > 3  # the third at its end
    # It is looked at when a trial begins, when there is a scenario, and now and then from there on.
    clock.looked = 3.0
    with pytest.raises(OutOfTimeError):
        found.trial((), until=clock.now + 6.0)
    assert clock.looks == 3
    assert what_if.what_if(outcome, jobs=1, budget=4.0).tried == ()
    assert clock.looks == 3 + 4


def test_a_budget_has_room_for_a_trial_that_takes_all_of_it() -> None:
    tally = Tally("change", 3.0, planned=4, events=10, begun=0.0)
    assert [tally.add([Trial((), 1.0, 10, 0.25, 0.75)]) for _ in range(4)] == [True, True, True, False]
    assert (tally.done, tally.seconds, tally.left) == (3, 3.0, 0.0)


def test_the_rest_is_estimated_from_what_was_measured_and_the_events_of_the_case() -> None:
    tally = Tally("change", 60.0, planned=5, events=100, begun=0.0)
    assert tally.to_come == 0.0  # nothing is known
    # Half of the events in 1 s: 2 s for all, and 0.5 s until there is a scenario.
    tally.add([Trial((), 1.0, 50, 0.5, 1.0)])
    assert tally.to_come == 4 * 2.5
    tally.add([Trial(None, prepared=0.5)])
    assert tally.to_come == 3 * (2.5 + 0.5) / 2


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What was handed to other processes at once, each time; all of it is done before the first is counted."""
    found: list[list[Any]] = []

    def all_at_once(tasks: Iterator[trials.Task], jobs: int, ahead: int) -> Generator[Any]:
        assert jobs == ahead == 2
        found.append([function(*arguments) for function, arguments in tasks])
        yield from found[-1]

    monkeypatch.setattr(trials, "in_order", all_at_once)
    monkeypatch.setattr(trials, "processes", lambda jobs, together: 2)
    monkeypatch.setattr(trials, "_WORTH_WORKERS", 0.0)
    return found


@pytest.mark.usefixtures("clock")
def test_no_more_is_handed_out_than_is_likely_to_fit(outcome: Outcome, rounds: list[list[Any]]) -> None:
    """The first takes a second: of four there is room for three more."""
    found = what_if.what_if(outcome, jobs=2, budget=4.0)
    assert [len(some) for some in rounds] == [3]
    assert found == what_if.what_if(outcome, jobs=1, budget=4.0)
    assert len(found.tried) == 4


def test_what_several_processes_did_beyond_the_budget_is_left_out(
    outcome: Outcome, clock: FakeClock, rounds: list[list[Any]]
) -> None:
    """1 + 1.5 + 2 + 2.5 + 3 s: after the first there seems to be room for five more, and there is for three."""
    clock.growth = 0.5
    found = what_if.what_if(outcome, jobs=2, budget=6.9)
    assert [len(some) for some in rounds] == [5]
    assert len(found.tried) == 3
    clock.simulation = 1.0
    assert found == what_if.what_if(outcome, jobs=1, budget=6.9)


def test_trials_that_turn_out_short_are_followed_by_others(
    outcome: Outcome, clock: FakeClock, rounds: list[list[Any]]
) -> None:
    """2, then a second each: of five there seems to be room for one more, of three left for the others."""
    clock.simulation, clock.growth = 2.0, 0.0
    simulate = simulation.simulate

    def shorter(*arguments: Any, **options: Any) -> Any:
        run = simulate(*arguments, **options)
        clock.simulation = 1.0
        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "simulate", shorter)
        found = what_if.what_if(outcome, jobs=2, budget=5.0)
        assert len(rounds) > 1
        assert len(found.tried) == 4


@pytest.mark.usefixtures("clock")
def test_what_came_before_counts_where_it_is_asked_to(outcome: Outcome, clock: FakeClock) -> None:
    since = Start.now()
    clock.now += 2.5
    plan = what_if.Plan.of(outcome, budget=6.0)
    assert len(plan.carry_out(1, since=since).tried) == 3
    assert len(plan.carry_out(1).tried) == 6


@pytest.mark.usefixtures("clock")
def test_trials_end_when_the_clock_says_so_however_little_was_computed(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that is busy with other work: a second of computing takes three on the clock."""
    begun = trials.process_time()
    monkeypatch.setattr(trials, "time", lambda: 1000.0 + 3.0 * (trials.process_time() - begun))
    every = what_if.Plan.of(outcome, budget=10.0)
    found = every.carry_out(1)
    assert len(found.tried) == 4  # the fourth begins at nine seconds, and nobody looks before it is over
    assert [one.change for one in every.candidates[4:]] == list(found.left_out)
    assert {one.subject for one in every.candidates[4:]} == set(found.unknown)


# ---- memory -----------------------------------------------------------------------------------------------


def networks() -> int:
    gc.collect()
    return sum(isinstance(one, FluidNetwork) for one in gc.get_objects())


def test_trials_leave_nothing_of_their_simulations(outcome: Outcome) -> None:
    before = networks()
    found = what_if.what_if(outcome, jobs=1)
    assert len(found.tried) > 10
    assert networks() == before


def test_a_trial_that_was_cut_leaves_nothing_of_its_simulation(outcome: Outcome, clock: FakeClock) -> None:
    before = networks()
    clock.looked = 3.0
    assert what_if.what_if(outcome, jobs=1, budget=4.0).tried == ()
    assert networks() == before


def test_the_documents_of_trials_are_not_kept(outcome: Outcome) -> None:
    what_if.what_if(outcome, jobs=1)
    assert document_of.cache_info().currsize == 1
