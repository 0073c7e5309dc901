"""Which calls of a runtime to pull an image are pulls, and for whom: the others find the image on their node.

A kubelet calls for each container that needs an image, and with `pull_policy: always` for each that starts. The first
call brings the image, unless the node held it from the beginning; one that comes later is a re-check, which asks the
registry for the manifest and fetches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.records import derived, or_never
from rolloutsim.scenario.causes import FAILED_PULL

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords


@derived
def brings(case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Which pulls brought their node an image, or were to, failed attempts included; the others are re-checks.

    Where all layers were there or came with other images, it is the first call for the image that is not there.
    """
    pulls = case.pulls
    failed = ~np.isnan(pulls.failed)
    held = pulls.present if len(pulls.present) else np.zeros(len(pulls.node), np.bool_)
    found = np.zeros(len(pulls.node), np.bool_)
    found[case.fetches.pull] = True
    found &= ~failed
    image = pulls.node.astype(np.int64) * len(case.images) + pulls.image
    others = np.flatnonzero(~failed & ~found & ~held & ~np.isin(image, image[found]))
    order = others[np.argsort(or_never(pulls.pulled[others]), kind="stable")]
    _, earliest = np.unique(image[order], return_index=True)
    found[order[earliest]] = True
    return found | (failed & ~held)


@derived
def workload_of_pull(case: CaseRecords) -> npt.NDArray[np.int64]:
    """The workload whose pod called for each pull; -1: none did, or none is left that says so."""
    pulls, steps, workload = case.pulls, case.orchestration.steps, case.pods.workload
    found = np.full(len(pulls.node), -1, np.int64)
    if not len(case.orchestration.workloads):
        return found
    # A pod that joined a pull which another one had called for came later than that.
    rows = np.flatnonzero(steps.pull >= 0)
    latest_first = rows[np.argsort(-steps.started[rows], kind="stable")]
    found[steps.pull[latest_first]] = workload[steps.pod[latest_first]]
    _name_failed(case, found)
    # Of pods that were deleted while they pulled no step may tell: the workload that begins first needs the image.
    begun = sorted(range(len(case.orchestration.workloads)), key=lambda i: case.orchestration.workloads[i].start)
    for number, image in enumerate(case.images):
        users = [i for i in begun if image.name in case.orchestration.workloads[i].images]
        if users:
            found[(pulls.image == number) & (found < 0)] = users[0]
    return found


def _name_failed(case: CaseRecords, found: npt.NDArray[np.int64]) -> None:
    """Attempts that failed, by the pods that they kept busy: on the same node from the same moment on."""
    pulls, steps, pods = case.pulls, case.orchestration.steps, case.pods
    tried = np.flatnonzero(steps.cause == FAILED_PULL.number)
    asked: dict[tuple[int, float], list[int]] = {}
    for node, started, workload in zip(
        pods.node[steps.pod[tried]].tolist(), steps.started[tried].tolist(),
        pods.workload[steps.pod[tried]].tolist(), strict=True,
    ):  # fmt: skip
        asked.setdefault((node, started), []).append(workload)
    # Several that began at one moment are told apart by their images.
    users = [{i for i, one in enumerate(case.orchestration.workloads) if image.name in one.images}
             for image in case.images]  # fmt: skip
    for pull in np.flatnonzero((found < 0) & ~np.isnan(pulls.failed)).tolist():
        there = asked.get((int(pulls.node[pull]), float(pulls.asked[pull])), [])
        of_image = [workload for workload in there if workload in users[int(pulls.image[pull])]]
        if of_image:
            found[pull] = of_image[0]
            there.remove(of_image[0])
