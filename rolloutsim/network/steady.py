"""The sharing where no shared link ever binds: then rates hang on what each host does, and on nothing else.

That is so on an idle system whose links are all wider than what can come over them. States need no looking after then:
their flows have the rates of the one regime that they have without a driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.network.clocks import TICKETS, Clock
from rolloutsim.network.sharing import Sharing

if TYPE_CHECKING:
    from rolloutsim.network.states import State


class SteadySharing(Sharing):
    """Rates of all bundles, on links none of which ever binds; its parameters are those of `Sharing`.

    Of what limits a flow it notes only which private links are full: causes are not told.
    """

    def enter(self, state: State, now: float) -> None:
        """Make a state ready for its first member."""
        self.populated[state] = None
        regime = state.regime
        if regime is None:
            regime = state.regime = state.shape((None,) * len(state.paths), self._shapes).regime(())
        for bundle, (rate, _) in zip(state.bundles, regime.rates, strict=True):
            clock = self._constant_clocks.get(rate)
            if clock is None:
                clock = self._constant_clocks[rate] = Clock(rate, (), now)
            # As `Bundle.attach` of a bundle without flows.
            clock.users += 1
            bundle.offset = -clock.read(now)
            bundle.clock = clock
            bundle.ticket = next(TICKETS)
            self._look(clock)
        state.full.change(regime.full, now)

    def leave(self, state: State) -> None:
        """Forget a state whose last member has left; its flows are gone or moved."""
        del self.populated[state]
        for bundle in state.bundles:
            bundle.forget()
        state.full.past.clear()

    def transfer(self, old: State, new: State) -> bool:
        """Count a host out of one state and into another; links do not notice."""
        old.members -= 1
        new.members += 1
        return False
