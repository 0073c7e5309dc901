"""Where pods go: each workload's pods are spread evenly over the nodes of its groups.

A pod goes to the node with the fewest pods of its workload and version, among those to the one with the fewest
pods in all, among those to the first. Terminating pods do not count; a node that is down is left out as long as
another is up. That is what kube-scheduler's default spreading comes to where pods ask for no resources (assumed):
it counts the pods that the ReplicaSet selects, which are those of one version. Source: k/k
`pkg/scheduler/framework/plugins/helper/spread.go` (`DefaultSelector`), `podtopologyspread/common.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush


class Placement:
    """How many pods are on each node, and which node is next.

    Parameters
    ----------
    nodes_of : sequence of sequence of int
        The nodes on which each workload may run.
    spread : sequence of bool
        Whether a workload's pods are spread; else they have their places, and only count.
    nodes : int
        Nodes of the case.
    """

    def __init__(self, nodes_of: Sequence[Sequence[int]], spread: Sequence[bool], nodes: int) -> None:
        self.nodes_of = nodes_of
        self.of_workload = [[0] * nodes for _ in nodes_of]
        self.alike = [[0] * nodes for _ in nodes_of]  # of the version that is being placed
        self.in_all = [0] * nodes
        self.down = [False] * nodes
        # Outdated entries stay until they come to the top: (pods alike, pods in all, node).
        self.heaps: list[list[tuple[int, int, int]]] = [[] for _ in nodes_of]
        self.spread_over: list[list[int]] = [[] for _ in range(nodes)]
        for workload, (candidates, wanted) in enumerate(zip(nodes_of, spread, strict=True)):
            if wanted:
                self.heaps[workload] = [(0, 0, node) for node in sorted(candidates)]
                for node in candidates:
                    self.spread_over[node].append(workload)

    def pick(self, workload: int) -> int:
        """The node for the next pod of a workload."""
        heap, alike, in_all = self.heaps[workload], self.alike[workload], self.in_all
        while heap:
            own, every, node = heap[0]
            if own == alike[node] and every == in_all[node] and not self.down[node]:
                return node
            heappop(heap)
        return min(self.nodes_of[workload], key=lambda node: (alike[node], in_all[node], node))

    def change(self, workload: int, node: int, by: int, *, alike: bool = True) -> None:
        """A pod came (+1) or goes (-1); whether it is of the version that is being placed."""
        self.of_workload[workload][node] += by
        self.in_all[node] += by
        if alike:
            self.alike[workload][node] += by
        self._offer(node)

    def renew(self) -> None:
        """From now on all pods that are placed are of a new version."""
        self.alike = [[0] * len(self.down) for _ in self.alike]
        for node in range(len(self.down)):
            self._offer(node)

    def set_down(self, node: int, is_down: bool) -> None:
        """A node went away, or is back."""
        self.down[node] = is_down
        self._offer(node)

    def _offer(self, node: int) -> None:
        if not self.down[node]:
            for workload in self.spread_over[node]:
                heappush(self.heaps[workload], (self.alike[workload][node], self.in_all[node], node))
