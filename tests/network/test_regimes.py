"""Which regime a host's flows are in where two give the same rates."""

from __future__ import annotations

from math import inf

import pytest

from rolloutsim.network.regimes import LEVEL, Part, Shape

LINE = 100.0  # of the host [B/s]
TIED = LINE / 2  # the level at which two flows that a driver limits fill the line [B/s]


def two_flows() -> Shape:
    return Shape((LINE,), (Part(2, 1.0, inf, inf, ((0, 1.0),), 0),))


@pytest.mark.parametrize("first", [0.5 * TIED, 2 * TIED, TIED])
@pytest.mark.parametrize("rounded", [1 - 1e-15, 1.0, 1 + 1e-15])
def test_where_a_driver_and_the_host_say_the_same_it_is_the_host_whatever_was_met_first(
    first: float, rounded: float
) -> None:
    shape = two_flows()
    shape.regime((first,))
    assert shape.regime((TIED * rounded,)).causes == (0,)


def test_below_the_tie_it_is_the_driver_and_above_it_the_host() -> None:
    shape = two_flows()
    assert shape.regime((TIED * (1 - 1e-9),)).causes == (LEVEL,)
    assert shape.regime((TIED * (1 + 1e-9),)).causes == (0,)
