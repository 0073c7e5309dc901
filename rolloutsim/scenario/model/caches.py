"""Pull-through caches and mirrors: registries that stand between nodes and the registries of their images."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic_core import PydanticCustomError

from rolloutsim.scenario.cache_profiles import CACHE_PROFILES, DEFAULT_CACHE, shown_of_caches, source_of_caches
from rolloutsim.scenario.copied import BEFORE, TRIGGERS, WORKERS
from rolloutsim.scenario.fields import Quantity, Short, Text, Whole, Word, fault, key, quoted, short
from rolloutsim.scenario.model.kinds import (
    BYTE_RATE,
    AnyRate,
    ByteRate,
    GroupNames,
    ImageNames,
    Name,
    OnOff,
    Share,
    Size,
    Spec,
    Time,
    Trips,
    Words,
    only_with,
    ruled,
    says,
)
from rolloutsim.scenario.model.registries import RegistrySpec
from rolloutsim.scenario.resolved import Coalescing

IN_CORE = "core"
IN_EACH = ("rack", "site")  # of which there is one in each

_PLACE: Any = key(
    IN_CORE, alias="in", source="assumed",
    description="core; rack or site: one in each of the racks or sites of all groups, <name>-<rack>, which nodes of "
    "that rack ask; or the name of a rack or site: one there, which all nodes ask",
)  # fmt: skip


class _Check(Quantity):
    """A time, `always` for 0 s, or `never` for an infinite one."""

    def read(self, value: Any) -> float:
        if value == "always":
            return 0.0
        try:
            return super().read(value)
        except PydanticCustomError as error:
            context = error.context or {}
            raise fault(f"{context.get('message')}, or always", context.get("help")) from None

    def write(self, value: float) -> str:
        return super().write(value) if value else "always"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"const": "always"}, *super().schema()["anyOf"]]}

    def words(self) -> str:
        return "always, never, or a time"


_WHOLE_IMAGE = "100%"


def _held(value: Any) -> Any:
    """One image or a list of images as a map of shares."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple)):
        if not all(isinstance(one, str) for one in value):
            raise fault("a list of images has only their names; shares are a map: {app: 50%}")
        twice = next((one for one in value if value.count(one) > 1), None)
        if twice is not None:
            raise fault(f"image '{twice}' stands twice in the list; name it once")
        return dict.fromkeys(value, _WHOLE_IMAGE)
    if not isinstance(value, Mapping):
        raise fault(f"{quoted(value)} is not allowed here; allowed: images as a list, or a map of images to shares")
    return value


Held = Annotated[
    dict[Words, Share],
    Short(
        _held,
        "image, or list of images",
        lambda long: [Text().schema(), {"type": "array", "items": Text().schema(), "uniqueItems": True}],
    ),
]


_ON = Word((*TRIGGERS, BEFORE))


class CopiedSpec(Spec):
    """When and how fast images are copied to a mirror: replication, as Harbor does it."""

    model_config = ruled(only_with(says("on", "schedule"), "at", "every"))

    on: Annotated[str, _ON] = key(
        "push", source="assumed: a policy that is triggered by events",
        description="push: when an image's push to its registry is complete, or at 0 s if nothing pushes it during the "
        "rollout; schedule: at 'at', what the registry has then; before: all is there at 0 s",
    )  # fmt: skip
    at: Time | None = key(
        None, unit="time", shown="0 s", source="assumed",
        description="on: schedule: when it begins; images whose pushes are not complete then wait for the next time",
    )  # fmt: skip
    every: Annotated[float, Quantity("time", least=1.0)] | None = key(
        None, unit="time", shown="once", description="on: schedule: how often it begins anew, after 'at'",
        source="assumed",
    )  # fmt: skip
    workers: Annotated[int, Whole(1, 100_000)] = key(
        WORKERS, unit="tasks",
        description="tasks at a time of all mirrors that the key makes; a task copies the images of one repository to "
        "one mirror, one layer after another",
        source="goharbor/harbor make/harbor.yml.tmpl: jobservice max_job_workers 10",
    )  # fmt: skip
    rate: AnyRate = key(
        float("inf"), unit="rate", shown="unlimited",
        description="the most that each task moves, in payload (Harbor's bandwidth of a policy)",
        source="goharbor/harbor src/controller/replication/transfer/image/transfer.go: limited where speed > 0",
    )  # fmt: skip
    held: ImageNames = key(
        (), description="images that are there at the beginning; layers that are there are not copied"
    )


class MirrorSpec(RegistrySpec):
    """A registry that has what was copied to it."""

    place: Name = _PLACE
    of: GroupNames | None = key(
        None, min_length=1, shown="the only registry",
        description="the registry, or registries, whose images it is asked for",
    )  # fmt: skip
    images: Held | None = key(
        None, name="image", unit="share", shown="all images of its registries",
        description="the images that it has, or image → share of its compressed bytes, from the base up; 0%: only the "
        "manifest; of the others it has nothing; with copied: on push or schedule, those that are copied, whole",
    )  # fmt: skip
    copied: Annotated[CopiedSpec, short("on", _ON)] | None = key(
        None, shown="before", source="assumed: it was done before",
        description="how images come to it while the simulation runs; a tag is served as soon as its manifest is in, "
        "which comes after the layers",
    )  # fmt: skip


def _profile_key(field: str, unit: str, description: str, **more: Any) -> Any:
    return key(
        None, unit=unit, description=description, shown=shown_of_caches(field), source=source_of_caches(field), **more
    )


_PATIENCE = Annotated[float, Quantity("time", unlimited=True)]


class LockSpec(Spec):
    """How long requests wait for a layer that is being fetched already, with `coalesce: lock`."""

    timeout: _PATIENCE | None = _profile_key(
        "lock.timeout", "time", "a request that has waited so long is fetched for itself, and not stored"
    )
    age: _PATIENCE | None = _profile_key(
        "lock.age", "time", "when a fetch has taken so long, one of those that wait begins another, and so on"
    )
    poll: Time | None = _profile_key(
        "lock.poll", "time", "how often a request that waits looks whether the layer is there; 0 s: it is told"
    )


class CacheTripsSpec(Spec):
    """Round trips between a cache and its upstream, set-up and token included."""

    tag: Trips | None = _profile_key(
        "upstream_round_trips.tag", "round trips", "until a tag is checked whose manifest it has"
    )
    manifest: Trips | None = _profile_key(
        "upstream_round_trips.manifest", "round trips", "until the manifest of a tag is there that it lacks; the tag "
        "is not checked then",
    )  # fmt: skip
    layer: Trips | None = _profile_key(
        "upstream_round_trips.layer", "round trips", "until the first byte of a layer is there that it lacks"
    )


class TtlSpec(Spec):
    """When a cache drops what it has stored."""

    time: Annotated[float, Quantity("time", unlimited=True)] | None = _profile_key(
        "ttl.time", "time", "how long after it was stored a layer is dropped"
    )
    renewed: OnOff | None = _profile_key("ttl.renewed", "", "whether each request for it begins that time anew")


class CacheDiskSpec(Spec):
    """What a cache stores on."""

    capacity: Size | None = key(
        None, unit="size", shown="none: everything fits",
        description="size; layers that were not asked for longest make room",
    )  # fmt: skip
    rate: ByteRate = key(
        float("inf"), unit="rate", shown="unlimited", source="assumed: memory takes what comes",
        description="write rate: what comes from the upstream is written as fast as this; reading is storage",
    )  # fmt: skip


class CacheSpec(RegistrySpec):
    """A pull-through cache."""

    place: Name = _PLACE
    profile: Annotated[str, Word(tuple(CACHE_PROFILES))] = key(
        DEFAULT_CACHE, source="assumed: what a registry's own image is today",
        description="which product: a profile of sourced defaults; nginx has proxy_cache_lock off, nginx-lock on",
    )  # fmt: skip
    upstream: Name | None = key(
        None, shown="the only registry",
        description="whom it asks for what it lacks: a registry, a mirror or another cache",
    )  # fmt: skip
    holds: Held = key(
        {}, name="image", unit="share",
        description="what it has at the beginning: images, or image → share of its compressed bytes, from the base up; "
        "0%: only the manifest",
    )  # fmt: skip
    disk: Annotated[CacheDiskSpec, short("rate", BYTE_RATE)] = key(
        CacheDiskSpec(), shown="{rate: unlimited}", source="those of its keys", description="what it stores on"
    )
    coalesce: Annotated[Coalescing, Word(get_args(Coalescing))] | None = _profile_key(
        "coalesce", "", "what becomes of a request for a layer that is being fetched already: none: it is fetched once "
        "more; lock: the request waits until the layer is there; stream: the client gets it as it comes",
    )  # fmt: skip
    serve: Annotated[str, Word(("streaming", "store_and_forward"))] | None = _profile_key(
        "serve", "", "streaming: the client that is first gets bytes as they come; store_and_forward: when all of the "
        "layer is stored",
    )  # fmt: skip
    own_copy: OnOff | None = _profile_key(
        "own_copy", "", "whether it fetches a copy of its own for its store, and what clients get is not kept"
    )
    whole_images: OnOff | None = _profile_key(
        "whole_images", "", "whether the answer about a manifest waits until all layers of the image are stored"
    )
    ignores_ranges: OnOff | None = _profile_key(
        "ignores_ranges", "", "whether a request for a range of a layer that it lacks is answered with all of it: the "
        "ranges of layer_fetch_buffer then come as one piece, and a body that broke begins anew",
    )  # fmt: skip
    lock: LockSpec = key(
        LockSpec(), shown="the profile's", source="those of its keys",
        description="how long requests wait, with coalesce: lock",
    )  # fmt: skip
    most_waiting: Annotated[float, Whole(1, 1_000_000, unlimited=True)] | None = _profile_key(
        "most_waiting", "requests", "with so many waiting for a layer, another request is refused with 503"
    )
    store: Annotated[str, Word(("shared", "repository"))] | None = _profile_key(
        "store", "", "repository: a layer that came for one repository is fetched again for another; an image's "
        "repository is its name without the tag",
    )  # fmt: skip
    memory: Annotated[str, Word(("shared", "replica"))] | None = _profile_key(
        "memory", "", "replica: each of its replicas stores, and knows of running fetches, by itself"
    )
    tag_check: Annotated[float, _Check("time", zero=True, unlimited=True, word="never")] | None = _profile_key(
        "tag_check", "time", "whether a tag is checked at the upstream with each request, never, or when it was "
        "checked so long ago",
    )  # fmt: skip
    upstream_round_trips: CacheTripsSpec = key(
        CacheTripsSpec(), shown="the profile's", source="those of its keys",
        description="round trips between the cache and its upstream",
    )  # fmt: skip
    authenticates: OnOff = key(
        True, source="assumed: public registries answer 401 and have a token service",
        description="whether its upstream asks for tokens; false: distribution asks how to authenticate before each "
        "request, two round trips each, one request at a time",
    )  # fmt: skip
    serves_stale: OnOff | None = _profile_key(
        "serves_stale", "", "whether it serves a manifest that it cannot check, since the upstream does not answer"
    )
    manifest_late: Time | None = _profile_key(
        "manifest_late", "time", "for how long after an image's first pull its manifests still come from the upstream"
    )
    ttl: Annotated[TtlSpec, short("time", Quantity("time", unlimited=True))] = key(
        TtlSpec(), shown="the profile's", source="those of its keys", description="when it drops what it has stored"
    )


Cache = Annotated[CacheSpec, short("uplink", Quantity("rate", unlimited=True))]
Mirror = Annotated[MirrorSpec, short("uplink", Quantity("rate", unlimited=True))]
