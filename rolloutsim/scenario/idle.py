"""Keys that a scenario gives and that nothing uses, since another key leaves nothing for them to do.

They are no errors: with the other key changed, by `--set` or in a sweep, they matter again. Results say so in a note.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from rolloutsim.scenario.links import registries, registry_path
from rolloutsim.scenario.model import Document, GroupSpec, RegistrySpec
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.model.network import FairnessSpec
from rolloutsim.scenario.places import Path, dotted

_OF_DISKS = ("iops", "sync", "dirty_ratio")
_OF_WRITING = ("layer_syncs", "syncs_blobs")
_OF_CORES = ("cores", "stored_rate")
_OF_GC = ("low", "period")


def idle_keys(document: Document) -> Iterator[str]:
    """What to say of each key without a part: which it is, why, and what would give it one."""
    for name, group in document.nodes.items():
        yield from _of_group(("nodes", name), group, document)
    for name, registry in registries(document).items():
        yield from _of_registry(registry_path(document, name), registry)
    if document.network.fairness is not None:
        yield from _of_fairness(document.network.fairness, document)
    for name, workload in (document.workloads or {}).items():
        if workload.create:
            why = "a workload that is new has no old pods; leave out 'create' if there are some"
            yield from _notes(("workloads", name), workload, ("termination",), why)
    manager = document.controller_manager
    if math.isinf(manager.qps):
        why = "the calls have no limit; give controller_manager.qps a number"
        yield from _notes(("controller_manager",), manager, ("burst",), why)


def _of_group(here: Path, group: GroupSpec, document: Document) -> Iterator[str]:
    if document.model != "ideal":
        disk, unpack = (*here, "disk"), (*here, "unpack")
        if math.isinf(group.disk.rate):
            why = f"the disk has no limit; give {dotted((*disk, 'rate'))} a rate"
            yield from _notes(disk, group.disk, _OF_DISKS, why)
            yield from _notes(here, group, _OF_WRITING, why)
        if math.isinf(group.unpack.rate):
            why = f"decompression takes no time; give {dotted((*unpack, 'rate'))} a rate"
            yield from _notes(unpack, group.unpack, _OF_CORES, why)
    if not group.registry_pull_qps:
        why = f"{dotted((*here, 'registry_pull_qps'))} is 0, no limit; give it a number"
        yield from _notes(here, group, ("registry_burst",), why)
    if group.image_gc.high >= 1.0:
        path = (*here, "image_gc")
        why = f"the kubelet never begins to remove images; lower {dotted((*path, 'high'))}"
        yield from _notes(path, group.image_gc, _OF_GC, why)
    retry = group.retry
    if retry is not None and not retry.times:
        path = (*here, "retry")
        why = f"no pull is tried again; raise {dotted((*path, 'times'))}"
        yield from _notes(path, retry, ("after", "growth", "jitter"), why)
    elif retry is not None and not retry.after:
        path = (*here, "retry")
        why = f"there is no wait; give {dotted((*path, 'after'))} a time"
        yield from _notes(path, retry, ("growth", "jitter"), why)
    elif retry is not None and retry.times == 1:
        path = (*here, "retry")
        why = f"there is one wait and no further one; raise {dotted((*path, 'times'))}"
        yield from _notes(path, retry, ("growth",), why)
    if group.shared_address and not any(map(_counts_addresses, registries(document).values())):
        why = "no rate limit of a registry counts addresses; give one per: address"
        yield from _notes(here, group, ("shared_address",), why)


def _counts_addresses(registry: RegistrySpec) -> bool:
    limits = (*(registry.rate_limits or {}).values(), registry.rate_limit)
    return any(limit is not None and limit.per == "address" for limit in limits)


def _of_registry(here: Path, registry: RegistrySpec) -> Iterator[str]:
    if registry.redirect is not None:
        why = f"the bytes of layers come from object storage; see {dotted((*here, 'redirect'))}"
        yield from _notes(here, registry, ("storage", "connection_cap"), why)


def _of_fairness(fairness: FairnessSpec, document: Document) -> Iterator[str]:
    here, control = ("network", "fairness"), document.network.congestion_control
    if document.model == "ideal":
        return
    if fairness.sigma == 0.0:
        why = "all connections weigh the same; give network.fairness.sigma a number above 0"
        yield from _notes(here, fairness, ("memory",), why)
    if fairness.conquest and control != "cubic":
        why = f"connections of {control} win their share at once; it goes with network.congestion_control: cubic"
        yield from _notes(here, fairness, ("conquest",), why)


def _notes(here: Path, part: Spec, keys: Iterable[str], why: str) -> Iterator[str]:
    """A note on each of the keys that the scenario gives, together."""
    found = [dotted((*here, key)) for key in keys if key in part.model_fields_set and getattr(part, key) is not None]
    if found:
        play = "play no part" if len(found) > 1 else "plays no part"
        yield f"{', '.join(found)} {play}: {why}."
