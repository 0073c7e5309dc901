"""Random networks in which hosts serve each other, and events tie: a link out of each host, racks, a registry.

Three or so flows at a time into each host come from others chosen at random, so that private links, links out of hosts
and racks' links bind here and there at the same rates, and a link that binds takes load off others as it fills. Now and
then a flow is that of a swarm: only a share of its bytes crosses racks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.theory.tying_networks import SIZES, Chain, Step, TyingNetwork

if TYPE_CHECKING:
    from random import Random

INTO = (100.0, 100.0, 100.0, 300.0, math.inf)
OUT_OF = (50.0, 100.0, 100.0, 300.0)
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0625)


def peering_network(random: Random) -> TyingNetwork:
    """Draw a network."""
    # Now and then so many hosts that a link drives flows across many others, which then only bound their loads.
    is_wide = random.random() < 0.3
    hosts = random.randint(12, 24) if is_wide else random.randint(3, 8)
    of_rack = random.choice((2, 3, 4))
    racks = -(-hosts // of_rack) if random.random() < 0.7 else 0
    swarm = random.random() < 0.4
    out_of, registry = random.choice(OUT_OF), random.choice((200.0, 300.0))
    rack = random.choice((100.0, 200.0, 300.0, 600.0))
    is_uneven = random.random() < 0.3
    outs = [random.choice(OUT_OF) if is_uneven else out_of for _ in range(hosts)]
    network = TyingNetwork([registry, *outs, *[rack] * (2 * racks)], [], [])
    into = random.choice(INTO)
    slots, layers = random.choice((1, 2, 3, 3)), random.choice((1, 2))
    for host in range(hosts):
        network.hosts.append((random.choice(INTO) if is_uneven else into, math.inf))
        network.writes.append(1.0)
        begin = random.choice((0.0, 0.0, 0.0, 1.0, 2.5))
        for _ in range(slots):
            steps: list[Step] = []
            for _ in range(random.randint(1, layers)):
                holder = random.randrange(hosts) if random.random() < 0.9 else host
                path = {0: 1.0}
                if holder != host:
                    path = {1 + holder: random.choice(SHARES) if swarm else 1.0}
                    if racks and holder // of_rack != host // of_rack:
                        path[1 + hosts + holder // of_rack] = random.choice(SHARES) if swarm else 1.0
                        path[1 + hosts + racks + host // of_rack] = random.choice(SHARES) if swarm else 1.0
                steps.append((path, None, 1.0, random.choice(SIZES)))
            network.chains.append(Chain(host, begin, steps))
    return network
