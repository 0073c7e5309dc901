"""What all controllers have in common: they look at their pods' numbers and create and delete pods.

A controller acts when it begins, and once after each instant in which something changed among its pods, unless its
calls of the API server for what it saw before have not passed yet: then when they have. It sees counters, not lists:
a rollout of many pods costs as many decisions as it has events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rolloutsim.rollout.client import Sync

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.rollout.client import ApiClient, Call, Reason
    from rolloutsim.scenario.causes import Cause

_MOST_NAMED = 3  # pods that are named of those that are waited for


class Controller(ABC):
    """Brings one workload to its new version.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    client : ApiClient
        Over which it creates and deletes pods.
    """

    def __init__(self, cluster: Cluster, number: int, client: ApiClient) -> None:
        self.cluster = cluster
        self.number = number
        self.workload = cluster.workloads[number]
        self.strategy = self.workload.strategy
        self.pods = cluster.groups[number]
        self.begun = False
        self.client = client
        self.sync = self._new_sync(self._counts)

    @property
    def wanted(self) -> int:
        """Pods of the new version when the rollout is over."""
        return len(self.cluster.nodes_of[self.number]) if self.workload.daemonset else self.workload.replicas

    @property
    def done(self) -> bool:
        """Whether all wanted pods of the new version are available, and no old pod that must go is ready."""
        return self.begun and self.pods.new_available >= self.wanted and self.pods.old_ready <= self._kept

    @property
    def over(self) -> bool:
        """Whether nothing will come any more: it is done, or the pods that are missing are given up."""
        pods = self.pods
        # Where none is given up, old pods may still have to go when all new ones are there.
        return self.done or (self.begun and pods.given_up > 0 and pods.new_available + pods.given_up >= self.wanted)

    @property
    def _kept(self) -> int:
        """Pods of the old version that stay."""
        return 0

    def begin(self, trigger: int) -> None:
        """Start the rollout, since its time has come (-1) or for the event of a pod."""
        self.begun = True
        self.cluster.watch(self.number, self)
        self.cluster.look(self.number, trigger)

    @abstractmethod
    def touched(self, pod: Pod) -> None:
        """Something happened to a pod; `reconcile` follows at the end of the instant."""

    def makes_room(self, pod: Pod) -> bool:
        """Whether a pod that is gone makes room: one on a node has its place, and others have none."""
        return self.workload.daemonset

    def joined(self, node: int) -> None:  # noqa: B027
        """A node of its groups has joined: the scheduler knows it."""

    @abstractmethod
    def reconcile(self, trigger: int) -> None:
        """Create and delete what the numbers allow.

        Parameters
        ----------
        trigger : int
            The code of a pod whose event made it look; -1: its own time has come; -2: nothing new lets it act.
        """

    def _new_sync(self, counts: Callable[[], tuple[int, ...]]) -> Sync:
        """The syncs of an object that has to do with its pods, and whose status tells `counts`."""
        return Sync(self.cluster.network, self.client, counts, self._look_again)

    def _counts(self) -> tuple[int, ...]:
        pods = self.pods
        return pods.new_pods, pods.new_ready, pods.new_available, pods.old_pods, pods.old_ready, pods.old_available

    def _look_again(self) -> None:
        self.cluster.look_again(self.number)

    def _creation(self, node: int | None = None, replaces: Pod | None = None, ordinal: int = -1) -> Call:
        """The call that creates a pod, for the reason that the present sync has."""
        return self._create, (node, self.sync.reason, replaces, ordinal)

    def _deletion(self, pod: Pod) -> Call:
        """The call that deletes a pod, for the reason that the present sync has."""
        return self._delete, (pod, self.sync.reason)

    def _create(self, what: tuple[int | None, Reason, Pod | None, int]) -> None:
        node, reason, replaces, ordinal = what
        self._created(self.cluster.create(self.number, node, *reason, replaces=replaces, ordinal=ordinal))

    def _created(self, pod: Pod) -> None:  # noqa: B027
        """There is a new pod, whose images have been asked for: they may be there, and it available at once."""

    def _delete(self, what: tuple[Pod, Reason]) -> None:
        pod, reason = what
        self.cluster.delete(pod, *reason)

    def missing(self, waits: Mapping[Cause, int], names: Sequence[str], bare: bool = False) -> str:
        """What is missing, in words; empty when it is done.

        Parameters
        ----------
        waits : mapping of Cause to int
            How many of its pods wait for what.
        names : sequence of str
            Of the nodes.
        bare : bool
            Whether there are no pods: nodes of one group pull on their own.
        """
        if self.done or self.over and not self.pods.old_pods:
            return ""
        name, wanted, pods = self.workload.name, self.wanted, self.pods
        if not self.begun and self.workload.after:
            others = " and ".join(f"'{other}'" for other in self.workload.after)
            return f"workload '{name}': it begins when the rollout of {others} is over"
        if bare:
            (group,) = self.workload.groups
            text = f"{pods.new_available} of {wanted} pulls of {name} by '{group}' are done"
        else:
            text = f"workload '{name}': {pods.new_available} of {wanted} pods of the new version are available"
        reasons = [f"{waits[cause]} {cause.pods}" for cause in sorted(waits, key=lambda cause: cause.number)]
        unborn = wanted - pods.new_pods
        if unborn > 0:
            reasons.append(f"{unborn} not {'begun' if bare else 'created'}")
        still = max(pods.old_ready - self._kept, 0)
        if still:
            reasons.append(f"{still} of the old version still serving")
        text += ": " + ", ".join(reasons) if reasons else ""
        return text + (self._held_up(names) if self.begun and not bare and (unborn > 0 or still) else "")

    def _held_up(self, names: Sequence[str]) -> str:
        """What its next step waits for, in words that follow others; empty: nothing that is known."""
        if self.sync.busy:
            return "; it waits for the API server to answer its calls"
        pods, rule = self._awaited()
        if not pods:
            return ""
        found = [self._standing(pod, names) for pod in pods[:_MOST_NAMED]]
        if len(pods) > _MOST_NAMED:
            found.append(f"{len(pods) - _MOST_NAMED} more")
        several = f"{', '.join(found[:-1])} and " if len(found) > 1 else ""
        return f"; it waits for {several}{found[-1]}{f', since {rule}' if rule else ''}"

    def _awaited(self) -> tuple[Sequence[Pod], str]:
        """The pods that its next step waits for, and by which rule, in words; a DaemonSet's have to make room."""
        return (self._terminating() if self.workload.daemonset else ()), ""

    def _terminating(self) -> list[Pod]:
        """Its pods that are deleted, and not gone."""
        nodes, on_node = self.cluster.nodes_of[self.number], self.cluster.on_node
        every = (pod for node in nodes for pod in on_node[node].values())
        return [pod for pod in every if pod.workload == self.number and pod.deleted]

    def _standing(self, pod: Pod, names: Sequence[str]) -> str:
        """A pod, where it is, and what it is at, in words."""
        if self.cluster.placement.down[pod.node]:
            is_at = "its node is down"
        elif pod.deleted:
            is_at = "it is terminating"
        elif pod.cause is not None:
            is_at = f"it waits {pod.cause.waits}"
        else:
            is_at = "it is ready, and not available yet" if pod.ready else "it starts again"
        number = f"pod {pod.ordinal}" if self.strategy.name == "statefulset" else "the pod"
        return f"{number} on node '{names[pod.node]}' ({is_at})"
