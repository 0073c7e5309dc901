"""The swarm model, played alone: against closed forms, the oracle, an independent simulator, real swarms."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

import pytest

import rolloutsim as rs
from rolloutsim.fleet.sources.swarm import (
    Swarm,
    interval,
    origin_copies,
    received_twice,
    repeated_share,
    upload_use,
)
from rolloutsim.scenario.swarms import BITTORRENT, DRAGONFLY, KRAKEN, SwarmProfile
from tests.oracle.swarm import Rules, simulate
from tests.oracle.swarm import Swarm as Given
from tests.theory.swarm_cases import CHECKED, SEEN, measured_cases, random_cases, reference_cases
from tests.theory.swarms import play

if TYPE_CHECKING:
    from tests.theory.swarm_cases import Case

PROFILES = pytest.mark.parametrize(
    "profile", [KRAKEN, DRAGONFLY, BITTORRENT], ids=["kraken", "dragonfly", "bittorrent"]
)
REFERENCE = reference_cases()


def errors(cases: list[Case], profile: SwarmProfile) -> tuple[list[float], list[float], list[float]]:
    """By how much mean time, makespan and what the seeds send are wrong, as shares."""
    found = [(case, play(case.swarm, profile)) for case in cases]
    return (
        [abs(one.mean / case.mean - 1) for case, one in found],
        [abs(one.makespan / case.makespan - 1) for case, one in found],
        [abs(one.copies / case.copies - 1) for case, one in found],
    )


def alike(members: int, pieces: int, seeds: list[float], down: float, up: float) -> Given:
    return Given(pieces, 4e6, seeds, [down] * members, [up] * members, [0.0] * members)


@PROFILES
@pytest.mark.parametrize(("seed", "down"), [(1e8, 2e7), (2e7, 1e8), (5e7, 5e7)])
def test_a_member_alone_downloads_at_the_slower_of_the_two_links(
    profile: SwarmProfile, seed: float, down: float
) -> None:
    one = play(alike(1, 20, [seed], down, 1e8), profile)
    assert one.makespan == pytest.approx(8e7 / min(seed, down))
    assert one.copies == pytest.approx(1.0)
    assert received_twice(profile, 1, 20) == 0.0


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
def test_with_very_many_pieces_and_no_losses_a_swarm_is_as_fast_as_any_can_be(ratio: float) -> None:
    size, members, down = 4e9, 50, 1e8
    given = Given(10**9, 4.0, [ratio * down] * 3, [down] * members, [ratio * down] * members, [0.0] * members)
    ideal = SwarmProfile(repeated=1.0, repeated_decay=0.0)
    bound = max(size / (3 * ratio * down), size / down, members * size / ((3 + members) * ratio * down))
    assert play(given, ideal).makespan == pytest.approx(bound)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
def test_krakens_losses_vanish_with_very_many_pieces(ratio: float) -> None:
    assert upload_use(KRAKEN, 100, 1e12) == pytest.approx(1.0, abs=1e-3)
    # So slow that three seconds until the next announcement are nothing.
    given = Given(10**13, 4e-4, [1.0] * 3, [1.0] * 50, [ratio] * 50, [0.0] * 50)
    bound = 50 * 4e9 / (3 + 50 * ratio) if ratio < 1 else 4e9
    # Three seeds as fast as a member give two bridges nine tenths of a downlink, until others are complete.
    assert play(given, KRAKEN).makespan == pytest.approx(bound, rel=0.02 if ratio < 1.0 else 0.09)


def test_the_seed_of_a_swarm_that_it_limits_sends_two_to_two_and_a_half_copies() -> None:
    # Measured: 2.04 (5 members), 2.09 (10), 2.35 to 2.5 (20), pieces of 64 KiB; 2.4 with 256 KiB (62 pieces).
    for members, pieces, copies in ((5, 245, 2.04), (10, 123, 2.09), (20, 123, 2.4), (10, 62, 2.4)):
        found = origin_copies(repeated_share(BITTORRENT, members, min(members, 10), pieces))
        assert found == pytest.approx(copies, rel=0.14)


def test_nothing_is_repeated_for_one_member_and_copies_grow_with_what_is() -> None:
    assert origin_copies(0.0) == 1.0
    assert origin_copies(0.5) == pytest.approx(1.386, abs=1e-3)
    assert origin_copies(0.9) == pytest.approx(2.558, abs=1e-3)


@PROFILES
def test_times_are_inverse_to_the_rates(profile: SwarmProfile) -> None:
    # But for times that a client takes by itself, which do not know how fast links are.
    values = {name: getattr(profile, name) for name in SwarmProfile.__dataclass_fields__} | dict.fromkeys(
        ("start", "end", "announce_every"), 0.0
    )
    plain = SwarmProfile(**values)
    given = Given(50, 4e6, [3e7, 5e7], [1e8, 5e7] * 10, [7e7, 3e7] * 10, [0.4 * n for n in range(20)])
    quick = Given(
        50, 4e6, [3 * rate for rate in given.seeds], [3 * rate for rate in given.down],
        [3 * rate for rate in given.up], [start / 3 for start in given.start],
    )  # fmt: skip
    assert [3 * time for time in play(quick, plain).times] == pytest.approx(play(given, plain).times)


def test_a_late_joiner_catches_up_where_the_seed_is_the_limit() -> None:
    given = Given(200, 4e4, [1e6], [1e7] * 6, [1e7] * 6, [0.0] * 5 + [12.0])
    times = play(given, BITTORRENT).times
    assert max(times[:5]) == pytest.approx(min(times[:5]))
    assert times[5] == pytest.approx(times[0] - 12.0, abs=0.6)


def test_random_swarms_that_nobody_looked_at_are_met_to_a_twentieth_on_average() -> None:
    means, makespans, copies = errors(random_cases(CHECKED), KRAKEN)
    assert mean(means) <= 0.05
    assert mean(makespans) <= 0.062
    assert mean(copies) <= 0.34
    # All are to be below 0.15; four are not, of which three have fewer than 32 pieces.
    assert sum(error > 0.15 for error in means) == 4
    assert max(means) <= 0.25


def test_random_swarms_of_32_pieces_and_more_are_met_better() -> None:
    means, makespans, _ = errors([case for case in random_cases(CHECKED) if case.swarm.pieces >= 32], KRAKEN)
    assert len(means) == 45
    assert mean(means) <= 0.036
    assert mean(makespans) <= 0.038
    assert sum(error > 0.15 for error in means) == 1


def test_random_swarms_that_were_seen_are_met_to_a_sixteenth_on_average() -> None:
    means, makespans, _ = errors(random_cases(SEEN), KRAKEN)
    assert mean(means) <= 0.0625
    assert mean(makespans) <= 0.064


def test_the_errors_of_a_profile_hold_for_nine_swarms_of_ten() -> None:
    means, makespans, _ = errors(random_cases(CHECKED), KRAKEN)
    assert sum(error <= KRAKEN.mean_error for error in means) == 56
    assert sum(error <= KRAKEN.makespan_error for error in makespans) >= 54
    assert interval(11.5, 0.15) == pytest.approx((10.0, 13.529), abs=1e-3)


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_others_have_only_what_bridges_have_until_those_who_came_first_are_complete(seeds: int) -> None:
    """Oracle: the seeds' uplinks in equal parts for the ten whom they take; to the others goes that of the bridges."""
    size, down = 1000 * 4e6, 1e9
    profile = SwarmProfile(bridges=(0, 0, 1, 2, 3), repeated=1.0, repeated_decay=0.0)
    rate = 2e7 * seeds
    given = Given(1000, 4e6, [2e7] * seeds, [down] * 40, [1e12] * 40, [0.0] * 40)
    bridges = seeds - 1
    first = size / (rate * (10 - bridges) / 10 * (11 - seeds) / (10 - bridges))
    times = sorted(play(given, profile).times)
    assert times[: 10 - bridges] == pytest.approx([first] * (10 - bridges))
    left = size - first * rate * bridges / 10
    assert times[10 - bridges :] == pytest.approx([first + left / down] * (30 + bridges))


@pytest.mark.parametrize(("seeds", "members"), [(1, 30), (1, 100), (2, 30), (9, 30), (10, 30), (12, 30)])
def test_the_number_of_seeds_makes_as_much_of_a_difference_as_in_the_oracle(seeds: int, members: int) -> None:
    given = alike(members, 100, [2e7] * seeds, 1e7, 2e7)
    outcomes = [simulate(given, number) for number in range(3)]
    assert play(given, KRAKEN).mean == pytest.approx(mean(one.mean for one in outcomes), rel=0.2)


def test_the_graphs_of_an_independent_simulator_are_met_to_five_percent_on_average() -> None:
    cases = [case for case in REFERENCE if case.rules == Rules()]
    assert len(cases) == 57
    means, makespans, copies = errors(cases, KRAKEN)
    assert mean(means) <= 0.047
    assert max(means) <= 0.145
    assert mean(makespans) <= 0.06
    assert max(makespans) <= 0.2
    assert mean(copies) <= 0.2


def test_the_dags_of_an_independent_simulator_are_met_to_two_percent_on_average() -> None:
    cases = [case for case in REFERENCE if case.rules.topology == "dag"]
    assert len(cases) == 18
    means, makespans, copies = errors(cases, DRAGONFLY)
    assert mean(means) <= 0.015
    assert max(means) <= 0.06
    assert max(makespans) <= 0.13
    assert mean(copies) <= 0.08


# None of these is among the runs that the dag's parameters were chosen with. The seed has a whole number of children:
# one of six more or less is 17 %.
@pytest.mark.parametrize(
    ("members", "pieces", "ratio", "seed"),
    [(20, 40, 1.0, 2.0), (45, 50, 2.0, 1.0), (60, 30, 0.7, 3.0), (12, 80, 6.0, 6.0)],
)
def test_other_dags_of_the_oracle_are_met_to_a_sixth(members: int, pieces: int, ratio: float, seed: float) -> None:
    given = alike(members, pieces, [seed * ratio * 1e8], 1e8, ratio * 1e8)
    outcomes = [simulate(given, number, Rules("dag", "shares")) for number in range(3)]
    found = play(given, DRAGONFLY)
    assert found.mean == pytest.approx(mean(one.mean for one in outcomes), rel=0.17)
    assert found.makespan == pytest.approx(mean(one.makespan for one in outcomes), rel=0.17)


def test_measured_swarms_are_met_to_five_percent_on_average() -> None:
    core = [(case, profile) for case, is_core, profile in measured_cases() if is_core]
    assert len(core) == 14
    found = [errors([case], profile) for case, profile in core]
    rollouts = [makespan for _, (makespan,), _ in found]
    assert mean(rollouts) <= 0.045
    assert max(rollouts) <= 0.12
    # All but one: a cap of the client on its download makes it take less from the seed (78 %).
    copies = sorted(sent for _, _, (sent,) in found)
    assert copies[-2] <= 0.29
    assert mean(copies) <= 0.14


def test_measured_swarms_that_vary_are_met_to_a_quarter() -> None:
    for case, is_core, profile in measured_cases():
        if not is_core:
            assert play(case.swarm, profile).makespan == pytest.approx(case.makespan, rel=0.25)


def test_ten_thousand_members_take_at_most_four_events_each() -> None:
    members = 10_000
    starts = [0.01 * (n % 5000) for n in range(members)]
    given = Given(1192, 4194304.0, [1.25e8] * 3, [1.25e8] * members, [1.25e8] * members, starts)
    found = play(given, KRAKEN)
    assert found.events <= 4 * members
    assert 40.0 < found.mean < 80.0


def test_a_member_that_has_left_sends_nothing_any_more() -> None:
    swarm = Swarm(KRAKEN, 100, 4e6, [1e7])
    kind = swarm.kind(1e8, 1e8)
    for _ in range(2):
        swarm.join(kind)
        swarm.receive(kind)
    swarm.finish(kind)
    swarm.everything_is_outside()
    before = swarm.update().capacity
    swarm.leave(kind)
    assert before > 2e7
    assert swarm.update().capacity == pytest.approx(1e7)


def test_a_layer_of_which_nothing_is_left_goes_through_a_swarm_in_no_time() -> None:
    node = "nodes: {n: {count: 3, runtime: cri-o, partial_images: true, hosts: [p]}}\n"
    rest = "network: 1 Gbit/s\npeers: {p: {profile: bittorrent}}\nimages: {a: {layers: [30 MB], reuse: 100%}}\n"
    (case,) = rs.loads(f"rolloutsim: 1\n{node}{rest}").run().run.cases
    assert case.finished
    assert case.fetches.bytes_done.tolist() == [0.0] * 3
