"""Keys that a scenario gives and that nothing uses, since another key leaves nothing for them to do.

They are no errors: with the other key changed, by `--set` or in a sweep, they matter again. Results say so in a note;
who asks what a key is worth (`sweep`, `solve`) is told that it plays no part, and which key does.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping

from rolloutsim.scenario.cache_profiles import CACHE_PROFILES
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.ideal import FOLLOWING, SWITCHED_OFF
from rolloutsim.scenario.links import pushes
from rolloutsim.scenario.model import CacheSpec, Document, GroupSpec, PeersSpec, RegistrySpec
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.model.network import FairnessSpec
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.peer_profiles import PEER_PROFILES
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.servers import asks_swarm, registries, registry_path, specs, takes_in
from rolloutsim.scenario.strategies import POD_KEYS, SOME_KEYS, has_pods, wanted
from rolloutsim.scenario.structure import part_at
from rolloutsim.scenario.swarms import SWARMS
from rolloutsim.structs import struct

_OF_DISKS = ("iops", "sync", "dirty_ratio")
_OF_WRITING = ("layer_syncs", "syncs_blobs")
_OF_CORES = ("cores", "stored_rate")
_OF_GC = ("low", "period")
_OF_BACKGROUND = ("background_after", "background_rate", "background_reads")


_MOST_NAMED = 3  # keys that do play a part (assumed: what is read)
_OF_POLICIES = tuple(key for key in dict.fromkeys((*SOME_KEYS, *POD_KEYS)) if key != "termination")


@struct
class Idle:
    """Keys without a part, and why: with what would give them one, or which key does what they are taken to do."""

    paths: tuple[Path, ...]
    why: str

    def __str__(self) -> str:
        play = "play no part" if len(self.paths) > 1 else "plays no part"
        return f"{', '.join(map(dotted, self.paths))} {play}: {self.why}."


def idle_keys(document: Document) -> Iterator[str]:
    """What to say of each key without a part: which it is, why, and what would give it one."""
    return map(str, _idle(document))


def no_part(document: Document, path: Path) -> str | None:
    """Why a key that the document gives plays no part in it; None if it may play one.

    Parameters
    ----------
    document : Document
        A valid one.
    path : tuple
        The key, as an override names it: a short form stands for the key that it is short for.
    """
    found = _around(document, path)
    return None if found is None else found.why


def idle_overrides(document: Document, overrides: Iterable[str]) -> Iterator[str]:
    """What to say of those of a document's keys that `--set` or a variant gave it, and that play no part in it."""
    for key in overrides:
        found = _around(document, parse_path(key))
        if found is not None:
            yield str(found)


def _around(document: Document, path: Path) -> Idle | None:
    """What plays no part, of which a key is a part."""
    path = _long(document, path)
    if document.model == "ideal" and _is_switched_off(path):
        return Idle((path,), "the ideal model leaves it out; leave out model: ideal")
    inside = {path[:length] for length in range(1, len(path) + 1)}
    return next((one for one in _idle(document) if not inside.isdisjoint(one.paths)), None)


def _long(document: Document, path: Path) -> Path:
    """The path of the key that a short form stands for, where that is all that the document gives there."""
    part, there = part_at(path), _at(document, path)
    key = None if part is None or part.short is None else part.short.key
    return (*path, key) if key is not None and isinstance(there, Spec) and there.model_fields_set == {key} else path


def _at(document: Document, path: Path) -> object:
    """What a document holds at a path; None: nothing."""
    found: object = document
    for step in path:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, Spec):
            names = (name for name, info in type(found).model_fields.items() if (info.alias or name) == step)
            found = getattr(found, next(names, ""), None)
        else:
            return None
    return found


def _is_switched_off(path: Path) -> bool:
    """Whether the ideal model leaves a key out, or something that it is in."""
    for length in range(1, len(path) + 1):
        around = part_at(path[: length - 1])
        if (
            around is not None
            and isinstance(around.kind, type)
            and path[length - 1] in SWITCHED_OFF.get(around.kind, ())
        ):
            return True
    # A ratio makes sizes on the wire as well, and rate limits are used up, too.
    return path[0] in ("nodes", "images", "network") and path[-1] in FOLLOWING and path[-1] != "ratio"


def _idle(document: Document) -> Iterator[Idle]:
    yield from _of_network(document)
    for name, group in document.nodes.items():
        yield from _of_group(("nodes", name), group, document)
    yield from _of_lazy(document)
    for name, registry in registries(document).items():
        yield from _of_registry(registry_path(document, name), registry)
    for path, server in specs(document):
        yield from _of_registry(path, server)
        if isinstance(server, CacheSpec):
            yield from _of_cache(path, server)
        elif server.copied is not None and not takes_in(server):
            here = (*path, "copied")
            why = f"all is there when the rollout begins; see {dotted((*here, 'on'))}"
            yield from _notes(here, server.copied, ("workers", "rate", "held"), why)
    for name, peers in document.peers.items():
        yield from _of_peers(("peers", name), peers)
    yield from _unasked(document)
    if document.network.fairness is not None:
        yield from _of_fairness(document.network.fairness, document)
    yield from _of_rollout(document)
    for name, workload in (document.workloads or {}).items():
        if workload.create:
            why = "a workload that is new has no old pods; leave out 'create' if there are some"
            yield from _notes(("workloads", name), workload, ("termination",), why)
    yield from _unused(document)
    manager = document.controller_manager
    if math.isinf(manager.qps):
        why = "the calls have no limit; give controller_manager.qps a number"
        yield from _notes(("controller_manager",), manager, ("burst",), why)


def _of_network(document: Document) -> Iterator[Idle]:
    """The rate of lines that give none, where all give one; and links that nothing crosses."""
    own: dict[Path, float | None] = {("nodes", name, "nic"): group.nic for name, group in document.nodes.items()}
    for name, registry in registries(document).items():
        own[*registry_path(document, name), "uplink"] = registry.uplink
    own |= {(*path, "uplink"): server.uplink for path, server in specs(document)}
    own |= {(*path, "link"): push.link for path, _, push in pushes(document)}
    for name, peers in document.peers.items():
        if peers.seeds is not None and peers.profile in SWARMS:
            own["peers", name, "seeds", "uplink"] = peers.seeds.uplink
    if document.network.rate is not None and None not in own.values():
        why = f"every registry and every node has a rate of its own; change {_named(own)}"
        yield from _notes(("network",), document.network, ("rate",), why)
    crossed = {link for registry in registries(document).values() for link in _links_of(registry)}
    crossed.update(link for _, server in specs(document) for link in _links_of(server))
    crossed.update(link for group in document.nodes.values() for link in group.via)
    crossed.update(link for _, _, push in pushes(document) for link in push.via)
    crossed.update(link for flow in document.background.values() for link in flow.links or ())
    for name in document.network.links:
        if name not in crossed:
            why = f"nothing crosses it; name it in 'via' of {_named(path[:-1] for path in own)}"
            yield Idle((("network", "links", name),), why)


def _links_of(registry: RegistrySpec) -> tuple[str, ...]:
    return (*registry.via, *(() if registry.redirect is None else registry.redirect.via))


def _named(paths: Iterable[Path]) -> str:
    return listing(map(dotted, paths), _MOST_NAMED, ", ")


def _of_rollout(document: Document) -> Iterator[Idle]:
    """Keys for all workloads, of which every workload has its own."""
    workloads = wanted(document)
    if document.workloads is None or not workloads:
        return
    for key in _OF_POLICIES:
        places = [one.place(key) for one in workloads]
        if ("rollout", key) not in places:
            yield from _own_everywhere(key, document, places)
    for key in ("startup", "termination"):
        own = {("workloads", name, key): getattr(spec, key) for name, spec in document.workloads.items()}
        if None not in own.values():
            yield from _own_everywhere(key, document, list(own))


def _own_everywhere(key: str, document: Document, places: Collection[Path]) -> Iterator[Idle]:
    why = f"every workload has one of its own; change {_named(places)}"
    yield from _notes(("rollout",), document.rollout, (key,), why)


def _unused(document: Document) -> Iterator[Idle]:
    """Images that nothing pulls or pushes, and registries that serve no others."""
    if document.rollout.strategy == "schedule":
        pulled = {pull.image for group in document.nodes.values() for pull in group.pulls or ()}
        why = "no group pulls it; name it in nodes.<group>.pulls"
    elif document.workloads is not None:
        pulled = {image for spec in document.workloads.values() for image in spec.images}
        why = "no workload has it; name it in workloads.<workload>.images"
    else:
        return
    used = {*pulled, *(image for _, _, push in pushes(document) for image in push.held)}
    pushed = {image for _, _, push in pushes(document) for image in push.images}
    used.update(image for group in document.nodes.values() for image in group.cached)
    used.update(image for cache in document.caches.values() for image in cache.holds)
    for mirror in document.mirrors.values():
        used.update((*(mirror.images or ()), *(mirror.copied.held if mirror.copied is not None else ())))
    waiting = list(used)
    while waiting:
        spec = document.images.get(waiting.pop())
        if spec is not None and spec.base is not None and spec.base not in used:
            used.add(spec.base)
            waiting.append(spec.base)
    for name in document.images:
        if name not in used:
            only = "only images that are pulled are pushed, and " if name in pushed else ""
            yield Idle((("images", name),), f"{only}{why}")
    known = registries(document)
    if len(known) > 1:
        serving = {spec.registry for name, spec in document.images.items() if name in used}
        ends = {end for flow in document.background.values() for end in flow.between or ()}
        for name in known:
            if name not in serving | ends:
                yield Idle((registry_path(document, name),), "no image that is pulled is from it")


def _of_lazy(document: Document) -> Iterator[Idle]:
    """What images say for nodes that fetch layers in part, where none does; and parts of a snapshotter."""
    is_lazy = any(_reads_first(group) for group in document.nodes.values())
    is_partial = any(group.partial_images for group in document.nodes.values())
    has_reuse = any(image.reuse is not None for image in document.images.values())
    for name, image in document.images.items():
        if not is_lazy:
            why = "all of an image is there before its containers start; give nodes.<group> a snapshotter"
            yield from _notes(("images", name), image, ("needed",), why)
        if not is_partial:
            why = "layers are fetched whole; give nodes.<group> partial_images: true, with runtime: cri-o"
            yield from _notes(("images", name), image, ("reuse",), why)
    for name, group in document.nodes.items():
        path: Path = ("nodes", name, "snapshotter")
        if group.snapshotter is not None and group.snapshotter.background is False:
            why = f"there is no background; leave out {dotted((*path, 'background'))}"
            yield from _notes(path, group.snapshotter, _OF_BACKGROUND, why)
        volume, on = group.volume_snapshot, (*path[:-1], "volume_snapshot")
        if volume is not None and not group.cached:
            why = f"nothing is on it; name the images that it holds in {dotted((*path[:-1], 'cached'))}"
            yield from _notes(path[:-1], group, ("volume_snapshot",), why)
        elif volume is not None and math.isinf(volume.rate):
            why = f"all of it can be read at once; give {dotted((*on, 'rate'))} a rate"
            yield from _notes(on, volume, ("needed", "background"), why)
        if group.partial_images and not has_reuse:
            why = "no image is compressed as zstd:chunked; give images.<image> a reuse"
            yield from _notes(path[:-1], group, ("partial_images",), why)


def _reads_first(group: GroupSpec) -> bool:
    """Whether it matters what of their images the containers on the nodes of a group read before they are ready."""
    return group.snapshotter is not None or group.volume_snapshot is not None


def _of_group(here: Path, group: GroupSpec, document: Document) -> Iterator[Idle]:
    if document.model != "ideal":
        disk, unpack = (*here, "disk"), (*here, "unpack")
        if math.isinf(group.disk.rate):
            why = f"the disk has no limit; give {dotted((*disk, 'rate'))} a rate"
            yield from _notes(disk, group.disk, _OF_DISKS, why)
            yield from _notes(here, group, _OF_WRITING, why)
        if math.isinf(group.unpack.rate):
            why = f"decompression takes no time; give {dotted((*unpack, 'rate'))} a rate"
            yield from _notes(unpack, group.unpack, _OF_CORES, why)
    if asks_swarm(group, document):
        yield from _notes(here, group, ("layer_fetch_buffer",), "agents of a swarm hand over whole layers")
    if has_pods(document):
        why = "controllers decide when pods are created, and workloads have a start of their own"
        yield from _notes(here, group, ("start",), why)
    most = group.max_parallel_image_pulls
    if group.serialize_image_pulls is not None or most is not None:
        key = "max_parallel_image_pulls" if group.serialize_image_pulls is None else "serialize_image_pulls"
        why = f"it is the default of what {dotted((*here, key))} says; leave that out"
        yield from _notes(here, group, ("kubelet",), why)
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
    if not group.hosts:
        why = "the nodes ask the registries of their images alone; name caches or mirrors in 'hosts'"
        yield from _notes(here, group, ("host_per",), why)
    serving = (*registries(document).values(), *(server for _, server in specs(document)))
    if group.shared_address and not any(map(_counts_addresses, serving)):
        why = "no rate limit of a registry counts addresses; give one per: address"
        yield from _notes(here, group, ("shared_address",), why)


def _counts_addresses(registry: RegistrySpec) -> bool:
    limits = (*(registry.rate_limits or {}).values(), registry.rate_limit)
    return any(limit is not None and limit.per == "address" for limit in limits)


def _of_registry(here: Path, registry: RegistrySpec) -> Iterator[Idle]:
    if registry.redirect is not None:
        why = f"the bytes of layers come from object storage; see {dotted((*here, 'redirect'))}"
        yield from _notes(here, registry, ("storage", "connection_cap"), why)


def _of_cache(here: Path, cache: CacheSpec) -> Iterator[Idle]:
    """Keys of a cache that go with another one, of its own or of its profile."""

    def of(field: str, own: object) -> object:
        return CACHE_PROFILES[cache.profile][field].value if own is None else own

    coalesce = of("coalesce", cache.coalesce)
    if coalesce != "lock":
        why = f"requests do not wait for each other; it goes with {dotted((*here, 'coalesce'))}: lock"
        yield from _notes((*here, "lock"), cache.lock, ("timeout", "age", "poll"), why)
    if coalesce == "none":
        why = f"nobody waits for a layer; see {dotted((*here, 'coalesce'))}"
        yield from _notes(here, cache, ("most_waiting",), why)
    if cache.replicas == 1:
        why = f"there is one replica; raise {dotted((*here, 'replicas'))}"
        yield from _notes(here, cache, ("memory",), why)
    if of("tag_check", cache.tag_check) == math.inf:
        why = f"it checks no tag; see {dotted((*here, 'tag_check'))}"
        yield from _notes(here, cache, ("serves_stale",), why)
        yield from _notes((*here, "upstream_round_trips"), cache.upstream_round_trips, ("tag",), why)
    if of("ttl.time", cache.ttl.time) == math.inf:
        why = f"nothing is dropped; give {dotted((*here, 'ttl', 'time'))} a time"
        yield from _notes((*here, "ttl"), cache.ttl, ("renewed",), why)


# What whole-layer peers do to find holders, and a swarm's members do not.
_LOOK_UPS = (
    "finds", "found", "look_up", "timeout", "remembers", "remembers_nobody", "hedge", "announce", "per_rack",
)  # fmt: skip


def _of_peers(here: Path, peers: PeersSpec) -> Iterator[Idle]:
    """Keys of swarms that peers have who hand over whole layers, and the other way round."""
    if peers.profile in SWARMS:
        layers = listing([name for name in PEER_PROFILES if name not in SWARMS], separator=", ")
        why = f"members of a swarm find partners at random; it goes with {dotted((*here, 'profile'))}: {layers}"
        yield from _notes(here, peers, _LOOK_UPS, why)
    else:
        swarms = listing(SWARMS, separator=", ")
        why = f"{peers.profile} hands over whole layers; it goes with {dotted((*here, 'profile'))}: {swarms}"
        yield from _notes(here, peers, ("seeds", "serve"), why)


def _unasked(document: Document) -> Iterator[Idle]:
    """Caches and mirrors that are in nobody's hosts, nor the upstream of one that is."""
    asked = {host for group in document.nodes.values() for host in group.hosts}
    waiting = list(asked)
    while waiting:
        cache = document.caches.get(waiting.pop())
        if cache is not None and cache.upstream is not None and cache.upstream not in asked:
            asked.add(cache.upstream)
            waiting.append(cache.upstream)
    for path in (*(path for path, _ in specs(document)), *(("peers", name) for name in document.peers)):
        if path[-1] not in asked:
            yield Idle((path,), "nobody asks it; name it in nodes.<group>.hosts")


def _of_fairness(fairness: FairnessSpec, document: Document) -> Iterator[Idle]:
    here, control = ("network", "fairness"), document.network.congestion_control
    if document.model == "ideal":
        return
    if fairness.sigma == 0.0:
        why = "all connections weigh the same; give network.fairness.sigma a number above 0"
        yield from _notes(here, fairness, ("memory",), why)
    if fairness.conquest and control != "cubic":
        why = f"connections of {control} win their share at once; it goes with network.congestion_control: cubic"
        yield from _notes(here, fairness, ("conquest",), why)


def _notes(here: Path, part: Spec, keys: Iterable[str], why: str) -> Iterator[Idle]:
    """Those of the keys that the scenario gives, together."""
    given = tuple((*here, key) for key in keys if key in part.model_fields_set and getattr(part, key) is not None)
    if given:
        yield Idle(given, why)
