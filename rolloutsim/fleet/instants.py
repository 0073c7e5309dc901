"""The end of an instant: when everything else that happens at the present time has happened."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.network.fluid import FluidNetwork

# After everybody else who waits for the sharing to settle on the instant.
_END = 1


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
            self.network.call_afterwards(self._end, None, _END)

    def _end(self, _: object) -> None:
        # What follows is a call like any other, before which others of the same instant may come.
        self.network.call_later(0.0, self._call)

    def _call(self, _: object) -> None:
        self.asked = False
        self.function()
