"""When images are copied from a registry to its mirrors, and how: replication, as Harbor does it."""

from __future__ import annotations

from typing import Literal, get_args

from rolloutsim.structs import struct

Trigger = Literal["push", "schedule"]
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
BEFORE = "before"  # all is there when the rollout begins, as without copies

WORKERS = 10  # tasks at a time; goharbor/harbor make/harbor.yml.tmpl: jobservice max_job_workers


@struct
class Copied:
    """What is copied to a mirror while the simulation runs.

    Parameters
    ----------
    on : str
        `push`: an image when its push is complete, or at 0 s if nothing pushes it during the rollout; `schedule`: all
        that the registries have, at `at` and then `every` so often.
    images : tuple of str
        What is copied, those that no case pulls included.
    into : tuple of str
        The shared links that bytes cross on their way from the network's core into the mirror, in order.
    at : float
        When the first one begins, on a schedule [s].
    every : float or None
        Between two of them; None: there is one [s].
    workers : int
        Tasks at a time, of all mirrors of one key together.
    rate : float or None
        The most that a task moves; None: what its way allows [B/s].
    """

    on: Trigger
    images: tuple[str, ...]
    into: tuple[str, ...] = ()
    at: float = 0.0
    every: float | None = None
    workers: int = WORKERS
    rate: float | None = None
