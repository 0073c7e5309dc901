"""Of each key of the format a value that it may have, as YAML: for `explain`, the key reference and hints.

Most follow from the key's default or its type; those here are the ones that say more. Keys that say the same in several
places (a registry's, a policy's) have one example.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rolloutsim.scenario.fields import Flag, Number, Often, Quantity, Whole, Word, quoted
from rolloutsim.scenario.structure import ROOT, Part, home
from rolloutsim.units import EXAMPLES, plain_text

# Names that stand for a user's own: those of the notebooks and of the shipped scenarios.
NAMES: Mapping[str, str] = {
    "group": "web", "image": "app", "layer": "base", "link": "wan", "registry": "hub", "workload": "api",
    "mirror": "site-mirror", "cache": "rack-cache", "peers": "spegel",
    "pusher": "ci", "prepull": "night", "flow": "backup", "failure": "outage", "limit": "anonymous",
    "metric": "rollout_time", "variant": "faster", "key": "network", "connections": "200",
}  # fmt: skip

_OWN: Mapping[str, str] = {
    "rolloutsim": "1",
    "name": "web tier on two racks",
    "description": "How long until all nodes run it?",
    "model": "ideal",
    "seed": "7",
    "replications": "30",
    "nodes": "20",
    "nodes.<group>.count": "20",
    "nodes.<group>.racks": "[r1, r2]",
    "nodes.<group>.sites": "300",
    "nodes.<group>.hosts": "[rack-cache, hub]",
    "nodes.<group>.host_per": "image",
    "nodes.<group>.preset": "m6i.2xlarge",
    "nodes.<group>.nic": "10 Gbit/s",
    "nodes.<group>.disk": "500 MB/s",
    "nodes.<group>.disk.iops": "16000",
    "nodes.<group>.disk.capacity": "100 GB",
    "nodes.<group>.disk.used": "20 GB",
    "nodes.<group>.disk.old_images": "30 GB",
    "nodes.<group>.memory": "32 GiB",
    "nodes.<group>.unpack": "200 MB/s",
    "nodes.<group>.unpack.cores": "4",
    "nodes.<group>.unpack.stored_rate": "600 MB/s",
    "nodes.<group>.runtime": "cri-o",
    "nodes.<group>.parallel_layers": "6",
    "nodes.<group>.slots_per": "image",
    "nodes.<group>.resolve_requests": "6",
    "nodes.<group>.recheck_requests": "3",
    "nodes.<group>.resolve_round_trips": "7",
    "nodes.<group>.resolve_time": "20 ms",
    "nodes.<group>.layer_round_trips": "2",
    "nodes.<group>.layer_time": "5 ms",
    "nodes.<group>.kept_connections": "8",
    "nodes.<group>.finish_time": "15 ms",
    "nodes.<group>.layer_syncs": "19",
    "nodes.<group>.layer_fetch_buffer": "16 MiB",
    "nodes.<group>.parallel_unpacks": "4",
    "nodes.<group>.ingest_poll": "2.048 s",
    "nodes.<group>.partial_images": "true",
    "nodes.<group>.snapshotter": "{kind: soci, needed: 12%}",
    "nodes.<group>.snapshotter.kind": "soci",
    "nodes.<group>.snapshotter.needed": "12%, kind: soci",
    "nodes.<group>.snapshotter.read_size": "1 MiB, kind: stargz",
    "nodes.<group>.snapshotter.parallel_reads": "4, kind: soci",
    "nodes.<group>.snapshotter.index": "0.5%, kind: stargz",
    "nodes.<group>.snapshotter.least_layer": "10 MiB, kind: soci",
    "nodes.<group>.snapshotter.prefetched": "50%, kind: stargz",
    "nodes.<group>.snapshotter.background": "false, kind: stargz",
    "nodes.<group>.snapshotter.background_after": "30 s, kind: soci",
    "nodes.<group>.snapshotter.background_rate": "100 MB/s, kind: overlaybd",
    "nodes.<group>.snapshotter.background_reads": "8, kind: nydus",
    "nodes.<group>.keeps_compressed": "false",
    "nodes.<group>.retry": "{times: 3, after: 1 s}",
    "nodes.<group>.retry.rate_limited": "[2 s, 4 s, 8 s]",
    "nodes.<group>.retry.server_error": "[1 s, 1 s, 1 s]",
    "nodes.<group>.retry.broken": "[50 ms, 50 ms]",
    "nodes.<group>.retry.times": "3",
    "nodes.<group>.retry.after": "1 s",
    "nodes.<group>.retry.growth": "2",
    "nodes.<group>.retry.jitter": "20%",
    "nodes.<group>.timeouts": "{dial: 10 s, header: 30 s}",
    "nodes.<group>.timeouts.dial": "10 s",
    "nodes.<group>.timeouts.tls": "10 s",
    "nodes.<group>.timeouts.header": "30 s",
    "nodes.<group>.pull_progress_timeout": "5m",
    "nodes.<group>.pull_timeout": "10m",
    "nodes.<group>.cached": "{app: 50%}",
    "nodes.<group>.volume_snapshot": "{rate: 200 MiB/s, needed: 12%}",
    "nodes.<group>.volume_snapshot.rate": "5 MiB/s",
    "nodes.<group>.volume_snapshot.needed": "12%, rate: 200 MiB/s",
    "nodes.<group>.volume_snapshot.background": "false, rate: 5 MiB/s",
    "nodes.<group>.start": "{min: 0 s, max: 30 s}",
    "nodes.<group>.start.min": "2 s, max: 30 s",
    "nodes.<group>.start.max": "30 s, min: 2 s",
    "nodes.<group>.start.p50": "4 s, p95: 9 s",
    "nodes.<group>.start.p95": "9 s, p50: 4 s",
    "nodes.<group>.stagger": "20 ms",
    "nodes.<group>.join": "{at: 1m, every: 5 s, provision: 90 s}",
    "nodes.<group>.join.at": "1m",
    "nodes.<group>.join.every": "5 s",
    "nodes.<group>.join.provision": "90 s",
    "nodes.<group>.via": "[wan]",
    "nodes.<group>.pull_cap": "500 Mbit/s",
    "nodes.<group>.connection_cap": "200 Mbit/s",
    "nodes.<group>.kubelet": "eks",
    "nodes.<group>.serialize_image_pulls": "false",
    "nodes.<group>.max_parallel_image_pulls": "5",
    "nodes.<group>.image_backoff.jitter": "20%",
    "nodes.<group>.image_gc.period": "5m",
    "nodes.<group>.image_gc": "{high: 85%, low: 80%}",
    "nodes.<group>.eviction_hard": "{imagefs: 15%, nodefs: 10%}",
    "nodes.<group>.pulls": "[{image: app, at: 5 s}]",
    "nodes.<group>.pulls.image": "app",
    "nodes.<group>.pulls.at": "5 s, image: app",
    "network": "10 Gbit/s",
    "network.rate": "10 Gbit/s",
    "network.mtu": "9000",
    "network.efficiency": "94%",
    "network.racks": "40 Gbit/s",
    "network.racks.uplink": "40 Gbit/s",
    "network.racks.oversubscription": "2.5",
    "network.racks.latency": "20 us, uplink: 40 Gbit/s",
    "network.sites": "20 Mbit/s",
    "network.sites.uplink": "20 Mbit/s",
    "network.sites.latency": "18 ms, uplink: 20 Mbit/s",
    "network.links": "{wan: 1 Gbit/s}",
    "network.links.<link>.latency": "20 ms",
    "network.links.<link>.buffer": "100 ms",
    "network.links.<link>.queue": "fq_codel",
    "network.buffer": "50 ms",
    "network.fairness": "on",
    "network.fairness.sigma": "0.5",
    "network.fairness.memory": "10 s",
    "registry": "10 Gbit/s",
    "registry.uplink": "10 Gbit/s",
    "registry.via": "[wan]",
    "registry.storage": "500 MB/s",
    "registry.max_connections": "1000",
    "registry.efficiency_at": "{200: 90%, 1000: 60%}",
    "registry.manifest_ttfb": "50 ms",
    "registry.connection_cap": "500 Mbit/s",
    "registry.tcp_window": "3 MiB",
    "registry.first_fetch": "200 Mbit/s",
    "registry.first_fetch.rate": "200 Mbit/s",
    "registry.first_fetch.time": "500 ms",
    "registry.replicas": "3",
    "registry.rate_limit": "100/min",
    "registry.rate_limit.burst": "50",
    "registry.rate_limit.used": "20",
    "registry.rate_limit.resets_after": "2h",
    "registry.rate_limits": "{requests: 50/s, pulls: {rate: 100/6h, counts: pulls}}",
    "registry.redirect": "true",
    "registry.redirect.via": "[wan]",
    "registry.redirect.connection_cap": "85 MB/s",
    "registries": "{hub: 10 Gbit/s, far: {uplink: 1 Gbit/s}}",
    "mirrors": "{site-mirror: {in: site, of: hub}}",
    "mirrors.<mirror>.of": "hub",
    "mirrors.<mirror>.images": "{app: 50%}",
    "mirrors.<mirror>.copied": "{on: push, rate: 50 Mbit/s}",
    "mirrors.<mirror>.copied.at": "60 s, on: schedule",
    "mirrors.<mirror>.copied.every": "1h, on: schedule",
    "mirrors.<mirror>.copied.rate": "50 Mbit/s",
    "mirrors.<mirror>.copied.held": "[app-before]",
    "caches": "{rack-cache: {in: rack, profile: nginx-lock, upstream: hub}}",
    "caches.<cache>.in": "rack",
    "caches.<cache>.profile": "harbor",
    "caches.<cache>.upstream": "hub",
    "caches.<cache>.holds": "{app: 100%}",
    "caches.<cache>.disk": "400 MB/s",
    "caches.<cache>.disk.capacity": "500 GB",
    "caches.<cache>.disk.rate": "400 MB/s",
    "caches.<cache>.coalesce": "lock",
    "caches.<cache>.serve": "store_and_forward",
    "caches.<cache>.own_copy": "true",
    "caches.<cache>.whole_images": "true",
    "caches.<cache>.ignores_ranges": "true",
    "caches.<cache>.lock": "{timeout: 5 s, age: 5 s, poll: 500 ms}",
    "caches.<cache>.lock.timeout": "5 s",
    "caches.<cache>.lock.age": "5 s",
    "caches.<cache>.lock.poll": "500 ms",
    "caches.<cache>.most_waiting": "100",
    "caches.<cache>.store": "repository",
    "caches.<cache>.memory": "replica",
    "caches.<cache>.tag_check": "24h",
    "caches.<cache>.upstream_round_trips": "{tag: 3, manifest: 9, layer: 4}",
    "caches.<cache>.upstream_round_trips.tag": "3",
    "caches.<cache>.upstream_round_trips.manifest": "9",
    "caches.<cache>.upstream_round_trips.layer": "4",
    "caches.<cache>.serves_stale": "false",
    "caches.<cache>.manifest_late": "30 s",
    "caches.<cache>.ttl": "168h",
    "caches.<cache>.ttl.time": "168h",
    "caches.<cache>.ttl.renewed": "true",
    "peers": "{spegel: {finds: random}}",
    "peers.<peers>.profile": "spegel",
    "peers.<peers>.finds": "first",
    "peers.<peers>.found": "3",
    "peers.<peers>.look_up": "5 ms",
    "peers.<peers>.timeout": "20 ms",
    "peers.<peers>.remembers": "5 s",
    "peers.<peers>.remembers_nobody": "2.5 s",
    "peers.<peers>.hedge": "50 ms",
    "peers.<peers>.announce": "100 ms",
    "peers.<peers>.per_rack": "true",
    "peers.<peers>.connections": "100",
    "peers.<peers>.upload": "2 Gbit/s",
    "peers.<peers>.seeds": "3",
    "peers.<peers>.seeds.count": "3",
    "peers.<peers>.seeds.uplink": "10 Gbit/s",
    "peers.<peers>.serve": "store_and_forward",
    "peers.<peers>.manifests": "false",
    "images": "{app: 346 MB}",
    "images.<image>.base": "debian",
    "images.<image>.layers": "[30 MB, 120 MB]",
    "images.<image>.layers.<layer>.digest": "sha256:4f4fb700",
    "images.<image>.layers.<layer>.compressed": "30 MB",
    "images.<image>.layers.<layer>.unpacked": "80 MB",
    "images.<image>.manifest": "api.json",
    "images.<image>.platform": "linux/arm64",
    "images.<image>.ratio": "2.67",
    "images.<image>.registry": "hub",
    "images.<image>.digest": "sha256:4f4fb700",
    "images.<image>.unpacked": "920 MB",
    "images.<image>.files": "12000",
    "images.<image>.layers.<layer>.files": "3000",
    "images.<image>.equal_layers": "8",
    "images.<image>.needed": "90%",
    "images.<image>.reuse": "40%",
    "workloads": "{api: {images: app, replicas: 60}}",
    "workloads.<workload>.images": "[app, sidecar]",
    "workloads.<workload>.replicas": "60",
    "workloads.<workload>.groups": "[web]",
    "workloads.<workload>.start": "30 s",
    "workloads.<workload>.after": "[migrations]",
    "workloads.<workload>.termination": "10 s",
    "workloads.<workload>.pull_policy": "always",
    "rollout": "rolling",
    "rollout.strategy": "rolling",
    "rollout.max_surge": "25%",
    "rollout.max_unavailable": "10%",
    "rollout.min_ready": "10 s",
    "rollout.progress_deadline": "10m",
    "rollout.partition": "3",
    "rollout.waves": "[1, 10%, 50%]",
    "rollout.waves.size": "10%",
    "rollout.waves.pause": "5m, size: 10%",
    "rollout.waves.gate": "false, size: 10%",
    "rollout.horizon": "24h",
    "rollout.step_overhead": "1 s",
    "rollout.startup": "{p50: 4 s, p95: 9 s}",
    "workloads.<workload>.startup": "{p50: 4 s, p95: 9 s}",
    "workloads.<workload>.rollout": "statefulset",
    "rollout.termination": "10 s",
    "controller_manager": "50",
    "controller_manager.qps": "50",
    "controller_manager.burst": "100",
    "push": "{images: app}",
    "push.from": "ci",
    "push.link": "1 Gbit/s",
    "push.images": "[app]",
    "push.held": "[app-before]",
    "push.at": "10 s",
    "push.via": "[wan]",
    "pushes": "{ci: {images: app}, laptop: {images: tools}}",
    "prepulls": "{night: {images: app, at: -8h}}",
    "prepulls.<prepull>.images": "[app]",
    "prepulls.<prepull>.groups": "[web]",
    "prepulls.<prepull>.at": "-8h",
    "prepulls.<prepull>.parallelism": "10",
    "prepulls.<prepull>.spread": "{min: 0 s, max: 30m}",
    "prepulls.<prepull>.rate": "200 Mbit/s",
    "prepulls.<prepull>.pull_timeout": "20m",
    "prepulls.<prepull>.backoff_limit": "5",
    "background": "{backup: {links: [wan], rate: 200 Mbit/s}}",
    "background.<flow>.links": "[wan]",
    "background.<flow>.between": "[web, hub]",
    "background.<flow>.size": "20 GB",
    "background.<flow>.connections": "4",
    "background.<flow>.at": "10 s",
    "background.<flow>.cap": "200 Mbit/s",
    "background.<flow>.rate": "200 Mbit/s",
    "background.<flow>.request": "{size: 100 kB, every: 50 ms}",
    "background.<flow>.request.size": "100 kB",
    "background.<flow>.request.every": "50 ms",
    "background.<flow>.request.round_trips": "1",
    "background.<flow>.from": "10 s",
    "background.<flow>.until": "5m",
    "failures": "{outage: {registry: hub, at: 10 s, back_after: 60 s}}",
    "failures.<failure>.node": "web-007",
    "failures.<failure>.group": "web",
    "failures.<failure>.registry": "hub",
    "failures.<failure>.cache": "rack-cache",
    "failures.<failure>.mirror": "site-mirror",
    "failures.<failure>.silent": "true, registry: hub",
    "failures.<failure>.link": "wan",
    "failures.<failure>.at": "10 s",
    "failures.<failure>.back_after": "60 s",
    "failures.<failure>.capacity": "50%",
    "failures.<failure>.flaky": "10%",
    "prices": "{ssd: 0.08, hdd: 0.02}",
    "prices.ssd": "0.08",
    "prices.hdd": "0.02",
    "thresholds": "{rollout_time: max < 60 s}",
    "thresholds.<metric>.check": "max < 60 s",
    "thresholds.<metric>.severity": "warn, check: max < 60 s",
    "sweep": "{network: [1 Gbit/s, 10 Gbit/s]}",
    "sweep.points": "64",
    "sweep.parameters": "{network: [1 Gbit/s, 10 Gbit/s]}",
    "variants": "{today: {}, faster: {network: 10 Gbit/s}}",
}  # fmt: skip
_BYTES_PER_SECOND = "200 MB/s"  # of a disk


def example_of(path: tuple[str, ...], part: Part) -> str:
    """A value of a key as YAML, in one line; `path` as `structure.all_keys` has it.

    Where a key needs another one beside it, that one follows: `5m, size: 10%`.
    """
    own = _OWN.get(".".join(path)) or _OWN.get(".".join(home(path)))
    return own if own is not None else _example(part)


def in_place(path: tuple[str, ...], value: str) -> str:
    """A key with its value as a scenario has it, in one line of YAML: `network: {latency: 5 ms}`."""
    if path[-1].startswith("<"):
        raise ValueError(f"{'.'.join(path)} is a name, and no key")
    text, closing = "", ""
    part: Part | None = ROOT
    for place, step in enumerate(path):
        assert part is not None
        if place:
            text += "[{" if part.is_list else "{"
            closing = ("}]" if part.is_list else "}") + closing
            part = part.step(0) if part.is_list else part
        assert part is not None
        text += f"{NAMES[step[1:-1]] if step.startswith('<') else step}: "
        part = part.step(step)
    return text + value + closing


def _example(part: Part) -> str:
    default: Any = part.field.default if part.field is not None else None
    kind = part.described
    if isinstance(kind, Flag):
        return "false" if default is True else "true"
    if isinstance(kind, Word):
        return next((word for word in kind.choices if word != default), kind.choices[0])
    if isinstance(kind, Quantity):
        known = isinstance(default, float) and 0.0 < default < math.inf
        if known:
            return plain_text(kind.kind, default, bits=not kind.in_bytes)
        return _BYTES_PER_SECOND if kind.in_bytes else EXAMPLES[kind.kind]
    if isinstance(kind, Often):
        return kind.example
    if isinstance(kind, (Whole, Number)) and isinstance(default, (int, float)) and default < math.inf:
        return f"{default:g}"
    if part.short is not None and part.short.key is not None:
        inner = part.step(part.short.key)
        assert inner is not None
        return _example(inner)
    raise ValueError(f"{quoted(part.kind)} has no example")
