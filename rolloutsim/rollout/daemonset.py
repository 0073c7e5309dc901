"""A DaemonSet's rolling update: one pod a node, replaced node by node.

Without a surge an old pod is deleted, is gone, and only then the new one is created: it pulls while the node
has no pod. With a surge the new pod comes beside the old one, which goes when the new one is available.
Nodes that have no available pod count as unavailable; old pods that are not available are replaced at once.

Kubernetes goes through the nodes in random order, here the first goes first (assumed).

Sources: k/k `pkg/controller/daemon/update.go` (`rollingUpdate`), `daemon_controller.go` (`syncNodes`,
`podsShouldBeOnNode`, `BurstReplicas`), `pkg/controller/controller_utils.go` (`SlowStartInitialBatchSize`).
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from rolloutsim.rollout.client import doubling
from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import daemonset
from rolloutsim.scenario.strategies import BURST_REPLICAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.rollout.client import ApiClient, Call

BURST = BURST_REPLICAS["daemonset"]  # pods created in one look at the cluster

# Until the calls of a batch of creations are answered and the next one begins: assumed, a few round trips to the API
# server and its store. [s]
API_CALL = 0.01


class State(IntEnum):
    """What a node has; terminating pods do not count, but keep it from being empty."""

    EMPTY = 0
    TERMINATING = 1
    OLD = 2
    OLD_UNAVAILABLE = 3
    NEW = 4
    NEW_UNAVAILABLE = 5
    BOTH = 6  # the new one is available
    SURGING = 7  # the new one is not available yet


_UNAVAILABLE = (State.TERMINATING, State.OLD_UNAVAILABLE, State.NEW_UNAVAILABLE)  # with a pod that is not available


class DaemonSet(Controller):
    """Rolls a DaemonSet.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    client : ApiClient
        Over which it creates and deletes pods.
    api_call : float
        From one batch of first creations to the next [s].
    """

    def __init__(self, cluster: Cluster, number: int, client: ApiClient, api_call: float = API_CALL) -> None:
        super().__init__(cluster, number, client)
        self.api_call = api_call
        self.surge = self.unavailable = 0
        self._old: dict[int, Pod] = {pod.node: pod for pod in self.pods.old}
        self._new: dict[int, Pod] = {}
        self._states: dict[int, State] = {}
        self._count = [0] * len(State)
        self._nodes = frozenset(cluster.nodes_of[number])
        self._touched: dict[int, None] = {}
        self._candidates: list[int] = []  # nodes whose old pod is available; outdated ones stay
        self._bare: deque[int] = deque()  # nodes that never had a pod and wait for their batch
        self._there = 0  # nodes that have joined
        self._has_created = False  # some of them have had their turn

    def begin(self, trigger: int) -> None:
        """Look at the nodes that are there."""
        absent = self.cluster.placement.absent
        for node in self.cluster.nodes_of[self.number]:
            if not absent[node]:
                self._add(node)
        super().begin(trigger)

    def joined(self, node: int) -> None:
        """One more node wants a pod."""
        if node in self._nodes:
            self._add(node)
            self.cluster.look(self.number)

    def _add(self, node: int) -> None:
        self._there += 1
        self._touched[node] = None
        # Shares are of the nodes that are there.
        strategy = self.strategy
        self.surge, self.unavailable = daemonset(strategy.max_surge, strategy.max_unavailable, self._there)

    def makes_room(self, pod: Pod) -> bool:
        """Not an old pod beside a new one."""
        new = self._new.get(pod.node)
        return not pod.old or new is None or new.gone

    def touched(self, pod: Pod) -> None:
        """Its node is looked at when the instant is over."""
        if not pod.old and not pod.gone:
            self._new[pod.node] = pod
        self._touched[pod.node] = None

    def reconcile(self, trigger: int) -> None:
        """Create pods on empty nodes, delete or surge as far as the budget goes."""
        while self.sync.may_act(trigger):
            calls = self._look_at_nodes() or self._replace()
            bare = [] if calls else self._next_bare()
            self.sync.begin(bare or ([calls] if calls else []), self.api_call if bare else 0.0)
            if not calls and not bare:
                break

    def _look_at_nodes(self) -> list[Call]:
        """Bring the states of nodes up to date; fill those that are empty, replace what is not available."""
        touched, self._touched = sorted(self._touched), {}
        creations: list[Call] = []
        deletions: list[Call] = []
        for node in touched:
            state = self._state(node)
            known = self._states.get(node)
            if state is known:
                continue
            if known is not None:
                self._count[known] -= 1
            self._states[node] = state
            self._count[state] += 1
            old = self._old.get(node)
            if state is State.EMPTY and old is None:
                self._bare.append(node)
            elif state is State.EMPTY:
                creations.append(self._creation(node, old))
            elif state is State.OLD:
                heappush(self._candidates, node)
            elif state is State.OLD_UNAVAILABLE and self.surge:
                creations.append(self._creation(node))
            elif state in (State.OLD_UNAVAILABLE, State.BOTH):
                assert old is not None
                deletions.append(self._deletion(old))
        return creations + deletions

    def _replace(self) -> list[Call]:
        """Replace pods that are available, as far as the budget goes: in their place, or beside them."""
        count = self._count
        if self.surge:
            return [self._creation(node) for node in self._next(self.surge - count[State.SURGING])]
        available = count[State.OLD] + count[State.NEW]
        budget = self.unavailable - (len(self._states) - available)
        return [self._deletion(self._old[node]) for node in self._next(budget)]

    def _next_bare(self) -> list[Sequence[Call]]:
        """Create pods on nodes that never had one: 1, 2, 4, ... at a time, as many as go into one sync."""
        if not self._bare:
            return []
        nodes = [self._bare.popleft() for _ in range(min(len(self._bare), BURST))]
        groups = doubling([self._creation(node) for node in nodes], BURST)
        if self._has_created:
            groups.insert(0, ())  # the answers to the sync before come first
        self._has_created = True
        return groups

    def _next(self, number: int) -> list[int]:
        """The next nodes whose old pod is available."""
        found: dict[int, None] = {}
        while self._candidates and len(found) < number:
            node = heappop(self._candidates)
            if self._states[node] is State.OLD:
                found[node] = None
        return [*found]

    def _awaited(self) -> tuple[Sequence[Pod], str]:
        """Those whose nodes have used up what may be without a pod, or have two, while others are to be replaced."""
        limit = self.surge or self.unavailable
        used = (State.SURGING,) if self.surge else _UNAVAILABLE
        pods = [self._latest(node) for node, state in sorted(self._states.items()) if state in used]
        if not self._count[State.OLD] or len(pods) < limit:
            return super()._awaited()
        return pods, f"max_{'surge' if self.surge else 'unavailable'} is {limit}"

    def _latest(self, node: int) -> Pod:
        """The pod of a node that has one."""
        new = self._new.get(node)
        return self._old[node] if new is None or new.gone else new

    def _state(self, node: int) -> State:
        old, new = self._old.get(node), self._new.get(node)
        has_old = old is not None and not old.deleted
        if new is not None and not new.deleted:
            if has_old:
                return State.BOTH if new.available else State.SURGING
            return State.NEW if new.available else State.NEW_UNAVAILABLE
        if has_old:
            assert old is not None
            return State.OLD if old.available else State.OLD_UNAVAILABLE
        gone = (old is None or old.gone) and (new is None or new.gone)
        return State.EMPTY if gone else State.TERMINATING
