"""Plays the swarm model alone: an event loop over joins, catching up and finishes, without a network.

Members of a kind that receive go on at one rate, so each kind has a clock of bytes, and a member's progress is what the
clock has gone on since it joined: an event costs as many steps as there are kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.sources.swarm import Swarm as Model
from rolloutsim.fleet.sources.swarm import shares

if TYPE_CHECKING:
    from rolloutsim.scenario.swarms import SwarmProfile
    from tests.oracle.swarm import Swarm


@dataclass(frozen=True)
class Played:
    """What the model says of a swarm."""

    times: list[float]  # from a member's start until it is complete [s]
    makespan: float
    copies: float  # sent by the seeds
    events: int

    @property
    def mean(self) -> float:
        """Mean time of a member [s]."""
        return sum(self.times) / len(self.times)


def play(swarm: Swarm, profile: SwarmProfile) -> Played:
    """Go from event to event."""
    return _Play(swarm, profile).run()


class _Play:
    def __init__(self, swarm: Swarm, profile: SwarmProfile) -> None:
        self.swarm = swarm
        self.model = Model(profile, swarm.pieces, swarm.piece_size, swarm.seeds)
        self.kinds = [-1] * len(swarm.down)
        self.clock: list[float] = []
        self.rate: list[float] = []  # of those who are behind
        self.behind: list[list[tuple[float, int]]] = []
        self.current: list[list[int]] = []
        self.lags: list[tuple[float, int]] = []
        self.joins = sorted(range(len(self.kinds)), key=lambda member: (swarm.start[member], member), reverse=True)
        self.place: dict[int, int] = {}
        self.finish = [-1.0] * len(self.kinds)

    def run(self) -> Played:
        left, events, now = len(self.kinds), 0, 0.0
        while left:
            at, call, kind = self._next(now)
            for each, rate in enumerate(self.rate):
                self.clock[each] += rate * (at - now)
            now = at
            self.model.advance(now)
            left -= call(self, kind)
            events += 1
            self._share()
        times = [end - start for end, start in zip(self.finish, self.swarm.start, strict=True)]
        return Played(times, max(self.finish), self.model.sent, events)

    def _share(self) -> None:
        """Max-min on the one link, as a network would do it."""
        model = self.model
        rates = model.update()
        for kind, keeps_up in enumerate(rates.keeps_up):
            if self.current[kind] and not keeps_up:
                for member in self.current[kind]:
                    heappush(self.behind[kind], (self.clock[kind] - model.outside * model.size, member))
                self.current[kind] = []
                model.fall_behind(kind)
                return self._share()
        caps = [(down, count) for down, count in zip(model.down, model.behind, strict=True) if count]
        caps += [(min(down, f), n) for down, f, n in zip(model.down, rates.fresh, model.current, strict=True) if n]
        level = shares(rates.capacity, model.down, caps) if caps else model.down
        self.rate = [min(own, each) for own, each in zip(model.down, level, strict=True)]
        self.rate = [min(r, f) if c else r for r, f, c in zip(self.rate, rates.fresh, model.first, strict=True)]
        return None

    def _next(self, now: float):  # type: ignore[no-untyped-def]
        model, rates = self.model, self.model.rates
        best = (inf, _Play._join, 0)
        if self.joins:
            best = (self.swarm.start[self.joins[-1]], _Play._join, 0)
        if self.lags and self.lags[0][0] < best[0]:
            best = (self.lags[0][0], _Play._receive, 0)
        if model.all_outside_at() < best[0]:
            best = (model.all_outside_at(), _Play._all_outside, 0)
        for kind, members in enumerate(self.behind):
            rate = self.rate[kind]
            if not members or rate <= 0.0:
                continue
            progress = self.clock[kind] - members[0][0]
            at = now + max(0.0, model.size - progress) / rate
            if at < best[0]:
                best = (at, _Play._end, kind)
            if model.outside < 1.0 and not model.first[kind] and rates.keeps_up[kind] and rate > rates.fresh[kind]:
                at = now + max(0.0, model.outside * model.size - progress) / (rate - rates.fresh[kind])
                if at < best[0]:
                    best = (at, _Play._catch_up, kind)
        if best[0] == inf:
            raise RuntimeError("nobody goes on")
        return best

    def _join(self, _: int) -> int:
        now = self.model.now
        joined = []
        while self.joins and self.swarm.start[self.joins[-1]] <= now:
            joined.append(self.joins.pop())
            kind = self.kinds[joined[-1]] = self.model.kind(self.swarm.down[joined[-1]], self.swarm.up[joined[-1]])
            if kind == len(self.clock):
                self.clock.append(0.0)
                self.rate.append(0.0)
                self.behind.append([])
                self.current.append([])
            self.model.join(kind)
        for member in joined:
            self.place[member] = len(self.place)
            heappush(self.lags, (now + self.model.lag(self.kinds[member]), member))
        return 0

    def _receive(self, _: int) -> int:
        until = self.lags[0][0]
        while self.lags and self.lags[0][0] <= until:
            _, member = heappop(self.lags)
            kind = self.kinds[member]
            self.model.receive(kind)
            heappush(self.behind[kind], (self.clock[kind], member))
        return 0

    def _all_outside(self, _: int) -> int:
        outside = self.model.outside
        self.model.everything_is_outside()
        for kind, members in enumerate(self.current):
            for member in members:
                heappush(self.behind[kind], (self.clock[kind] - outside * self.model.size, member))
            self.current[kind] = []
        return 0

    def _catch_up(self, kind: int) -> int:
        _, member = heappop(self.behind[kind])
        self.current[kind].append(member)
        self.model.catch_up(kind)
        return 0

    def _end(self, kind: int) -> int:
        """All that have their last byte at this instant."""
        first = self.behind[kind][0][0]
        done = 0
        while self.behind[kind] and self.behind[kind][0][0] <= first:
            _, member = heappop(self.behind[kind])
            self.model.finish(kind)
            self.finish[member] = self.model.now + self.model.end(kind, self.place[member])
            done += 1
        return done
