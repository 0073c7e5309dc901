"""Hosts that serve each other, against exact rational arithmetic and against the textbook allocator.

A slice of what `make ties` plays; a case is drawn from its number alone.
"""

from __future__ import annotations

from random import Random

import pytest

from rolloutsim.network import sharing
from tests.invariants.networks import TEXTBOOK, worst_rate
from tests.long import one_in
from tests.theory.peering_networks import peering_network
from tests.theory.ties import differences
from tests.theory.tying_networks import EnginePlay

BATCH = 20
FEW = 5
# Where links that many others drive bound what they may carry by levels that may fall, 10 of the first 400 differ.
NETWORKS = range(0, 400, BATCH)


@pytest.mark.parametrize("first", one_in(10, NETWORKS))
def test_hosts_that_serve_each_other_take_as_long_as_in_exact_arithmetic(first: int) -> None:
    found = {number: differences("peers", number) for number in range(first, first + BATCH)}
    assert {number: words for number, words in found.items() if words} == {}


@pytest.mark.parametrize("first", one_in(20, range(0, 100, FEW)))
def test_rates_found_from_nothing_and_from_event_to_event_are_the_textbook_allocators(first: int) -> None:
    for number in range(first, first + FEW):
        play = EnginePlay(peering_network(Random(number)))

        def compare(play: EnginePlay = play) -> None:
            assert worst_rate(play.network, play.hosts) <= TEXTBOOK
            if play.network.sharing.populated:
                play.network.sharing._find_anew(play.env.now)
                assert worst_rate(play.network, play.hosts) <= TEXTBOOK

        play.run(compare)


@pytest.mark.parametrize("number", [4, 14, 32, 34, 1038])
def test_rates_are_the_textbook_allocators_where_all_links_only_bound_their_loads(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last of them the levels are once found from nothing, after which a link binds by a level that falls."""
    monkeypatch.setattr(sharing, "MANY", 0)
    play = EnginePlay(peering_network(Random(number)))

    def compare() -> None:
        assert worst_rate(play.network, play.hosts) <= TEXTBOOK

    play.run(compare)
