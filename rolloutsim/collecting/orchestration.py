"""Pods and what they waited for, with all that a case with controllers adds: the ledgers' columns as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.collecting import incidents as found
from rolloutsim.results.facts import records as r

if TYPE_CHECKING:
    from rolloutsim.collecting.incidents import Pushed
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.pod_ledger import PodLedger
    from rolloutsim.rollout.orchestrated import Orchestrated
    from rolloutsim.scenario.resolved import ResolvedScenario


def orchestration_of(
    scenario: ResolvedScenario, actors: Actors, incidents: Incidents, orchestrated: Orchestrated, pushes: Pushed
) -> r.Orchestration:
    """Everything but the pods of the new version themselves.

    Parameters
    ----------
    pushes : list
        All that were made, before the rollout and during it.
    """
    ledger = orchestrated.ledger
    return r.Orchestration(
        workloads=orchestrated.workloads,
        steps=steps(ledger),
        old_pods=old_pods(ledger),
        replicas=replica_changes(ledger),
        refusals=found.refusals(incidents),
        lost=found.lost(incidents),
        pushes=found.pushes(scenario, pushes),
        disks=found.disks(actors),
        faults=found.faults(orchestrated.faults),
        conditions=tuple(ledger.conditions),
        stand_in=orchestrated.bare,
    )


def pods_of_workloads(ledger: PodLedger) -> r.Pods:
    """The pods of the new version."""
    c = ledger.pods
    return r.Pods(
        pull=np.array(c.pull, np.int32),
        started=np.array(c.started, np.float64),
        ready=np.array(c.ready, np.float64),
        workload=np.array(c.workload, np.int32),
        node=np.array(c.node, np.int32),
        created=np.array(c.created, np.float64),
        asked=np.array(c.asked, np.float64),
        available=np.array(c.available, np.float64),
        deleted=np.array(c.deleted, np.float64),
        reason=np.array(c.reason, np.int16),
    )


def steps(ledger: PodLedger) -> r.Steps:
    """What they waited for, in the order in which the waits ended; `Cluster.close` adds those that did not."""
    c = ledger.steps
    return r.Steps(
        pod=np.array(c.pod, np.int32),
        cause=np.array(c.cause, np.int16),
        pull=np.array(c.pull, np.int32),
        started=np.array(c.started, np.float64),
        ended=np.array(c.ended, np.float64),
        trigger=np.array(c.trigger, np.int32),
    )


def old_pods(ledger: PodLedger) -> r.OldPods:
    """The pods of the old version."""
    c = ledger.old_pods
    return r.OldPods(
        workload=np.array(c.workload, np.int32),
        node=np.array(c.node, np.int32),
        deleted=np.array(c.deleted, np.float64),
        gone=np.array(c.gone, np.float64),
    )


def replica_changes(ledger: PodLedger) -> r.ReplicaChanges:
    """How readiness came and went."""
    c = ledger.replicas
    return r.ReplicaChanges(
        time=np.array(c.time, np.float64),
        workload=np.array(c.workload, np.int32),
        old=np.array(c.old, np.int32),
        new=np.array(c.new, np.int32),
    )
