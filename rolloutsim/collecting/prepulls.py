"""What nodes pulled before a rollout, and what came of it, as records."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.collecting.background import rows
from rolloutsim.collecting.links import carried, shared_links
from rolloutsim.fleet.background import Transfer
from rolloutsim.results.facts import records as r
from rolloutsim.rollout.prepulled import bytes_of

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.ledger import Ledger
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.rollout.prepulled import PrepulledBefore
    from rolloutsim.scenario.resolved import ResolvedScenario


def prepull_records(
    scenario: ResolvedScenario, actors: Actors, network: FluidNetwork, ledger: Ledger, before: PrepulledBefore
) -> r.PrepullRecords:
    """The records of a case's pre-pulls, at the end of its rollout.

    Parameters
    ----------
    scenario : ResolvedScenario
        The case's.
    actors, network, ledger
        Of the rollout, beside which some may have gone on.
    before : PrepulledBefore
        What there was before it.
    """
    tasks = [task for one in before.prepullers for task in one.tasks]
    after = bytes_of(ledger, actors, network, [task for task in tasks if task.rows])
    its = before.actors
    flows = [flow for node in its.nodes for flow in node.host.flows if flow.tag is not None]
    flows += [flow for one in its.background if isinstance(one, Transfer) for flow in one.flows]
    images = tuple(dict.fromkeys(task.image for task in tasks))
    place = {name: number for number, name in enumerate(images)}
    applications = [before.beside.get(flow.spec.name) for flow in actors.background]
    seconds = before.seconds
    return r.PrepullRecords(
        prepull=np.array([i for i, one in enumerate(before.prepullers) for _ in one.tasks], np.int32),
        image=np.array([place[task.image] for task in tasks], np.int32),
        node=np.array([task.node for task in tasks], np.int32),
        asked=np.array([task.asked for task in tasks], np.float64),
        pulled=np.array([task.pulled for task in tasks], np.float64),
        over=np.array([task.ended for task in tasks], np.float64),
        given_up=np.array([task.given_up for task in tasks], np.bool_),
        timed_out=np.array([task.timed_out for task in tasks], np.int32),
        before=np.array([before.bytes[id(task)] for task in tasks], np.float64),
        after=np.array([after.get(id(task), 0.0) for task in tasks], np.float64),
        requests=np.array([before.requests[id(task)] for task in tasks], np.int32),
        images=images,
        began=before.zero,
        ended=before.zero + seconds,
        links=shared_links(scenario, before.network, carried(its, before.network, flows)),
        rate=np.array(
            [one.bytes / seconds if one is not None and seconds > 0.0 else nan for one in applications], np.float64
        ),
        latency=rows((i, one.times, one.latencies) for i, one in enumerate(applications) if one is not None),
    )
