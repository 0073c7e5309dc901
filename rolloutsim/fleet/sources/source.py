"""A source of manifests and layers as the nodes see it: how it answers, and its connections."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

# Answers to a request: HTTP's numbers; where there is none, those of `rolloutsim.scenario.answers`.
FINE: Final = 200
LIMITED: Final = 429
UNAVAILABLE: Final = 503


class Ticket:
    """A place in the line for a connection, until its turn has come or whoever waits has given up."""

    __slots__ = ("argument", "granted", "over")

    def __init__(self, granted: Callable[[Any], None], argument: Any) -> None:
        self.granted = granted
        self.argument = argument
        self.over = False


class Connections:
    """Grants connections, first come first served.

    Parameters
    ----------
    limit : int or None
        How many at a time; None: no limit.
    """

    __slots__ = ("changed", "gone", "in_use", "limit", "queue")

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.in_use = 0
        self.changed: Callable[[], None] | None = None  # called when there are more or fewer of them
        self.queue: deque[Ticket] = deque()
        self.gone = 0  # of those in it, who have given up

    @property
    def waiting(self) -> int:
        """How many wait in line."""
        return len(self.queue) - self.gone

    def ask(self, granted: Callable[[Any], None], argument: Any) -> Ticket | None:
        """Call `granted(argument)` as soon as there is a connection; None: at once, for there is one."""
        if self.limit is None or self.in_use < self.limit:
            self.in_use += 1
            if self.changed is not None:
                self.changed()
            granted(argument)
            return None
        ticket = Ticket(granted, argument)
        self.queue.append(ticket)
        return ticket

    def release(self) -> None:
        """Give a connection back, to the first in the queue if there is one."""
        while self.queue:
            ticket = self.queue.popleft()
            if not ticket.over:
                ticket.over = True
                ticket.granted(ticket.argument)
                return
            self.gone -= 1
        self.in_use -= 1
        if self.changed is not None:
            self.changed()

    def give_up(self, ticket: Ticket) -> None:
        """Whoever holds a ticket waits no longer, if its turn has not come; the others keep their places."""
        if ticket.over:
            return
        ticket.over = True
        self.gone += 1
        if 2 * self.gone > len(self.queue):
            self.queue = deque(other for other in self.queue if not other.over)
            self.gone = 0

    def clear(self) -> None:
        """Nobody waits any longer."""
        for ticket in self.queue:
            ticket.over = True
        self.queue.clear()
        self.gone = 0


class Cold:
    """Layers that nobody has read yet, which come slowly until one reader has all of them.

    Parameters
    ----------
    time : float
        From the request to the first byte, beside that of other layers [s].
    """

    __slots__ = ("read", "time")

    def __init__(self, time: float) -> None:
        self.time = time
        self.read: set[int] = set()

    def is_cold(self, layer: int) -> bool:
        """Whether nobody has all of a layer."""
        return layer not in self.read

    def warm(self, layer: int) -> None:
        """Somebody has all of it."""
        self.read.add(layer)


class Client(Protocol):
    """Whoever asks a source."""

    def broken(self, fetch: Any) -> None:
        """The source went away, and with it the connection of a fetch."""


class Lurker(Client, Protocol):
    """Whoever waits for a source that is down, and does not ask again."""

    def resumed(self, stream: Any) -> None:
        """The source is back."""


class Asker(Protocol):
    """Whoever asks a source for layers and manifests: a node, or a cache that lacks them."""

    def take(self, fetch: Any, leg: Any) -> None:
        """The bytes of a layer come by a leg."""

    def whole(self, fetch: Any) -> None:
        """All of a layer will come, of which a range was asked for."""

    def lose(self, fetch: Any, status: int, spent: float) -> None:
        """A layer does not come, which is known after a time [s] that is over."""

    def found(self, pull: Any, status: int, cause: int, seconds: float) -> None:
        """A request about a manifest is answered, for which the source waited, for a cause [s]."""

    def waited(self, fetch: Any, cause: int, seconds: float) -> None:
        """A layer was not there, and waited for [s]."""

    def arrived(self, flow: Any) -> None:
        """A layer is complete that had all its bytes before."""

    @property
    def patience(self) -> float | None:
        """How long it waits for an answer; None: as long as it takes [s]."""

    @property
    def resolve_requests(self) -> int:
        """How many requests it sends before the first layer."""


class Handler(Protocol):
    """How a source hands over what it does not simply have: it calls its asker back, at once or later."""

    def hand_over(self, asker: Any, fetch: Any) -> None:
        """A layer is wanted; ends in `asker.take` or `asker.lose`."""

    def look_up(self, asker: Any, pull: Any, manifest: bool) -> None:
        """A manifest, token or config is wanted, the GET of the manifest or not; ends in `asker.found`."""

    def go_down(self) -> None:
        """The source is gone."""


class Source:
    """Something that can hand over an image's manifests and layers, and does; what it may refuse is its own business.

    Parameters
    ----------
    index : int
        Its number in the case, the value of the column `source` of the fetches that it serves.
    name : str
        What it is called in results.
    connections : tuple of Connections
        Those of each replica; a balancer gives each new connection to the next replica in turn.
    fallible : bool
        Whether it may refuse a request or break a connection; if not, nobody needs to ask.
    cold : Cold or None
        What of it is slow for the first readers; None: nothing.
    """

    __slots__ = (
        "by_address", "cold", "connections", "cut", "fallible", "fetches", "handler", "index", "name", "turn",
        "unlimited",
    )  # fmt: skip

    def __init__(
        self, index: int, name: str, connections: tuple[Connections, ...], fallible: bool, cold: Cold | None = None
    ) -> None:
        self.index = index
        self.name = name
        self.connections = connections
        self.fallible = fallible
        self.cold = cold
        self.handler: Handler | None = None  # None: it hands over whatever it is asked for
        # Whether it takes every request at once, so that no connection needs to be asked for.
        self.unlimited = not fallible and len(connections) == 1 and connections[0].limit is None
        self.fetches: dict[Any, Client] = {}  # that hold or wait for a connection, if it is fallible
        self.cut: dict[Any, Lurker] = {}  # what goes on when it is back
        self.turn = 0
        self.by_address = False  # whether its answers depend on where a request comes from

    @property
    def is_up(self) -> bool:
        """Whether it answers at all."""
        return True

    def goes_on(self, earlier: Source, by: float, layers: Sequence[int | None]) -> None:
        """Begin with what it had come to on a network of its own before this one.

        Parameters
        ----------
        earlier : Source
            The same source there.
        by : float
            The zero of its clock there, from that of its clock here on [s].
        layers : sequence of int or None
            The numbers that layers have here, by their numbers there; None: they play no part here.
        """
        if self.cold is not None and earlier.cold is not None:
            known = (layers[layer] for layer in sorted(earlier.cold.read))
            self.cold.read.update(layer for layer in known if layer is not None)

    def next_replica(self) -> int:
        """The replica that takes the next connection."""
        turn = self.turn
        self.turn = turn + 1 if turn + 1 < len(self.connections) else 0
        return turn

    def answer(self, address: int, now: float, layer: int, manifest: bool, image: int = -1) -> int:
        """How a request is answered: FINE, MISSING, LIMITED, UNAVAILABLE or BROKEN.

        Parameters
        ----------
        address : int
            Where the request comes from.
        now : float
            When [s].
        layer : int
            The layer that is asked for; -1: a manifest, token or config.
        manifest : bool
            Whether it is the GET of the manifest.
        image : int
            The image that is pulled, its number in the case; -1: nobody knows.
        """
        return FINE

    def refuses(self, address: int, now: float, manifest: bool) -> bool:
        """Whether a request as those that it answered at this instant is LIMITED whoever asks: nothing is left."""
        return False

    def refuses_until(self, address: int, now: float, manifest: bool) -> float:
        """Until when such requests are LIMITED, whoever asks and whatever happens [s]."""
        return now
