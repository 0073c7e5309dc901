"""What pods that run tell of the workloads that are drafted: how long they take until they are ready."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median, quantiles

from rolloutsim.imports.drafts.references import full
from rolloutsim.imports.found import Found, FoundPod, FoundWorkload
from rolloutsim.imports.writing import Said
from rolloutsim.units import plain_text

# From how many pods on the slowest of twenty says something of the others (assumed: one of them is beyond it).
_ENOUGH = 20


def startup(workload: FoundWorkload, found: Found) -> Said | None:
    """The time that a workload's pods took from their containers' start until they were ready.

    The quantiles of at least twenty pods, of fewer the median; None where no pod tells.
    """
    pods = [one for one in found.pods if _is_of(one, workload)]
    times = sorted(one.startup for one in pods if one.startup is not None)
    if not times:
        return None
    middle = median(times)
    restarted = sum(one.was_restarted for one in pods)
    remark = f"from {pods[0].origin}: Ready less startedAt of {len(times)} pods"
    remark += f", {restarted} that restarted left out" if restarted else ""
    late = quantiles(times, n=20, method="inclusive")[-1] if len(times) >= _ENOUGH else 0.0
    if 0.0 < middle < late:
        return Said({"p50": plain_text("time", middle), "p95": plain_text("time", late)}, remark)
    span = f"{times[0]:g} to {times[-1]:g} s" if times[0] < times[-1] else "all alike"
    return Said(plain_text("time", middle), f"{remark}, the median; {span}")


def unknown(named: Mapping[str, FoundWorkload], found: Found) -> str | None:
    """A note of pods whose workloads were not given, None if there are none."""
    owners: dict[tuple[str, str], None] = {}
    for one in found.pods:
        if not any(_is_of(one, each) for each in named.values()):
            owners[one.owner] = None
    if not owners:
        return None
    shown = [f"{kind} {name}" if kind else "no workload" for kind, name in owners]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return f"not used: running pods of {', '.join(shown[:3])}{more}, which were not given"


def holds(found: Found) -> Mapping[str, set[str]]:
    """The images of pods that run, written out, by their node: it has them as long as they do."""
    content: dict[str, set[str]] = {}
    for one in found.pods:
        content.setdefault(one.node, set()).update(map(full, one.images))
    return content


def _is_of(one: FoundPod, workload: FoundWorkload) -> bool:
    return one.owner == (workload.kind, workload.name) and workload.namespace in ("", one.namespace)
