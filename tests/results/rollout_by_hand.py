"""What a controller did, told by hand: pods with their steps, old pods, refusals, faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

import numpy as np

from rolloutsim.results.facts import records as r
from rolloutsim.scenario.causes import STEPS
from rolloutsim.scenario.orchestration import Amount, Strategy, Workload

NEW, OLD = 0, 1


def workload(
    name: str = "api",
    replicas: int = 3,
    *,
    images: tuple[str, ...] = ("a",),
    surge: Amount | None = None,
    unavailable: Amount | None = None,
    start: float = 0.0,
    strategy: str = "rolling",
    create: bool = False,
    partition: int = 0,
) -> Workload:
    """A Deployment, or what `strategy` makes of it."""
    how = Strategy(
        strategy,  # type: ignore[arg-type]
        Amount(count=0) if surge is None else surge,
        Amount(count=1) if unavailable is None else unavailable,
        partition=partition,
    )
    return Workload(name, images, replicas, strategy == "daemonset", ("node",), how, start=start, create=create)


@dataclass
class Rollout:
    """Pods are (workload, node, ready, available, pull, deleted, reason); a step's times follow from its end."""

    workloads: tuple[Workload, ...] = ()
    pods: list[tuple[int, int, float, float, int, float, str]] = field(default_factory=list)
    told: list[tuple[int, str, int, float, float, int]] = field(default_factory=list)
    old: list[tuple[int, int, float, float]] = field(default_factory=list)
    changes: list[tuple[float, int, int, int]] = field(default_factory=list)
    refusals: list[tuple[int, float, int, int, bool]] = field(default_factory=list)
    lost: list[tuple[bool, int, bool, float]] = field(default_factory=list)
    pushes: list[tuple[int, str, float, float, float, float]] = field(default_factory=list)
    disks: list[tuple[int, float, float, float, float, float]] = field(default_factory=list)
    faults: list[tuple[str, str, str, float, float]] = field(default_factory=list)
    conditions: tuple[tuple[float, str, str], ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pod[6] for pod in self.pods if pod[6]))

    def pod(
        self,
        ready: float,
        *,
        node: int = 0,
        of: int = 0,
        available: float | None = None,
        pull: int = -1,
        deleted: float = nan,
        reason: str = "",
    ) -> int:
        """A pod of the new version."""
        self.pods.append((of, node, ready, ready if available is None else available, pull, deleted, reason))
        return len(self.pods) - 1

    def steps(self, pod: int, *steps: tuple[str, float] | tuple[str, float, int], since: float | None = None) -> None:
        """A pod's steps, (cause, end) or (cause, end, pull, or trigger of a pacing step), one after another."""
        time = self.workloads[self.pods[pod][0]].start if since is None else since
        for cause, end, *more in steps:
            row = more[0] if more else -1
            is_pull = cause in ("pull", "other_pull", "failed_pull")
            self.told.append((pod, cause, row if is_pull else -1, time, end, -1 if is_pull else row))
            time = end

    def old_pod(self, deleted: float, gone: float | None = None, *, node: int = 0, of: int = 0) -> int:
        """A pod of the old version; gives its code as a trigger."""
        self.old.append((of, node, deleted, deleted if gone is None else gone))
        return 2 * (len(self.old) - 1) + OLD

    def change(self, time: float, old: int = 0, new: int = 0, *, of: int = 0) -> None:
        """So many pods more or less are ready."""
        self.changes.append((time, of, old, new))

    def pod_columns(self, reasons: tuple[str, ...]) -> r.Pods:
        """The records of the pods."""
        rows = self.pods
        times = {kind: np.full(len(rows), nan) for kind in ("created", "asked", "started")}
        for pod, cause, _, started, _, _ in self.told:
            if cause == "startup":
                times["started"][pod] = started
            if cause not in ("controller_pacing", "termination"):
                times["created"][pod] = np.fmin(times["created"][pod], started)
                if cause not in ("controller",):
                    times["asked"][pod] = np.fmin(times["asked"][pod], started)
        return r.Pods(
            pull=np.array([row[4] for row in rows], np.int32),
            started=times["started"],
            ready=np.array([row[2] for row in rows], np.float64),
            workload=np.array([row[0] for row in rows], np.int32),
            node=np.array([row[1] for row in rows], np.int32),
            created=times["created"],
            asked=times["asked"],
            available=np.array([row[3] for row in rows], np.float64),
            deleted=np.array([row[5] for row in rows], np.float64),
            reason=np.array([reasons.index(row[6]) if row[6] else -1 for row in rows], np.int16),
        )

    def orchestration(self) -> r.Orchestration:
        """The records of all that is not about pods."""
        numbers = {step.name: step.number for step in STEPS}
        told = [(pod, numbers[cause], *rest) for pod, cause, *rest in self.told]
        return r.Orchestration(
            self.workloads,
            r.Steps(*_columns(told, "ihiddi")),
            r.OldPods(*_columns(self.old, "iidd")),
            r.ReplicaChanges(*_columns(self.changes, "diii")),
            _refusals(self.refusals),
            r.Lost(*_columns(self.lost, "?i?d")),
            _pushes(self.pushes),
            r.DiskRecords(*_columns(self.disks, "iddddd")),
            _faults(self.faults),
            self.conditions,
        )


def _pushes(rows: list[tuple[int, str, float, float, float, float]]) -> r.PushRecords:
    push, started, finished, sent, held = _columns([(row[0], *row[2:]) for row in rows], "idddd")
    return r.PushRecords(push, tuple(row[1] for row in rows), started, finished, sent, held)


def _faults(rows: list[tuple[str, str, str, float, float]]) -> r.FaultRecords:
    name, kind, target = (tuple(row[i] for row in rows) for i in range(3))
    started, ended = _columns([row[3:] for row in rows], "dd")
    return r.FaultRecords(name, kind, target, started, ended)  # type: ignore[arg-type]


def _refusals(told: list[tuple[int, float, int, int, bool]]) -> r.Refusals:
    """A row each; `unanswered` are the fetches of which one was not sent again."""
    rows = [(source, time, status, fetch >= 0, 1, again, 0.0) for source, time, status, fetch, again in told]
    unanswered = [fetch for *_, fetch, again in told if fetch >= 0 and not again]
    return r.Refusals(*_columns([*rows], "idh?qqd"), np.array(unanswered, np.int32))


def _columns(rows: list[tuple[object, ...]], kinds: str) -> list[np.ndarray]:  # type: ignore[type-arg]
    types = {"i": np.int32, "d": np.float64, "h": np.int16, "q": np.int64, "?": np.bool_}
    return [np.array([row[i] for row in rows], types[kind]) for i, kind in enumerate(kinds)]  # type: ignore[call-overload]
