"""Kubernetes manifests that are given where a scenario is expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rolloutsim.scenario.places import Problem

KEYS = ("apiVersion", "kind", "metadata", "spec")
_ENOUGH = 2  # of these keys, none of which a scenario has (assumed: one alone may be a slip)
_NEEDED = ("nodes", "images")  # what has one of these is meant to be a scenario


def is_manifest(keys: Collection[object]) -> bool:
    """Whether the keys at the top are those of a Kubernetes manifest."""
    return sum(key in keys for key in KEYS) >= _ENOUGH and not any(key in keys for key in _NEEDED)


def manifest_problem(data: Mapping[str, Any]) -> Problem:
    """What is said about a manifest, in place of all that is wrong with it as a scenario.

    Parameters
    ----------
    data : mapping
        Its plain data.
    """
    kind, metadata = data.get("kind"), data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    words = [str(kind)] if isinstance(kind, str) else []
    words += [f"'{name}'"] if words and isinstance(name, str) else []
    which = f" ({' '.join(words)})" if words else ""
    message = (
        f"this is a Kubernetes manifest{which}, not a scenario; what it rolls out is one of a scenario's 'workloads', "
        "beside its nodes, network and images"
    )
    help = "'rolloutsim init --template kubernetes' prints a scenario to start from"
    first = next(key for key in data if key in KEYS)
    return Problem((first,), message, help, at="key")
