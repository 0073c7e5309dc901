"""Requests for manifests, token and config that were refused, until they are sent again or their pulls fail.

What happens after a refusal is settled at once, since the answer on its way can change nothing: one wait for the round
trip and the runtime's delay. Pulls in step that a rate limit refuses stay together, as a `Crowd`: where the limit has
nothing left for the first of them, it has nothing for the others, and none of these is looked at. They fail together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rolloutsim.fleet.hosts import again, reason_of
from rolloutsim.fleet.sources.source import LIMITED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.instants import Together
    from rolloutsim.fleet.ledger import PullColumns
    from rolloutsim.fleet.pulls import Pull
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.scenario.runtimes import Runtime


_AT_ONCE = 16  # refusals that are settled in one event (assumed: a rate limit's window has fewer of most clients)


class Asker(Protocol):
    """Whose requests are refused: a node, `rolloutsim.fleet.node.Node`."""

    index: int
    address: int
    runtime: Runtime
    pulls: list[Pull]

    def request(self, pull: Pull) -> None:
        """Send the next request."""

    def fail_later(self, what: tuple[Pull, str, bool]) -> None:
        """Give a pull up, its time has come."""


class Retries:
    """The refused requests of a case.

    Parameters
    ----------
    together : Together
        Where nodes wait.
    incidents : Incidents
        Where it is written what goes wrong.
    pulls : PullColumns
        Where requests are counted.
    failed : callable
        Called with (rows of pulls, reason, whether a rate limit was it) when these are given up.
    """

    __slots__ = ("alone", "answered", "failed", "incidents", "pulls", "together")

    def __init__(
        self,
        together: Together,
        incidents: Incidents,
        pulls: PullColumns,
        failed: Callable[[list[int], str, bool], None],
    ) -> None:
        self.together = together
        self.incidents = incidents
        self.pulls = pulls
        self.failed = failed
        self.alone = False  # whether nobody else asks again at this instant
        # Of pulls that failed, by node and image: the requests whose answers are there for the next one.
        self.answered: dict[tuple[int, int], int] = {}

    def request(self, askers: list[tuple[Asker, Pull]]) -> None:
        """Send the first requests of pulls, one after another; of those in step that are refused one is looked at."""
        if len(askers) == 1:
            self.alone = True
            node, pull = askers[0]
            node.request(pull)
            self.alone = False
            return
        refusals, requests = self.incidents.refusals, self.pulls.requests
        crowd: Crowd | None = None
        limited, number = 0.0, 0
        for node, pull in askers:
            if crowd is not None and crowd.is_alike(node, pull) and refusals.is_latest(crowd.row):
                requests[pull.row] += 1
                if len(pull.recipe.ways) > 1:
                    self.incidents.asked.add(pull.row, crowd.way.number)
                pull.limited = limited
                pull.crowd = crowd
                crowd.members.append((node, pull))
                number += 1
                continue
            if crowd is not None and number:
                refusals.add(crowd.way.number, self.together.network.now, LIMITED, -1, number)
                number = 0
            node.request(pull)
            crowd, limited = pull.crowd, pull.limited
            if crowd is not None and not crowd.is_hopeless:
                crowd = None
        if crowd is not None and number:
            refusals.add(crowd.way.number, self.together.network.now, LIMITED, -1, number)

    def end(self, node: Asker, pull: Pull, reason: int) -> None:
        """A pull is over before its image is there."""
        if pull.crowd is not None:
            pull.crowd.lose(pull)
        pull.over = True
        if pull.sent > 0 and node.runtime.retry.keeps_partial:
            key = (node.index, pull.recipe.image)
            self.answered[key] = max(pull.sent, self.answered.get(key, 0))
        self.pulls.failed[pull.row] = self.together.network.now
        self.pulls.reason[pull.row] = reason
        node.pulls = [other for other in node.pulls if other is not pull]

    def refused(self, node: Asker, pull: Pull, status: int, manifest: bool, ahead: float, spent: float = 0.0) -> None:
        """The last request of a pull was refused: send it again or to the next source, or give the pull up, in time.

        Its client knows after the time `ahead`; `spent` is what the request has cost before [s].
        """
        way, together, now = pull.way, self.together, self.together.network.now
        row = pull.refusal = self.incidents.refusals.add(way.number, now, status, -1)
        answered = now + ahead
        found = again(pull.ways, way, status, pull.failures, node.runtime.retry)
        if found is None:
            together.call_at(answered, node.fail_later, (pull, reason_of(status), status == LIMITED))
            return
        pull.way, pull.failures, delay = found
        cost = spent + ahead + delay
        if status != LIMITED:
            if way is pull.ways[-1]:
                pull.lost += cost
            else:
                fell_back = pull.fell_back = {} if pull.fell_back is None else pull.fell_back
                fell_back[way.number] = fell_back.get(way.number, 0.0) + cost
            together.call_at(answered + delay, node.request, pull)
            return
        pull.limited += cost
        if way is not pull.ways[-1]:
            together.call_at(answered + delay, node.request, pull)
            return
        if self.alone:
            crowd = pull.crowd = Crowd(self, node, pull, manifest)
            self.incidents.crowds[crowd] = None
            crowd.go_on(answered + delay)
            return
        last = together.last(answered + delay)
        if isinstance(last, Crowd) and last.takes(node, pull, row):
            last.members.append((node, pull))
            pull.crowd = last
        else:
            crowd = pull.crowd = Crowd(self, node, pull, manifest)
            self.incidents.crowds[crowd] = None
            together.call_at(answered + delay, crowd.ask, crowd)


class Crowd:
    """Pulls in step whose last request, by the last way they have, was refused by a rate limit.

    Members have in common what is next for them; what they did since they are in it is counted once for all.
    """

    __slots__ = (
        "address", "asked", "costs", "failures", "gone", "manifest", "members", "retries", "row", "runtime", "sent",
        "way",
    )  # fmt: skip

    def __init__(self, retries: Retries, node: Asker, pull: Pull, manifest: bool) -> None:
        self.retries = retries
        self.members: list[tuple[Asker, Pull]] = [(node, pull)]
        self.gone = 0  # members whose pulls are over
        self.address = node.address
        self.runtime = node.runtime
        self.way: Way = pull.way
        self.sent = pull.sent
        self.manifest = manifest
        self.row = pull.refusal  # of their last refusal
        self.failures = pull.failures
        self.asked = 0  # requests of each
        self.costs: list[float] = []  # of each of these [s]

    def takes(self, node: Asker, pull: Pull, row: int) -> bool:
        """Whether a pull that was refused just now, as all of them, is in step with them."""
        return not self.asked and row == self.row and pull.failures == self.failures and self.is_alike(node, pull)

    def is_alike(self, node: Asker, pull: Pull) -> bool:
        """Whether the next request of a pull is as theirs was."""
        way, its = self.way, pull.way
        return (
            pull.sent == self.sent
            and (its is way or (its.source is way.source and its.round_trip == way.round_trip and not lost_links(its)))
            and its is pull.recipe.ways[-1]
            and node.runtime is self.runtime
            and (node.address == self.address or not way.source.by_address)
        )

    @property
    def is_hopeless(self) -> bool:
        """Whether such a request is refused at this instant, whoever makes it."""
        way = self.way
        if way.limits is not None and way.limits.is_lost():
            return False
        return way.source.refuses(self.address, self.retries.together.network.now, self.manifest)

    def release(self, pull: Pull) -> None:
        """A pull goes its own way, with what it did in the crowd."""
        if pull.crowd is self:
            pull.crowd = None
            self._count(pull)
            pull.refusal = self.row
            pull.failures = self.failures
            for cost in self.costs:
                pull.limited += cost

    def _count(self, pull: Pull) -> None:
        """Enter the requests that a pull sent as one of them."""
        self.retries.pulls.requests[pull.row] += self.asked
        if self.asked and len(pull.recipe.ways) > 1:
            self.retries.incidents.asked.add(pull.row, self.way.number, self.asked)

    def settle(self) -> None:
        """Write down what they asked until now, when nothing more will happen."""
        for _, pull in self.members:
            self.release(pull)

    def lose(self, pull: Pull) -> None:
        """A pull is over."""
        self.release(pull)
        self.gone += 1

    def ask(self, _: object) -> None:
        """Send the requests again: one after another, until nothing is left for those that follow."""
        first = 0
        while first < len(self.members) and not self.is_hopeless:
            node, pull = self.members[first]
            first += 1
            if pull.over:
                self.gone -= 1
            else:
                self.release(pull)
                node.request(pull)
        del self.members[:first]
        number = len(self.members) - self.gone
        if number:
            again_at = self._refuse(self.retries.together.network.now, number)
            if again_at >= 0.0:
                self.go_on(again_at, number)
        else:
            del self.retries.incidents.crowds[self]

    def _refuse(self, now: float, number: int) -> float:
        """All of them are refused; when they ask again [s], -1: they are given up, in time."""
        refusals, way, row = self.retries.incidents.refusals, self.way, self.row
        refusals.repeat(row, -1, number)
        self.row = refusals.add(way.number, now, LIMITED, -1, number)
        self.asked += 1
        trip = way.round_trip
        found = again((way,), way, LIMITED, self.failures, self.runtime.retry)
        if found is None:
            self.retries.together.call_at(now + trip, self._give_up, self)
            return -1.0
        _, self.failures, delay = found
        self.costs.append(trip + delay)
        return now + trip + delay

    def go_on(self, time: float, number: int = 1) -> None:
        """They ask again at a time [s]; as often as all of them will be refused that is settled now."""
        together = self.retries.together
        hopeless_until = together.network.now
        if not lost_links(self.way):
            hopeless_until = self.way.source.refuses_until(self.address, hopeless_until, self.manifest)
        for _ in range(_AT_ONCE):
            if not 0.0 <= time < hopeless_until:
                break
            time = self._refuse(time, number)
        if time >= 0.0:
            together.call_at(time, self.ask, self)

    def _give_up(self, _: object) -> None:
        retries, words = self.retries, reason_of(LIMITED)
        reason = retries.incidents.reason(words)
        del retries.incidents.crowds[self]
        lasting = [(node, pull) for node, pull in self.members if not pull.over]
        for node, pull in lasting:
            self._count(pull)
            pull.crowd = None
            retries.end(node, pull, reason)
        retries.failed([pull.row for _, pull in lasting], words, True)


def lost_links(way: Way) -> bool:
    """Whether a failure may leave a link of a way no capacity, so that requests over it do not come through."""
    return way.limits is not None and bool(way.limits.common)
