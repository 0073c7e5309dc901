"""A valid document to the form that is simulated: defaults filled in, names looked up, goodput computed.

`model: ideal` is applied here: what it switches off stands in `rolloutsim.scenario.ideal`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from rolloutsim.scenario import links, model, orchestration, resolved
from rolloutsim.scenario.checks import cached_nodes, names
from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.defaults import (
    BUFFER,
    CORES,
    HOST_PER,
    IOPS,
    PROFILES,
    PROGRESS_TIMEOUT,
    RETRIES,
    SERIAL_PULLS,
    STORED_SPEED,
    TIMEOUTS,
    fairness,
    runtime,
)
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.ideal import idealised
from rolloutsim.scenario.idle import idle_keys
from rolloutsim.scenario.images import Layers, layers
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.policies import has_tag, pull_policy
from rolloutsim.scenario.prepulls import BEHAVIOURS
from rolloutsim.scenario.presets import unsimulated_bursts
from rolloutsim.scenario.runtimes import Snapshotter
from rolloutsim.scenario.servers import asks_swarm, instances, racks_of, registries
from rolloutsim.scenario.serving import limit, peers, servers, share_notes, unpushed_notes, window
from rolloutsim.scenario.snapshotters import SNAPSHOTTERS, snapshotter
from rolloutsim.scenario.strategies import ALL, Wanted, amount, has_pods, wanted

UNNAMED = "unnamed scenario"
DEFAULT_MTU = 1500  # [B]

# The sources stand at the keys of `rolloutsim.scenario.model.rollout`.
STEP_OVERHEAD = 1.2  # [s]
PROGRESS_DEADLINE = 600.0  # [s]

_NAMED = 3  # images that a note names (assumed: what fits a line)
_FRAMING = 38  # Ethernet with preamble and gap, IEEE 802.3 [B]
_HEADERS = 52  # IP, TCP and its time stamps inside the MTU; RFC 791, 9293, 7323 [B]
_MORE = ("layer_fetch_buffer", "parallel_unpacks", "ingest_poll", "partial_images")  # of a runtime, but of no profile
_NOW = Distribution()

# What stands for the groups of a workload: no text of a scenario can be mistaken for it, whose quotes are escaped.
_STAND_IN = "\0"
_STANDING_IN = re.compile(r'"groups":"\\u0000(\d+)"')


def resolve(document: Document) -> resolved.ResolvedScenario:
    """The scenario that `simulate` runs, of a document that has passed every check."""
    given = document
    if document.model == "ideal":
        document = idealised(document)
    line_share = _efficiency(document.network)
    # The links of what pushes come last in results.
    lines = sorted(links.shared_links(document), key=lambda line: line.path[0] in ("push", "pushes"))
    sizes = layers(document)
    serving = servers(document, sizes)
    scenario = resolved.ResolvedScenario(
        name=document.name or UNNAMED,
        description=document.description,
        model=document.model,
        seed=document.seed,
        groups=tuple(_group(name, group, document, line_share) for name, group in document.nodes.items()),
        links={line.name: _link(line, document.network, line_share) for line in lines},
        path_latency=document.network.latency,
        registries=serving.registries,
        mirrors=serving.mirrors,
        caches=serving.caches,
        peers=peers(document),
        images={name: _image(name, document, sizes) for name in document.images},
        cases=_cases(document),
        startup=_distribution(document.rollout.startup),
        background=tuple(_background(document, line_share)),
        thresholds=tuple(one for one in thresholds(document, names(document)) if isinstance(one, resolved.Threshold)),
        notes=tuple(_notes(given, sizes)),
        faults=tuple(fault for name, spec in document.failures.items() for fault in _faults(name, spec, document)),
        pushes=tuple(_push(name, push) for _, name, push in links.pushes(document)),
        prices=resolved.Prices(document.prices.ssd, document.prices.hdd),
        horizon=document.rollout.horizon,
        replications=document.replications,
        fairness=_fairness(document),
        congestion_control=document.network.congestion_control,
        tcp_window=window(None, document),
        document=written(given),
        api_calls=_api_calls(document),
        prepulls=tuple(_prepull(name, spec, document) for name, spec in document.prepulls.items()),
    )
    return dataclasses.replace(scenario, sha256=fingerprint(scenario))


def fingerprint(scenario: resolved.ResolvedScenario) -> str:
    """SHA-256 of the resolved scenario's canonical JSON; seed, document, overrides, variant and places are no part.

    A field that is added with `unless_empty` leaves the fingerprints of scenarios that do not use it as they were.
    """
    data = _plain(scenario)
    for name in ("seed", "sha256", "document", "overrides", "variant"):
        data.pop(name, None)
    data["thresholds"] = [_plain(threshold) for threshold in scenario.thresholds]
    for threshold in data["thresholds"]:
        del threshold["place"]
    if scenario.fairness is not None and math.isinf(scenario.fairness.memory):
        data["fairness"] = _plain(scenario.fairness) | {"memory": "unlimited"}
    # All workloads may run on all groups: their names are written once, and put in where they belong, piece by piece.
    groups: dict[int, bytes] = {}

    def plain(value: Any) -> dict[str, Any]:
        found = _plain(value)
        if isinstance(value, orchestration.Workload):
            number = id(value.groups)
            if number not in groups:
                groups[number] = f'"groups":{_canonical(value.groups)}'.encode()
            found["groups"] = f"{_STAND_IN}{number}"
        return found

    digest = hashlib.sha256()
    for place, piece in enumerate(_STANDING_IN.split(_canonical(data, plain))):
        digest.update(groups[int(piece)] if place % 2 else piece.encode())
    return digest.hexdigest()


def _canonical(data: Any, plain: Callable[[Any], Any] | None = None) -> str:
    """Data as JSON that is the same wherever it is written; `plain` for what JSON does not know."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=plain)


def simulated_alike(one: resolved.ResolvedScenario, other: resolved.ResolvedScenario) -> bool:
    """Whether two scenarios are the same to a simulation, whatever they are called, noted and to be judged by."""
    beside: Any = {"name": "", "description": None, "notes": (), "thresholds": (), "document": "", "overrides": {},
                   "variant": "", "sha256": ""}  # fmt: skip
    return dataclasses.replace(one, **beside) == dataclasses.replace(other, **beside)


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass or mapping as a dict, without fields that their metadata leave out where they are empty or None."""
    if isinstance(value, Mapping):
        return dict(value)
    names, empty, none = _members(value.__class__)
    data = {name: getattr(value, name) for name in names}
    for name in empty:
        if not data[name]:
            del data[name]
    for name in none:
        if data[name] is None:
            del data[name]
    return data


@cache
def _members(kind: Any) -> tuple[list[str], list[str], list[str]]:
    """The fields of a dataclass, those that are left out where they are empty, and where they are None."""
    fields = dataclasses.fields(kind)
    optional = ([one.name for one in fields if one.metadata.get(when)] for when in ("unless_empty", "unless_none"))
    empty, none = optional
    return [one.name for one in fields], empty, none


def written(document: Document) -> str:
    """A document as JSON in its long form, from which it can be read again: what it sets itself, no default."""
    # A subclass of the document would have to build a serializer of its own first, which takes its time.
    serializer = Document.__pydantic_serializer__
    text = serializer.to_json(document, exclude_unset=True, by_alias=True).decode()
    if "rolloutsim" not in document.model_fields_set:  # made in Python, where the version goes without saying
        text = f'{{"rolloutsim":{document.rolloutsim},{text[1:]}'
    return text


def _image(name: str, document: Document, sizes: Layers) -> resolved.Image:
    registry = document.images[name].registry or next(iter(registries(document)))
    return resolved.Image(name, registry, sizes.of[name], document.images[name].needed, document.images[name].reuse)


def _notes(document: Document, sizes: Layers) -> Iterator[str]:
    if sizes.estimated and document.model != "ideal":
        several = len(sizes.ratios) > 1
        ratios = (f"{ratio:g} × compressed{_of(images) if several else ''}" for ratio, images in sizes.ratios.items())
        yield (
            f"Unpacked sizes are estimated for {sizes.estimated} of {sizes.total} layers: "
            f"unpacked = {', '.join(ratios)}."
        )
    if has_pods(document):
        yield from _policies(document)
    yield from unsimulated_bursts(document)
    yield from share_notes(document, sizes)
    yield from unpushed_notes(document)
    yield from idle_keys(document)


def _policies(document: Document) -> Iterator[str]:
    """How images are pulled that a node may hold when a pod needs them, where no workload says it, and why.

    Of what its tag makes `if_not_present` nobody expects anything else.
    """
    cached = {
        image
        for group in document.nodes.values()
        for image, value in group.cached.items()
        if cached_nodes(value, group.count)
    }
    several = wanted(document)
    users = Counter(image for one in several for image in one.images)
    found: dict[tuple[orchestration.PullPolicy, str], list[str]] = {}
    for image in users:
        using = [one for one in several if image in one.images]
        again = image in cached or users[image] > 1 or any(one.replicas > one.nodes for one in using)
        policy, why = pull_policy(image)
        is_expected = policy == "if_not_present" and has_tag(image)
        if again and not is_expected and any(one.spec is None or one.spec.pull_policy is None for one in using):
            found.setdefault((policy, why), []).append(image)
    for (policy, why), images in found.items():
        more = len(images) - _NAMED
        named = f"{', '.join(images[:_NAMED])}{f' and {more} more' if more > 0 else ''}"
        asks = "asks the registry all the same" if policy == "always" else "does not ask the registry"
        yield f"A pod that starts where its node holds {named} {asks} (pull_policy: {policy}; {why})."


def _of(images: tuple[str, ...]) -> str:
    """Which images have such layers; not all of very many."""
    more = len(images) - _NAMED
    return f" (layers of {', '.join(images[:_NAMED])}{f' and {more} more' if more > 0 else ''})"


# ---- links and registries ------------------------------------------------------------------------------


def _efficiency(network: model.NetworkSpec) -> float:
    """The share of a line's rate that is payload: as given, or from the MTU; 1448 / 1538 at 1500."""
    if network.efficiency is not None:
        return network.efficiency
    mtu = network.mtu or DEFAULT_MTU
    return (mtu - _HEADERS) / (mtu + _FRAMING)


def _link(line: links.Line, network: model.NetworkSpec, share: float) -> resolved.Link:
    """A shared link, of whose line rate a share is payload; storage and the rate of a pre-pull have no queue."""
    if line.kind == "registry_storage":
        return resolved.Link(line.name, line.kind, line.rate, line.rate)
    if line.path[0] == "prepulls":
        return resolved.Link(line.name, line.kind, line.rate * share, line.rate)
    buffer, queue, latency = network.buffer, network.queue, line.latency
    if line.spec is not None:
        buffer = line.spec.buffer if line.spec.buffer is not None else buffer
        queue, latency = line.spec.queue or queue, line.spec.latency
    buffer = BUFFER.value if buffer is None else buffer
    return resolved.Link(line.name, line.kind, line.rate * share, line.rate, latency, buffer, queue)


def _api_calls(document: Document) -> orchestration.ApiCalls | None:
    """The limit on the controllers' calls, where there are controllers."""
    spec = document.controller_manager
    if not has_pods(document) or math.isinf(spec.qps):
        return None
    return orchestration.ApiCalls(spec.qps, spec.burst)


def _fairness(document: Document) -> resolved.Fairness | None:
    """How unevenly connections share; None: as max-min fairness has it, in the ideal model."""
    spec = document.network.fairness
    if document.model == "ideal":
        return None
    if spec is None:
        return fairness(document.network.congestion_control, 0.0, None, None)
    return fairness(document.network.congestion_control, spec.sigma, spec.memory, spec.conquest)


# ---- nodes ----------------------------------------------------------------------------------------------


def _group(name: str, spec: model.GroupSpec, document: Document, line_share: float) -> resolved.NodeGroup:
    """A group of nodes; where nothing else has a queue in the ideal model, their NICs have none either."""
    profile = PROFILES[spec.runtime]
    own = {key: getattr(spec, key) for key in (*profile, *_MORE) if key not in (*RETRIES, *TIMEOUTS)}
    if asks_swarm(spec, document):
        own["layer_fetch_buffer"] = None  # agents of a swarm hand over whole layers
    if spec.retry is not None:
        own |= {key: getattr(spec.retry, key) for key in RETRIES}
    if spec.timeouts is not None:
        own |= {key: getattr(spec.timeouts, key) for key in TIMEOUTS}
    nic = limit(links.line_rate(spec.nic, document))
    return resolved.NodeGroup(
        name=name,
        count=spec.count,
        runtime=runtime(spec.runtime, {key: value for key, value in own.items() if value is not None}),
        racks=racks_of(name, spec),
        via=tuple(spec.via),
        nic=None if nic is None else nic * line_share,
        nic_line_rate=nic,
        nic_buffer=0.0 if document.model == "ideal" else document.network.buffer or BUFFER.value,
        nic_queue=document.network.queue,
        disk=limit(spec.disk.rate),
        disk_iops=_iops(spec.disk),
        disk_sync=spec.disk.sync,
        dirty_limit=spec.disk.dirty_ratio * spec.memory,
        unpack_rate=limit(spec.unpack.rate),
        stored_rate=_stored_rate(spec.unpack),
        unpack_cores=_cores(spec),
        pull_cap=limit(spec.pull_cap),
        connection_cap=spec.connection_cap,
        cached={image: cached_nodes(value, spec.count) for image, value in spec.cached.items()},
        kubelet=_kubelet(spec),
        storage=_storage(spec),
        shared_address=spec.shared_address,
        stagger=spec.stagger,
        again=orchestration.Again() if spec.retry is None else _again(spec.retry),
        join=_join(spec),
        hosts=spec.hosts,
        host_per_image=bool(spec.hosts) and (spec.host_per or profile[HOST_PER].value) == "image",
        snapshotter=None if spec.snapshotter is None else _snapshotter(spec.snapshotter),
        volume_snapshot=_volume_snapshot(spec),
    )


def _snapshotter(spec: model.SnapshotterSpec) -> Snapshotter:
    own = {key: getattr(spec, key) for key in SNAPSHOTTERS[spec.kind]}
    return snapshotter(spec.kind, spec.needed, {key: value for key, value in own.items() if value is not None})


def _volume_snapshot(spec: model.GroupSpec) -> resolved.VolumeSnapshot | None:
    """What brings the cached images, where there are some and not all of it can be read at once."""
    volume = spec.volume_snapshot
    if volume is None or math.isinf(volume.rate) or not spec.cached:
        return None
    return resolved.VolumeSnapshot(volume.rate, volume.needed, volume.background)


def _iops(disk: model.DiskSpec) -> float | None:
    if disk.iops is None:
        return IOPS if disk.rate == model.GP3 else None
    return limit(disk.iops)


def _stored_rate(unpack: model.UnpackSpec) -> float | None:
    return limit(STORED_SPEED * unpack.rate if unpack.stored_rate is None else unpack.stored_rate)


def _cores(spec: model.GroupSpec) -> int:
    if spec.unpack.cores is not None:
        return spec.unpack.cores
    on_arrival = spec.decompresses_on_arrival
    if on_arrival is None:
        on_arrival = PROFILES[spec.runtime]["decompresses_on_arrival"].value
    return CORES if on_arrival else 1


def _again(spec: model.RetrySpec) -> orchestration.Again:
    return orchestration.Again(spec.times, spec.after, spec.growth, spec.jitter)


def _join(spec: model.GroupSpec) -> resolved.Join | None:
    """When the nodes join; None where all of them are there from the beginning."""
    join = spec.join
    if join is None or not (join.at or join.provision or join.every and spec.count > 1):
        return None
    return resolved.Join(join.at, join.every, join.provision)


def _joining(wanted: Wanted) -> int:
    """How many of a DaemonSet's nodes join during the rollout."""
    if not wanted.daemonset:
        return 0
    found = 0
    for name in wanted.groups:
        spec = wanted.document.nodes[name]
        join = _join(spec)
        found += 0 if join is None else sum(join.time(index) > 0.0 for index in range(spec.count))
    return found


def _kubelet(spec: model.GroupSpec) -> orchestration.Kubelet:
    """A group's kubelets."""
    most = spec.max_parallel_image_pulls
    serial = spec.serialize_image_pulls
    if serial is None:
        # A kubelet refuses to pull serially and several at a time.
        serial = most == 1 or (most is None and SERIAL_PULLS[spec.kubelet].value)
    timeout = spec.pull_progress_timeout
    return orchestration.Kubelet(
        parallel_pulls=1 if serial else most,
        pull_qps=spec.registry_pull_qps or None,
        pull_burst=spec.registry_burst,
        backoff_initial=spec.image_backoff.initial,
        backoff_max=spec.image_backoff.max,
        backoff_jitter=spec.image_backoff.jitter,
        requeue=cast(orchestration.Requeue, spec.image_backoff.requeue),
        progress_timeout=limit(PROFILES[spec.runtime][PROGRESS_TIMEOUT].value if timeout is None else timeout),
        pull_timeout=limit(spec.pull_timeout),
        gc_high=spec.image_gc.high,
        gc_low=spec.image_gc.low,
        gc_period=spec.image_gc.period,
    )


def _storage(spec: model.GroupSpec) -> resolved.Disk | None:
    disk = spec.disk
    if disk.capacity is None:
        return None
    least_free = max(spec.eviction_hard.nodefs, spec.eviction_hard.imagefs)
    return resolved.Disk(disk.capacity, disk.used or 0.0, disk.old_images or 0.0, least_free)


# ---- cases ----------------------------------------------------------------------------------------------


def _distribution(spec: model.DistributionSpec | None) -> Distribution:
    """A random time; none is 0 s."""
    if spec is None:
        return _NOW
    return Distribution(low=spec.min or 0.0, high=spec.max or 0.0, p50=spec.p50, p95=spec.p95)


def _cases(document: Document) -> tuple[resolved.Case, ...]:
    """One case for each image, in the file's order; one for everything where there are workloads or a schedule."""
    if document.rollout.strategy == "schedule":
        pulls = {
            name: tuple(resolved.PlannedPull(pull.image, _distribution(pull.at)) for pull in group.pulls or ())
            for name, group in document.nodes.items()
        }
        return (resolved.Case(ALL, pulls),)
    if has_pods(document):
        workloads = tuple(map(_workload, wanted(document)))
        if document.workloads is not None:
            return (resolved.Case(ALL, {}, workloads),)
        return tuple(resolved.Case(workload.name, {}, (workload,)) for workload in workloads)
    return tuple(
        resolved.Case(
            image,
            {
                name: (resolved.PlannedPull(image, _distribution(group.start)),)
                for name, group in document.nodes.items()
            },
        )
        for image in document.images
    )


def _workload(wanted: Wanted) -> orchestration.Workload:
    spec, rollout = wanted.spec, wanted.document.rollout
    startup, termination = rollout.startup, rollout.termination
    if spec is not None:
        startup = spec.startup if spec.startup is not None else startup
        termination = spec.termination if spec.termination is not None else termination
    return orchestration.Workload(
        name=wanted.name,
        images=wanted.images,
        replicas=wanted.replicas,
        daemonset=wanted.daemonset,
        groups=wanted.groups,
        strategy=_strategy(wanted),
        start=spec.start if spec is not None else 0.0,
        after=spec.after if spec is not None else (),
        joining=_joining(wanted),
        create=spec.create if spec is not None else False,
        startup=_distribution(startup),
        termination=termination or 0.0,
        pull_policy=spec.pull_policy if spec is not None else None,
    )


def _strategy(wanted: Wanted) -> orchestration.Strategy:
    overhead = wanted.value("step_overhead")
    return orchestration.Strategy(
        name=cast(orchestration.StrategyName, wanted.strategy),
        max_surge=amount(wanted.surge()),
        max_unavailable=amount(wanted.unavailable()),
        min_ready=wanted.value("min_ready") or 0.0,
        progress_deadline=_deadline(wanted),
        partition=wanted.value("partition") or 0,
        parallel=wanted.value("parallel") or False,
        waves=tuple(
            orchestration.Wave(amount(wave.size), wave.pause, wave.gate) for wave in wanted.value("waves") or ()
        ),
        step_overhead=STEP_OVERHEAD if overhead is None else overhead,
    )


def _deadline(wanted: Wanted) -> float | None:
    if wanted.strategy != "rolling":
        return None
    given: float | None = wanted.value("progress_deadline")
    if given is None:
        return PROGRESS_DEADLINE
    return None if math.isinf(given) else given


# ---- other traffic, and what goes wrong -----------------------------------------------------------------


def _background(document: Document, line_share: float) -> Iterator[resolved.Background]:
    """The flows in the background that cross anything; the ideal model has neither disks nor unpacking."""
    for name, spec in document.background.items():
        crossed = links.crossed(spec, document)
        if document.model == "ideal":
            crossed = tuple(link for link in crossed if not _left_out(link, document))
        if crossed:
            yield _flow(name, spec, crossed, line_share)


def _flow(name: str, spec: model.BackgroundSpec, crossed: tuple[str, ...], line_share: float) -> resolved.Background:
    start = spec.start or 0.0
    request = spec.request
    return resolved.Background(
        name=name,
        links=crossed,
        size=spec.size,
        # A transfer of a size starts at a time; anything else has a window.
        at=0.0 if spec.size is None else spec.at or start,
        cap=spec.cap,
        rate=None if spec.rate is None else spec.rate * line_share,
        start=start if spec.size is None else 0.0,
        until=spec.until,
        connections=spec.connections or 1,
        request=None if request is None else resolved.Request(request.size, request.every, request.round_trips),
    )


def _left_out(link: str, document: Document) -> bool:
    """Whether the ideal model has no such link."""
    private = links.private_link(link, document)
    return private is not None and not private[1].is_network


def _push(name: str, spec: model.PushSpec) -> resolved.Push:
    return resolved.Push(name, f"{name}.uplink", spec.images, spec.held, spec.at, spec.parallel, spec.via)


def _prepull(name: str, spec: model.PrepullSpec, document: Document) -> resolved.Prepull:
    """What is pulled before the rollout; what the file leaves open is as its kind does it."""
    usual = BEHAVIOURS[spec.by]
    behaviour = dataclasses.replace(
        usual,
        parallelism=usual.parallelism if spec.parallelism is None else _whole(spec.parallelism),
        pull_timeout=usual.pull_timeout if spec.pull_timeout is None else limit(spec.pull_timeout),
        backoff_limit=usual.backoff_limit if spec.backoff_limit is None else spec.backoff_limit,
        sources={},
    )
    return resolved.Prepull(
        name=name,
        by=spec.by,
        images=spec.images,
        groups=tuple(document.nodes) if spec.groups is None else spec.groups,
        behaviour=behaviour,
        at=spec.at,
        spread=_distribution(spec.spread),
        link=None if spec.rate is None else links.rate_link(name),
    )


def _whole(value: float) -> int | None:
    """A whole number; None: unlimited."""
    return None if math.isinf(value) else int(value)


def _faults(name: str, spec: model.FailureSpec, document: Document) -> Iterator[resolved.Fault]:
    """A failure: of all caches or mirrors that one key makes, one for each of them."""
    rate = None if spec.rate is None else spec.rate.rate
    at = None if rate is not None else spec.at or 0.0
    remaining = spec.capacity or 0.0
    node = spec.node or spec.group
    if node is not None:
        yield resolved.Fault(name, "node", node, at, rate, spec.back_after)
    elif spec.link is not None:
        yield resolved.Fault(name, "link", spec.link, at, rate, spec.back_after, remaining)
    else:
        for server in _failing(spec, document):
            if spec.flaky is not None:
                yield resolved.Fault(name, "requests", server, at, rate, spec.back_after, probability=spec.flaky)
            else:
                yield resolved.Fault(name, "registry", server, at, rate, spec.back_after, remaining, silent=spec.silent)


def _failing(spec: model.FailureSpec, document: Document) -> list[str]:
    """The registry that a failure is of, or the caches or mirrors."""
    if spec.registry is not None:
        return [spec.registry]
    named = spec.cache or spec.mirror
    return [one.name for one in instances(document).values() if named in (one.name, one.called)]
