"""A swarm piece by piece: the oracle of the swarm model.

Every piece is a transfer of its own: asked for over a connection, sent by an uplink, received by a downlink. Nothing of
it is a formula, so it takes some 10 µs a transfer (shared links: 100), and knows one blob, no racks and no failures.

Two kinds of swarm:

- `graph` (Kraken): at most so many mutual connections. The tracker hands out some of those who announced themselves
  and all seeds, in the order complete, seed, incomplete; a member asks as many of them as it has connections left, one
  that refused is not asked again for a while, and who has connections left then announces itself again every few
  seconds. The rarest piece among the neighbours is asked for first, one of several as rare at random; the last few
  pieces are asked for over every connection, and what comes twice counts as sent.
- `dag` (Dragonfly): a member has at most three parents, those with the fewest children for their uplink among a sample
  of who registered earlier. If the seed is among them, it is the only parent. Pieces are asked for in the order in
  which parents have them, from any parent at random.

Links serve what is asked for in the order of the requests (`fifo`: a token bucket), or all of it at once in equal
shares (`shares`; a transfer has the smaller of its two). With `fifo` a downlink receives one piece after the other,
while they are sent: an idle one has a piece when it is sent or, if the downlink is the slower one, a piece's time after
its first byte.

Sources of the rules: Kraken `lib/torrent/scheduler` and `tracker`; Dragonfly `scheduler/scheduling` and the client's
`resource/piece_collector`. That a refused request is not made up for until the next announcement, and that the seed is
an only parent, are as `tests/data/reference/swarm.jsonl` has them. Connecting and announcing take no time (assumed).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Rules:
    """How members find each other and ask: Kraken's unless said otherwise."""

    topology: Literal["graph", "dag"] = "graph"
    uplink: Literal["fifo", "shares"] = "fifo"
    connections: int = 10  # of a member or seed
    together: bool = False  # who starts at one instant is known to all others of that instant, not to later ones only
    hand_out: int = 50  # members that the tracker names
    announce_every: float = 3.0  # [s]
    idle: float = 30.0  # after which a connection is closed [s]
    banned: float = 30.0  # who refused a connection is not asked again [s]
    pipeline: int = 3  # requests over a connection to a member
    seed_pipeline: int = 5  # and to a seed
    endgame: int = 3  # pieces lacking at which they are asked for everywhere
    rarest_first: bool = True
    parents: int = 3
    sample: int = 15  # of earlier members, of which parents are chosen
    requests: int = 8  # of a member of a dag, at a time


@dataclass(frozen=True)
class Swarm:
    """A blob, its seeds and its members; rates in bytes/s, sizes in bytes, times in seconds."""

    pieces: int
    piece_size: float
    seeds: Sequence[float]  # upload rate of each
    down: Sequence[float]  # of each member
    up: Sequence[float]
    start: Sequence[float]


@dataclass(frozen=True)
class Outcome:
    """What became of a swarm."""

    times: list[float]  # from a member's start until it has all pieces [s]
    finish: list[float]  # the same from 0 on [s]
    seed_copies: float  # what the seeds sent, in blobs
    duplicates: float  # received in vain, of what was received

    @property
    def mean(self) -> float:
        """Mean time of a member [s]."""
        return sum(self.times) / len(self.times)

    @property
    def makespan(self) -> float:
        """From the first start to the last finish [s]."""
        return max(self.finish)


def simulate(swarm: Swarm, seed: int = 0, rules: Rules | None = None) -> Outcome:
    """Play a swarm through."""
    return _Play(swarm, Random(seed), rules or Rules()).run()


@dataclass(eq=False)
class _Peer:
    """A member or a seed."""

    number: int
    up: float
    down: float
    have: int  # pieces, a bit each
    want: int  # neither there nor asked for
    is_seed: bool = False
    lacking: int = 0
    rarity: list[int] = field(default_factory=list)  # the pieces that so many neighbours have
    asked: dict[_Peer, int] = field(default_factory=dict)  # of a neighbour: pieces
    open: dict[_Peer, int] = field(default_factory=dict)  # and how many
    used: dict[_Peer, float] = field(default_factory=dict)  # when a piece last came or went [s]
    banned: dict[_Peer, float] = field(default_factory=dict)  # who refused, until when
    announced: bool = False
    finish: float = -1.0
    sending: float = 0.0  # fifo: until when the uplink is taken
    receiving: float = 0.0  # until when the downlink is taken
    sends: dict[_Transfer, None] = field(default_factory=dict)  # shares: what its uplink sends
    receives: dict[_Transfer, None] = field(default_factory=dict)
    parents: list[_Peer] = field(default_factory=list)
    children: list[_Peer] = field(default_factory=list)
    reported: deque[int] = field(default_factory=deque)
    known: int = 0  # pieces that a parent has
    in_flight: int = 0

    @property
    def complete(self) -> bool:
        return self.lacking == 0


@dataclass(eq=False)
class _Transfer:
    """A piece on its way, where links are shared."""

    source: _Peer
    target: _Peer
    piece: int
    left: float  # [bytes]
    since: float
    rate: float = 0.0
    stamp: int = 0


class _Play:
    def __init__(self, swarm: Swarm, random: Random, rules: Rules) -> None:
        self.swarm = swarm
        self.random = random
        self.rules = rules
        self.size = swarm.piece_size
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self.counter = 0
        every = (1 << swarm.pieces) - 1
        self.seeds = [_Peer(-1 - n, up, 1.0, every, 0, is_seed=True) for n, up in enumerate(swarm.seeds)]
        self.members = [
            _Peer(n, up, down, 0, every, lacking=swarm.pieces, rarity=[every] + [0] * (rules.connections + 1))
            for n, (up, down) in enumerate(zip(swarm.up, swarm.down, strict=True))
        ]
        self.known: list[_Peer] = []  # who announced or registered itself
        self.sent_by_seeds = 0
        self.received = 0
        self.in_vain = 0

    def run(self) -> Outcome:
        join = self._announce if self.rules.topology == "graph" else self._register
        for member in self.random.sample(self.members, len(self.members)):
            self._plan(self.swarm.start[member.number], join, member)
        while self.events:
            self.now, _, call, arguments = heappop(self.events)
            call(*arguments)
        finish = [member.finish for member in self.members]
        if min(finish) < 0.0:
            raise RuntimeError("members are left without the blob")
        times = [end - start for end, start in zip(finish, self.swarm.start, strict=True)]
        return Outcome(times, finish, self.sent_by_seeds / self.swarm.pieces, self.in_vain / self.received)

    def _plan(self, at: float, call: Callable[..., None], *arguments: object) -> None:
        self.counter += 1
        heappush(self.events, (at, self.counter, call, arguments))

    # Sending and receiving.

    def _send(self, source: _Peer, target: _Peer, piece: int) -> None:
        """A request reaches an uplink."""
        self.sent_by_seeds += source.is_seed
        if self.rules.uplink == "fifo":
            begin = max(self.now, source.sending)
            source.sending = begin + self.size / source.up
            self._plan(source.sending, self._sent, begin, source, target, piece)
            return
        transfer = _Transfer(source, target, piece, self.size, self.now)
        source.sends[transfer] = target.receives[transfer] = None
        self._share(source, target)

    def _share(self, source: _Peer, target: _Peer) -> None:
        """Equal shares of an uplink and of a downlink for all that use them; a transfer has the smaller of its two."""
        for transfer in source.sends | target.receives:
            rate = min(
                transfer.source.up / len(transfer.source.sends), transfer.target.down / len(transfer.target.receives)
            )
            if rate != transfer.rate:
                transfer.left -= (self.now - transfer.since) * transfer.rate
                transfer.since = self.now
                transfer.rate = rate
                transfer.stamp += 1
                self._plan(self.now + max(0.0, transfer.left) / rate, self._shared_out, transfer, transfer.stamp)

    def _shared_out(self, transfer: _Transfer, stamp: int) -> None:
        if stamp != transfer.stamp:
            return
        source, target = transfer.source, transfer.target
        del source.sends[transfer], target.receives[transfer]
        self._share(source, target)
        self._received(source, target, transfer.piece)

    def _sent(self, begin: float, source: _Peer, target: _Peer, piece: int) -> None:
        target.receiving = max(target.receiving, begin) + self.size / target.down
        if target.receiving > self.now:
            self._plan(target.receiving, self._received, source, target, piece)
        else:
            target.receiving = self.now
            self._received(source, target, piece)

    def _received(self, source: _Peer, target: _Peer, piece: int) -> None:
        bit = 1 << piece
        self.received += 1
        is_new = not target.have & bit
        if not is_new:
            self.in_vain += 1
        else:
            target.have |= bit
            target.want &= ~bit
            target.lacking -= 1
            if not target.lacking:
                target.finish = self.now
        if self.rules.topology == "dag":
            self._received_from_parent(target, piece)
            return
        target.open[source] -= 1
        target.used[source] = source.used[target] = self.now
        target.asked[source] &= ~bit
        if is_new:
            for neighbour in list(target.open):
                self._heard(neighbour, target, bit)
        if target.lacking:
            self._ask(target, source)
        else:
            for neighbour in list(target.open):
                if neighbour.complete and not target.open[neighbour] and not neighbour.open.get(target):
                    self._disconnect(target, neighbour)

    # A graph.

    def _announce(self, member: _Peer) -> None:
        """Ask the tracker for others, connect as far as they let one, and come again."""
        if member.complete:
            return
        for one in self.members if self.rules.together and not member.announced else (member,):
            if not one.announced and self.swarm.start[one.number] <= self.now:
                one.announced = True
                self.known.append(one)
        rules = self.rules
        for neighbour, since in list(member.used.items()):
            if self.now - since >= rules.idle and not member.open[neighbour] and not neighbour.open[member]:
                self._disconnect(member, neighbour)
        if len(member.open) < rules.connections:
            others = [one for one in self.known if one is not member]
            handed = self.random.sample(others, min(rules.hand_out, len(others)))
            done = [one for one in handed if one.complete]
            rest = [one for one in handed if not one.complete]
            attempts = rules.connections - len(member.open)
            for one in done + self.random.sample(self.seeds, len(self.seeds)) + rest:
                if not attempts:
                    break
                if one not in member.open and member.banned.get(one, 0.0) <= self.now:
                    attempts -= 1
                    if len(one.open) < rules.connections:
                        self._connect(member, one)
                    else:
                        member.banned[one] = self.now + rules.banned
        self._plan(self.now + rules.announce_every, self._announce, member)

    def _connect(self, one: _Peer, other: _Peer) -> None:
        for near, far in ((one, other), (other, one)):
            near.open[far] = 0
            near.asked[far] = 0
            near.used[far] = self.now
            if not near.complete:
                _count(near.rarity, far.have)
        self._ask(one, other)
        self._ask(other, one)

    def _disconnect(self, one: _Peer, other: _Peer) -> None:
        for near, far in ((one, other), (other, one)):
            del near.open[far], near.asked[far], near.used[far]
            if not near.complete:
                _uncount(near.rarity, far.have)

    def _heard(self, member: _Peer, neighbour: _Peer, bit: int) -> None:
        """A neighbour has one piece more."""
        if member.complete:
            return
        rarity = member.rarity
        for level, pieces in enumerate(rarity):
            if pieces & bit:
                rarity[level] ^= bit
                rarity[level + 1] |= bit
                break
        if member.want & bit or member.lacking <= self.rules.endgame:
            self._ask(member, neighbour)

    def _ask(self, member: _Peer, neighbour: _Peer) -> None:
        """Fill a connection with requests."""
        if member.complete:
            return
        most = self.rules.seed_pipeline if neighbour.is_seed else self.rules.pipeline
        open_requests = member.open[neighbour]
        while open_requests < most:
            pieces = neighbour.have & member.want
            if not pieces and member.lacking <= self.rules.endgame:
                pieces = neighbour.have & ~member.have & ~member.asked[neighbour]
            if not pieces:
                break
            piece = self._pick(member, pieces)
            bit = 1 << piece
            member.want &= ~bit
            member.asked[neighbour] |= bit
            open_requests += 1
            member.open[neighbour] = open_requests
            self._send(neighbour, member, piece)

    def _pick(self, member: _Peer, pieces: int) -> int:
        if self.rules.rarest_first:
            for level in member.rarity:
                if pieces & level:
                    pieces &= level
                    break
        return _bit_number(pieces, int(self.random.random() * pieces.bit_count()), self.swarm.pieces)

    # A dag.

    def _register(self, member: _Peer) -> None:
        """Get parents, and ask for what they have."""
        sample = self.random.sample(self.known, min(self.rules.sample, len(self.known)))
        sample = sorted([*self.seeds, *sample], key=lambda one: len(one.children) / one.up)
        best = sample[: self.rules.parents]
        member.parents = [one for one in best if one.is_seed] or best
        self.known.append(member)
        for parent in member.parents:
            parent.children.append(member)
            self._report(member, parent.have)

    def _report(self, member: _Peer, pieces: int) -> None:
        new = pieces & ~member.known
        member.known |= new
        while new:
            member.reported.append((new & -new).bit_length() - 1)
            new &= new - 1
        self._ask_parents(member)

    def _ask_parents(self, member: _Peer) -> None:
        while member.reported and member.in_flight < self.rules.requests:
            piece = member.reported.popleft()
            member.in_flight += 1
            holders = [parent for parent in member.parents if parent.have >> piece & 1]
            self._send(self.random.choice(holders), member, piece)

    def _received_from_parent(self, member: _Peer, piece: int) -> None:
        member.in_flight -= 1
        for child in member.children:
            self._report(child, 1 << piece)
        self._ask_parents(member)


def _count(rarity: list[int], pieces: int) -> None:
    """One more neighbour has these pieces."""
    for level in range(len(rarity) - 2, -1, -1):
        moved = rarity[level] & pieces
        rarity[level] ^= moved
        rarity[level + 1] |= moved


def _uncount(rarity: list[int], pieces: int) -> None:
    """One neighbour with these pieces less."""
    for level in range(1, len(rarity)):
        moved = rarity[level] & pieces
        rarity[level] ^= moved
        rarity[level - 1] |= moved


def _bit_number(bits: int, number: int, width: int) -> int:
    """The place of the set bit with a number, counted from the lowest."""
    place = 0
    while width > 1:
        half = width >> 1
        low = bits & ((1 << half) - 1)
        count = low.bit_count()
        if number < count:
            bits, width = low, half
        else:
            number -= count
            bits >>= half
            place += half
            width -= half
    return place
