"""Container runtimes: how each pulls by default, every default with its source.

"Measured" stands for pulls from docker-registry 2.8.2 (plain HTTP, data in page cache) over rate-limited links
of one Linux machine, three runs a case: the clients were containerd 1.6.20 (`ctr content fetch`) and skopeo 1.9.3,
which pulls with the library of CRI-O and Podman.

Pinned sources: containerd 301026e58, moby b985e2313a, containers/image df7e80d2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rolloutsim.scenario.resolved import Runtime


@dataclass(frozen=True, slots=True)
class Default:
    """A value in SI base units, as a user would write it, and where it comes from."""

    value: Any
    shown: str
    source: str


# HEAD manifest (401), GET token, HEAD manifest, GET index, GET manifest, GET config; and one TCP set-up. TLS is
# the registry's affair (`tls`).
_SIX_REQUESTS = Default(
    7.0,
    "7",
    "1 TCP set-up and 6 requests: HEAD tag (401), GET token, HEAD tag, GET index, GET manifest, GET config; "
    "containerd core/remotes/docker/*.go, core/images/handlers.go",
)
_NEW_CONNECTION = Default(
    2.0, "2", "TCP set-up and the request; measured: 2 round trips before a layer's first byte, containerd and skopeo"
)

PROFILES: Mapping[str, Mapping[str, Default]] = {
    "containerd": {
        "parallel_layers": Default(
            3, "3", "containerd internal/cri/config/config_unix.go L34, plugins/transfer/plugin.go L282"
        ),
        "slots_per": Default(
            "node", "node", "containerd 2.x core/transfer/local/transfer.go L59 (1.x: each image has its own)"
        ),
        "resolve_round_trips": _SIX_REQUESTS,
        "resolve_time": Default(0.15, "150 ms", "measured, containerd 1.6.20: 150 ms beside the round trips"),
        "layer_round_trips": _NEW_CONNECTION,
        "layer_time": Default(0.01, "10 ms", "measured, containerd 1.6.20: 10 ms beside the round trips"),
        "finish_time": Default(0.3, "0.3 s", "measured, containerd 1.6.20: about 0.3 s after the last byte"),
    },
    "dockerd": {
        "parallel_layers": Default(3, "3", "moby daemon/config/config.go L28-31"),
        "slots_per": Default("node", "node", "moby daemon/internal/distribution/xfer/transfer.go"),
        "resolve_round_trips": Default(7.0, "7", "assumed: the requests of containerd"),
        "resolve_time": Default(0.15, "150 ms", "assumed: as containerd"),
        "layer_round_trips": Default(2.0, "2", "assumed: TCP set-up and the request"),
        "layer_time": Default(0.01, "10 ms", "assumed: as containerd"),
        "finish_time": Default(0.3, "0.3 s", "assumed: as containerd"),
    },
    "cri-o": {
        "parallel_layers": Default(6, "6", "containers/image copy/copy.go L38-40"),
        "slots_per": Default("image", "image", "containers/image copy/copy.go L38-40: per copy operation"),
        "resolve_round_trips": Default(
            8.0, "8", "containers/image docker/docker_client.go: GET /v2/ before the 6 requests, and 1 TCP set-up"
        ),
        "resolve_time": Default(0.06, "60 ms", "measured, skopeo 1.9.3: 60 ms beside the round trips"),
        "layer_round_trips": _NEW_CONNECTION,
        "layer_time": Default(0.008, "8 ms", "measured, skopeo 1.9.3: 8 ms beside the round trips"),
        "finish_time": Default(0.0, "0 s", "assumed: skopeo, measured, ends with the last byte"),
    },
}

DEFAULT_RUNTIME = "containerd"


def runtime(name: str, changes: Mapping[str, Any], ideal: bool) -> Runtime:
    """The runtime of a node group: its profile with the group's own values.

    Parameters
    ----------
    name : str
        A profile.
    changes : mapping
        What the group says itself, in SI base units.
    ideal : bool
        Whether all requests and times are left out.
    """
    values = {field: default.value for field, default in PROFILES[name].items()} | dict(changes)
    if ideal:
        values |= dict.fromkeys(
            ("resolve_round_trips", "resolve_time", "layer_round_trips", "layer_time", "finish_time"), 0.0
        )
    return Runtime(name=name, **values)


def shown_default(field: str) -> str:
    """A field's default in all profiles, as text: `3 (containerd, dockerd), 6 (cri-o)`."""
    return _by_value({name: profile[field].shown for name, profile in PROFILES.items()}, "{value} ({names})", ", ")


def default_source(field: str) -> str:
    """Where a field's defaults come from, for all profiles."""
    return _by_value({name: profile[field].source for name, profile in PROFILES.items()}, "{names}: {value}", "; ")


def _by_value(values: Mapping[str, str], form: str, joint: str) -> str:
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(value, []).append(name)
    return joint.join(form.format(value=value, names=", ".join(who)) for value, who in names.items())
