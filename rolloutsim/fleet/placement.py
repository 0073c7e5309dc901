"""Where pods go: each workload's pods are spread evenly over the nodes of its groups.

A pod goes to the node with the fewest pods of its workload and version, among those to the one with the fewest
pods in all, among those to the first. Terminating pods do not count; a node that has not joined, is down, or has a
disk so full that it takes no pods, is left out as long as another one is not. That is what kube-scheduler's default
spreading comes to where pods ask for no resources (assumed): it counts the pods that the ReplicaSet selects, which are
those of one version. Source: k/k `pkg/scheduler/framework/plugins/helper/spread.go` (`DefaultSelector`),
`podtopologyspread/common.go`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


class Placement:
    """How many pods are on each node, and which node is next.

    Nodes with equally many pods stand in sets, a bit a node: the first node that is in two of them is found at once,
    and a pod that comes or goes moves a bit of its own workload and one of all, however many workloads there are.

    Parameters
    ----------
    nodes_of : sequence of sequence of int
        The nodes on which each workload may run.
    spread : sequence of bool
        Whether a workload's pods are spread; else they have their places, and only count.
    nodes : int
        Nodes of the case.
    absent : collection of int
        Those that join later.
    """

    def __init__(
        self, nodes_of: Sequence[Sequence[int]], spread: Sequence[bool], nodes: int, absent: Collection[int] = ()
    ) -> None:
        self.nodes_of = nodes_of
        self.of_workload: list[dict[int, int]] = [{} for _ in nodes_of]  # by node; without those that never had one
        self.in_all = [0] * nodes
        self.down = [False] * nodes
        self.full = [False] * nodes  # under DiskPressure
        self.absent = [False] * nodes
        known: dict[int, int] = {}  # workloads that run on the same nodes mostly have one list of them
        for candidates in nodes_of:
            if id(candidates) not in known:
                known[id(candidates)] = _bits(candidates)
        self.candidates = [
            known[id(candidates)] if wanted else 0 for candidates, wanted in zip(nodes_of, spread, strict=True)
        ]
        self.up = {0: _bits(range(nodes))}  # nodes that are left in, by how many pods they have
        for node in absent:
            self.set_absent(node, True)
        self.renew()

    def renew(self) -> None:
        """From now on all pods that are placed are of a new version."""
        self.alike: list[dict[int, int]] = [{} for _ in self.nodes_of]  # as `of_workload`, of this version
        self.with_alike = [{0: candidates} for candidates in self.candidates]  # nodes by how many they have

    def pick(self, workload: int) -> int:
        """The node for the next pod of a workload."""
        up = [self.up[every] for every in sorted(self.up)]
        with_alike = self.with_alike[workload]
        for own in sorted(with_alike):
            for nodes in up:
                found = with_alike[own] & nodes
                if found:
                    return (found & -found).bit_length() - 1
        alike, in_all = self.alike[workload], self.in_all
        return min(self.nodes_of[workload], key=lambda node: (alike.get(node, 0), in_all[node], node))

    def change(self, workload: int, node: int, by: int, *, alike: bool = True) -> None:
        """A pod came (+1) or goes (-1); whether it is of the version that is being placed."""
        of_workload = self.of_workload[workload]
        of_workload[node] = of_workload.get(node, 0) + by
        before = self.in_all[node]
        self.in_all[node] = before + by
        if not self._is_left_out(node):
            _move(self.up, node, before, before + by)
        if alike:
            counts = self.alike[workload]
            own = counts.get(node, 0)
            counts[node] = own + by
            if self.candidates[workload]:
                _move(self.with_alike[workload], node, own, own + by)

    def set_down(self, node: int, is_down: bool) -> None:
        """A node went away, or is back."""
        self._set(self.down, node, is_down)

    def set_full(self, node: int, is_full: bool) -> None:
        """A node takes no pods any more, or does again."""
        self._set(self.full, node, is_full)

    def set_absent(self, node: int, is_absent: bool) -> None:
        """A node is not there yet, or joins."""
        self._set(self.absent, node, is_absent)

    def _is_left_out(self, node: int) -> bool:
        return self.down[node] or self.full[node] or self.absent[node]

    def _set(self, which: list[bool], node: int, value: bool) -> None:
        before = self._is_left_out(node)
        which[node] = value
        if before != self._is_left_out(node):
            place = self.in_all[node]
            self.up[place] = self.up.get(place, 0) ^ 1 << node


def _bits(nodes: Iterable[int]) -> int:
    """A set of nodes: bit i stands for node i."""
    places = list(nodes)
    octets = bytearray(max(places, default=0) // 8 + 1)
    for node in places:
        octets[node >> 3] |= 1 << (node & 7)
    return int.from_bytes(octets, "little")


def _move(sets: dict[int, int], node: int, before: int, now: int) -> None:
    """Take a node from the set of those with so many pods to that of those with so many; sets do not stay empty."""
    bit = 1 << node
    left = sets[before] ^ bit
    if left:
        sets[before] = left
    else:
        del sets[before]
    sets[now] = sets.get(now, 0) ^ bit
