"""A swarm as its members see it: one supply for each blob, from which all of them take at once.

Pieces are not simulated. What they do to the members' rates is told by mechanisms, each with its parameters in a
`SwarmProfile`:

- Supply: what the seeds send, and the part of the members' uplinks that is used. A member that looks for pieces does
  not always find one with its partners: the less the more pieces there are, and the more the members' progress differs.
- A member takes its share of the supply, or what its own links allow, whichever is less; where they are about equal,
  somewhat less than both, because its partners' requests come in bursts.
- Nobody holds more than what has left the seeds. Of what they send, a part is not new to the swarm, so that one seed
  sends 2.0 to 2.4 copies until all is outside (BitTorrent, measured). Members that hold all that is outside are up to
  date, and go on as fast as the seeds send what is new. In Dragonfly's dag each child of the seed gets all of it.
- Connections are scarce (Kraken). The seeds' go to those who come first, and these connect to each other before anybody
  else comes, so that most of them have no connection left for others. A few have: what these bridges receive from the
  seeds is all that reaches the others, until the first of those who came first is complete and takes others on.
- A joiner receives after a lag: pieces pass on from member to member, and twice as many have some after each hop. In
  a dag a member is complete so many hops after its parents' parents.

Assumed: members are alike but for their links; partners are chosen at random. What the model does not know: the waits
of a client that finds no partner with a free connection (Kraken: 3 s until the next announcement, 30 s until it asks
again who refused), so that blobs that a member alone has in some seconds take longer than said; racks; members that
fail.

Left to the caller: to integrate the members' progress at the rates given here, to say what happens to them, and to ask
for rates again afterwards. Rates are constant between two such events. Work for an event is proportional to the number
of kinds of members. Bytes, seconds, bytes/s.

Sources: Qiu & Srikant, SIGCOMM 2004 (fluid swarm, supply of seeds and members); Kumar & Ross, HotWeb 2006 (bounds);
Sanghavi, Hajek & Massoulié, IEEE Trans. Inf. Theory 53 (2007) (log2 N hops). The parameters' are with the profiles.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, inf, log, log2, sqrt
from typing import Final

from rolloutsim.scenario.swarms import SwarmProfile
from rolloutsim.structs import struct


@struct
class Rates:
    """What holds until something happens to a member.

    Parameters
    ----------
    capacity : float
        Of the supply, the one link that all members share [bytes/s].
    fresh : tuple of float
        Of each kind of members, at which rate new content reaches them, which limits those that are up to date
        [bytes/s]; infinite once all is outside.
    sent : float
        Of the seeds, all together [bytes/s].
    keeps_up : tuple of bool
        Of each kind of members, whether they get content faster than it becomes new: those behind catch up, and those
        that are up to date stay so; if not, all are behind.
    """

    capacity: float
    fresh: tuple[float, ...]
    sent: float
    keeps_up: tuple[bool, ...]


class Swarm:
    """A blob's swarm: who is in it, what is outside, and the rates that follow.

    A member joins, receives after `lag`, may become up to date and be behind again, finishes and sends on, leaves.
    Members with equal links are of one kind, and only counted.

    Parameters
    ----------
    profile : SwarmProfile
        How they work.
    pieces : float
        Number of pieces.
    piece_size : float
        [bytes]
    seeds : sequence of float
        Upload rate of each seed [bytes/s].
    """

    __slots__ = (
        "apart", "behind", "current", "down", "finished", "first", "joined", "moments", "now", "opens", "outside",
        "piece_size", "pieces", "profile", "rates", "seeds", "sent", "size", "up", "waiting",
    )  # fmt: skip

    def __init__(self, profile: SwarmProfile, pieces: float, piece_size: float, seeds: Sequence[float]) -> None:
        self.profile = profile
        self.pieces = pieces
        self.piece_size = piece_size
        self.size = pieces * piece_size
        self.seeds = tuple(seeds)
        self.down: list[float] = []
        self.up: list[float] = []
        self.waiting: list[int] = []  # of each kind, who have joined and receive nothing yet
        self.behind: list[int] = []  # who receive, and lack something that is outside
        self.current: list[int] = []  # who receive, and are up to date
        self.finished: list[int] = []  # who send on
        self.joined: list[deque[float]] = []  # when, of those who have not finished [s]
        self.first: list[bool] = []  # of each kind, whether it is of those who came first and keep to themselves
        self.apart = bool(profile.bridges)  # whether they still do
        self.opens = False  # one of them is complete, and they will not any more
        self.moments = (0, 0.0, 0.0)  # of these times: number, sum, sum of squares
        self.now = 0.0
        self.outside = 0.0  # share of the blob that has left the seeds
        self.sent = 0.0  # by the seeds, in blobs
        self.rates = Rates(0.0, (), 0.0, ())

    def kind(self, down: float, up: float) -> int:
        """The number of a kind of members.

        Parameters
        ----------
        down, up : float
            What each of them can receive and send for this blob [bytes/s].
        """
        first = self.apart and self._unfinished(True) < self.profile.seed_connections - self._bridges()
        for kind, own in enumerate(self.down):
            if own == down and self.up[kind] == up and self.first[kind] is first:
                return kind
        self.first.append(first)
        self.down.append(down)
        self.up.append(up)
        for count in (self.waiting, self.behind, self.current, self.finished):
            count.append(0)
        self.joined.append(deque())
        return len(self.down) - 1

    def _unfinished(self, first: bool) -> int:
        """How many have joined and not finished, of those who came first or of the others."""
        return sum([len(times) for times, own in zip(self.joined, self.first, strict=True) if own is first])

    def _bridges(self) -> int:
        """How many of those whom the seeds take have connections left for others."""
        bridges = self.profile.bridges
        return bridges[min(len(self.seeds), len(bridges) - 1)]

    def join(self, kind: int) -> None:
        """A member joins, and waits."""
        self.waiting[kind] += 1
        self.joined[kind].append(self.now)
        self._count(self.now, 1)

    def receive(self, kind: int) -> None:
        """The lag of one who waited is over; those who came first have what there is for them at any time."""
        self.waiting[kind] -= 1
        (self.current if self.first[kind] else self.behind)[kind] += 1

    def catch_up(self, kind: int) -> None:
        """One who was behind is up to date."""
        self.behind[kind] -= 1
        self.current[kind] += 1

    def fall_behind(self, kind: int) -> None:
        """All of a kind who were up to date do not keep up."""
        self.behind[kind] += self.current[kind]
        self.current[kind] = 0

    def finish(self, kind: int) -> None:
        """One has received all, and sends on; the first of its kind who joined."""
        (self.current if self.first[kind] else self.behind)[kind] -= 1
        self.finished[kind] += 1
        if self.first[kind] and self.apart:
            self.apart, self.opens = False, True
        self._count(self.joined[kind].popleft(), -1)

    def leave(self, kind: int) -> None:
        """One who has finished sends no more."""
        self.finished[kind] -= 1

    def lag_behind(self, kind: int) -> None:
        """One who was up to date is not."""
        self.current[kind] -= 1
        self.behind[kind] += 1

    def give_up(self, kind: int, receives: bool) -> None:
        """One who waits or receives goes away without the blob; the first of its kind who joined (assumed)."""
        (self.waiting if not receives else self.current if self.first[kind] else self.behind)[kind] -= 1
        self._count(self.joined[kind].popleft(), -1)

    def _count(self, time: float, number: int) -> None:
        count, total, squares = self.moments
        self.moments = (count + number, total + number * time, squares + number * time * time)

    def _spread(self) -> float:
        """Standard deviation of the times at which those who have not finished joined [s]."""
        count, total, squares = self.moments
        return sqrt(max(0.0, squares / count - (total / count) ** 2))

    def advance(self, now: float) -> None:
        """Go on to a time [s], at the rates that have held since the last."""
        passed = now - self.now
        self.now = now
        self.sent += self.rates.sent * passed / self.size
        if self.outside < 1.0:
            self.outside = min(1.0, self.outside + self._fresh() * passed / self.size)

    def _fresh(self) -> float:
        """At which rate new content reaches others than those who came first [bytes/s]."""
        rates = zip(self.rates.fresh, self.first, strict=False)  # who has joined since has had none
        return next((rate for rate, first in rates if not first), 0.0)

    def all_outside_at(self) -> float:
        """When nobody will be limited any more by what has left the seeds, at these rates [s]."""
        if self.opens:
            return self.now
        fresh = self._fresh()
        if self.outside >= 1.0 or fresh <= 0.0:
            return inf
        return self.now + (1.0 - self.outside) * self.size / fresh

    def everything_is_outside(self) -> None:
        """That time has come."""
        self.outside = 1.0
        if self.opens:
            self.opens = False
            self.first = [False] * len(self.first)
        for kind, first in enumerate(self.first):
            if not first:
                self.fall_behind(kind)

    def lag(self, kind: int) -> float:
        """How long a member that has just joined receives nothing [s]; asked when all of this instant have joined."""
        profile = self.profile
        joining = sum(self.waiting)
        sending = sum(self.behind) + sum(self.current) + sum(self.finished)
        if joining + sending < 2:
            return 0.0
        if profile.parents:
            return profile.start
        down, up = self.down[kind], self.up[kind]
        # Those who can send at once, in members' downlinks: each hop doubles them.
        first = sum(self.seeds)
        for others in (self.behind, self.current, self.finished):
            first += sum(count * rate for count, rate in zip(others, self.up, strict=True))
        if first <= 0.0:
            return profile.start  # the seeds are away: nothing is passed on
        hop = (profile.hop_down / down + profile.hop_up / up) * self.piece_size
        hops = log2(1.0 + (joining - 1) * down / first)
        # The fewer pieces there are, the fewer wait for one another.
        return profile.start + hop * hops * self.pieces / (self.pieces + profile.lag_pieces)

    def end(self, kind: int, place: int) -> float:
        """How long after its last byte at these rates a member is complete [s]; 0 for one that is alone.

        Parameters
        ----------
        kind : int
            Its own.
        place : int
            How many have joined before it: in a dag, members are further from the seeds the later they came.
        """
        profile = self.profile
        others = sum(self.waiting) + sum(self.behind) + sum(self.current) + sum(self.finished)
        if others < 2:
            return 0.0
        down = self.down[kind]
        end = profile.end + profile.end_pieces * self.piece_size / down
        if profile.parents:
            children = self._children()
            # Without seeds members pass on what they have (assumed).
            rate = min(down, sum(self.seeds) / children) or down
            hop = profile.hop_requests * profile.requests * self.piece_size / rate
            end += hop * log2(1.0 + place / children)
        return end

    def update(self) -> Rates:
        """Work out the rates that hold from now on."""
        self.rates = self._rates()
        return self.rates

    def _rates(self) -> Rates:
        receiving = [a + b for a, b in zip(self.behind, self.current, strict=True)]
        first = [count if own else 0 for count, own in zip(receiving, self.first, strict=True)]
        others = [count - own for count, own in zip(receiving, first, strict=True)]
        part = self._part_of_bridges() if self.apart else 1.0
        ahead = self._rates_of_first(first, 1.0 - part)
        rest = self._rates_of_others(others, part)
        both = [one if own else other for own, one, other in zip(self.first, ahead.fresh, rest.fresh, strict=True)]
        return Rates(
            ahead.capacity + rest.capacity,
            tuple(both),
            ahead.sent + rest.sent,
            tuple([own or keeps_up for own, keeps_up in zip(self.first, rest.keeps_up, strict=True)]),
        )

    def _part_of_bridges(self) -> float:
        """Of what the seeds send, the part that goes to bridges while those who came first keep to themselves."""
        total = sum(self.seeds)
        first, bridges = self._unfinished(True), min(self._bridges(), self._unfinished(False))
        if not bridges or not total:
            return 0.0
        counts = [len(times) for times in self.joined]
        down = mean_of(self.down, counts)
        taken = first * down * self._share_of_seeds(self._clique(first))
        each = min(down, max(total / (first + bridges), (total - taken) / bridges))
        return min(1.0, bridges * each / total)

    def _clique(self, first: int) -> int:
        """How many of so many who came first know each other: as many as have connections left beside the seeds."""
        return max(1, min(first, self.profile.connections + 1 - len(self.seeds)))

    def _share_of_seeds(self, clique: int) -> float:
        """What seeds fill of a full downlink of one of the first: of its connections, so many go to seeds."""
        if clique < 2:
            return 1.0
        return self.profile.first_share * len(self.seeds) / (len(self.seeds) + clique - 1)

    def _rates_of_first(self, first: list[int], part: float) -> Rates:
        """Of those who came first, while they keep to themselves: cliques that share what the seeds send them."""
        profile, active = self.profile, sum(first)
        if not active:
            return Rates(0.0, (0.0,) * len(first), 0.0, ())
        clique = self._clique(active)
        crowd = (clique - 1) / clique
        seeds = sum(self.seeds) * part / active
        new = seeds * clique / self.copies(clique)
        wait = profile.announce_every * mean_of(self.down, first) / self.size
        offered = seeds + crowd * mean_of(self.up, first) * upload_use(profile, clique, self.pieces, 0.0, wait)
        rates = tuple([min(new, softened(own, offered, self._sharpness(), crowd)) for own in self.down])
        capacity = sum([rate * count for rate, count in zip(rates, first, strict=True)])
        taken = self._share_of_seeds(clique) * sum([own * count for own, count in zip(self.down, first, strict=True)])
        # One copy has to leave the seeds until the first of them is complete.
        return Rates(capacity, rates, min(seeds * active, capacity, max(taken, *rates)), ())

    def _rates_of_others(self, others: list[int], part: float) -> Rates:
        """Of those who did not come first, to whom a part of what seeds send goes, or of all who receive."""
        profile, active, kinds = self.profile, sum(others), len(others)
        if not active:
            return Rates(0.0, (0.0,) * kinds, self._sent_before(), (False,) * kinds)
        behind = [0 if own else count for count, own in zip(self.behind, self.first, strict=True)]
        current = [count - late for count, late in zip(others, behind, strict=True)]
        alike = active - 1 + sum(self.finished)
        crowd = alike / (alike + 1)  # 0 for a member that is alone, almost 1 among many
        down, looking = mean_of(self.down, others), sum([n * up for n, up in zip(others, self.up, strict=True)])
        # Those who have all of it are asked for nothing that they lack.
        supply = profile.upload_use * sum([n * up for n, up in zip(self.finished, self.up, strict=True)])
        if active > 1:
            total = sum(self.seeds) * part
            each = min(down, (total + supply + profile.upload_use * looking) / active)
            spread, wait = self._spread() * each / self.size, profile.announce_every * down / self.size
            supply += looking * upload_use(profile, active, self.pieces, spread, wait)
        seeds = sum(self.seeds) * part if part < 1.0 else self._seeds(active, down, crowd)
        supply += seeds
        fresh = inf
        if self.outside < 1.0 and part < 1.0:
            fresh = sum(self.seeds) * part
        elif self.outside < 1.0:
            fresh = sum(self.seeds) / self.copies(active)
        sharpness = self._sharpness()
        alone = shares(supply, self.down, list(zip(self.down, others, strict=True)))
        keeps_up = [softened(own, share, sharpness, crowd) > fresh for own, share in zip(self.down, alone, strict=True)]
        more = alone
        if any(current):
            caps = list(zip(self.down, behind, strict=True))
            caps += [(min(own, fresh), count) for own, count in zip(self.down, current, strict=True)]
            more = shares(supply, self.down, caps)
        capacity = 0.0
        for own, one, two, late, now in zip(self.down, alone, more, behind, current, strict=True):
            rate = softened(own, max(one, two), sharpness, crowd)
            capacity += rate * late + min(rate, fresh) * now
        return Rates(capacity, (fresh,) * kinds, min(seeds, capacity), tuple(keeps_up))

    def _sent_before(self) -> float:
        """What seeds send to those who join before any of them receives at these rates [bytes/s]."""
        waiting, profile = sum(self.waiting), self.profile
        if waiting < 2 or not profile.start:
            return 0.0
        crowd = (waiting - 1) / waiting
        # No member is sent more than the blob, of which the seeds send several copies later on (assumed: at most 2.5
        # times as many as until all is outside, if they can send less than the members receive).
        total = sum(self.seeds)
        slowest = min([down for down, count in zip(self.down, self.waiting, strict=True) if count])
        each = min(slowest, total / waiting + profile.upload_use * mean_of(self.up, self.waiting))
        later = max(2.5 * self.copies(waiting), total / each)
        most = max(0.0, waiting - later) * self.size / profile.start
        return min(most, self._seeds(waiting, mean_of(self.down, self.waiting), crowd))

    def _seeds(self, members: int, down: float, crowd: float) -> float:
        """What seeds send to so many members: their share of the members' downlinks [bytes/s]."""
        profile = self.profile
        if profile.parents:
            return min(sum(self.seeds), down * self._children())
        share = 1.0 - crowd * (1.0 - profile.seed_share)
        # Where connections are scarce, only those who have one to a seed ask for more; else these pass it on.
        asking = min(members, profile.seed_connections) if profile.bridges else members
        taken = down * min(asking * share, profile.seed_connections)
        return sum([min(rate, taken) for rate in self.seeds])

    def _sharpness(self) -> float:
        profile = self.profile
        if profile.sharpness is None:
            return inf
        sharpness: float = profile.sharpness * (self.pieces / 256.0) ** profile.sharpness_exponent
        return sharpness

    def copies(self, members: int) -> float:
        """How many copies the seeds send until all of the blob is outside, if so many members receive."""
        profile = self.profile
        if profile.parents:
            return self._children()
        if members < 2:
            return 1.0
        connections = min(members, profile.seed_connections) * len(self.seeds)
        return origin_copies(repeated_share(profile, members, connections, self.pieces))

    def _children(self) -> float:
        """How many members of a dag, of all who have joined, have the seeds as their parents."""
        members, uploads = 0, 0.0
        for kind, up in enumerate(self.up):
            count = self.waiting[kind] + self.behind[kind] + self.current[kind] + self.finished[kind]
            members += count
            uploads += count * up
        return seed_children(self.profile.parents, members, uploads, sum(self.seeds))


def mean_of(rates: Sequence[float], counts: Sequence[int]) -> float:
    """Mean rate of so many members of each kind [bytes/s]."""
    return sum([count * rate for count, rate in zip(counts, rates, strict=True)]) / sum(counts)


def upload_use(profile: SwarmProfile, members: int, pieces: float, spread: float = 0.0, wait: float = 0.0) -> float:
    """The part of their uplinks that members use.

    Parameters
    ----------
    profile : SwarmProfile
        How they work.
    members : int
        That receive.
    pieces : float
        Of the blob.
    spread : float
        Standard deviation of the times at which they joined, in times that the blob takes them.
    """
    loss: float = profile.search_loss * (pieces + profile.search_pieces) ** -profile.search_exponent
    loss = log2(members) * (loss + profile.wait_loss * min(1.0, wait) ** profile.wait_exponent)
    use: float = profile.upload_use / (1.0 + loss / (1.0 + profile.stagger_gain * spread) ** profile.stagger_power)
    return use


def repeated_share(profile: SwarmProfile, members: int, connections: int, pieces: float) -> float:
    """Of what the seeds send when all is outside, the part that is not new to the swarm.

    Parameters
    ----------
    profile : SwarmProfile
        How members work.
    members : int
        That receive.
    connections : int
        Of all seeds.
    pieces : float
        Of the blob.
    """
    x = sqrt(sqrt(members * connections) / pieces)
    return min(_MOST_REPEATED, 1.0 - profile.repeated * exp(-profile.repeated_decay * x))


def origin_copies(repeated: float) -> float:
    """Copies sent until all is outside, if the part that is not new grows with what is outside, up to `repeated`.

    ∫ dS / (1 - repeated · S) from 0 to 1.
    """
    return -log(1.0 - repeated) / repeated if repeated > 0.0 else 1.0


def seed_children(parents: int, members: int, uploads: float, seeds: float) -> float:
    """How many members of a dag get all of it from the seeds, who are handed out as the only parent.

    Children are handed out in proportion to the uplinks: of `parents` edges a member, the seeds' part, and the first.

    Parameters
    ----------
    parents : int
        Of a member.
    members : int
        Of the dag.
    uploads, seeds : float
        What all members, and all seeds, can send [bytes/s].
    """
    return min(float(members), 1.0 + parents * members * seeds / (uploads + parents * seeds))


def shares(supply: float, down: Sequence[float], caps: Sequence[tuple[float, int]]) -> list[float]:
    """What the supply offers a member of each kind: the max-min level, or in proportion if there is more than enough.

    Parameters
    ----------
    supply : float
        [bytes/s]
    down : sequence of float
        Of each kind [bytes/s].
    caps : sequence of (float, int)
        What members take at most [bytes/s], and how many they are.
    """
    wanted = sum(cap * count for cap, count in caps)
    if wanted <= 0.0:
        return list(down)  # the seeds are away, and all have what is outside
    if supply >= wanted:
        return [own * supply / wanted for own in down]
    left, members = supply, sum([count for _, count in caps])
    for cap, count in sorted(caps):
        if cap * members >= left:
            break
        left -= cap * count
        members -= count
    return [left / members] * len(down)


def softened(one: float, other: float, sharpness: float, crowd: float) -> float:
    """The lesser of two rates, and somewhat less where they are about equal.

    Parameters
    ----------
    one, other : float
        [bytes/s]
    sharpness : float
        q of (a^-q + b^-q)^(-1/q); infinite: the lesser.
    crowd : float
        0: the lesser, for a member that is alone; 1: all of it.
    """
    least = min(one, other)
    if sharpness == inf or crowd == 0.0:
        return least
    ratio: float = (1.0 + (least / max(one, other)) ** sharpness) ** (-crowd / sharpness)
    return least * ratio


def received_twice(profile: SwarmProfile, members: int, pieces: float) -> float:
    """What a member receives in vain, as a share of the blob: nothing if it is alone.

    Parameters
    ----------
    profile : SwarmProfile
        How members work.
    members : int
        Of the swarm.
    pieces : float
        Of the blob.
    """
    return profile.duplicates + min(1.0, profile.duplicate_pieces / pieces) if members > 1 else 0.0


def interval(time: float, error: float) -> tuple[float, float]:
    """Between which times the true one is, if the model is wrong by no more than `error`, a share of it."""
    return time / (1.0 + error), time / (1.0 - error)


_MOST_REPEATED: Final = 0.98  # at most 4 copies until all is outside (assumed; measured up to 0.9)
