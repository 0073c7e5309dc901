"""What holds for every swarm: no scheme is faster than Kumar and Ross's bound, nobody is forgotten, bytes add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rolloutsim.scenario.swarms import BITTORRENT, DRAGONFLY, KRAKEN, SwarmProfile
from tests.oracle.swarm import Swarm
from tests.theory.swarms import play

RATES = some.floats(1e6, 1e9)


@some.composite
def swarms(draw: some.DrawFn) -> Swarm:
    """Up to thirty members of up to three kinds that start at up to four times."""
    kinds = draw(some.lists(some.tuples(RATES, RATES), min_size=1, max_size=3))
    times = draw(some.lists(some.floats(0.0, 100.0), min_size=1, max_size=4))
    members = draw(some.lists(some.tuples(some.sampled_from(kinds), some.sampled_from(times)), min_size=1, max_size=30))
    return Swarm(
        draw(some.integers(1, 1000)),
        draw(some.floats(1e4, 1e7)),
        draw(some.lists(RATES, min_size=1, max_size=6)),
        [down for (down, _), _ in members],
        [up for (_, up), _ in members],
        [time for _, time in members],
    )


@pytest.mark.parametrize("profile", [KRAKEN, DRAGONFLY, BITTORRENT], ids=["kraken", "dragonfly", "bittorrent"])
@given(swarm=swarms())
def test_no_swarm_is_faster_than_any_scheme_can_be(profile: SwarmProfile, swarm: Swarm) -> None:
    size, members, seeds = swarm.pieces * swarm.piece_size, len(swarm.down), sum(swarm.seeds)
    found = play(swarm, profile)
    bound = max(size / seeds, size / min(swarm.down), members * size / (seeds + sum(swarm.up)))
    assert found.makespan - min(swarm.start) >= bound * (1 - 1e-9)
    for time, down in zip(found.times, swarm.down, strict=True):
        assert time >= max(size / down, 0.0) * (1 - 1e-9)
    assert 1 - 1e-5 <= found.copies <= members * (1 + 1e-5)


@given(swarm=swarms())
def test_more_seeds_and_faster_uplinks_of_an_ideal_swarm_never_slow_it_down(swarm: Swarm) -> None:
    ideal = SwarmProfile(repeated=1.0, repeated_decay=0.0)
    start = [0.0] * len(swarm.down)
    before = Swarm(swarm.pieces, swarm.piece_size, swarm.seeds, swarm.down, swarm.up, start)
    after = Swarm(swarm.pieces, swarm.piece_size, [*swarm.seeds, 1e8], swarm.down, [2 * up for up in swarm.up], start)
    assert play(after, ideal).makespan <= play(before, ideal).makespan * (1 + 1e-6)
