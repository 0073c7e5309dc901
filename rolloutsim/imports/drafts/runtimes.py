"""What configurations of runtimes set, in the `nodes` and `mirrors` of a scenario that is drafted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import containerd, hosts, soci
from rolloutsim.imports.drafts.assumed import NETWORK, Assumed
from rolloutsim.imports.drafts.references import full, name_of
from rolloutsim.imports.found import Found, FoundConfig
from rolloutsim.imports.tuning import Tuned
from rolloutsim.imports.writing import Said

_CONTAINERD = ("containerd", "containerd-1")
_OF_2 = ("layer_fetch_buffer", "parallel_unpacks")  # keys that a scenario's containerd-1 does not have


def settings(
    found: Found, group: str, runtime: str | None, has_cores: bool, assumed: list[Assumed], notes: list[str]
) -> dict[str, Any]:
    """The keys of a node group that configurations of its runtime set.

    Parameters
    ----------
    found : Found
        With the configurations.
    group : str
        The group's name.
    runtime : str or None
        The runtime that its nodes name, None if nothing does.
    has_cores : bool
        Whether something tells how many cores its nodes have.
    assumed, notes : list
        What is added to.
    """
    config, lazy = _one(found.runtimes, "containerd"), _one(found.snapshotters, "the SOCI snapshotter")
    if config is None and lazy is None:
        return {}
    if runtime is not None and runtime not in _CONTAINERD:
        for one in (config, lazy):
            if one is not None:
                notes.append(f"{one.origin} is not used for {group}: its nodes run {runtime}")
        return {}
    content: dict[str, Any] = {}
    parts: list[tuple[FoundConfig, Tuned]] = []
    if config is not None:
        if containerd.needs_2(config):
            if runtime == "containerd-1":
                notes.append(f"{config.origin} is of containerd 2.x, and {group} runs 1.x, which does not read it")
                return {}
            if runtime is None:
                content["runtime"] = Said("containerd", f"from {config.origin}: version 3, which 2.x reads")
        parts.append((config, containerd.tuned(config, runtime == "containerd-1")))
    if lazy is not None:
        uses = containerd.snapshotter(config) if config is not None else ""
        if config is not None and uses != "soci":
            notes.append(f"{lazy.origin} has no effect: {config.origin} pulls with {uses or 'overlayfs'}")
        else:
            if config is not None:
                tuned = parts[0][1]
                tuned.settings.pop("snapshotter", None)
                tuned.notes[:] = [note for note in tuned.notes if " pulls with soci, " not in note]
            parts.append((lazy, soci.tuned(lazy)))
    if found.hosts and config is not None:
        parts[0][1].notes[:] = [note for note in parts[0][1].notes if " names mirrors in " not in note]
    for one, tuned in parts:
        content |= {key: Said(value, f"from {one.origin}: {said}") for key, (value, said) in tuned.settings.items()}
        notes += (note for note in tuned.notes if note not in notes)
    if runtime == "containerd-1":
        for key in _OF_2:
            if content.pop(key, None) is not None:
                notes.append(
                    f"{key} of {parts[-1][0].origin} is not taken for {group}: containerd-1 has no such key here"
                )
    unpacks = content.get("parallel_unpacks")
    if unpacks is not None and unpacks.value > 1 and not has_cores:
        assumed.append(Assumed(
            f"nodes.{group}.unpack.cores", "1", "cores that unpack, which parallel_unpacks needs more than one of",
            "nproc, on a node",
        ))  # fmt: skip
    return content


def _one(configs: Sequence[FoundConfig], what: str) -> FoundConfig | None:
    """The only configuration of a kind."""
    for other in configs[1:]:
        if other.content != configs[0].content:
            raise UnreadableError(
                f"{other.place}: another configuration of {what} than {configs[0].place}; give one, and write what "
                "differs into the scenario by hand"
            )
    return configs[0] if configs else None


def mirrors(
    found: Found, references: Sequence[str], registries: Mapping[str, str], assumed: list[Assumed], notes: list[str]
) -> tuple[dict[str, Any], Any]:
    """The mirrors that nodes ask, and in which order.

    Returns
    -------
    dict, Said
        `mirrors`, and `hosts` of every node group; empty and None where there are none.
    """
    used = dict.fromkeys(full(one).partition("/")[0] for one in references)
    of: dict[str, list[str]] = {}  # mirror → registries
    origins: dict[str, None] = {}
    named = {one.registry for one in found.hosts}
    for one in found.hosts:
        notes += one.notes
        own = [one.registry] if one.registry != hosts.ANY else [host for host in used if host not in named]
        own = [host for host in own if host in used]
        if not own:
            notes.append(f"{one.origin} is not used: no image is from {one.registry}")
            continue
        if one.server is not None and [hosts.registry(one.server)] != own:
            notes.append(f"server {one.server} of {one.origin} stands for {', '.join(own)} here")
        for mirror in one.mirrors:
            if hosts.registry(mirror) not in own:
                of.setdefault(mirror, []).extend(own)
                origins[one.origin] = None
    if not of:
        return {}, None
    content: dict[str, Any] = {}
    names = []
    for mirror, served in of.items():
        name = name_of(mirror)
        which = {"of": [registries[host] for host in dict.fromkeys(served)]} if len(registries) > 1 else {}
        remark = f"from {', '.join(origins)}: {mirror}; assumed: uplink, and that it has all images"
        content[name] = Said({"uplink": NETWORK, **which}, remark)
        assumed.append(Assumed(
            f"mirrors.{name}", NETWORK, "its uplink, and whether it has all images or fetches them when asked (caches)",
            f"ask who runs {mirror}; a cache is: caches: {{{name}: {NETWORK}}}",
        ))  # fmt: skip
        names.append(name)
    order = list(of)
    others = [
        one for one in found.hosts
        if (turns := [order.index(mirror) for mirror in one.mirrors if mirror in of]) != sorted(turns)
    ]  # fmt: skip
    for one in others:
        notes.append(
            f"{one.registry} asks its mirrors in another order ({', '.join(one.mirrors)}, {one.origin}): nodes have "
            f"one here, {', '.join(order)}"
        )
    remark = f"from {', '.join(origins)}, in {'the order of the first' if len(found.hosts) > 1 else 'its order'}"
    return content, Said(names, remark)
