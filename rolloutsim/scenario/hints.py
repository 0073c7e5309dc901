"""What a misspelt word was likely meant to be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# Words of Kubernetes, Docker and everyday speech, and this format's word for the same thing.
_SYNONYMS = {
    "bandwidth": ("capacity", "rate", "uplink", "nic"), "speed": ("capacity", "rate", "uplink", "nic"),
    "size": ("compressed",), "cpus": ("cores",),
    "replicas": ("count",), "registry_uplink": ("uplink",), "network_bandwidth": ("rate",),
    "bandwidth_limit": ("connection_cap",), "rate_cap": ("connection_cap",), "rate_limit": ("max_connections",),
    "max_concurrent_downloads": ("parallel_layers",), "concurrency": ("parallel_layers",), "delay": ("latency",),
    "rtt": ("latency",), "oversubscribed": ("oversubscription",), "container_runtime": ("runtime",), "ramp": ("start",),
    "nodegroups": ("nodes",), "node_groups": ("nodes",), "slo": ("thresholds",), "slos": ("thresholds",),
    "title": ("name",),
    "bytes": ("size",), "end": ("until",), "image_size": ("compressed",), "uncompressed": ("unpacked",),
    "level": ("severity",),
}  # fmt: skip

# What Kubernetes users look for in a rollout, and what this version does not simulate.
_NOT_SIMULATED = {
    "max_surge", "max_unavailable", "min_ready_seconds", "progress_deadline_seconds", "partition",
    "serialize_image_pulls", "max_parallel_image_pulls", "registry_pull_qps", "registry_burst", "image_pull_policy",
    "rate_limit", "workloads", "failures", "push", "sweep", "replications",
}  # fmt: skip

_MOST_COMPARED = 500  # names that a misspelt one is compared with; each comparison takes microseconds


def snake_case(word: str) -> str:
    """`maxSurge` and `max-surge` in this format's spelling: `max_surge`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").replace(" ", "_").lower()


def intended(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was likely meant, None where none is near."""
    choices = list(allowed)
    snake = snake_case(word)
    synonym = next(iter(difflib.get_close_matches(snake, _SYNONYMS, n=1, cutoff=0.85)), "")
    for candidate in (snake, *_SYNONYMS.get(synonym, ()), f"{snake}s", snake.removesuffix("s")):
        if candidate in choices:
            return candidate
    if len(choices) > _MOST_COMPARED:
        return None
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6) or difflib.get_close_matches(
        snake, choices, n=1, cutoff=0.6
    )
    return close[0] if close else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """A help text that names the likely word, or says that there is none; None where nothing is to say."""
    choice = intended(word, allowed)
    if choice is not None:
        return f"did you mean '{choice}'?"
    snake = snake_case(word)
    return f"'{snake}' is not simulated by this version" if snake in _NOT_SIMULATED else None


def listing(words: Iterable[str], most: int = 20) -> str:
    """The words for a message; a long list is cut."""
    all_words = list(words) or ["none"]
    more = len(all_words) - most
    return " ".join(all_words[:most]) + (f" … ({more} more)" if more > 0 else "")
