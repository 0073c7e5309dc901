"""What the running applications feel: their bandwidth and latency, looked at while the pulls go on.

Looking changes nothing. Bandwidths are read every `INTERVAL`, those that may have changed, and written down where they
have; a request's latency is read when the request is sent. Where that would be more than `MOST` readings, every second
one of them counts, every fourth, and so on. What applications have before and after the rollout is computed for an idle
system that only they use.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from heapq import heapify, heapreplace
from math import inf, nan
from typing import TYPE_CHECKING

from rolloutsim.fleet.background import Application as Application
from rolloutsim.fleet.background import ConstantRate, RequestService, Transfer, admitted
from rolloutsim.fleet.undisturbed import Elastic, fill

if TYPE_CHECKING:
    from rolloutsim.fleet.background import Link
    from rolloutsim.network.fluid import FluidNetwork

INTERVAL = 0.1  # between two readings of a bandwidth [s] (assumed)
MOST = 4096  # readings of one thing (assumed)


class Round(ABC):
    """Readings at equal intervals: when the next is due, and when there were some."""

    __slots__ = ("every", "next", "times")

    def __init__(self, start: float, every: float) -> None:
        self.next = start
        self.every = every
        self.times = array("d")

    def look(self, now: float) -> None:
        """Read once more."""
        self.times.append(now)
        self.read(now)
        if len(self.times) >= MOST:
            self.times = self.times[::2]
            self.every *= 2
            self.thin_out()
        self.next = now + self.every

    @abstractmethod
    def read(self, now: float) -> None:
        """Read what is to be read at a time, the last of `times`."""

    @abstractmethod
    def thin_out(self) -> None:
        """Keep every second reading, the first one included."""


class Bandwidths(Round):
    """The bandwidths of all applications, written down where they changed from one reading to the next.

    Those of constant rates change when one says so, those of transfers with every other flow.
    """

    __slots__ = ("changes", "moving", "news")

    def __init__(self, applications: list[Application]) -> None:
        super().__init__(INTERVAL, INTERVAL)
        self.changes: dict[Application, Changes] = {one: Changes() for one in applications}
        self.moving: dict[Application, None] = {}  # transfers that are there
        self.news: dict[Application, None] = {}  # those that began, ended or changed since the last reading
        for one in applications:
            one.news = self.news

    def read(self, now: float) -> None:
        """Read those that may have changed."""
        for one in self.news:
            if isinstance(one, Transfer):
                if one.active:
                    self.moving[one] = None
                else:
                    self.moving.pop(one, None)
            elif one.active:
                self._take(one, now)
        self.news.clear()
        for one in self.moving:
            self._take(one, now)

    def _take(self, one: Application, now: float) -> None:
        self.changes[one].add(len(self.times) - 1, now, one.rate())

    def thin_out(self) -> None:
        """Let what changed at a reading that counts no more have changed at the next one that does."""
        for one, changes in self.changes.items():
            if one.active and changes.thin_out(self.times):
                self.news[one] = None


class Changes:
    """A bandwidth at the readings at which it was another than before."""

    __slots__ = ("places", "times", "values")

    def __init__(self) -> None:
        self.places = array("i")  # among the readings
        self.times = array("d")
        self.values = array("d")

    def add(self, place: int, now: float, value: float) -> None:
        """A reading."""
        if not self.values or value != self.values[-1]:
            self.places.append(place)
            self.times.append(now)
            self.values.append(value)

    def thin_out(self, times: array[float]) -> bool:
        """Forget every second reading; whether one is wanted at the next, since what was seen at the last is gone.

        Parameters
        ----------
        times : array of float
            When those were that count on [s].
        """
        rows = zip(self.places, self.values, strict=True)
        self.places, self.times, self.values = array("i"), array("d"), array("d")
        for before, value in rows:
            place = (before + 1) // 2
            if place == len(times):
                return True
            if self.places and self.places[-1] == place:
                for column in (self.places, self.times, self.values):
                    column.pop()
            self.add(place, times[place], value)
        return False


class Latencies(Round):
    """How long requests take that some services send at the same times."""

    __slots__ = ("ended", "values")

    def __init__(self, start: float, every: float) -> None:
        super().__init__(start, every)
        self.values: dict[RequestService, array[float]] = {}
        self.ended: dict[RequestService, tuple[array[float], array[float]]] = {}  # with their times

    def read(self, now: float) -> None:
        """Send a request of each service that is there."""
        gone = []
        for service, values in self.values.items():
            if service.active:
                values.append(service.latency())
            else:
                gone.append(service)
        for service in gone:
            values = self.values.pop(service)
            self.ended[service] = self.times[: len(values)], values
        if not self.values:
            self.every = inf

    def thin_out(self) -> None:
        """Keep every second request of the services that are there."""
        for service, values in self.values.items():
            self.values[service] = values[::2]

    def readings(self) -> dict[RequestService, tuple[array[float], array[float]]]:
        """When each service sent requests, and how long they took [s]."""
        return self.ended | {service: (self.times, values) for service, values in self.values.items()}


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
        self.bandwidths = Bandwidths(applications)
        latencies: dict[tuple[float, float], Latencies] = {}
        for one in applications:
            if isinstance(one, RequestService):
                when = one.spec.start, one.request.every
                latencies.setdefault(when, Latencies(*when)).values[one] = array("d")
        self.latencies = list(latencies.values())
        rounds: list[Round] = [self.bandwidths, *self.latencies]
        self.agenda = [(one.next, place, one) for place, one in enumerate(rounds)]
        heapify(self.agenda)
        network.call_later(self.agenda[0][0], self._look)

    def _look(self, _: object) -> None:
        network = self.network
        # Where nothing else is going to happen, nobody needs an observer that keeps the clock running.
        if network.peek() == inf:
            return
        now = network.now
        while self.agenda[0][0] <= now:
            _, place, one = self.agenda[0]
            one.look(now)
            heapreplace(self.agenda, (one.next, place, one))
        self.network.call_later(self.agenda[0][0] - now, self._look)

    def sent(self) -> dict[RequestService, tuple[array[float], array[float]]]:
        """When each service sent requests, and how long they took [s]."""
        return {one: readings for round_ in self.latencies for one, readings in round_.readings().items()}

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
        left: dict[Link, float] = {link: link.nominal for one in here for link in one.links}
        for constant, rate in through.items():
            for link in constant.links:
                left[link] = max(left[link] - rate, 0.0)
        elastic = [(one, _demand(one)) for one in here if isinstance(one, Transfer)]
        fill(left, [demand for _, demand in elastic])
        rates: dict[Application, float] = dict(through.items())
        levels: dict[Link, float] = {}
        flows: dict[Link, int] = {}
        for transfer, demand in elastic:
            rates[transfer] = demand.rate
            for crossed in transfer.links:
                flows[crossed] = flows.get(crossed, 0) + transfer.spec.connections
            if demand.bottleneck is not None:
                levels[demand.bottleneck] = demand.rate / transfer.spec.connections
        return [
            (
                rates[one],
                one.latency_with(levels, flows, overflowing, rates[one]) if isinstance(one, RequestService) else nan,
            )
            if is_there
            else (nan, nan)
            for one, is_there in zip(self.applications, present, strict=True)
        ]


def _demand(one: Transfer) -> Elastic:
    """All its connections together."""
    connections = one.spec.connections
    return Elastic(one.links, connections * one.kind.cap, float(connections))
