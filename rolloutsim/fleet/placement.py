"""Where pods go: each workload's pods are spread evenly over the nodes of its groups.

A pod goes to the node with the fewest pods of its workload, among those to the one with the fewest pods in
all, among those to the first. Terminating pods do not count; a node that is down is left out as long as
another is up. That is what kube-scheduler's default topology spreading comes to where pods ask for no
resources (assumed; pkg/scheduler/framework/plugins/podtopologyspread).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush


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
        self.in_all = [0] * nodes
        self.down = [False] * nodes
        # Outdated entries stay until they come to the top: (pods of the workload, pods in all, node).
        self.heaps: list[list[tuple[int, int, int]]] = [[] for _ in nodes_of]
        self.spread_over: list[list[int]] = [[] for _ in range(nodes)]
        for workload, (candidates, wanted) in enumerate(zip(nodes_of, spread, strict=True)):
            if wanted:
                self.heaps[workload] = [(0, 0, node) for node in candidates]
                heapify(self.heaps[workload])
                for node in candidates:
                    self.spread_over[node].append(workload)

    def pick(self, workload: int) -> int:
        """The node for the next pod of a workload."""
        heap, counts, in_all = self.heaps[workload], self.of_workload[workload], self.in_all
        while heap:
            own, every, node = heap[0]
            if own == counts[node] and every == in_all[node] and not self.down[node]:
                return node
            heappop(heap)
        return min(self.nodes_of[workload], key=lambda node: (counts[node], in_all[node], node))

    def change(self, workload: int, node: int, by: int) -> None:
        """A pod came (+1) or goes (-1)."""
        self.of_workload[workload][node] += by
        self.in_all[node] += by
        self._offer(node)

    def set_down(self, node: int, is_down: bool) -> None:
        """A node went away, or is back."""
        self.down[node] = is_down
        self._offer(node)

    def _offer(self, node: int) -> None:
        if not self.down[node]:
            for workload in self.spread_over[node]:
                heappush(self.heaps[workload], (self.of_workload[workload][node], self.in_all[node], node))
