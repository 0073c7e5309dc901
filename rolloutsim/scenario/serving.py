"""What registries, mirrors and caches of a document resolve to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from rolloutsim.scenario import links, model, resolved
from rolloutsim.scenario.cache_profiles import CACHE_PROFILES
from rolloutsim.scenario.copied import Copied, Trigger
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.images import Layers
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.peer_profiles import PEER_PROFILES
from rolloutsim.scenario.servers import Server, instances, registries, served, takes_in, upstream
from rolloutsim.scenario.swarms import SWARMS, SwarmProfile
from rolloutsim.structs import struct
from rolloutsim.units import format_share

# A share such as 30 % is not exact in binary: what exceeds it by less is within it.
_EXACT = 1e-9

_MOST_NAMED = 3  # images in a note (assumed: what is read)


@struct
class Servers:
    """Registries, mirrors and caches by name; a mirror comes before those that ask it."""

    registries: Mapping[str, resolved.Registry]
    mirrors: Mapping[str, resolved.Registry]
    caches: Mapping[str, resolved.Registry]


def servers(document: Document, sizes: Layers) -> Servers:
    """The registries, mirrors and caches of a document."""
    taking, known = links.takers(document), instances(document)
    standing = {
        server.name: _standing(server, document, server.name in taking, known, sizes) for server in known.values()
    }
    return Servers(
        {name: _registry(name, spec, document, name in taking) for name, spec in registries(document).items()},
        {name: one for name, one in standing.items() if one.caching is None},
        {name: one for name, one in standing.items() if one.caching is not None},
    )


def limit(value: float | None) -> float | None:
    """A value, and None where it is no limit."""
    return None if value is None or math.isinf(value) else value


def window(own: float | None, document: Document) -> float | None:
    """The window of a registry's connections, or of others [B]."""
    return limit(document.network.tcp_window if own is None else own)


def _registry(name: str, spec: model.RegistrySpec, document: Document, takes: bool) -> resolved.Registry:
    """A registry, into which something goes or not."""
    rate = links.line_rate(spec.uplink, document)
    limited = rate is None or not math.isinf(rate)
    storage = [] if math.isinf(spec.storage) else [f"{name}.storage"]
    replicas = links.uplinks(name, spec)
    uplink = [replicas[0]] if limited else []
    redirect = spec.redirect
    limits = spec.rate_limits or ({} if spec.rate_limit is None else {"": spec.rate_limit})
    return resolved.Registry(
        name=name,
        path=(*storage, *uplink, *spec.via),
        max_connections=None if math.isinf(spec.max_connections) else int(spec.max_connections),
        ttfb=spec.ttfb,
        manifest_ttfb=spec.manifest_ttfb,
        connection_cap=spec.connection_cap,
        tls=spec.tls,
        efficiency=tuple(sorted((int(number), share) for number, share in spec.efficiency_at.items())),
        first_fetch=None
        if spec.first_fetch is None
        else resolved.FirstFetch(spec.first_fetch.rate, spec.first_fetch.time),
        replicas=replicas,
        rate_limits=tuple(_rate_limit(one) for one in limits.values()),
        redirect=None
        if redirect is None
        else resolved.Redirect(
            path=redirect.via,
            connection_cap=None if math.isinf(redirect.connection_cap) else redirect.connection_cap,
            ttfb=redirect.ttfb,
        ),
        inbound=(links.inbound(name),) if limited and takes else (),
        tcp_window=window(spec.tcp_window, document),
    )


def _rate_limit(spec: model.RateLimitSpec) -> resolved.RateLimit:
    return resolved.RateLimit(
        rate=spec.rate.rate,
        burst=spec.most,
        per=spec.per,
        counts=spec.counts,
        window=spec.rate.period if spec.kind == "fixed_window" else None,
        used=float(spec.used),
        resets_after=spec.resets_after,
    )


# ---- mirrors and caches ---------------------------------------------------------------------------------


def _standing(
    server: Server, document: Document, takes: bool, known: Mapping[str, Server], sizes: Layers
) -> resolved.Registry:
    """A mirror or a cache."""
    found = _registry(server.name, server.spec, document, takes)
    caching = copied = None
    origins = served(server, document, known)
    if isinstance(server.spec, model.CacheSpec):
        # What checks let through has an upstream.
        caching = _caching(server, server.spec, upstream(server, document, known) or "", found.inbound)
    elif takes_in(server.spec):
        copied = _copied(server, server.spec, origins, found.inbound, document)
    images = _images(server.spec)
    return dataclasses.replace(
        found,
        called=server.called,
        rack=server.rack,
        mirrors=origins,
        holds=None if images is None else {image: _held(image, share, sizes)[0] for image, share in images.items()},
        caching=caching,
        copied=copied,
    )


def _images(spec: model.CacheSpec | model.MirrorSpec) -> Mapping[str, float] | None:
    """Which share of which images a server has at the beginning; None: all that it is asked for."""
    if isinstance(spec, model.CacheSpec):
        return spec.holds
    if spec.copied is not None and takes_in(spec):
        return dict.fromkeys(spec.copied.held, 1.0)
    return spec.images


def _held(image: str, share: float, sizes: Layers) -> tuple[tuple[str, ...], float]:
    """The layers of an image, from the base up, whose bytes are within a share of it; and what share they are."""
    layers = sizes.of[image]
    total = sum(layer.compressed for layer in layers)
    held: list[str] = []
    size = 0.0
    for layer in layers:
        if size + layer.compressed > share * total * (1 + _EXACT):
            break
        size += layer.compressed
        held.append(layer.digest)
    return tuple(held), size / total if total else 1.0


def share_notes(document: Document, sizes: Layers) -> Iterator[str]:
    """What is there of images in place of shares that no number of their layers comes to."""
    for place, spec in (("mirrors", document.mirrors), ("caches", document.caches)):
        for name, one in spec.items():
            for image, share in (_images(one) or {}).items():
                held, found = _held(image, share, sizes)
                if not math.isclose(found, share, rel_tol=_EXACT):
                    yield (
                        f"{place}.{name} has {format_share(found)} of {image} in place of {format_share(share)}: "
                        f"{len(held)} of its {len(sizes.of[image])} layers, from the base up, are within that."
                    )


def unpushed_notes(document: Document) -> Iterator[str]:
    """Images that are copied on their push, and that nothing pushes while the simulation runs."""
    pushed = {image for _, _, push in links.pushes(document) if push.at is not None for image in push.images}
    first = next(iter(registries(document)))
    for name, spec in document.mirrors.items():
        if spec.copied is None or spec.copied.on != "push":
            continue
        of = spec.of or (first,)
        wanted = [one for one, image in document.images.items() if (image.registry or first) in of]
        if spec.images is not None:
            wanted = list(spec.images)
        images = [one for one in wanted if one not in pushed and one not in spec.copied.held]
        if images:
            yield (
                f"mirrors.{name} copies {listing(images, _MOST_NAMED, ', ')} from 0 s on: nothing pushes "
                f"{'it' if len(images) == 1 else 'them'} during the rollout (push.at)."
            )


def _into(server: Server, inbound: tuple[str, ...]) -> tuple[str, ...]:
    """The shared links from the network's core into a cache or mirror."""
    down = () if server.rack is None else (f"{server.rack}.down",)
    return (*down, *reversed(server.spec.via), *inbound)


def _copied(
    server: Server, spec: model.MirrorSpec, origins: tuple[str, ...], inbound: tuple[str, ...], document: Document
) -> Copied:
    """What is copied to a mirror."""
    copied = spec.copied
    assert copied is not None
    first = next(iter(registries(document)))
    every = (name for name, image in document.images.items() if (image.registry or first) in origins)
    wanted = every if spec.images is None else spec.images
    return Copied(
        on=cast(Trigger, copied.on),
        images=tuple(name for name in wanted if name not in copied.held),
        into=_into(server, inbound),
        at=copied.at or 0.0,
        every=copied.every,
        workers=copied.workers,
        rate=limit(copied.rate),
    )


def _caching(server: Server, spec: model.CacheSpec, above: str, inbound: tuple[str, ...]) -> resolved.Caching:
    """What a cache does with what it lacks: its own keys, and for the others its profile."""
    profile = CACHE_PROFILES[spec.profile]

    def of(field: str) -> Any:
        value: Any = spec
        for step in field.split("."):
            value = getattr(value, step)
        return profile[field].value if value is None else value

    disk = () if math.isinf(spec.disk.rate) else (f"{server.name}.disk",)
    most = limit(of("most_waiting"))
    return resolved.Caching(
        upstream=above,
        into=(*_into(server, inbound), *disk),
        coalesce=cast(resolved.Coalescing, of("coalesce")),
        streams=of("serve") == "streaming",
        own_copy=of("own_copy"),
        whole_images=of("whole_images"),
        ignores_ranges=of("ignores_ranges"),
        lock_timeout=limit(of("lock.timeout")),
        lock_age=limit(of("lock.age")),
        poll=of("lock.poll"),
        most_waiting=None if most is None else int(most),
        per_repository=of("store") == "repository",
        per_replica=of("memory") == "replica",
        tag_age=limit(of("tag_check")),
        check_trips=of("upstream_round_trips.tag"),
        manifest_trips=of("upstream_round_trips.manifest"),
        layer_trips=of("upstream_round_trips.layer"),
        pings=not spec.authenticates,
        stale=of("serves_stale"),
        manifest_late=of("manifest_late"),
        ttl=limit(of("ttl.time")),
        renews=of("ttl.renewed"),
        capacity=spec.disk.capacity,
        profile=spec.profile,
    )


def peers(document: model.Document) -> dict[str, resolved.Peers]:
    """The peers by name: their own keys, and for the others their profile."""
    return {name: _peers(name, spec) for name, spec in document.peers.items()}


def _swarm(profile: str, connections: int) -> SwarmProfile:
    """A profile's swarm, in which members and seeds have so many connections."""
    return dataclasses.replace(SWARMS[profile], connections=connections, seed_connections=connections)


def _peers(name: str, spec: model.PeersSpec) -> resolved.Peers:
    profile = PEER_PROFILES[spec.profile]

    def of(field: str) -> Any:
        own = getattr(spec, field)
        return profile[field].value if own is None else own

    most = limit(of("connections"))
    partners = model.MOST_NODES if most is None else int(most)
    return resolved.Peers(
        name=name,
        finds=cast(resolved.Finds, of("finds")),
        found=of("found"),
        look_up=of("look_up"),
        timeout=of("timeout"),
        remembers=of("remembers"),
        remembers_nobody=of("remembers_nobody"),
        hedge=limit(of("hedge")),
        announce=of("announce"),
        per_rack=of("per_rack"),
        connections=None if most is None else int(most),
        upload=limit(of("upload")),
        manifests=of("manifests"),
        download=limit(of("download")),
        piece=of("piece"),
        seeds=spec.seeds.count if spec.seeds is not None and spec.profile in SWARMS else 0,
        store_and_forward=spec.profile in SWARMS and of("serve") == "store_and_forward",
        swarm=None if spec.profile not in SWARMS else _swarm(spec.profile, partners),
    )
