"""What the user allowed beside the image itself, and the bounds of what is asked."""

from __future__ import annotations

from rolloutsim.structs import struct

CREDENTIALS = ("none", "env", "docker", "helper")


@struct
class Allowed:
    """What the user allowed.

    Parameters
    ----------
    plain_http : tuple of str
        Hosts that are asked without TLS: `localhost:5000`, or `localhost` for every port of it.
    realms : tuple of str
        Hosts that may be asked for tokens beside a registry's own, and be sent the credentials.
    redirects : tuple of str
        Hosts that may answer for a registry although they have no public address.
    credentials : str
        Where they are from: one of `CREDENTIALS`.
    """

    plain_http: tuple[str, ...] = ()
    realms: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    credentials: str = "none"


def is_among(host: str, port: int, named: tuple[str, ...]) -> bool:
    """Whether a host was named, with its port or for all ports."""
    shown = f"[{host}]" if ":" in host else host
    return any(one.lower() in (shown, host, f"{shown}:{port}") for one in named)


@struct
class Limits:
    """The most that is asked and read for an image (bytes, seconds, counts).

    Manifest: OCI distribution-spec 1.1, "Pushing Manifests" (4 MiB, what registries are to take at least). Assumed are
    all others: some ten times what is common.
    """

    manifest: int = 4 * 2**20
    config: int = 8 * 2**20
    token: int = 64 * 2**10
    headers: int = 64 * 2**10
    connect: float = 10.0
    total: float = 30.0
    requests: int = 12
    redirects: int = 3
    indexes: int = 2  # within each other
    addresses: int = 4  # of a host that are tried
