"""What a misspelt word was likely meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from rolloutsim.errors import nearest

# Words of Kubernetes, Docker and everyday speech, and this format's words for the same thing; the first one that may
# stand in a place is meant.
_SYNONYMS = {
    "bandwidth": ("capacity", "rate", "uplink", "nic", "link"), "speed": ("capacity", "rate", "uplink", "nic", "link"),
    "size": ("compressed", "capacity"), "cpus": ("cores",),
    "replicas": ("count",), "registry_uplink": ("uplink",), "network_bandwidth": ("rate",),
    **dict.fromkeys(
        ("bandwidth_limit", "bandwidth_cap", "bwlimit", "download_limit", "total_rate_limit", "max_bandwidth",
         "pull_bandwidth", "pull_rate"),
        ("pull_cap", "uplink", "capacity", "cap"),
    ), "rate_cap": ("pull_cap",),
    "max_concurrent_downloads": ("parallel_layers",), "concurrency": ("parallel_layers",),
    "delay": ("latency",), "rtt": ("latency",), "oversubscribed": ("oversubscription",),
    "container_runtime": ("runtime",), "ramp": ("start",), "nodegroups": ("nodes",), "node_groups": ("nodes",),
    "slo": ("thresholds",), "metrics": ("thresholds",), "slos": ("thresholds",), "title": ("name",), "bytes": ("size",),
    "image_size": ("compressed",), "uncompressed": ("unpacked",), "level": ("severity",),
    "from": ("at", "base", "start"), "begin": ("from", "at", "start"), "start": ("from", "at"),
    "until": ("back_after",), "end": ("until", "back_after"), "parent": ("base",), "base_image": ("base",),
    "host": ("node", "nodes"),
    # Kubernetes: controllers
    "min_ready_seconds": ("min_ready", "rollout"),
    "progress_deadline_seconds": ("progress_deadline", "rollout"), "min_ready": ("rollout",), "max_surge": ("rollout",),
    "max_unavailable": ("rollout",), "progress_deadline": ("rollout",), "partition": ("rollout",),
    "strategy": ("rollout",), "step_overhead": ("rollout",),
    "termination_grace_period_seconds": ("termination",), "grace_period": ("termination",),
    "pod_management_policy": ("parallel", "rollout"), "update_strategy": ("strategy", "rollout"), "type": ("strategy",),
    "rolling_update": ("rollout", "max_surge"), "recreate": ("all_at_once",), "deployment": ("rolling", "workloads"),
    "deployments": ("workloads",), "daemonsets": ("workloads",), "daemon_set": ("daemonset",),
    "stateful_set": ("statefulset",), "ordered_ready": ("statefulset",), "on_delete": ("all_at_once",),
    "image": ("images",), "containers": ("images",), "pods": ("replicas", "workloads"),
    "node_selector": ("groups",), "nodes": ("groups",), "canary": ("waves",), "batches": ("waves",),
    "steps": ("waves",), "readiness": ("startup",), "startup_time": ("startup",), "timeout": ("horizon",),
    "kube_api_qps": ("controller_manager", "qps"), "kube_api_burst": ("controller_manager", "burst"),
    "kube_controller_manager": ("controller_manager",), "controller": ("controller_manager",),
    # Kubernetes: the kubelet
    "image_pull_policy": ("pull_policy",), "image_pull_progress_timeout": ("pull_progress_timeout",),
    "image_pull_progress_deadline": ("pull_progress_timeout",), "max_image_pulls": ("max_parallel_image_pulls",),
    "parallel_image_pulls": ("max_parallel_image_pulls",), "backoff": ("image_backoff",),
    "image_pull_backoff": ("image_backoff",), "event_record_qps": ("registry_pull_qps",),
    "registry_qps": ("registry_pull_qps",), "image_gc_high_threshold_percent": ("image_gc", "high"),
    "image_gc_low_threshold_percent": ("image_gc", "low"), "eviction": ("eviction_hard",),
    "disk_pressure": ("eviction_hard",), "eviction_soft": ("eviction_hard",), "nat": ("shared_address",),
    # container runtimes
    "concurrent_layer_fetch_buffer": ("layer_fetch_buffer",), "max_concurrent_unpacks": ("parallel_unpacks",),
    "max_concurrent_uploads": ("parallel",), "retries": ("retry",), "docker": ("dockerd",), "crio": ("cri-o",),
    "discard_unpacked_layers": ("keeps_compressed",), "keep_alive": ("kept_connections",),
    "dial_timeout": ("timeouts", "dial"), "connect_timeout": ("timeouts", "dial"),
    "tls_handshake_timeout": ("timeouts", "tls"), "response_header_timeout": ("timeouts", "header"),
    "disable_keep_alives": ("kept_connections",), "max_idle_conns_per_host": ("kept_connections",),
    "podman": ("cri-o",), "platform": ("os",),
    "operating_system": ("os",), "ram": ("memory",), "throughput": ("rate",),
    # registries, traffic, failures, planning
    "limit": ("rate_limit",), "throttle": ("rate_limit",), "quota": ("rate_limit",), "instances": ("replicas",),
    "object_storage": ("redirect",), "s3": ("redirect",), "cold": ("first_fetch",), "warm": ("first_fetch",),
    "window": ("rate_limit", "kind"), "flows": ("connections",), "interval": ("every",),
    "period": ("every",), "faults": ("failures",), "chaos": ("failures",), "outage": ("failures",),
    "duration": ("back_after",), "error_rate": ("flaky",), "cost": ("prices",), "price": ("prices",),
    "runs": ("replications",), "repetitions": ("replications",), "samples": ("points", "replications"),
    "upload": ("push",), "bufferbloat": ("buffer",), "aqm": ("queue",), "tcp": ("congestion_control",),
}  # fmt: skip

# Where the intended key holds something else than what was likely written.
_MEANINGS = {("until", "back_after"): "how long it lasts", ("end", "back_after"): "how long it lasts"}

# What Kubernetes calls a workload's kind, and how it is said here.
_KINDS = {
    "daemon_set": "write daemonset: true", "stateful_set": "write rollout: statefulset",
    "deployment": "leave it out: a workload with replicas is a Deployment",
}  # fmt: skip
_EVERY_KIND = "a workload is a Deployment, a DaemonSet (daemonset: true) or a StatefulSet (rollout: statefulset)"

# What users look for and this version does not simulate.
_NOT_SIMULATED = {
    "mirror", "mirrors", "proxy_cache", "pull_through_cache", "cache", "peers", "p2p", "seed_peers", "lazy_pull",
    "lazy_pulling", "pre_pull", "prepull", "vpa", "hpa", "autoscaler", "affinity", "anti_affinity", "tolerations",
    "taints", "resources", "memory", "readiness_probe", "liveness_probe", "pod_disruption_budget",
    "upstream", "upstreams",
}  # fmt: skip

MOST_COMPARED = 500  # names that a misspelt one is compared with; each comparison takes microseconds
MOST_LISTED = 20  # words in a message (assumed: more are not read)


def snake_case(word: str) -> str:
    """`maxSurge` and `max-surge` in this format's spelling: `max_surge`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").replace(" ", "_").lower()


@lru_cache(256)  # many errors are one, made again and again
def candidates(word: str) -> tuple[str, ...]:
    """The words of this format that a word may stand for, the likeliest first, whether or not there are such."""
    snake = snake_case(word)
    synonym = nearest(snake, _SYNONYMS, 0.85) or ""
    return (snake, *_SYNONYMS.get(synonym, ()), f"{snake}s", snake.removesuffix("s"))


def intended(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was likely meant, None where none is near."""
    choices = allowed if isinstance(allowed, Collection) else tuple(allowed)
    snake = snake_case(word)
    for candidate in candidates(word):
        if candidate in choices and (
            candidate != "from" or snake == "from" or "until" in choices
        ):  # else it is no time
            return candidate
    if len(choices) > MOST_COMPARED:
        return None
    return nearest(word, choices) or nearest(snake, choices)


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """A help text that names the likely word, or says that there is none; None where nothing is to say."""
    choice = intended(word, allowed)
    snake = snake_case(word)
    if choice is not None:
        meaning = _MEANINGS.get((snake, choice))
        return f"did you mean '{choice}'{f', {meaning}' if meaning else ''}?"
    return f"'{snake}' is not simulated by this version" if snake in _NOT_SIMULATED else None


def kind_help(word: str, value: object, allowed: Iterable[str]) -> str | None:
    """A help text for `kind: DaemonSet` in a workload; None elsewhere."""
    if snake_case(word) not in ("kind", "type") or not isinstance(value, str) or "daemonset" not in allowed:
        return None
    kind = snake_case(value)
    return next((help for known, help in _KINDS.items() if kind in (known, known.replace("_", ""))), _EVERY_KIND)


def listing(words: Iterable[str], most: int = MOST_LISTED, separator: str = " ", more: int = 0) -> str:
    """The words for a message; a long list is cut, and of `more` words only their number is told."""
    all_words = list(words) or ["none"]
    more += max(len(all_words) - most, 0)
    return separator.join(all_words[:most]) + (f" … ({more} more)" if more > 0 else "")
