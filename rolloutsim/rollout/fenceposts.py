"""How many pods a controller may add or take away: Kubernetes' arithmetic, and nothing else.

Counts and shares are rounded in `rolloutsim.scenario.amounts`. Sources: k/k
`pkg/controller/deployment/util/deployment_util.go` (`NewRSNewReplicas`), `pkg/controller/deployment/rolling.go`
(`reconcileOldReplicaSets`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.scenario.amounts import daemonset as daemonset
from rolloutsim.scenario.amounts import deployment as deployment
from rolloutsim.scenario.amounts import resolve as resolve
from rolloutsim.scenario.amounts import statefulset as statefulset

if TYPE_CHECKING:
    from rolloutsim.scenario.orchestration import Amount


def scale_up(replicas: int, surge: int, new: int, total: int) -> int:
    """How many new pods a Deployment with `new` of `total` pods creates."""
    return max(min(replicas - new, replicas + surge - total), 0)


def scale_down(
    replicas: int, unavailable: int, new: int, new_available: int, old: int, old_available: int
) -> tuple[int, int]:
    """How many old pods a Deployment deletes: those that are not available, then others.

    Parameters
    ----------
    replicas, unavailable : int
        Wanted pods, and how many of them may be unavailable.
    new, new_available, old, old_available : int
        Pods that are not terminating, and the available ones among them.
    """
    floor_ = replicas - unavailable
    most = new + old - floor_ - (new - new_available)
    if old == 0 or most <= 0:
        return 0, 0
    unhealthy = min(most, old - old_available)
    others = min(max(new_available + old_available - floor_, 0), old - unhealthy)
    return unhealthy, others


def wave_sizes(sizes: tuple[Amount, ...], total: int) -> list[int]:
    """The pods of each wave: its own count or share (rounded up, assumed); what is left is the last wave."""
    found: list[int] = []
    left = total
    for size in sizes:
        found.append(min(resolve(size, total, up=True), left))
        left -= found[-1]
    return [*found, left] if left else found
