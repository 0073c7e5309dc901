"""Numbers of pods from counts and shares: Kubernetes' rounding.

Sources: k/k `pkg/controller/deployment/util/deployment_util.go` (`ResolveFenceposts`, `MaxUnavailable`),
`pkg/controller/daemon/util/daemonset_util.go` (`SurgeCount`, `UnavailableCount`), `pkg/controller/daemon/update.go`
(`updatedDesiredNodeCounts`), `pkg/controller/statefulset/stateful_set_utils.go` (`getStatefulSetMaxUnavailable`).
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.orchestration import Amount

# Percentages have few digits; a share such as 0.07 is then the fraction that it was written as, and 7 % of 100 is 7,
# not the 8 that rounding 7.000000000000001 up would make.
_DENOMINATOR = 10**6


def resolve(amount: Amount, total: int, *, up: bool) -> int:
    """A number of pods from a count or a share of `total`, shares rounded up or down."""
    if amount.share is None:
        return amount.count or 0
    exact = Fraction(amount.share).limit_denominator(_DENOMINATOR) * total
    return ceil(exact) if up else floor(exact)


def deployment(max_surge: Amount, max_unavailable: Amount, replicas: int) -> tuple[int, int]:
    """The surge (shares rounded up) and the unavailable pods (rounded down) of a Deployment.

    Both zero becomes one unavailable pod; more unavailable pods than replicas cannot be.
    """
    surge = resolve(max_surge, replicas, up=True)
    unavailable = resolve(max_unavailable, replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def daemonset(max_surge: Amount, max_unavailable: Amount, nodes: int) -> tuple[int, int]:
    """The surge and the unavailable pods of a DaemonSet, shares rounded up; both zero becomes one unavailable pod.

    With a surge, `max_unavailable` plays no part.
    """
    surge = resolve(max_surge, nodes, up=True)
    unavailable = resolve(max_unavailable, nodes, up=True)
    if surge == 0 and unavailable == 0 and nodes > 0:
        unavailable = 1
    return surge, unavailable


def statefulset(max_unavailable: Amount, replicas: int) -> int:
    """The unavailable pods of a StatefulSet: shares rounded down, at least one."""
    return max(resolve(max_unavailable, replicas, up=False), 1)
