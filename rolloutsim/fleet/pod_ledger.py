"""The facts about pods as they happen: columns that grow, as in `rolloutsim.fleet.ledger`."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from rolloutsim.fleet.ledger import NEVER

if TYPE_CHECKING:
    from rolloutsim.fleet.pod_group import Pod
    from rolloutsim.scenario.causes import Cause


class PodColumns:
    """Rows of `rolloutsim.results.facts.records.Pods`."""

    def __init__(self) -> None:
        self.pull = array("i")
        self.started = array("d")
        self.ready = array("d")
        self.workload = array("i")
        self.node = array("i")
        self.created = array("d")
        self.asked = array("d")
        self.available = array("d")
        self.deleted = array("d")
        self.reason = array("h")

    def add(self, workload: int, node: int, now: float) -> int:
        """A pod of the new version is created."""
        self.workload.append(workload)
        self.node.append(node)
        self.created.append(now)
        for times in (self.asked, self.started, self.ready, self.available, self.deleted):
            times.append(NEVER)
        self.pull.append(-1)
        self.reason.append(-1)
        return len(self.node) - 1


class StepColumns:
    """Rows of `rolloutsim.results.facts.records.Steps`."""

    def __init__(self) -> None:
        self.pod = array("i")
        self.cause = array("h")
        self.pull = array("i")
        self.started = array("d")
        self.ended = array("d")
        self.trigger = array("i")

    def add(self, pod: int, cause: Cause, started: float, ended: float, *, pull: int = -1, trigger: int = -1) -> None:
        """A pod's step is over; one without a pull that took no time is left out."""
        if started == ended and pull < 0:
            return
        self.pod.append(pod)
        self.cause.append(cause.number)
        self.pull.append(pull)
        self.started.append(started)
        self.ended.append(ended)
        self.trigger.append(trigger)

    def add_all(self, pods: list[Pod], ended: float) -> None:
        """The steps that pods are in are over at once."""
        over = [pod for pod in pods if pod.since != ended or pod.pull >= 0]
        self.pod.extend([pod.row for pod in over])
        self.cause.extend([pod.cause.number for pod in over if pod.cause is not None])
        self.pull.extend([pod.pull for pod in over])
        self.started.extend([pod.since for pod in over])
        self.ended.extend([ended] * len(over))
        self.trigger.extend([-1] * len(over))


class OldPodColumns:
    """Rows of `rolloutsim.results.facts.records.OldPods`."""

    def __init__(self) -> None:
        self.workload = array("i")
        self.node = array("i")
        self.deleted = array("d")
        self.gone = array("d")
        self.decided = array("d")
        self.trigger = array("i")

    def add(self, workload: int, node: int) -> int:
        """There is a pod of the old version, and it is ready."""
        self.workload.append(workload)
        self.node.append(node)
        self.deleted.append(NEVER)
        self.gone.append(NEVER)
        self.decided.append(NEVER)
        self.trigger.append(-1)
        return len(self.node) - 1


class ReplicaColumns:
    """Rows of `rolloutsim.results.facts.records.ReplicaChanges`."""

    def __init__(self) -> None:
        self.time = array("d")
        self.workload = array("i")
        self.old = array("b")
        self.new = array("b")

    def add(self, now: float, workload: int, is_old: bool, change: int) -> None:
        """A pod became ready (+1) or ceased to be (-1)."""
        self.time.append(now)
        self.workload.append(workload)
        self.old.append(change if is_old else 0)
        self.new.append(0 if is_old else change)


class PodLedger:
    """All columns about the pods of a case, and the conditions of its workloads: (time [s], workload, what)."""

    def __init__(self) -> None:
        self.pods = PodColumns()
        self.steps = StepColumns()
        self.old_pods = OldPodColumns()
        self.replicas = ReplicaColumns()
        self.conditions: list[tuple[float, str, str]] = []
