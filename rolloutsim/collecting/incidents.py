"""What went wrong, what was pushed, how full the disks are: the ledgers' columns as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts import records as r

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.faults import Faults
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.push import ImagePush
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.resolved_rollout import Push

Pushed = list[tuple["Push", list["ImagePush"]]]


def refusals(incidents: Incidents) -> r.Refusals:
    """The requests that were refused."""
    c = incidents.refusals
    return r.Refusals(
        np.array(c.source, np.int32),
        np.array(c.time, np.float64),
        np.array(c.status, np.int16),
        np.array(c.fetch, np.int32),
        np.array(c.again, np.bool_),
    )


def lost(incidents: Incidents) -> r.Lost:
    """What failed requests cost pulls and fetches that went on."""
    c = incidents.lost
    return r.Lost(
        np.array(c.is_fetch, np.bool_),
        np.array(c.activity, np.int32),
        np.array(c.limited, np.bool_),
        np.array(c.seconds, np.float64),
    )


def pushes(scenario: ResolvedScenario, done: Pushed) -> r.PushRecords:
    """The images pushed."""
    rows = [(scenario.pushes.index(push), image) for push, images in done for image in images]
    return r.PushRecords(
        np.array([push for push, _ in rows], np.int32),
        tuple(image.image for _, image in rows),
        np.array([image.started for _, image in rows], np.float64),
        np.array([image.finished for _, image in rows], np.float64),
        np.array([image.bytes for _, image in rows], np.float64),
        np.array([image.held for _, image in rows], np.float64),
    )


def disks(actors: Actors) -> r.DiskRecords:
    """How full the disks are whose capacity is known."""
    rows = [(node.index, node.disk) for node in actors.nodes if node.disk is not None]
    columns = np.array(
        [(disk.capacity, disk.before, disk.peak, disk.used, disk.collected) for _, disk in rows], np.float64
    ).reshape(-1, 5)
    return r.DiskRecords(np.array([index for index, _ in rows], np.int32), *columns.T.copy())


def faults(found: Faults | None) -> r.FaultRecords:
    """The faults that came."""
    if found is None:
        return r.FaultRecords((), (), (), np.zeros(0), np.zeros(0))
    c = found.columns
    return r.FaultRecords(
        tuple(fault.name for fault in c.fault),
        tuple(fault.kind for fault in c.fault),
        tuple(c.target),
        np.array(c.started, np.float64),
        np.array(c.ended, np.float64),
    )
