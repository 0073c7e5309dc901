"""A node's volume that is made of a snapshot: what containers read there for the first time comes at its own rate.

The volume holds the images that are cached, unpacked, and their layers as they came where the runtime keeps these. A
block is there when it was initialised: read for the first time, or come in the background.

- Containers read what they need of the layers of their images before they are ready, and wait for what of it has not
  come yet. Those that read at the same time have equal shares of the volume's rate.
- In the background everything else comes, from when the node is asked for, as long as no container reads (assumed: what
  is read goes first). It comes evenly from all of the volume (assumed: blocks are in no order of layers), so that the
  same share of each layer that nobody has read is there.

A layer's needed part is the same for all images that have it, and what has come takes no time to be read, as all that
is cached (both assumed). The volume's rate is all that slows reads: what the disk writes at the same time does not, nor
do volumes of other nodes (assumed: object storage has room for all). A volume's background goes on while its node is
down.

Sources: AWS EBS user guide, *Initialize Amazon EBS volumes*; AWS EC2 API, `VolumeInitializationRate`: 100 to 300 MiB/s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.lazy import Wait

if TYPE_CHECKING:
    from rolloutsim.fleet.pulls import Fleet
    from rolloutsim.fleet.recipes import Recipe
    from rolloutsim.scenario.resolved import VolumeSnapshot

_ROUNDING: Final = 1e-12  # of what is left of a reading, within which readings end together


class FirstReading:
    """What containers read of some layers, before anybody else did.

    Parameters
    ----------
    row : int
        Of the ledger's.
    layers : frozenset of int
        Which, by their numbers.
    left : float
        What has not come [B].
    """

    __slots__ = ("layers", "left", "row", "waits")

    def __init__(self, row: int, layers: frozenset[int], left: float) -> None:
        self.row = row
        self.layers = layers
        self.left = left
        self.waits: list[Wait] = []


class Volume:
    """The volume of one node.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    node : int
        The node's number.
    spec : VolumeSnapshot
        How it is initialised.
    sizes : mapping of int to float
        What the layers on it that are asked for take unpacked, by their numbers [B].
    size : float
        What all that is on it takes [B].
    needed : mapping of int to float
        By the numbers of images, the share of their layers that containers read before they are ready [1].
    created : float
        When its background begins [s].
    """

    __slots__ = (
        "asked", "created", "due", "epoch", "fleet", "is_halted", "left", "needed", "node", "readings", "since", "size",
        "sizes", "spec", "unasked",
    )  # fmt: skip

    def __init__(
        self,
        fleet: Fleet,
        node: int,
        spec: VolumeSnapshot,
        sizes: Mapping[int, float],
        size: float,
        needed: Mapping[int, float],
        created: float,
    ) -> None:
        self.fleet = fleet
        self.node = node
        self.spec = spec
        self.sizes = sizes
        self.size = size
        self.needed = needed
        self.created = created
        self.asked: set[int] = set()  # layers of which all that is needed was asked for
        self.unasked = size  # bytes that no container has asked for
        self.left = size  # of these, what has not come [B]
        self.readings: list[FirstReading] = []
        self.since = created  # when what is left was last looked at [s]
        self.is_halted = False  # since the node went away
        self.due: list[FirstReading] = []  # what ends at the next wake-up
        self.epoch = 0  # of wake-ups

    @property
    def initialised(self) -> float:
        """When all of it will have come, with a background [s]."""
        return self.created + self.size / self.spec.rate

    def read(self, recipes: Iterable[Recipe], done: Callable[[Any, int], None], argument: Any) -> bool:
        """Containers of some images start: whether they have to wait, until `done(argument, -1)`."""
        self._settle()
        was_halted, self.is_halted = self.is_halted, False
        layers: set[int] = set()
        fresh: set[int] = set()
        size = 0.0
        for recipe in recipes:
            layers |= recipe.layers
            own = sorted(layer for layer in recipe.layers if layer in self.sizes and layer not in self.asked)
            self.asked.update(own)
            fresh.update(own)
            size += self._ask(self.needed[recipe.image] * sum((self.sizes[layer] for layer in own), 0.0))
        now = self.fleet.network.now
        if size > 0.0:
            row = self.fleet.ledger.volumes.add(self.node, size, now)
            self.readings.append(FirstReading(row, frozenset(fresh), size))
        if size > 0.0 or was_halted:
            self._plan()
        open_ones = [one for one in self.readings if not layers.isdisjoint(one.layers)]
        wait = Wait(len(open_ones), done, argument)
        for one in open_ones:
            one.waits.append(wait)
        return bool(open_ones)

    def crash(self) -> None:
        """The node is away: what has come stays, and nobody waits; without a background nothing more comes."""
        self._settle()
        for one in self.readings:
            one.waits.clear()
        if not self.spec.background:
            self.is_halted = True
            self.epoch += 1

    def _ask(self, size: float) -> float:
        """Take what containers read out of what comes in the background; what of it has not come yet [B]."""
        if self.unasked <= 0.0:
            return 0.0
        size = min(size, self.unasked)
        missing = self.left * (size / self.unasked)
        self.unasked -= size
        self.left = max(self.left - missing, 0.0)
        return missing

    def _settle(self) -> None:
        """Count what has come since the last look."""
        now = self.fleet.network.now
        passed = now - self.since
        if passed <= 0.0:
            return
        self.since = now
        if self.is_halted:
            return
        if self.readings:
            share = passed * self.spec.rate / len(self.readings)
            for one in self.readings:
                one.left = max(one.left - share, 0.0)
        elif self.spec.background:
            self.left = max(self.left - passed * self.spec.rate, 0.0)

    def _plan(self) -> None:
        """Wake up when the next of the readings is over."""
        self.epoch += 1
        if not self.readings:
            return
        least = min(one.left for one in self.readings)
        self.due = [one for one in self.readings if one.left <= least * (1.0 + _ROUNDING)]
        wait = least * len(self.readings) / self.spec.rate
        self.fleet.network.call_later(wait, self._over, self.epoch)

    def _over(self, epoch: int) -> None:
        """Readings are over."""
        if epoch != self.epoch:
            return
        self._settle()
        over, self.due = self.due, []
        self.readings = [one for one in self.readings if one not in over]
        self._plan()
        columns, now = self.fleet.ledger.volumes, self.fleet.network.now
        for one in over:
            columns.read[one.row] = now
            for wait in one.waits:
                wait.left -= 1
                if not wait.left:
                    wait.done(wait.argument, -1)
