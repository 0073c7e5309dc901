"""Contradictions in what nodes pull before the rollout."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.checks.common import group_list_problems, image_list_problems, time_problems
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.places import Path, Problem, dotted

# Which kinds heed a key.
_HEEDED: dict[str, tuple[str, ...]] = {
    "parallelism": ("image_pull_job",),
    "spread": ("schedule",),
    "pull_timeout": ("image_pull_job", "schedule"),
    "backoff_limit": ("image_pull_job", "schedule"),
}
_INSTEAD = {
    "parallelism": "a DaemonSet makes its first pods on all nodes at once, and so do kube-fledged and a schedule",
    "spread": "the others begin on all their nodes, or one after another",
    "pull_timeout": "pulls through the kubelet have nodes.<group>.pull_timeout",
    "backoff_limit": "the kubelet tries again without an end, as nodes.<group>.image_backoff says",
}


def prepull_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with `prepulls`."""
    timed = [name for name, spec in document.prepulls.items() if spec.at is not None]
    for name, spec in document.prepulls.items():
        path: Path = ("prepulls", name)
        yield from image_list_problems((*path, "images"), spec.images, document)
        if spec.groups == ():
            message = f"{dotted(path)} is for no group of nodes; give one, or leave it out"
            yield Problem((*path, "groups"), message, at="key")
        yield from group_list_problems(path, spec.groups, document)
        yield from time_problems((*path, "spread"), spec.spread)
        for key, kinds in _HEEDED.items():
            if getattr(spec, key) is not None and spec.by not in kinds:
                message = f"'{key}' does not go with by: {spec.by}; it goes with {listing(kinds)}"
                help = f"leave it out: {_INSTEAD[key]}"
                yield Problem((*path, key), message, help, at="key", related=((*path, "by"),))
        if timed and spec.at is None:
            message = (
                f"{dotted(path)} has no 'at', and prepulls.{timed[0]} has one: give all of them a time, or none, so "
                "that the rollout begins when they are over"
            )
            yield Problem(path, message, at="key", related=(("prepulls", timed[0], "at"),))
