"""The end of an instant: when everything else that happens at the present time has happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpy.events import EventPriority

from rolloutsim.network.calls import Call
from rolloutsim.network.fluid import FluidNetwork

# After every other event of the same instant: SimPy handles lower numbers first, itself uses 0 and 1, the network 2
# and 3.
_END = EventPriority(4)


class EndOfInstant:
    """Calls a function once after all other events of the present instant, however often it is asked to.

    Exact ties are thus one occasion and not many, in whatever order they come.

    Parameters
    ----------
    network : FluidNetwork
        Whose clock it goes by.
    function : callable
        Called without arguments.
    """

    def __init__(self, network: FluidNetwork, function: Callable[[], None]) -> None:
        self.network = network
        self.function = function
        self.asked = False

    def ask(self) -> None:
        """Call the function at the end of this instant."""
        if not self.asked:
            self.asked = True
            self.network.env.schedule(Call(_nothing, None, [self._end]), _END)

    def _end(self, _: object) -> None:
        # What follows is a call like any other, after which the network looks at what changed.
        self.network.call_later(0.0, self._call)

    def _call(self, _: object) -> None:
        self.asked = False
        self.function()


def _nothing(_: Any) -> None:
    """Stand in for the function of an event whose callbacks need none."""
