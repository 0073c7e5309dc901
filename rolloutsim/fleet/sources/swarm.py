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
- A joiner receives after a lag: pieces pass on from member to member, and twice as many have some after each hop. In
  a dag a member is complete so many hops after its parents' parents.

Assumed: members are alike but for their links; partners are chosen at random. What the model does not know: the waits
of a client that finds no partner with a free connection (Kraken: 3 s until the next announcement, 30 s until it asks
again who refused), so that blobs that a member alone has in some seconds take longer than said; ten members who have
connections to each other and to one seed only, or ten seeds that take all of a member's ten connections; racks; members
that fail.

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
    fresh : float
        At which rate new content leaves the seeds, which limits the members that are up to date [bytes/s]; infinite
        once all is outside.
    sent : float
        Of the seeds, all together [bytes/s].
    keeps_up : tuple of bool
        Of each kind of members, whether they get content faster than it becomes new: those behind catch up, and those
        that are up to date stay so; if not, all are behind.
    """

    capacity: float
    fresh: float
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
        "behind", "current", "down", "finished", "joined", "moments", "now", "outside", "piece_size", "pieces",
        "profile", "rates", "seeds", "sent", "size", "up", "waiting",
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
        self.moments = (0, 0.0, 0.0)  # of these times: number, sum, sum of squares
        self.now = 0.0
        self.outside = 0.0  # share of the blob that has left the seeds
        self.sent = 0.0  # by the seeds, in blobs
        self.rates = Rates(0.0, 0.0, 0.0, ())

    def kind(self, down: float, up: float) -> int:
        """The number of a kind of members.

        Parameters
        ----------
        down, up : float
            What each of them can receive and send for this blob [bytes/s].
        """
        for kind, own in enumerate(self.down):
            if own == down and self.up[kind] == up:
                return kind
        self.down.append(down)
        self.up.append(up)
        for count in (self.waiting, self.behind, self.current, self.finished):
            count.append(0)
        self.joined.append(deque())
        return len(self.down) - 1

    def join(self, kind: int) -> None:
        """A member joins, and waits."""
        self.waiting[kind] += 1
        self.joined[kind].append(self.now)
        self._count(self.now, 1)

    def receive(self, kind: int) -> None:
        """The lag of one who waited is over."""
        self.waiting[kind] -= 1
        self.behind[kind] += 1

    def catch_up(self, kind: int) -> None:
        """One who was behind is up to date."""
        self.behind[kind] -= 1
        self.current[kind] += 1

    def fall_behind(self, kind: int) -> None:
        """All of a kind who were up to date do not keep up."""
        self.behind[kind] += self.current[kind]
        self.current[kind] = 0

    def finish(self, kind: int) -> None:
        """One who was behind has received all, and sends on; the first of its kind who joined."""
        self.behind[kind] -= 1
        self.finished[kind] += 1
        self._count(self.joined[kind].popleft(), -1)

    def leave(self, kind: int) -> None:
        """One who has finished sends no more."""
        self.finished[kind] -= 1

    def lag_behind(self, kind: int) -> None:
        """One who was up to date is not."""
        self.current[kind] -= 1
        self.behind[kind] += 1

    def give_up(self, kind: int, receives: bool) -> None:
        """One who waits, or is behind, goes away without the blob; the first of its kind who joined (assumed)."""
        (self.behind if receives else self.waiting)[kind] -= 1
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
            self.outside = min(1.0, self.outside + self.rates.fresh * passed / self.size)

    def all_outside_at(self) -> float:
        """When all of the blob will have left the seeds at these rates [s]."""
        if self.outside >= 1.0 or self.rates.fresh <= 0.0:
            return inf
        return self.now + (1.0 - self.outside) * self.size / self.rates.fresh

    def everything_is_outside(self) -> None:
        """That time has come: nobody is limited by what has left the seeds any more."""
        self.outside = 1.0
        for kind in range(len(self.current)):
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
        hop = (profile.hop_down / down + profile.hop_up / up) * self.piece_size
        return profile.start + hop * log2(1.0 + (joining - 1) * down / first)

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
        profile = self.profile
        receiving = [a + b for a, b in zip(self.behind, self.current, strict=True)]
        active = sum(receiving)
        if not active:
            return Rates(0.0, 0.0, 0.0, (False,) * len(receiving))
        others = active - 1 + sum(self.finished)
        crowd = others / (others + 1)  # 0 for a member that is alone, almost 1 among many
        down = sum(count * own for count, own in zip(receiving, self.down, strict=True)) / active
        if profile.parents:
            seeds = min(sum(self.seeds), down * self._children())
        else:
            taken = down * min(active, profile.seed_connections) * (1.0 - crowd * (1.0 - profile.seed_share))
            seeds = sum(min(rate, taken) for rate in self.seeds)
        # Those who have all of it are asked for nothing that they lack.
        supply = seeds + profile.upload_use * sum(count * up for count, up in zip(self.finished, self.up, strict=True))
        if active > 1:
            looking = sum(count * up for count, up in zip(receiving, self.up, strict=True))
            each = min(down, (supply + profile.upload_use * looking) / active)
            supply += looking * upload_use(profile, active, self.pieces, self._spread() * each / self.size)
        fresh = sum(self.seeds) / self.copies(active) if self.outside < 1.0 else inf
        sharpness = inf
        if profile.sharpness is not None:
            sharpness = profile.sharpness * (self.pieces / 256.0) ** profile.sharpness_exponent
        caps = [(own, count) for own, count in zip(self.down, receiving, strict=True) if count]
        alone = shares(supply, self.down, caps)
        keeps_up = tuple(
            softened(own, share, sharpness, crowd) > fresh for own, share in zip(self.down, alone, strict=True)
        )
        if any(self.current):
            caps = [(own, count) for own, count in zip(self.down, self.behind, strict=True) if count]
            caps += [(min(own, fresh), count) for own, count in zip(self.down, self.current, strict=True) if count]
            more = shares(supply, self.down, caps)
        else:
            more = alone
        capacity = 0.0
        for own, first, second, behind, current in zip(self.down, alone, more, self.behind, self.current, strict=True):
            rate = softened(own, max(first, second), sharpness, crowd)
            capacity += rate * behind + min(rate, fresh) * current
        return Rates(capacity, fresh, min(seeds, capacity), keeps_up)

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


def upload_use(profile: SwarmProfile, members: int, pieces: float, spread: float = 0.0) -> float:
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
    loss: float = profile.search_loss * log2(members) * pieces**-profile.search_exponent
    use: float = profile.upload_use / (1.0 + loss / (1.0 + profile.stagger_gain * spread))
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
    left, members = supply, sum(count for _, count in caps)
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
