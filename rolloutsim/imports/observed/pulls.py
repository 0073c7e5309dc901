"""Pulls and requests that were seen, whatever told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from rolloutsim.structs import struct


@struct
class ObservedPull:
    """One pull of one image by one node.

    Parameters
    ----------
    image : str
        Its reference, as it was written.
    node : str or None
        The node, None where what tells of it does not say.
    pod : str or None
        The pod that it was for.
    began, ended : float or None
        Unix time [s] of the runtime's start and end, as exact as `resolution`; None where only ages are told. The
        start is as it was told, after any waiting, or else the end less the duration.
    resolution : float
        How exact these times are [s]: 1.0 where they are whole seconds.
    duration : float
        From the runtime's start to its end [s], waiting for other pulls not counted; kubelets before 1.26 count that
        as well: `waited` is None then.
    waited : float or None
        What it waited for other pulls before that [s].
    size : int or None
        The image's bytes as the runtime counts them: compressed with containerd, unpacked with dockerd and CRI-O.
    read : int or None
        Bytes that were fetched.
    source : str
        What told of it: `kubelet event`, `kubelet log`, `kubectl's table of events`, `containerd log`, `CRI-O log`.
    place : str
        File and line, or file and document.
    """

    image: str
    node: str | None
    pod: str | None
    began: float | None
    ended: float | None
    resolution: float
    duration: float
    waited: float | None
    size: int | None
    read: int | None
    source: str
    place: str


@struct
class ObservedRequest:
    """One request that a registry answered.

    Parameters
    ----------
    ended : float or None
        Unix time [s] at which it was logged, the answer's end.
    duration : float or None
        From the request's arrival to that end [s]; None where a log has none.
    client : str
        The address that asked; behind a proxy it is the proxy's.
    method, path : str
        As the log has them.
    status : int
        Of HTTP.
    sent : int
        Bytes of the answer's body.
    place : str
        File and line.
    """

    ended: float | None
    duration: float | None
    client: str
    method: str
    path: str
    status: int
    sent: int
    place: str


@struct
class Observed:
    """All that was seen.

    Parameters
    ----------
    pulls : list of ObservedPull
        Those that moved bytes.
    requests : list of ObservedRequest
        Of blobs, answered in full.
    left_out : dict of str to int
        Why something says nothing of a pull's speed, in words, and how many.
    notes : list of str
        What to know of the rest.
    histograms : dict of str to mapping
        Name of a metric with its labels → upper bound [s, or MiB/s] → how many were at most that.
    """

    pulls: list[ObservedPull] = field(default_factory=list)
    requests: list[ObservedRequest] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    histograms: dict[str, Mapping[float, float]] = field(default_factory=dict)
