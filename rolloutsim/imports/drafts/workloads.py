"""The `workloads` and `prepulls` of a scenario that is drafted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.drafts.assumed import NODES, Assumed
from rolloutsim.imports.drafts.groups import Group, has, labels, may_run
from rolloutsim.imports.found import Found, FoundWorkload
from rolloutsim.imports.writing import Said


def workload(one: FoundWorkload, found: Found, groups: Sequence[Group], assumed: list[Assumed]) -> dict[str, Any]:
    """One workload, on the groups that its pods may run on."""
    origin = f"from {one.origin}"
    content: dict[str, Any] = {"images": Said(list(one.images), f"{origin}: {one.kind}")}
    if one.replicas is None:
        content["daemonset"] = True
    else:
        remark = one.remarks.get("replicas")
        content["replicas"] = Said(one.replicas, f"{origin}: {remark}" if remark else origin)
    able = [group.name for group in groups if may_run(group.nodes[0], one.selector, one.tolerations)]
    if groups and not able:
        wanted = labels(one.selector) or "no taint that it does not tolerate"
        raise UnreadableError(
            f"{one.origin}: {one.kind} {one.name} runs on no node of {found.nodes[0].origin}: it wants "
            f"{wanted}; give the nodes that have it, or leave the workload out"
        )
    if len(able) < len(groups):
        content["groups"] = Said(able, f"{origin}: its node selector and tolerations")
    elif one.selector and not groups:
        wanted = labels(one.selector)
        assumed.append(Assumed(
            f"workloads.{one.name}.groups", "all", f"it runs on nodes with {wanted}",
            "kubectl get nodes -o json > nodes.json",
        ))  # fmt: skip
    if one.kind == "Job":
        content["create"] = Said(True, "a Job's pods are new")
    if one.pull_policy is not None:
        content["pull_policy"] = Said(one.pull_policy, one.remarks.get("derived") or origin)
    elif "pull_policy" in one.remarks:
        content["pull_policy"] = Said("if_not_present", f"assumed: {one.remarks['pull_policy']}")
        assumed.append(Assumed(
            f"workloads.{one.name}.pull_policy", "if_not_present", one.remarks["pull_policy"],
            "a workload has one policy here; always asks the registry for each of them",
        ))  # fmt: skip
    if one.rollout:
        content["rollout"] = Said(dict(one.rollout), origin)
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
