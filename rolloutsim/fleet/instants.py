"""Instants: the end of the present one, those for which many ask at once, and how those do not who only seem to.

The end of an instant is when everything else that happens at the present time has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

from rolloutsim.network.fluid import FluidNetwork

# After everybody else who waits for the sharing to settle on the instant.
_END = 1

# How many moments those take who ask one after the other (assumed: enough to be out of step); their number's bits.
_BITS = 5


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


def staggered(turn: int, within: float) -> float:
    """How much later somebody begins who is to begin at the same moment as others.

    In the real world nobody is in step: nodes that were would let links idle while all of them set up their next
    connections. Those who follow one another are far apart, whatever their number: bits of the turn, reversed
    (J. G. van der Corput, *Verteilungsfunktionen*, 1935).

    Parameters
    ----------
    turn : int
        How many of them come before.
    within : float
        The time within which all of them begin [s].

    Returns
    -------
    float
        Time [s]; none for the first.
    """
    if not within:
        return 0.0
    found, turn = 0, turn % (1 << _BITS)
    for _ in range(_BITS):
        found = found << 1 | turn & 1
        turn >>= 1
    return within * found / (1 << _BITS)


class Together:
    """Calls that are asked for at one instant and due at one later time: a single event for all of them.

    They are made in the order in which they were asked for. Nodes in step wait together, and many a wait costs no more
    than a place in a list.

    Parameters
    ----------
    network : FluidNetwork
        Whose clock it goes by.
    """

    __slots__ = ("asked_at", "due", "network")

    def __init__(self, network: FluidNetwork) -> None:
        self.network = network
        self.asked_at = nan
        self.due: dict[float, list[tuple[Callable[[Any], None], Any]]] = {}  # of those asked for at that instant

    def call_at(self, time: float, function: Callable[[Any], None], argument: Any) -> None:
        """Call `function(argument)` at a time [s], now at the earliest."""
        self._calls(time).append((function, argument))

    def join(self, time: float, function: Callable[[list[Any]], None], member: Any) -> None:
        """Call `function(members)` at a time [s] with all who join it one after another."""
        calls = self._calls(time)
        if calls and calls[-1][0] == function:
            calls[-1][1].append(member)
        else:
            calls.append((function, [member]))

    def last(self, time: float) -> Any:
        """The last argument of those asked for at this instant for a time [s]; None: there is none."""
        calls = self.due.get(time) if self.network.now == self.asked_at else None
        return calls[-1][1] if calls else None

    def _calls(self, time: float) -> list[tuple[Callable[[Any], None], Any]]:
        """Those asked for at this instant for a time [s]."""
        now = self.network.now
        if now != self.asked_at:
            self.asked_at = now
            self.due = {}
        calls = self.due.get(time)
        if calls is None:
            calls = self.due[time] = []
            # As exact as the clock: the difference of two of its times, added to the former, is the latter again.
            self.network.call_later(time - now, self._make, calls)
        return calls

    def _make(self, calls: list[tuple[Callable[[Any], None], Any]]) -> None:
        if self.due.get(self.network.now) is calls:
            self.due = {}  # what is asked for from now on comes after these
        for function, argument in calls:
            function(argument)
