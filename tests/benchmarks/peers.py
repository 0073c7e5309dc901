"""Hosts that serve each other: a link for each of them, of which some bind at a time.

A rolling update at the level of the network, without the rest of the model: a share of the hosts downloads at a time,
each layer from a host chosen at random among those that are done; the first share from a registry.
`python -m tests.benchmarks.peers [HOSTS]… [--layers] [--racks] [--share …]`
"""

from __future__ import annotations

import argparse
import gc
import math
import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simpy

from rolloutsim.network.fluid import FluidNetwork
from tests.benchmarks.workloads import LAYERS, NIC, NODES_PER_RACK, RACK, SLOTS

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow, Host

REGISTRY = 10 * NIC
EQUAL = (100e6,) * 5  # sizes that let hosts stay in step [B]
SHARE = 0.1  # of the hosts that download at a time
JITTER = 2.0  # that a host waits at most before it begins [s]


@dataclass
class Puller:
    """A host that downloads."""

    number: int
    host: Host
    begun: int = 0
    left: int = len(LAYERS)


class RollingUpdate:
    """Hosts that download one share after another.

    Parameters
    ----------
    hosts : int
        How many there are.
    layers : bool
        Whether layers differ, hosts begin out of step, and one that has a layer serves it before it has the others.
    racks : bool
        Whether what passes between racks crosses their links.
    seeds : float
        The share of the hosts that downloads from the registry, at first.
    share : float
        The share that downloads from others at a time.
    seed : int
        Of the choice of holders.
    """

    def __init__(
        self, hosts: int, layers: bool = False, racks: bool = False, seeds: float = SHARE, share: float = SHARE,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.network = FluidNetwork(simpy.Environment())
        self.registry = self.network.link("registry.uplink", REGISTRY)
        self.up: list[SharedLink] = []
        self.down: list[SharedLink] = []
        if racks:
            count = -(-hosts // NODES_PER_RACK)
            self.up = [self.network.link(f"r{i}.up", RACK) for i in range(count)]
            self.down = [self.network.link(f"r{i}.down", RACK) for i in range(count)]
        profile = self.network.profile((NIC,))
        generator = self.generator = np.random.default_rng(seed)
        # In an order that has nothing to do with racks.
        self.waiting = [Puller(int(number), self.network.host(profile)) for number in generator.permutation(hosts)]
        self.out: dict[int, SharedLink] = {}
        self.sizes = LAYERS if layers else EQUAL
        self.layers = layers
        self.holders: list[list[int]] = [[] for _ in LAYERS]
        self.first = max(int(hosts * seeds), 1)
        self.most = max(int(hosts * share), 1)
        self.active = 0
        self.finished: list[float] = []

    def begin(self) -> None:
        """Let the first share download."""
        for _ in range(self.first):
            self._begin()

    def run(self) -> int:
        """Let all hosts download; how many events there were."""
        self.begin()
        events = self.network.run()
        self.network.audit()
        assert not self.waiting
        return events

    def _begin(self) -> None:
        puller = self.waiting.pop()
        self.active += 1
        self.network.call_later(self.generator.uniform(0.0, JITTER) if self.layers else 0.0, self._fetch_first, puller)

    def _fetch_first(self, puller: Puller) -> None:
        for _ in range(SLOTS):
            self._fetch(puller)

    def _fetch(self, puller: Puller) -> None:
        layer = puller.begun
        puller.begun += 1
        links = [self.registry]
        holders = self.holders[layer]
        if holders:
            holder = holders[int(self.generator.integers(len(holders)))]
            out = self.out.get(holder)
            if out is None:
                out = self.out[holder] = self.network.link(f"node-{holder}.nic.out", NIC)
            links = [out]
            one, other = holder // NODES_PER_RACK, puller.number // NODES_PER_RACK
            if self.up and one != other:
                links += [self.up[one], self.down[other]]
        kind = self.network.kind(tuple(links), ((0, 1.0),))
        self.network.start(puller.host, kind, self.sizes[layer], self._done, (puller, layer))

    def _done(self, flow: Flow) -> None:
        puller, layer = flow.tag
        puller.left -= 1
        if self.layers:
            self.holders[layer].append(puller.number)
        if puller.begun < len(LAYERS):
            self._fetch(puller)
        elif not puller.left:
            self.finished.append(self.network.env.now)
            if not self.layers:
                for holders in self.holders:
                    holders.append(puller.number)
            self.active -= 1
            # Those that fetch from the registry are the first share alone, however large the next may be.
            while self.waiting and self.active < (self.most if len(self.finished) >= self.first else 1):
                self._begin()


def main() -> None:
    """Print the cost by number of hosts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("hosts", type=int, nargs="*", default=[1_000, 2_000, 5_000, 10_000])
    parser.add_argument("--layers", action="store_true", help="layers differ, and are served one by one")
    parser.add_argument("--racks", action="store_true", help="racks have links")
    parser.add_argument("--seeds", type=float, default=SHARE, help="share that downloads from the registry first")
    parser.add_argument("--share", type=float, default=SHARE, help="share that downloads at a time then")
    options = parser.parse_args()
    before: tuple[int, float] | None = None
    gc.disable()  # as while a case is simulated
    for hosts in options.hosts:
        begin = time.process_time()
        update = RollingUpdate(hosts, options.layers, options.racks, options.seeds, options.share)
        events = update.run()
        seconds = time.process_time() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told = f"{hosts:,} hosts: {seconds:.2f} s, {events:,} events, {seconds / events * 1e6:.0f} µs each"
        if before is not None:
            told += f", exponent {math.log(seconds / before[1]) / math.log(hosts / before[0]):.2f}"
        print(f"{told}; {peak / 1e6:,.0f} MB; the last is done at {update.finished[-1]:.6f} s", flush=True)
        before = hosts, seconds


if __name__ == "__main__":
    main()
