"""Node groups: the profile of the runtime with the group's own values, kubelet and disk."""

from __future__ import annotations

import math

from rolloutsim.scenario import links as names_of_links
from rolloutsim.scenario.checks import cached_nodes
from rolloutsim.scenario.model import Document, GroupSpec
from rolloutsim.scenario.physics import BUFFER
from rolloutsim.scenario.profiles import PROFILES, PROGRESS_TIMEOUT, RETRIES, runtime
from rolloutsim.scenario.resolved import NodeGroup
from rolloutsim.scenario.resolved_rollout import Disk, Kubelet

_MORE = ("layer_fetch_buffer", "parallel_unpacks")  # of a runtime, but of no profile


def node_group(name: str, spec: GroupSpec, document: Document, line_share: float) -> NodeGroup:
    """A group; the ideal model has neither disks nor unpacking."""
    ideal = document.model == "ideal"
    profile = PROFILES[spec.runtime]
    own = {key: getattr(spec, key) for key in (*profile, *_MORE) if key not in RETRIES}
    if spec.retry is not None:
        own |= {key: getattr(spec.retry, key) for key in RETRIES}
    nic = _limit(names_of_links.nic_rate(spec, document))
    return NodeGroup(
        name=name,
        count=spec.count,
        runtime=runtime(spec.runtime, {key: value for key, value in own.items() if value is not None}, ideal),
        racks=tuple(spec.racks),
        via=tuple(spec.via),
        nic=None if nic is None else nic * line_share,
        nic_line_rate=nic,
        nic_buffer=0.0 if ideal else document.network.buffer or BUFFER.value,
        nic_queue="fq_codel" if document.network.queue == "fq_codel" else "drop_tail",
        disk=None if ideal else _limit(spec.disk.rate),
        unpack_rate=None if ideal else _limit(spec.unpack.rate),
        unpack_cores=spec.unpack.cores,
        connection_cap=spec.connection_cap,
        cached={image: cached_nodes(value, spec.count) for image, value in spec.cached.items()},
        kubelet=_kubelet(spec),
        storage=None if ideal else _storage(spec),
        shared_address=spec.shared_address,
    )


def _kubelet(spec: GroupSpec) -> Kubelet:
    most = spec.max_parallel_image_pulls
    serial = spec.serialize_image_pulls
    if serial is None:
        serial = most is None or most == 1
    timeout = spec.pull_progress_timeout
    return Kubelet(
        parallel_pulls=1 if serial else most,
        pull_qps=spec.registry_pull_qps or None,
        pull_burst=spec.registry_burst,
        backoff_initial=spec.image_backoff.initial,
        backoff_max=spec.image_backoff.max,
        backoff_jitter=spec.image_backoff.jitter,
        progress_timeout=_limit(PROFILES[spec.runtime][PROGRESS_TIMEOUT].value if timeout is None else timeout),
        gc_high=spec.image_gc.high,
        gc_low=spec.image_gc.low,
        gc_period=spec.image_gc.period,
    )


def _storage(spec: GroupSpec) -> Disk | None:
    disk = spec.disk
    return None if disk.capacity is None else Disk(disk.capacity, disk.used or 0.0, disk.old_images or 0.0)


def _limit(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
