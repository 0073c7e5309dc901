"""The scenario of what was found: each value with where it is from, and what had to be assumed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.found import Found, FoundImage, FoundNode, FoundWorkload
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.model import COMPRESSION_RATIO
from rolloutsim.structs import struct
from rolloutsim.units import exact_text

# Where nothing tells: round numbers that one sees at once are nobody's (assumed).
NODES = 10
NETWORK = "1 Gbit/s"
IMAGE = "200 MB"
MOST_LISTED = 50  # kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go: nodeStatusMaxImages 50
# containerRuntimeVersion's scheme → runtime, and whether the images' sizes in a node's status are unpacked ones:
# kubernetes pkg/kubelet/images takes what the runtime says; containerd counts the compressed content.
_RUNTIMES = {"containerd": ("containerd", False), "docker": ("dockerd", True), "cri-o": ("cri-o", True)}
_HARD = ("NoSchedule", "NoExecute")


@struct
class Assumed:
    """What no input told.

    Parameters
    ----------
    key, value : str
        The key, and what stands there.
    why : str
        What it is.
    command : str
        What would find it out.
    """

    key: str
    value: str
    why: str
    command: str


@struct
class Draft:
    """A scenario before it is text."""

    content: dict[str, Any]
    assumed: tuple[Assumed, ...]
    notes: tuple[str, ...]
    summary: str


@struct
class _Group:
    name: str
    nodes: tuple[FoundNode, ...]


def draft(found: Found, origins: Sequence[str]) -> Draft:
    """The scenario of what was found.

    Parameters
    ----------
    found : Found
        What the documents tell.
    origins : sequence of str
        The files, for the scenario's name.

    Raises
    ------
    UnreadableError
        If what was found does not fit together.
    """
    assumed: list[Assumed] = []
    notes: list[str] = []
    workloads = _named(found.workloads, notes)
    groups = _groups(found, notes)
    references = _references(found)
    sizes = _by_reference(found.images, references, notes)
    registries = _registries(references)
    content: dict[str, Any] = {
        "rolloutsim": 1,
        "name": f"imported from {', '.join(origins[:3])}{f' and {len(origins) - 3} more' if len(origins) > 3 else ''}",
        "nodes": _nodes(found, groups, references, assumed, notes),
        "network": Said(NETWORK, "assumed: the line rate of every NIC and of every registry's uplink"),
    }
    kind = next((one.instance_type for one in found.nodes if one.instance_type), None)
    command = f"aws ec2 describe-instance-types --instance-types {kind}" if kind else "ethtool eth0, on a node"
    assumed.append(Assumed("network", NETWORK, "line rate of every NIC and of every registry's uplink", command))
    if len(registries) > 1:
        content["registries"] = {
            name: Said({"uplink": NETWORK}, f"assumed; serves images of {host}") for host, name in registries.items()
        }
    content["images"] = {
        name: _image(name, sizes.get(name), found, registries, assumed) for name in dict.fromkeys([*references, *sizes])
    }
    if not content["images"]:
        raise UnreadableError(
            f"{', '.join(origins[:3])}: no image in what was given; give the workloads whose images roll out as well "
            "(kubectl get deployments,daemonsets -A -o json), or a manifest: "
            "crane manifest IMAGE | rolloutsim import IMAGE=-"
        )
    if workloads:
        content["workloads"] = {
            name: _workload(workload, found, groups, assumed) for name, workload in workloads.items()
        }
    if found.prepulls:
        content["prepulls"] = {
            name: _prepull(prepull, found, groups) for name, prepull in _named(found.prepulls, notes).items()
        }
    if workloads:
        assumed.append(Assumed(
            "rollout.startup", "0 s", "from a container's start until its pod is ready",
            "kubectl get pods -o json: status.conditions Ready less containerStatuses startedAt",
        ))  # fmt: skip
    assumed.append(Assumed(
        "nodes.<group>.disk.rate", "125 MiB/s", "write rate of the nodes' disks",
        "fio --name=w --rw=write --bs=1M --size=4G --end_fsync=1, on a node",
    ))  # fmt: skip
    assumed.append(Assumed(
        "images.<image>.ratio", str(COMPRESSION_RATIO),
        "unpacked / compressed bytes, where only one of the two is known",
        "docker image inspect IMAGE --format '{{.Size}}'",
    ))  # fmt: skip
    counts = [
        f"{sum(len(group.nodes) for group in groups) or NODES} nodes", f"{len(content['images'])} images",
        f"{len(workloads)} workloads",
    ]  # fmt: skip
    if found.unused:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(found.unused.items()))
        notes.append(f"not used: {kinds}")
    if "HorizontalPodAutoscaler" in found.unused:
        notes.append("a HorizontalPodAutoscaler sets the replicas of what it scales; those of the workload stand here")
    return Draft(content, tuple(assumed), tuple(notes), ", ".join(_plural(one) for one in counts))


def _plural(counted: str) -> str:
    return counted[:-1] if counted.startswith("1 ") else counted


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


def _references(found: Found) -> list[str]:
    """The images that roll out, as their workloads call them."""
    named = [image for workload in found.workloads for image in workload.images]
    return list(dict.fromkeys([*named, *(prepull.image for prepull in found.prepulls)]))


def full(reference: str) -> str:
    """A reference with its host and its tag, as distribution/reference writes it out."""
    name, at, digest = reference.partition("@")
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = "docker.io", name
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = "docker.io"
    if host == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    if at:
        return f"{host}/{rest.rpartition(':')[0] if ':' in rest else rest}@{digest}"
    return f"{host}/{rest}" if ":" in rest else f"{host}/{rest}:latest"


def _registries(references: Sequence[str]) -> dict[str, str]:
    """Hosts of images, and what their registries are called here."""
    return {host: _name(host) for host in dict.fromkeys(full(one).partition("/")[0] for one in references)}


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "unnamed"


def _by_reference(images: Sequence[FoundImage], references: Sequence[str], notes: list[str]) -> dict[str, FoundImage]:
    """Manifests, by the name that their image has in the scenario."""
    sizes: dict[str, FoundImage] = {}
    for image in images:
        like = [one for one in references if full(one) == full(image.name)]
        if not like and not image.is_named:
            like = [one for one in references if _name(image.name) in _short_names(one)]
            if len(like) > 1:
                raise UnreadableError(
                    f"{image.origin}: may be {' or '.join(like)}; say which: rolloutsim import {like[0]}={image.origin}"
                )
        name = like[0] if like else image.name
        if name in sizes and sizes[name].layers != image.layers:
            raise UnreadableError(
                f"{image.origin}: another manifest of {name} than {sizes[name].origin}; leave one of them out, or give "
                f"it another name: rolloutsim import NAME={image.origin}"
            )
        sizes[name] = image
        if like and not image.is_named:
            notes.append(f"{image.origin} is taken to be {name}, of its name")
    return sizes


def _short_names(reference: str) -> set[str]:
    """What a file with an image's manifest may be called: `api`, `api-1.2`, `team-api-1.2`."""
    whole = full(reference).partition("@")[0]
    path = whole.partition("/")[2]
    last = path.rpartition("/")[2]
    return {_name(one) for one in (whole, path, last, path.partition(":")[0], last.partition(":")[0], reference)}


def _groups(found: Found, notes: list[str]) -> list[_Group]:
    """Nodes that are equal in all that counts here."""
    nodes = []
    for node in found.nodes:
        if node.os != "linux":
            notes.append(f"node {node.name} is left out: {node.os} is not simulated")
        elif node.is_cordoned:
            notes.append(f"node {node.name} is left out: it is cordoned, and gets no new pods")
        else:
            nodes.append(node)
    if found.nodes and not nodes:
        raise UnreadableError(f"{found.nodes[0].origin}: no node that is simulated: {'; '.join(notes[:3])}")
    zones = {node.zone for node in nodes}
    kinds = {_runtime(node) for node in nodes}
    like: dict[Any, list[FoundNode]] = {}
    for node in nodes:
        able = tuple(_may_run(node, one.selector, one.tolerations) for one in found.workloads)
        able += tuple(_has(node, one.selector) for one in found.prepulls)
        like.setdefault((node.instance_type, node.zone, _runtime(node), able), []).append(node)
    groups: list[_Group] = []
    taken: set[str] = set()
    for (kind, zone, runtime, _), several in like.items():
        parts = [kind or "node", zone or "" if len(zones) > 1 else "", runtime or "" if len(kinds) > 1 else ""]
        name = first = _name("-".join(one for one in parts if one))
        number = 2
        while name in taken:
            name, number = f"{first}-{number}", number + 1
        taken.add(name)
        groups.append(_Group(name, tuple(several)))
    return groups


def _runtime(node: FoundNode) -> str | None:
    scheme, _, version = node.runtime.partition("://")
    found = _RUNTIMES.get(scheme)
    if found is None:
        return None
    return "containerd-1" if found[0] == "containerd" and version.startswith("1.") else found[0]


def _has(node: FoundNode, selector: Mapping[str, str]) -> bool:
    return all(node.labels.get(key) == value for key, value in selector.items())


def _labels(selector: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in selector.items())


def _may_run(node: FoundNode, selector: Mapping[str, str], tolerations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether pods of a workload are scheduled there: by its node selector and tolerations."""
    if not _has(node, selector):
        return False
    return all(
        any(_tolerates(one, taint) for one in tolerations) for taint in node.taints if taint.get("effect") in _HARD
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    # kubernetes staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity: ToleratesTaint.
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key = toleration.get("key")
    if key in (None, ""):
        return toleration.get("operator") == "Exists"
    if key != taint.get("key"):
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")


def _nodes(
    found: Found, groups: Sequence[_Group], references: Sequence[str], assumed: list[Assumed], notes: list[str]
) -> Any:
    settings = _kubelet(found)
    if not groups:
        assumed.append(
            Assumed("nodes", str(NODES), "how many nodes there are", "kubectl get nodes -o json > nodes.json")
        )
        return {"node": {"count": Said(NODES, "assumed"), **settings}}
    return {group.name: {**_group(group, references, assumed, notes), **settings} for group in groups}


def _kubelet(found: Found) -> dict[str, Any]:
    if any(other.settings != found.kubelets[0].settings for other in found.kubelets[1:]):
        raise UnreadableError(
            f"{found.kubelets[1].origin}: another kubelet configuration than {found.kubelets[0].origin}; "
            "give one, and write what differs into the scenario by hand"
        )
    if not found.kubelets:
        return {}
    one = found.kubelets[0]
    return {key: Said(value, f"from {one.origin}") for key, value in one.settings.items()}


def _group(group: _Group, references: Sequence[str], assumed: list[Assumed], notes: list[str]) -> dict[str, Any]:
    nodes, origin = group.nodes, f"from {group.nodes[0].origin}"
    content: dict[str, Any] = {"count": Said(len(nodes), origin)}
    runtime = _runtime(nodes[0])
    if runtime is None:
        shown = nodes[0].runtime or "none named"
        content["runtime"] = Said("containerd", f"assumed: the nodes' own is not known here ({shown})")
        assumed.append(
            Assumed(f"nodes.{group.name}.runtime", "containerd", f"the nodes say: {shown}", "kubectl get nodes -o wide")
        )
    else:
        content["runtime"] = Said(runtime, f"{origin}: {nodes[0].runtime}")
    memory, disk = [one.memory for one in nodes if one.memory], [one.disk for one in nodes if one.disk]
    if memory:
        content["memory"] = Said(exact_text("size", min(memory)), origin + _span(memory))
    if disk:
        content["disk"] = Said({"capacity": exact_text("size", min(disk))}, origin + _span(disk))
    cached = {}
    for reference in references:
        holders = sum(_lists(node, reference) is not None for node in nodes)
        if holders:
            cached[reference] = Said(
                "100%" if holders == len(nodes) else holders,
                f"{origin}: {holders} of {len(nodes)} nodes list it"
                + ("; lists end at 50 images, so more may have it" if _is_cut(nodes) and holders < len(nodes) else ""),
            )
            notes.append(
                f"{reference} is on {holders} of {len(nodes)} nodes of {group.name} already and is not fetched; "
                f"for a new version of it take it out of nodes.{group.name}.cached"
            )
    if cached:
        content["cached"] = cached
    return content


def _span(sizes: Sequence[int]) -> str:
    """What to say where nodes differ."""
    return "" if min(sizes) == max(sizes) else f", the least; the most is {exact_text('size', max(sizes))}"


def _is_cut(nodes: Sequence[FoundNode]) -> bool:
    return any(node.listed >= MOST_LISTED for node in nodes)


def _lists(node: FoundNode, reference: str) -> int | None:
    """The size of an image in a node's list, None if it is not there."""
    return next((size for name, size in node.images.items() if full(name) == full(reference)), None)


def _image(
    name: str, image: FoundImage | None, found: Found, registries: Mapping[str, str], assumed: list[Assumed]
) -> Any:
    registry = (
        {"registry": registries.get(full(name).partition("/")[0], next(iter(registries.values())))}
        if len(registries) > 1
        else {}
    )
    if image is not None:
        remark = "; ".join([f"from {image.origin}", *image.remarks])
        layers = []
        for layer in image.layers:
            size = exact_text("size", layer.compressed)
            kind = layer.media_type.rpartition(".")[2]
            own = {"compressed": size, "digest": layer.digest}
            if layer.media_type.endswith(".tar"):
                own["unpacked"] = size
                layers.append(Said(own, "not compressed"))
            elif "zstd" in kind:
                layers.append(Said(own, "zstd, simulated as gzip: it unpacks faster than that"))
            elif "foreign" in layer.media_type or "nondistributable" in layer.media_type:
                layers.append(Said(own, "comes from a server of its own, if it has urls; simulated as the others"))
            else:
                layers.append(Said(own))
        return Said({**registry, "layers": layers}, remark)
    listed = [
        (node, listing) for node in found.nodes if _runtime(node) is not None and (listing := _lists(node, name))
    ]  # fmt: skip
    command = (
        f"crane manifest --platform linux/amd64 {name} > {_name(name.rpartition('/')[2])}.json, and import that as well"
    )
    if listed:
        node, total = listed[0]
        is_unpacked = _RUNTIMES[node.runtime.partition("://")[0]][1]
        key = "unpacked" if is_unpacked else "compressed"
        text = exact_text("size", total)
        assumed.append(
            Assumed(f"images.{name}", f"one layer of {text} {key}", "its layers; the total is from the nodes", command)
        )
        return Said({**registry, key: text}, f"from {node.origin}, the total; one layer: assumed")
    assumed.append(
        Assumed(f"images.{name}", IMAGE, "its size and its layers: nothing that was given tells them", command)
    )
    return Said({**registry, "compressed": IMAGE}, "assumed: nothing that was given tells its size")


def _workload(
    workload: FoundWorkload, found: Found, groups: Sequence[_Group], assumed: list[Assumed]
) -> dict[str, Any]:
    origin = f"from {workload.origin}"
    content: dict[str, Any] = {"images": Said(list(workload.images), f"{origin}: {workload.kind}")}
    if workload.replicas is None:
        content["daemonset"] = True
    else:
        remark = workload.remarks.get("replicas")
        content["replicas"] = Said(workload.replicas, f"{origin}: {remark}" if remark else origin)
    able = [group.name for group in groups if _may_run(group.nodes[0], workload.selector, workload.tolerations)]
    if groups and not able:
        wanted = _labels(workload.selector) or "no taint that it does not tolerate"
        raise UnreadableError(
            f"{workload.origin}: {workload.kind} {workload.name} runs on no node of {found.nodes[0].origin}: it wants "
            f"{wanted}; give the nodes that have it, or leave the workload out"
        )
    if len(able) < len(groups):
        content["groups"] = Said(able, f"{origin}: its node selector and tolerations")
    elif workload.selector and not groups:
        wanted = _labels(workload.selector)
        assumed.append(Assumed(
            f"workloads.{workload.name}.groups", "all", f"it runs on nodes with {wanted}",
            "kubectl get nodes -o json > nodes.json",
        ))  # fmt: skip
    if workload.kind == "Job":
        content["create"] = Said(True, "a Job's pods are new")
    if workload.pull_policy is not None:
        content["pull_policy"] = Said(workload.pull_policy, workload.remarks.get("derived") or origin)
    elif "pull_policy" in workload.remarks:
        content["pull_policy"] = Said("if_not_present", f"assumed: {workload.remarks['pull_policy']}")
        assumed.append(Assumed(
            f"workloads.{workload.name}.pull_policy", "if_not_present", workload.remarks["pull_policy"],
            "a workload has one policy here; always asks the registry for each of them",
        ))  # fmt: skip
    if workload.rollout:
        content["rollout"] = Said(dict(workload.rollout), origin)
    return content


def _prepull(prepull: Any, found: Found, groups: Sequence[_Group]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "images": Said([prepull.image], f"from {prepull.origin}: ImagePullJob"),
        "by": "image_pull_job",
    }
    able = [group for group in groups if _has(group.nodes[0], prepull.selector)]
    if groups and not able:
        wanted = _labels(prepull.selector)
        raise UnreadableError(
            f"{prepull.origin}: ImagePullJob {prepull.name} pulls on no node of {found.nodes[0].origin}: it wants "
            f"{wanted}; give the nodes that have it, or leave the job out"
        )
    if len(able) < len(groups):
        content["groups"] = Said([group.name for group in able], f"from {prepull.origin}: its selector")
    settings = dict(prepull.settings)
    parallelism = settings.get("parallelism")
    if isinstance(parallelism, str):
        # openkruise: a share of the nodes, rounded up as in maxUnavailable's helpers.
        count = sum(len(group.nodes) for group in able) or NODES
        settings["parallelism"] = max(1, -(-count * int(parallelism[:-1]) // 100))
    for key, value in settings.items():
        content[key] = Said(value, f"from {prepull.origin}")
    return content
