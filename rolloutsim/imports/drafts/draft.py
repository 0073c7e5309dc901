"""The scenario of what was found: each value with where it is from, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import drafts
from rolloutsim.imports.drafts.assumed import NETWORK, NODES, Assumed
from rolloutsim.imports.found import Found
from rolloutsim.imports.writing import Said, one_line
from rolloutsim.scenario.model import COMPRESSION_RATIO
from rolloutsim.structs import struct


@struct
class Draft:
    """A scenario before it is text."""

    content: dict[str, Any]
    assumed: tuple[Assumed, ...]
    notes: tuple[str, ...]
    summary: str


def draft(
    found: Found,
    origins: Sequence[str],
    known: Sequence[str] = (),
    groups: Sequence[drafts.groups.Group] | None = None,
) -> Draft:
    """The scenario of what was found.

    Parameters
    ----------
    found : Found
        What the documents tell.
    origins : sequence of str
        The files, for the scenario's name.
    known : sequence of str
        Images of a scenario that is there: they are told of, too, as far as what was found knows them.
    groups : sequence of Group or None
        The nodes as that scenario has them; None: nodes that are equal make a group.

    Raises
    ------
    UnreadableError
        If what was found does not fit together.
    """
    assumed: list[Assumed] = []
    notes = list(found.notes)
    named = drafts.workloads.scaled(_named(found.workloads, notes), found, notes)
    is_alone = groups is None
    groups = drafts.groups.groups_of(found, notes) if groups is None else groups
    references = list(dict.fromkeys([*drafts.references.references(found), *known]))
    sizes = drafts.references.by_reference(found.images, references, notes)
    registries = drafts.references.registries(references)
    more = f" and {len(origins) - 3} more" if len(origins) > 3 else ""
    content: dict[str, Any] = {
        "rolloutsim": 1,
        "name": f"imported from {one_line(', '.join(origins[:3]))}{more}",
        "nodes": drafts.nodes.nodes(found, groups, references, assumed, notes, is_alone),
    }
    content |= drafts.machines.network(found, groups, len(registries), assumed)
    if len(registries) > 1:
        content["registries"] = {
            name: Said({"uplink": NETWORK}, f"assumed; serves images of {host}") for host, name in registries.items()
        }
    of_images: list[Assumed] = []
    content["images"] = {
        name: drafts.images.image(name, sizes.get(name), found, registries, of_images, notes)
        for name in dict.fromkeys([*references, *sizes, *drafts.totals.names(found, references, sizes, notes)])
    }
    assumed += drafts.images.in_order(of_images)
    mirrors, hosts = drafts.runtimes.mirrors(found, list(content["images"]), registries, assumed, notes)
    if mirrors:
        content["mirrors"] = mirrors
        for group in content["nodes"].values():
            group["hosts"] = hosts
    if is_alone and not content["images"]:
        raise UnreadableError(
            f"{', '.join(origins[:3])}: {drafts.machines.told(found)}no image in what was given{_why(found.notes)}; "
            "give the workloads whose images roll out as well (kubectl get deployments,daemonsets -A -o json), or a "
            "manifest: "
            "crane manifest IMAGE | rolloutsim import IMAGE=-"
        )
    if named:
        content["workloads"] = {
            name: drafts.workloads.workload(one, found, groups, assumed) for name, one in named.items()
        }
    if found.is_swarm:
        # swarmkit manager/orchestrator/update/updater.go: tasks go to the managers' store.
        content["controller_manager"] = Said("unlimited", "a Swarm's managers make tasks without calls to an API")
    if found.prepulls:
        content["prepulls"] = {
            name: drafts.workloads.prepull(one, found, groups) for name, one in _named(found.prepulls, notes).items()
        }
    bounds = drafts.workloads.bounded(named, found)
    if bounds is not None:
        assumed.append(bounds)
    if any("startup" not in one for one in content.get("workloads", {}).values()):
        assumed.append(Assumed(
            "rollout.startup", "0 s", "from a container's start until its pod is ready",
            drafts.workloads.STARTUP_COMMAND[found.is_swarm],
        ))  # fmt: skip
    if any(one.is_swarm for one in named.values()):
        assumed.append(Assumed(
            "rollout.step_overhead", "1.2 s", "from a task's creation until its node pulls; measured on Kubernetes",
            "docker service ps SERVICE --no-trunc: from Assigned to Preparing",
        ))  # fmt: skip
    drafts.machines.disks(found, groups, assumed)
    assumed.append(Assumed(
        "images.<image>.ratio", str(COMPRESSION_RATIO),
        "unpacked / compressed bytes, where only one of the two is known",
        "docker image inspect IMAGE --format '{{.Size}}'",
    ))  # fmt: skip
    zones = sorted({node.zone for group in groups for node in group.nodes if node.zone})
    if len(zones) > 1:
        # A rack here has an uplink, and no input tells one of a zone.
        assumed.append(Assumed(
            "network.racks", "none", f"links between the {len(zones)} zones {', '.join(zones[:4])}; as racks of their "
            "groups they would have one", "iperf3 between nodes of two zones",
        ))  # fmt: skip
    counts = [
        f"{sum(len(group.nodes) for group in groups) or NODES} nodes", f"{len(content['images'])} images",
        f"{len(named)} workloads",
    ]  # fmt: skip
    if is_alone and len(named) > 1 and not found.is_swarm:  # `docker stack deploy` does update all services
        notes.insert(0, (
            f"all {len(named)} workloads roll out at the same moment; take out those that do not, or write after: "
            "[NAME] where one waits for another"
        ))  # fmt: skip
    strangers = drafts.running.unknown(named, found)
    if strangers:
        notes.append(strangers)
    if found.unused:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(found.unused.items()))
        notes.append(f"not used: {kinds}")
    if "PodDisruptionBudget" in found.unused:
        notes.append("a PodDisruptionBudget bounds evictions; rollouts do not heed it")
    return Draft(content, tuple(assumed), tuple(dict.fromkeys(notes)), ", ".join(_plural(one) for one in counts))


def _plural(counted: str) -> str:
    return counted[:-1] if counted.startswith("1 ") else counted


def _why(left_out: Sequence[str]) -> str:
    return f" ({'; '.join(left_out[:3])})" if left_out else ""


def _named(several: Iterable[Any], notes: list[str]) -> dict[str, Any]:
    """Things by their names; of the same name the later ones with a number."""
    taken: dict[str, Any] = {}
    for one in several:
        name, number = one.name, 2
        while name in taken:
            name, number = f"{one.name}-{number}", number + 1
        if name != one.name:
            notes.append(f"{one.name} of {one.origin} stands as {name}: there is one of that name before it")
        taken[name] = one
    return taken
