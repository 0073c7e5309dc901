"""The `workloads` and `prepulls` of a scenario that is drafted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.drafts.assumed import NODES, Assumed
from rolloutsim.imports.drafts.groups import Group
from rolloutsim.imports.drafts.placing import has, labels, may_run, wanted
from rolloutsim.imports.drafts.running import startup
from rolloutsim.imports.found import Found, FoundWorkload
from rolloutsim.imports.writing import Said
from rolloutsim.units import plain_text

# By whether Docker Swarm rolls out.
STARTUP_COMMAND = {
    False: "kubectl get pods -A -o json > pods.json, and import that as well",
    True: "docker inspect TASK: Status.Timestamp once it runs, less State.StartedAt of docker inspect CONTAINER",
}


def workload(one: FoundWorkload, found: Found, groups: Sequence[Group], assumed: list[Assumed]) -> dict[str, Any]:
    """One workload, on the groups that its pods may run on."""
    origin = f"from {one.origin}"
    content: dict[str, Any] = {"images": Said(list(one.images), f"{origin}: {one.kind}")}
    if one.replicas is None:
        content["daemonset"] = True
    else:
        remark = one.remarks.get("replicas")
        content["replicas"] = Said(one.replicas, f"{origin}: {remark}" if remark else origin)
    able = [group.name for group in groups if may_run(group.nodes[0], one)]
    if groups and not able:
        raise UnreadableError(
            f"{one.origin}: {one.kind} {one.name} runs on no node of {found.nodes[0].origin}: it wants "
            f"{wanted(one) or 'no taint that it does not tolerate'}; give the nodes that have it, or leave the "
            "workload out"
        )
    if len(able) < len(groups):
        content["groups"] = Said(able, f"{origin}: where its pods may run")
    elif wanted(one) and not groups:
        assumed.append(Assumed(
            f"workloads.{one.name}.groups", "all", f"it runs on nodes with {wanted(one)}",
            "kubectl get nodes -o json > nodes.json",
        ))  # fmt: skip
    assumed.extend(
        Assumed(f"workloads.{one.name}.{each.key}", each.value, each.why, each.command) for each in one.guesses
    )
    if one.creates:
        content["create"] = Said(True, one.creates)
    measured = startup(one, found)
    if measured is not None:
        content["startup"] = measured
    elif one.startup is not None:
        least = plain_text("time", one.startup.least)
        content["startup"] = Said(least, f"{origin}: {one.startup.told}")
    if one.pull_policy is not None:
        content["pull_policy"] = Said(one.pull_policy, one.remarks.get("derived") or origin)
    elif "pull_policy" in one.remarks:
        content["pull_policy"] = Said("if_not_present", f"assumed: {one.remarks['pull_policy']}")
        assumed.append(Assumed(
            f"workloads.{one.name}.pull_policy", "if_not_present", one.remarks["pull_policy"],
            "a workload has one policy here; always asks the registry for each of them",
        ))  # fmt: skip
    if one.rollout:
        remark = one.remarks.get("rollout", "")
        if not remark.startswith("assumed"):
            content["rollout"] = Said(dict(one.rollout), f"{origin}: {remark}" if remark else origin)
        elif len(one.rollout) == 1:
            content["rollout"] = Said(dict(one.rollout), remark)
        else:  # of which nothing but the strategy is
            content["rollout"] = {
                key: Said(value, remark if key == "strategy" else origin) for key, value in one.rollout.items()
            }
    return content


def bounded(named: Mapping[str, FoundWorkload], found: Found) -> Assumed | None:
    """What is to be said of start-ups of which only a lower bound is known, None where there are none."""
    known = [
        (name, one.startup) for name, one in named.items() if one.startup is not None and startup(one, found) is None
    ]
    if not known:
        return None
    name, first = known[0]
    if len(known) == 1:
        value, why = plain_text("time", first.least), first.told
    else:
        others = f" and {len(known) - 3} more" if len(known) > 3 else ""
        value, why = "lower bounds", f"delays of probes, of {', '.join(one for one, _ in known[:3])}{others}"
        name = "<workload>"
    why += "; how long it takes, nothing tells"
    return Assumed(f"workloads.{name}.startup", value, why, STARTUP_COMMAND[found.is_swarm])


def scaled(named: Mapping[str, FoundWorkload], found: Found, notes: list[str]) -> dict[str, FoundWorkload]:
    """Workloads with the replicas that a HorizontalPodAutoscaler gives them, where they say none themselves."""
    content = dict(named)
    for scaler in found.scalers:
        for name, one in named.items():
            kind, namespace, target = scaler.target
            # helm template leaves namespaces out.
            is_elsewhere = one.namespace and namespace and one.namespace != namespace
            if (one.kind, one.name) != (kind, target) or is_elsewhere:
                continue
            if one.remarks.get("replicas") and scaler.least:
                remark = f"minReplicas of HorizontalPodAutoscaler {scaler.name} ({scaler.origin})"
                content[name] = replace(one, replicas=scaler.least, remarks={**one.remarks, "replicas": remark})
            notes.append(
                f"HorizontalPodAutoscaler {scaler.name} sets the replicas of {one.kind} {one.name}: {scaler.least} to "
                f"{scaler.most or '?'}; {content[name].replicas} stand here"
            )
            break
        else:
            notes.append(f"HorizontalPodAutoscaler {scaler.name} scales nothing that was given")
    return content


def prepull(one: Any, found: Found, groups: Sequence[Group]) -> dict[str, Any]:
    """One ImagePullJob, on the groups of its selector."""
    content: dict[str, Any] = {
        "images": Said([one.image], f"from {one.origin}: ImagePullJob"),
        "by": "image_pull_job",
    }
    able = [group for group in groups if has(group.nodes[0], one.selector)]
    if groups and not able:
        wanted = labels(one.selector)
        raise UnreadableError(
            f"{one.origin}: ImagePullJob {one.name} pulls on no node of {found.nodes[0].origin}: it wants "
            f"{wanted}; give the nodes that have it, or leave the job out"
        )
    if len(able) < len(groups):
        content["groups"] = Said([group.name for group in able], f"from {one.origin}: its selector")
    settings = dict(one.settings)
    parallelism = settings.get("parallelism")
    if isinstance(parallelism, str):
        # openkruise: a share of the nodes, rounded up as in maxUnavailable's helpers.
        count = sum(len(group.nodes) for group in able) or NODES
        settings["parallelism"] = max(1, -(-count * int(parallelism[:-1]) // 100))
    for key, value in settings.items():
        content[key] = Said(value, f"from {one.origin}")
    return content
