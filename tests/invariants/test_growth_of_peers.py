"""What hosts cost that serve each other grows as they do, whichever of their links bind.

Counted are calls of functions, as in `test_growth`.
"""

from __future__ import annotations

from rolloutsim.network import filling
from tests.benchmarks.peers import RollingUpdate

from .test_growth import calls

FEW, MANY = 50, 200
IDLE = 10_000
# Of a linear cost; heaps get deeper, and more links depend on each other.
MORE = 1.3


def test_filling_from_nothing() -> None:
    """While half of the hosts download, in states of their own."""
    per_bundle = []
    for hosts in (FEW, MANY):
        update = RollingUpdate(hosts, layers=True, share=0.5)
        update.begin()
        while len(update.finished) < hosts // 4:
            update.network.run(most=1)
        update.network.run(most=0)
        populated = update.network.sharing.populated
        number = calls(lambda populated=populated: filling.levels(populated))[1]
        per_bundle.append(number / sum(len(state.bundles) for state in populated))
    assert per_bundle[1] <= MORE * per_bundle[0]


def test_a_rolling_update() -> None:
    """Equal NICs tie: three flows into a host from hosts that serve three each."""
    per_host = []
    for hosts in (FEW, MANY):
        update = RollingUpdate(hosts)
        per_host.append(calls(update.run)[1] / hosts)
    assert per_host[1] <= MORE * per_host[0]


def test_links_that_carry_nothing() -> None:
    """The audit at the end looks at each of them once."""
    alone, among_others = RollingUpdate(FEW), RollingUpdate(FEW)
    for number in range(IDLE):
        among_others.network.link(f"idle{number}", 1.0)
    # Other tests may have left callbacks to Python's collector of circles, which count as well.
    assert calls(among_others.run)[1] <= 1.001 * calls(alone.run)[1] + IDLE
