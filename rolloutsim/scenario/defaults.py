"""Defaults with their sources: of container runtimes, of how queues fill, and of how TCP shares.

"Measured" stands for pulls from docker-registry 2.8.2 (plain HTTP, data in page cache) over rate-limited links
of one Linux machine, three runs a case: the clients were containerd 1.6.20 (`ctr content fetch`) and skopeo 1.9.3,
which pulls with the library of CRI-O and Podman.

Pinned sources: containerd 301026e58, moby b985e2313a, containers/image df7e80d2, container-libs f0ddf1a745, cri-o
f954a17e50; containerd 1.x as of its release 1.7.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from rolloutsim.scenario.resolved import CongestionControl, Fairness
from rolloutsim.scenario.runtimes import Retry, Runtime, Timeouts
from rolloutsim.structs import struct


@struct
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

_IDLE_PER_HOST = "net/http transport.go, DefaultMaxIdleConnsPerHost, where a client sets no number of its own: "
_LAN_PULL = (
    "spegel-org/benchmark-results, AKS nodes of 12.5 Gbit/s: an image of 10 MiB from a neighbour takes 0.08 s in all, "
    "of which 40 ms are the runtime's own (assumed: so divided among resolve_time, layer_time and finish_time)"
)

_CONTAINERD_TRANSPORT = "containerd core/remotes/docker/registry.go DefaultHTTPTransport: "
_CONTAINERD_1_TRANSPORT = "containerd 1.7 remotes/docker/config/hosts.go ConfigureHosts: "
_MOBY_TRANSPORT = "moby daemon/internal/distribution/registry.go newRepository: "
_IMAGE_TRANSPORT = "container-libs image/pkg/tlsclientconfig/tlsclientconfig.go NewTransport: "

_NOT_SLEPT = (0.0, 0.0, 0.0, 0.0)
_YES, _NO = "true", "false"

_CONTAINERD: Mapping[str, Default] = {
    "parallel_layers": Default(
        3, "3", "containerd internal/cri/config/config_unix.go L34, plugins/transfer/plugin.go L282"
    ),
    "slots_per": Default(
        "node", "node", "containerd 2.x core/transfer/local/transfer.go L59 (1.x: each image has its own)"
    ),
    "resolve_requests": Default(
        6, "6", "HEAD tag (401), GET token, HEAD tag, GET index, GET manifest, GET config; containerd "
        "core/remotes/docker/*.go, core/images/handlers.go",
    ),
    "recheck_requests": Default(
        3, "3", "HEAD tag (401), GET token, HEAD tag; containerd core/remotes/handlers.go: manifests and config are in "
        "the content store",
    ),
    "resolve_round_trips": _SIX_REQUESTS,
    "resolve_time": Default(0.02, "20 ms", _LAN_PULL),
    "layer_round_trips": _NEW_CONNECTION,
    "layer_time": Default(0.005, "5 ms", _LAN_PULL),
    "kept_connections": Default(
        2, "2", _IDLE_PER_HOST + "containerd core/remotes/docker/registry.go DefaultHTTPTransport, HTTP/1.1, one "
        "client for all that a pull fetches",
    ),
    "finish_time": Default(0.015, "15 ms", _LAN_PULL),
    "layer_syncs": Default(
        19, "19",
        "containerd core/metadata/content.go, core/metadata/snapshot.go, core/snapshots/storage/metastore.go, "
        "core/unpack/unpacker.go: nine transactions of bbolt, two syncs each, and the blob's own",
    ),
    "syncs_blobs": Default(
        True, _YES, "containerd plugins/content/local/writer.go Commit, core/metadata/content.go: fp.Sync"
    ),
    "decompresses_on_arrival": Default(False, _NO, "containerd core/unpack/unpacker.go: what is committed is read"),
    "keeps_compressed": Default(True, _YES, "containerd core/content, core/unpack/unpacker.go: blobs stay"),
    "shares_pulls": Default(False, _NO, "containerd internal/cri/server/images/image_pull.go: each call pulls"),
    "rate_limited": Default(
        _NOT_SLEPT, "[0 s, 0 s, 0 s, 0 s]",
        "containerd core/remotes/docker/resolver.go L770-900: 5 attempts, at once, Retry-After ignored",
    ),
    "server_error": Default(
        (0.0,), "[0 s]",
        "containerd core/remotes/docker/resolver.go L770-900: not if the same status came twice in a row",
    ),
    "broken": Default(
        (0.05, 0.05, 0.05, 0.05), "[50 ms, 50 ms, 50 ms, 50 ms]",
        "containerd core/remotes/docker/resolver.go L770-900: 5 attempts, a pause of 50 ms",
    ),
    "resumes": Default(True, _YES, "containerd core/remotes/docker/httpreadseeker.go L28"),
    "keeps_partial": Default(True, _YES, "containerd core/content/helpers.go: an ingest goes on where it ended"),
    "dial": Default(30.0, "30 s", _CONTAINERD_TRANSPORT + "net.Dialer Timeout"),
    "tls": Default(10.0, "10 s", _CONTAINERD_TRANSPORT + "TLSHandshakeTimeout"),
    "header": Default(30.0, "30 s", _CONTAINERD_TRANSPORT + "ResponseHeaderTimeout, since 2.3"),
    "pull_progress_timeout": Default(300.0, "5m", "containerd internal/cri/config/config.go L43-63"),
    "host_per": Default("request", "request", "containerd core/remotes/docker/resolver.go, fetcher.go: hosts in order"),
}  # fmt: skip

_CONTAINERD_1: Mapping[str, Default] = {
    **_CONTAINERD,
    "slots_per": Default("image", "image", "KEP-3673 README L203: containerd 1.x limits each pull of an image"),
    "server_error": Default((), "[]", "containerd 1.x remotes/docker/resolver.go retryRequest: 50x is not handled"),
    "broken": Default((), "[]", "containerd 1.x remotes/docker/resolver.go doWithRetries: an error is returned"),
    "dial": Default(30.0, "30 s", _CONTAINERD_1_TRANSPORT + "net.Dialer Timeout"),
    "tls": Default(10.0, "10 s", _CONTAINERD_1_TRANSPORT + "TLSHandshakeTimeout"),
    "header": Default(math.inf, "unlimited", _CONTAINERD_1_TRANSPORT + "no ResponseHeaderTimeout"),
}

_DOCKERD: Mapping[str, Default] = {
    "parallel_layers": Default(3, "3", "moby daemon/config/config.go L28-31"),
    "slots_per": Default("node", "node", "moby daemon/internal/distribution/xfer/transfer.go"),
    "resolve_requests": Default(6, "6", "assumed: the requests of containerd"),
    "recheck_requests": Default(
        5, "5", "moby daemon/internal/distribution/pull_v2.go: manifests are asked for, the config is there"
    ),
    "resolve_round_trips": Default(7.0, "7", "assumed: the requests of containerd"),
    "resolve_time": Default(0.02, "20 ms", "assumed: as containerd"),
    "layer_round_trips": Default(2.0, "2", "assumed: TCP set-up and the request"),
    "layer_time": Default(0.005, "5 ms", "assumed: as containerd"),
    "kept_connections": Default(
        2, "2", _IDLE_PER_HOST + "moby daemon/internal/distribution/registry.go since moby/moby#52198 (2026); 0 before"
    ),
    "finish_time": Default(0.015, "15 ms", "assumed: as containerd"),
    "layer_syncs": Default(19, "19", "assumed: as containerd"),
    "syncs_blobs": Default(False, _NO, "moby daemon/internal/distribution/pull_v2.go: a temporary file"),
    "decompresses_on_arrival": Default(
        False, _NO, "moby daemon/internal/distribution/xfer/download.go: what is complete is read"
    ),
    "keeps_compressed": Default(False, _NO, "moby daemon/internal/distribution/pull_v2.go: a temporary file"),
    "shares_pulls": Default(
        False, _NO, "moby daemon/internal/distribution/xfer/transfer.go: layers are shared, manifests asked for"
    ),
    "rate_limited": Default((), "[]", "moby daemon/internal/distribution/errors.go L157-189: 429 is not retried"),
    "server_error": Default(
        (5.0, 10.0, 15.0, 20.0), "[5 s, 10 s, 15 s, 20 s]",
        "moby daemon/internal/distribution/xfer/download.go, daemon/config/config.go L36-38: 5 attempts",
    ),
    "broken": Default(
        (5.0, 10.0, 15.0, 20.0), "[5 s, 10 s, 15 s, 20 s]",
        "moby daemon/internal/distribution/xfer/download.go, daemon/config/config.go L36-38: 5 attempts",
    ),
    "resumes": Default(True, _YES, "moby daemon/internal/distribution/xfer/download.go, pull_v2.go"),
    "keeps_partial": Default(
        False, _NO, "moby daemon/internal/distribution/pull_v2.go: the temporary file goes with the pull"
    ),
    "dial": Default(30.0, "30 s", _MOBY_TRANSPORT + "net.Dialer Timeout"),
    "tls": Default(10.0, "10 s", _MOBY_TRANSPORT + "TLSHandshakeTimeout"),
    "header": Default(math.inf, "unlimited", _MOBY_TRANSPORT + "no ResponseHeaderTimeout"),
    "pull_progress_timeout": Default(math.inf, "off", "assumed: moby has none"),
    "host_per": Default(
        "image", "image", "moby daemon/internal/distribution/pull.go: one endpoint after another, a whole pull each"
    ),
}  # fmt: skip

_CRI_O: Mapping[str, Default] = {
    "parallel_layers": Default(6, "6", "containers/image copy/copy.go L38-40"),
    "slots_per": Default("image", "image", "containers/image copy/copy.go L38-40: per copy operation"),
    "resolve_requests": Default(
        7, "7", "containers/image docker/docker_client.go: GET /v2/ before the 6 requests of containerd"
    ),
    "recheck_requests": Default(6, "6", "assumed: manifests are asked for, the config is there"),
    "resolve_round_trips": Default(
        8.0, "8", "containers/image docker/docker_client.go: GET /v2/ before the 6 requests, and 1 TCP set-up"
    ),
    "resolve_time": Default(0.06, "60 ms", "measured, skopeo 1.9.3: 60 ms beside the round trips"),
    "layer_round_trips": _NEW_CONNECTION,
    "layer_time": Default(0.008, "8 ms", "measured, skopeo 1.9.3: 8 ms beside the round trips"),
    "kept_connections": Default(
        2, "2", _IDLE_PER_HOST + "containers/image pkg/tlsclientconfig since containers/image#1867 (2023); 0 before, "
        "as measured with skopeo 1.9.3",
    ),
    "finish_time": Default(0.0, "0 s", "assumed: skopeo, measured, ends with the last byte"),
    "layer_syncs": Default(19, "19", "assumed: as containerd"),
    "syncs_blobs": Default(False, _NO, "container-libs image/storage/storage_dest.go: a temporary file"),
    "decompresses_on_arrival": Default(
        True, _YES,
        "container-libs image/storage/storage_dest.go putBlobToPendingFile: the body is read through decompression "
        "and the hash of what it makes, and decompressed once more when the layer is committed",
    ),
    "keeps_compressed": Default(False, _NO, "containers/image storage/storage_dest.go: a temporary file"),
    "shares_pulls": Default(True, _YES, "cri-o server/image_pull.go: pullOperationsInProgress"),
    "rate_limited": Default(
        (2.0, 4.0, 8.0, 16.0), "[2 s, 4 s, 8 s, 16 s]",
        "containers/image docker/docker_client.go L58-60, 528-610: 5 attempts, doubled; Retry-After is not simulated",
    ),
    "server_error": Default(
        (1.0, 1.0, 1.0), "[1 s, 1 s, 1 s]", "container-libs common/libimage/copier.go L33-34; its 10 % jitter left out"
    ),
    "broken": Default(
        (1.0, 1.0, 1.0), "[1 s, 1 s, 1 s]", "container-libs common/libimage/copier.go L33-34; its 10 % jitter left out"
    ),
    "resumes": Default(True, _YES, "containers/image docker/body_reader.go L21-24"),
    "keeps_partial": Default(
        False, _NO, "containers/image storage/storage_dest.go: the temporary files go with the pull"
    ),
    "dial": Default(30.0, "30 s", _IMAGE_TRANSPORT + "net.Dialer Timeout"),
    "tls": Default(10.0, "10 s", _IMAGE_TRANSPORT + "TLSHandshakeTimeout"),
    "header": Default(math.inf, "unlimited", _IMAGE_TRANSPORT + "no ResponseHeaderTimeout"),
    "pull_progress_timeout": Default(math.inf, "off", "cri-o pkg/config/config.go L1191: pull_progress_timeout 0"),
    "host_per": Default(
        "image", "image",
        "container-libs image/docker/docker_image_src.go: the mirror that has the manifest serves all blobs",
    ),
}  # fmt: skip

PROFILES: Mapping[str, Mapping[str, Default]] = {
    "containerd": _CONTAINERD,
    "containerd-1": _CONTAINERD_1,
    "dockerd": _DOCKERD,
    "cri-o": _CRI_O,
}

# Whether kubelets pull one image after another, as each provider ships them; of upstream's only where
# max_parallel_image_pulls is not above 1.
SERIAL_PULLS: Mapping[str, Default] = {
    "upstream": Default(True, _YES, "kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go"),
    "eks": Default(
        False, _NO,
        "Amazon Linux 2023: awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go defaultKubeletSubConfig",
    ),
    "gke": Default(False, _NO, "reported in ovh/public-cloud-roadmap#1164"),
    "aks": Default(
        False, _NO, "Azure/AKS#4499, from Kubernetes 1.31 on; node auto-provisioning has true: "
        "Azure/karpenter-provider-azure#1260",
    ),
}  # fmt: skip

RETRIES = tuple(field.name for field in dataclasses.fields(Retry))  # which part of a profile is about retries
TIMEOUTS = tuple(field.name for field in dataclasses.fields(Timeouts))  # and which about its HTTP client's
# The parts of a profile that are no parts of `Runtime`.
PROGRESS_TIMEOUT = "pull_progress_timeout"
HOST_PER = "host_per"

DEFAULT_RUNTIME = "containerd"

STAGGER = Default(
    0.02, "20 ms (0 s in the ideal model)",
    "assumed; measured: clients started at once on one machine began 2 to 17 ms apart, 20 of them within 340 ms",
)  # fmt: skip
# ---- of how disks write ------------------------------------------------------------------------------

IOPS = 3000.0  # of the default disk [1/s]
CORES = 4  # that decompress what arrives; the source stands at UnpackSpec.cores
FILE_SIZE = 31.6e3  # mean of an unpacked file [B]; the source stands at LayerSpec.files
BACKGROUND = 0.5  # of the dirty limit: vm.dirty_background_ratio 10 % to vm.dirty_ratio 20 %
STORED_SPEED = 4.0  # decompressing what is stored, to decompressing what is not; the source stands at UnpackSpec

# ---- of how queues fill and how TCP shares -------------------------------------------------------------

BUFFER = Default(0.0, "0 s (queues are left out)", "assumed: buffers differ too much to have a default")
QUEUE = Default("drop_tail", "drop_tail", "assumed: what switches do that are not told otherwise")
CONGESTION_CONTROL = Default("cubic", "cubic", "Linux: net/ipv4/Kconfig DEFAULT_TCP_CONG")

TCP_WINDOW = Default(
    3 * 2.0**20, "3 MiB",
    "Linux Documentation/networking/ip-sysctl.rst: tcp_rmem of at most 6 MiB, about half of it usable; from 6.16 "
    "on: 32 MB, of which 16 MiB",
)  # fmt: skip

# Sigma of the lognormal weights whose shares have the measured coefficients of variation c: sqrt(ln(1 + c^2)).
_SIGMA: Mapping[CongestionControl, float] = {"cubic": 0.41, "bbr": 0.70}
SIGMA = Default(
    _SIGMA,
    "0.41 (cubic), 0.70 (bbr)",
    "measured: coefficient of variation of the shares of equal pulls 0.3 to 0.55 with cubic, 0.6 to 1.0 with bbr; "
    "sigma = sqrt(ln(1 + c^2)) at the middles, c = 0.425 and 0.80",
)
MEMORY = Default(float("inf"), "unlimited", "assumed: a connection keeps its weight for its life")
CONQUEST = Default(
    True,
    "true",
    "measured with cubic: a new connection needs (0.3 W / 0.4)^(1/3) s, W in packets, to win its share; RFC 9438",
)


def runtime(name: str, changes: Mapping[str, Any]) -> Runtime:
    """The runtime of a node group: the profile of a name with the group's own values.

    `changes` are those values in SI base units, the retries' and timeouts' among them, and what no profile has.
    """
    values = {field: default.value for field, default in PROFILES[name].items()} | dict(changes)
    del values[PROGRESS_TIMEOUT], values[HOST_PER]
    values["recheck_requests"] = min(values["recheck_requests"], values["resolve_requests"])
    retry = Retry(**{field: values.pop(field) for field in RETRIES})
    waits = {field: values.pop(field) for field in TIMEOUTS}
    timeouts = Timeouts(**{field: None if math.isinf(wait) else wait for field, wait in waits.items()})
    return Runtime(name=name, retry=retry, timeouts=timeouts, **values)


def shown_serial_pulls() -> str:
    """The default of serialize_image_pulls in all profiles of kubelets, as text."""
    return by_value({name: one.shown for name, one in SERIAL_PULLS.items()}, "{value} ({names})", ", ")


def serial_pulls_source() -> str:
    """Where those come from."""
    return by_value({name: one.source for name, one in SERIAL_PULLS.items()}, "{names}: {value}", "; ")


def shown_default(field: str) -> str:
    """A field's default in all profiles, as text: `3 (containerd, dockerd), 6 (cri-o)`."""
    return by_value({name: profile[field].shown for name, profile in PROFILES.items()}, "{value} ({names})", ", ")


def default_source(field: str) -> str:
    """Where a field's defaults come from, for all profiles."""
    return by_value({name: profile[field].source for name, profile in PROFILES.items()}, "{names}: {value}", "; ")


def by_value(values: Mapping[str, str], form: str, joint: str) -> str:
    """The values of profiles as text, each with the names of those that have it."""
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(value, []).append(name)
    return joint.join(form.format(value=value, names=", ".join(who)) for value, who in names.items())


def fairness(
    congestion_control: CongestionControl, sigma: float | None, memory: float | None, conquest: bool | None
) -> Fairness:
    """The fairness that a scenario means: what it leaves out is as measured for the congestion control."""
    return Fairness(
        sigma=_SIGMA[congestion_control] if sigma is None else sigma,
        memory=MEMORY.value if memory is None else memory,
        conquest=CONQUEST.value if conquest is None else conquest,
    )
