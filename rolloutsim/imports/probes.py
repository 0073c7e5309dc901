"""What probes tell of how long a pod takes until it is ready: never before its first probes are allowed.

The kubelet probes a container for the first time when `initialDelaySeconds` have passed since it started, and a
container with a readiness or startup probe is not ready before one succeeds: source kubernetes
pkg/kubelet/prober/worker.go `doProbe` (whole seconds), prober_manager.go `UpdatePodStatus`. So the delay is a lower
bound; how long the application itself takes, no manifest tells. A liveness probe makes nobody wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.imports.found import FoundStartup
from rolloutsim.imports.shapes import maps, text, whole

DELAY = "initialDelaySeconds"
_STARTUP, _READINESS = "startupProbe", "readinessProbe"


def startup(pod: Mapping[str, Any], place: str) -> FoundStartup | None:
    """The time that a pod takes at least from its containers' start until it is ready.

    The largest of its containers' delays; before them come those of the startup probes of sidecars, since what
    follows a sidecar starts when that has started (kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go
    `computeInitContainerActions`). Init containers that end have no probes.

    Parameters
    ----------
    pod : mapping
        A pod's `spec`.
    place : str
        Where it stands, for errors.

    Returns
    -------
    FoundStartup or None
        None if no probe has a delay.

    Raises
    ------
    UnreadableError
        If a delay is no whole number.
    """
    before, sidecars = 0, []
    for one in maps(pod, "initContainers"):
        if is_sidecar(one):
            sidecars.append(before + _delay(one, place, _READINESS))
            before += _delay(one, place, _STARTUP)
    containers = list(maps(pod, "containers"))
    delays = [
        (_delay(one, place, probe), probe, number)
        for number, one in enumerate(containers)
        for probe in (_STARTUP, _READINESS)
    ]
    delays += [(ready - before, _READINESS, -1) for ready in sidecars]
    longest, probe, number = max(delays, key=lambda one: one[0], default=(0, "", 0))
    if before + max(longest, 0) == 0:
        return None
    told = []
    if before:
        told.append(f"{_STARTUP}.{DELAY} of sidecars")
    if longest > 0:
        told.append(f"{probe}.{DELAY}")
        if number != -1 and len(containers) > 1:
            told[-1] += f" of {text(containers[number], 'name') or f'container {number}'}"
        elif number == -1:
            told[-1] += " of a sidecar"
    remark = f"{' and '.join(told)}, a lower bound"
    if longest > 0 and number != len(containers) - 1:
        remark += "; less if images of later containers are pulled meanwhile"
    return FoundStartup(before + max(longest, 0), remark)


def is_sidecar(container: Mapping[str, Any]) -> bool:
    """Whether an init container stays beside the containers that follow it."""
    return text(container, "restartPolicy") == "Always"


def _delay(container: Mapping[str, Any], place: str, probe: str) -> int:
    return whole(container, place, probe, DELAY) or 0
