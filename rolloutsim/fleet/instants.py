"""The end of an instant: when everything else that happens at the present time has happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpy.events import EventPriority

from rolloutsim.network.calls import Call
from rolloutsim.network.fluid import FluidNetwork

# After every event of the same instant: SimPy handles lower numbers first, and itself uses 0 and 1.
_LAST = EventPriority(2)


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
            self._wait()

    def _wait(self) -> None:
        self.network.env.schedule(Call(_nothing, None, [self._look]), _LAST)

    def _look(self, _: object) -> None:
        env = self.network.env
        # What comes at this instant may be the network's own update; only these two ever queue up as last.
        if env.peek() <= env.now:
            self._wait()
        else:
            self.network.call_later(0.0, self._call)

    def _call(self, _: object) -> None:
        self.asked = False
        self.function()


def _nothing(_: Any) -> None:
    """Stand in for the function of an event whose callbacks need none."""
