"""What all controllers have in common: they look at their pods' numbers and create and delete pods.

A controller acts when it begins, and once after each instant in which something changed among its pods. It
sees counters, not lists: a rollout of many pods costs as many decisions as it has events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.scenario.causes import Cause


class Controller(ABC):
    """Brings one workload to its new version.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    """

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster = cluster
        self.number = number
        self.workload = cluster.workloads[number]
        self.strategy = self.workload.strategy
        self.pods = cluster.groups[number]
        self.begun = False

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
        return self.done or self.begun and self.pods.new_available + self.pods.given_up >= self.wanted

    @property
    def _kept(self) -> int:
        """Pods of the old version that stay."""
        return 0

    def begin(self, _: object = None) -> None:
        """Start the rollout."""
        self.begun = True
        self.cluster.watch(self.number, self)
        self.cluster.look(self.number)

    @abstractmethod
    def touched(self, pod: Pod) -> None:
        """Something happened to a pod; `reconcile` follows at the end of the instant."""

    @abstractmethod
    def reconcile(self, trigger: int) -> None:
        """Create and delete what the numbers allow.

        Parameters
        ----------
        trigger : int
            The code of a pod whose event made it look; -1: its own time has come.
        """

    def missing(self, waits: Mapping[Cause, int]) -> str:
        """What is missing, in words; empty when it is done.

        Parameters
        ----------
        waits : mapping of Cause to int
            How many of its pods wait for what.
        """
        if self.done or self.over and not self.pods.old_pods:
            return ""
        name, wanted, pods = self.workload.name, self.wanted, self.pods
        text = f"workload '{name}': {pods.new_available} of {wanted} pods of the new version are available"
        reasons = [f"{waits[cause]} {cause.pods}" for cause in sorted(waits, key=lambda cause: cause.number)]
        unborn = wanted - pods.new_pods
        if unborn > 0:
            reasons.append(f"{unborn} not created")
        if pods.old_ready > self._kept:
            reasons.append(f"{pods.old_ready - self._kept} of the old version still serving")
        return text + (": " + ", ".join(reasons) if reasons else "")
