"""What the running applications feel: their bandwidth and latency, looked at while the pulls go on.

Looking changes nothing. Bandwidth is read every `INTERVAL`, a request's latency when the request is sent; where
that would be more than `MOST` readings, every second one of them, every fourth, and so on. What applications have
before and after the rollout is computed for an idle system that only they use.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf, nan
from typing import TYPE_CHECKING

from rolloutsim.fleet.background import ConstantRate, RequestService, Transfer, admitted
from rolloutsim.network.maxmin import Demand, max_min_fair

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink

Application = Transfer | ConstantRate  # a RequestService is a ConstantRate

INTERVAL = 0.1  # between two readings of a bandwidth [s] (assumed)
MOST = 4096  # readings of one thing (assumed)


class Readings:
    """Readings of one thing, at equal intervals."""

    def __init__(self, start: float, every: float, read: Callable[[], float | None]) -> None:
        self.next = start
        self.every = every
        self.read = read
        self.times: list[float] = []
        self.values: list[float] = []

    def take(self, now: float) -> None:
        """Read once more; None: there is nothing to read now."""
        value = self.read()
        if value is not None:
            self.times.append(now)
            self.values.append(value)
            if len(self.times) >= MOST:
                self.times, self.values = self.times[::2], self.values[::2]
                self.every *= 2
        self.next = now + self.every


class Observer:
    """Watches the applications of a case.

    Parameters
    ----------
    network : FluidNetwork
        Its clock and rates.
    applications : list of Transfer and ConstantRate
        Whom to watch.
    """

    def __init__(self, network: FluidNetwork, applications: list[Application]) -> None:
        self.network = network
        self.applications = applications
        self.bandwidths = [Readings(INTERVAL, INTERVAL, _bandwidth(one)) for one in applications]
        self.latencies = {
            number: Readings(one.spec.start, one.request.every, _latency(one))
            for number, one in enumerate(applications)
            if isinstance(one, RequestService)
        }
        everything = [*self.bandwidths, *self.latencies.values()]
        self.agenda = [(readings.next, place, readings) for place, readings in enumerate(everything)]
        heapify(self.agenda)
        network.call_later(self.agenda[0][0], self._look)

    def _look(self, _: object) -> None:
        network = self.network
        # Where nothing else is going to happen, nobody needs an observer that keeps the clock running.
        if network.peek() == inf:
            return
        now = network.now
        while self.agenda[0][0] <= now:
            _, place, readings = heappop(self.agenda)
            readings.take(now)
            heappush(self.agenda, (readings.next, place, readings))
        self.network.call_later(self.agenda[0][0] - now, self._look)

    def before(self) -> list[tuple[float, float]]:
        """Bandwidth [B/s] and latency [s] of each application before the rollout; NaN where it has none."""
        return self._undisturbed([one.started <= 0.0 for one in self.applications])

    def after(self) -> list[tuple[float, float]]:
        """The same after the rollout: of those that are still there."""
        return self._undisturbed([one.started == one.started and one.active for one in self.applications])

    def _undisturbed(self, present: list[bool]) -> list[tuple[float, float]]:
        """The max-min fair shares of the applications on their own."""
        here = [one for one, is_there in zip(self.applications, present, strict=True) if is_there]
        through, overflowing = admitted(one for one in here if isinstance(one, ConstantRate))
        left: dict[Hashable, float] = {link: link.nominal for one in here for link in one.links}
        for constant, rate in through.items():
            for link in constant.links:
                left[link] = max(left[link] - rate, 0.0)
        elastic = [one for one in here if isinstance(one, Transfer)]
        shares = max_min_fair(left, [_demand(one) for one in elastic])
        rates: dict[Application, float] = dict(through.items())
        levels: dict[SharedLink, float] = {}
        for transfer, rate, bottleneck in zip(elastic, shares.rates, shares.bottlenecks, strict=True):
            rates[transfer] = rate
            for link in transfer.links:
                if link is bottleneck:
                    levels[link] = rate / transfer.spec.connections
        return [
            (rates[one], one.latency_with(levels, overflowing, rates[one]) if isinstance(one, RequestService) else nan)
            if is_there
            else (nan, nan)
            for one, is_there in zip(self.applications, present, strict=True)
        ]


def _demand(one: Transfer) -> Demand[float]:
    """All its connections together."""
    connections = one.spec.connections
    cap = None if one.spec.cap is None else connections * one.spec.cap
    return Demand(dict.fromkeys(one.links, 1.0), cap, float(connections))


def _bandwidth(one: Application) -> Callable[[], float | None]:
    return lambda: one.rate() if one.active else None


def _latency(one: RequestService) -> Callable[[], float | None]:
    return lambda: one.latency() if one.active else None
