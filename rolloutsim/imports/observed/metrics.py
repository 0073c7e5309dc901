"""Metrics of kubelets, containerd and CRI-O in Prometheus' text format, as histograms."""

from __future__ import annotations

import re
from collections import defaultdict
from math import inf

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.observed.seen import Seen

# Prometheus docs, exposition formats: name, labels, value, and perhaps a time in ms.
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]{0,200})(?:\{(.{0,4000})\})? ([^ ]{1,40})(?: -?[0-9]{1,20})?\s*")
_LABEL = re.compile(r'([a-zA-Z_]\w{0,100})="((?:[^"\\]|\\.){0,1000})"')
_COMMENT = re.compile(r"# (?:HELP|TYPE) [a-zA-Z_:]")
# Histograms of pulls: kubernetes pkg/kubelet/metrics, containerd internal/cri/server/images/metrics.go, CRI-O
# server/metrics. Of operations of the kubelet only those that pull.
_HISTOGRAMS = (
    "kubelet_image_pull_duration_seconds", "kubelet_runtime_operations_duration_seconds",
    "containerd_cri_sandboxed_image_pulling_throughput", "containerd_cri_image_pulling_throughput",
    "containerd_cri_sandboxed_image_pulling_throughput_mibps", "containerd_cri_image_pulling_throughput_mibps",
    "crio_image_pulls_layer_size", "container_runtime_crio_image_pulls_layer_size",
)  # fmt: skip
_COUNTERS = (
    "containerd_cri_sandboxed_image_pulls", "containerd_cri_image_pulls", "crio_image_pulls", "crio_image_layer_reuse",
    "container_runtime_crio_image_pulls", "container_runtime_crio_image_layer_reuse",
)  # fmt: skip
_WAITING = (
    "kubelet_image_pull_duration_seconds counts waiting for other pulls of a node as well, and its size classes are "
    "binary (10 MiB, 100 MiB, …)"
)
# internal/cri/server/images/image_pull.go: image.Size until 2.2, the bytes fetched in `_mibps`.
_WHOLE = (
    "throughput in containerd's metrics is an image's bytes (of …_mibps those fetched) over the whole pull, unpacking "
    "among it"
)


class Metrics:
    """The histograms of a file; `finish` when all lines were read.

    Parameters
    ----------
    seen : Seen
        What it is added to.
    origin : str
        The file.
    """

    def __init__(self, seen: Seen, origin: str) -> None:
        self._seen = seen
        self._origin = origin
        self._is_metrics = False
        self._counters: dict[str, float] = {}
        self._found: dict[str, dict[float, float]] = defaultdict(dict)

    def take(self, line: str, place: str) -> bool:
        """Whether a line is one of metrics; it is taken then."""
        if _COMMENT.match(line):
            self._is_metrics = True
            return True
        if not line.startswith(("kubelet_", "containerd_", "crio_", "container_runtime_")):
            return self._is_metrics and _SAMPLE.fullmatch(line[:6000]) is not None
        match = _SAMPLE.fullmatch(line) if len(line) < 6000 else None
        if match is None:
            return False
        self._is_metrics = True
        name, labelled, told = match.groups()
        labels = dict(_LABEL.findall(labelled or ""))
        if name.endswith("_bucket") and name[:-7] in _HISTOGRAMS:
            self._bucket(name[:-7], labels, told, place)
        elif name.startswith(_COUNTERS) and not name.endswith(("_bucket", "_sum", "_count")):
            value = _number(told)
            if value:
                shown = _name(name, labels)
                self._counters[shown] = self._counters.get(shown, 0.0) + value
        return True

    def _bucket(self, name: str, labels: dict[str, str], told: str, place: str) -> None:
        if name == "kubelet_runtime_operations_duration_seconds" and labels.get("operation_type") != "pull_image":
            return
        bound, count = _number(labels.pop("le", "")), _number(told)
        if bound is None or count is None or count < 0 or count == inf:
            raise UnreadableError(f"{place}: {name}_bucket has no bound, or no count; is the file cut, or edited?")
        self._found[_name(name, labels)][bound] = count

    def finish(self) -> bool:
        """Whether these were metrics at all.

        Raises
        ------
        UnreadableError
            If they were, of other things.
        """
        if not self._is_metrics:
            return False
        if not self._found and not self._counters:
            raise UnreadableError(
                f"{self._origin}: metrics, none of them of pulls; those of a kubelet: "
                "kubectl get --raw /api/v1/nodes/NODE/proxy/metrics"
            )
        for name, buckets in self._found.items():
            self._seen.counted(name, dict(sorted(buckets.items())))
            if name.startswith("kubelet_image_pull") and _WAITING not in self._seen.notes:
                self._seen.notes.append(_WAITING)
            if "throughput" in name and _WHOLE not in self._seen.notes:
                self._seen.notes.append(_WHOLE)
        for name, value in self._counters.items():
            self._seen.notes.append(f"{self._origin}: {name} is {value:g}")
        return True


def _name(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name


def _number(text: str) -> float | None:
    try:
        value = float(text) if len(text) < 40 and "_" not in text else None
    except ValueError:
        return None
    return None if value is None or value != value else value
