"""What a condition can be about: the numbers of a case in the JSON contract, each under its name without the unit.

`utilisation{link=wan}` is the number `utilisation` of the row `wan` in `links`; a path says so, in which a word in
braces stands for the value of that label, and `{statistic}` for the condition's statistic.

What is worked out of pulls, pods or nodes can be narrowed to some of them: `pull_time{group=web}`. Labels choose those
that have all of the values given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.scenario.sources import SOURCE_KINDS
from rolloutsim.structs import struct
from rolloutsim.units import Kind

STATISTICS = ("max", "min", "mean", "p50", "p95", "p99")
EVERYWHERE = ("image", "case")  # labels that choose among the cases, whatever the metric

# By which labels each kind of rows can be narrowed: a pull belongs to the workload whose pod called for it, a pod to
# its workload's images, all of them to a node.
NARROWED: Mapping[str, tuple[str, ...]] = {
    "pulls": ("workload", "image", "group", "rack"),
    "pods": ("workload", "image", "group", "rack"),
    "nodes": ("group", "rack"),
}

# Labels whose values the format fixes; those of the others are names in the scenario.
VALUES: Mapping[str, tuple[str, ...]] = {
    "phase": ("before", "pushed", "prepulled", "during", "after"),
    "status": tuple(answer.name for answer in ANSWERS.values()),
    "disk": ("ssd", "hdd"),
    "source": tuple(SOURCE_KINDS),
}

TYPICAL = {
    "phase": "during", "status": "429", "disk": "ssd", "link": "registry.uplink", "cause": "nic", "share": "95%",
    "source": "registry",
}  # fmt: skip

# Rows of a list that a condition without their label is about all together: the one that is furthest off counts.
ALL_ROWS = ("registry", "server", "push", "prepull", "background", "workload")


SELECTOR = re.compile(r"""\s*([^=,"{}]+?)\s*=\s*(?:"((?:[^"\\]|\\.)+)"|([^",]+?))\s*(?=,|$)""")

_SERVICE = ("max", "p50", "p95")  # the statistics that results hold of a service's requests


@struct
class Metric:
    """The kind of a metric's value, where it stands in a case of the JSON contract, and what it means.

    `path` is empty where it stands nowhere in it; its labels are `own` then. `of` says which rows it is worked out of,
    and so what narrows it. `absent` is what it is where the case has no such number, since nothing of that kind
    happened; None: unknown. `of_alone` says that it takes the times of the pulls alone, for which there are simulations
    of their own.
    """

    kind: Kind | Literal["number"]
    path: tuple[str, ...]
    description: str
    absent: float | None = None
    statistics: tuple[str, ...] = STATISTICS
    of_alone: bool = False
    of: Literal["pulls", "pods", "nodes"] | None = None
    own: tuple[str, ...] = ()

    @property
    def needs_statistic(self) -> bool:
        """Whether a condition has to say which statistic it is about."""
        return "{statistic}" in self.path

    @property
    def labels(self) -> tuple[str, ...]:
        """Its own labels, in the order of the path."""
        words = (step[1:-1] for step in self.path if step.startswith("{"))
        return (*(word for word in words if word != "statistic"), *self.own)

    @property
    def needed(self) -> tuple[str, ...]:
        """The labels that a condition has to give."""
        return tuple(label for label in self.labels if label not in ALL_ROWS)

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The labels that leave some of the rows which it is worked out of."""
        return () if self.of is None else NARROWED[self.of]

    @property
    def known(self) -> tuple[str, ...]:
        """All labels that a condition may give."""
        return tuple(dict.fromkeys((*self.labels, *self.narrowed, *EVERYWHERE)))


def in_braces(metric: str, selectors: Mapping[str, str]) -> str:
    """A metric with its labels, as one writes it: `pull_time{image=app,group=web}`."""
    return f"{metric}{{{labelled(selectors)}}}" if selectors else metric


def labelled(selectors: Mapping[str, str]) -> str:
    """Labels with their values; values are quoted where they need it."""
    return ",".join(f"{label}={_quoted(value)}" for label, value in selectors.items())


def labels(text: str) -> dict[str, str]:
    """The same, read: labels with their values."""
    return dict(map(label_in, SELECTOR.finditer(text)))


def is_of_case(selectors: Mapping[str, str], case: str) -> bool:
    """Whether labels do no more than to name a case, so that a metric is about all of it."""
    return all(label in EVERYWHERE and value == case for label, value in selectors.items())


def label_in(found: re.Match[str]) -> tuple[str, str]:
    """A label and its value, as `SELECTOR` finds them."""
    label, quoted, plain = found.groups()
    return label, plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def _quoted(value: str) -> str:
    if not set(value) & set(',"{}') and value == value.strip():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_LINK, _WORKLOAD, _REGISTRY = ("links", "{link}"), ("workloads", "{workload}"), ("registries", "{registry}")
_PUSH, _FLOW, _SERVER = ("push", "{push}"), ("background", "{background}"), ("servers", "{server}")
_PREPULL = ("prepulls", "{prepull}")

METRICS: Mapping[str, Metric] = {
    "rollout_time": Metric("time", ("rollout_time_s",), "from the start until the last pod is ready", of="pods"),
    "alone_time": Metric(
        "time", ("alone_time_s",),
        "pull time of the same pulls, each alone on an idle system, its node holding what it held",
        of_alone=True, of="pulls",
    ),
    "bytes_on_wire": Metric("size", ("bytes_on_wire",), "what all pulls fetch, compressed", of="pulls"),
    "pull_time": Metric(
        "time", ("pull_time_s", "{statistic}"),
        "from asking until the image is there, no re-checks; 0 s where nodes held all", of="pulls",
    ),
    "slowdown": Metric(
        "number", ("slowdown", "{statistic}"), "pull time / alone time, pull by pull, at least 1",
        of_alone=True, of="pulls",
    ),
    "time_split": Metric("time", ("time_split_s", "{cause}"), "waited for a cause, all pods together", absent=0.0),
    "utilisation": Metric("share", (*_LINK, "utilisation"), "bytes / (capacity × rollout time)"),
    "saturated": Metric("time", (*_LINK, "saturated_s"), "how long the link is full and holds a flow back"),
    "bytes": Metric(
        "size", (*_LINK, "bytes"),
        "what the link carries, background traffic included; of a disk operations as well, as bytes that take as long",
    ),
    "peak_flows": Metric("number", (*_LINK, "peak_flows"), "most flows on the link at one time"),
    "failed_pulls": Metric("number", ("failed_pulls",), "pulls that their runtimes give up", absent=0.0, of="pulls"),
    "bytes_again": Metric(
        "size", ("bytes_again",), "fetched and lost, so that it is fetched again", absent=0.0, of="pulls"
    ),
    "ready": Metric("time", (*_WORKLOAD, "ready_s"), "when the workload's last pod is ready", of="pods"),
    "pods_ready": Metric(
        "time", (), "until that share of the pods is ready, of the new version", of="pods", own=("share",)
    ),
    "nodes_ready": Metric(
        "time", (), "until that share of the nodes has all its pods ready", of="pods", own=("share",)
    ),
    "ready_pods": Metric(
        "number", (*_WORKLOAD, "ready_pods"), "pods of the new version that are ready at the end", of="pods"
    ),
    "least_ready": Metric("number", (*_WORKLOAD, "least_ready"), "smallest number of ready pods, old and new"),
    "below_floor": Metric("time", (*_WORKLOAD, "below_floor_s"), "how long fewer pods are ready than promised"),
    "requests": Metric("number", (*_REGISTRY, "requests"), "to the registry, also of caches, refused ones included"),
    "requests_per_pull": Metric("number", (*_REGISTRY, "requests_per_pull"), "requests of a pull, on average"),
    "peak_requests": Metric("number", (*_REGISTRY, "peak_requests_per_s"), "most requests within one second"),
    "refused": Metric("number", (*_REGISTRY, "refused", "{status}"), "requests with this answer", absent=0.0),
    "retries": Metric("number", (*_REGISTRY, "retries"), "requests sent again after a refusal"),
    "storage_requests": Metric("number", (*_REGISTRY, "storage_requests"), "requests to its object storage"),
    "bytes_by_source": Metric(
        "size", ("bytes_by_source", "{source}"), "what nodes receive from a kind of source, where they have `hosts`",
        absent=0.0,
    ),
    "hit_ratio": Metric("share", ("hit_ratio",), "requests for layers that caches had / all that caches got"),
    "byte_hit_ratio": Metric("share", ("byte_hit_ratio",), "the same of bytes"),
    "upstream_copies": Metric(
        "number", ("upstream_copies", "{statistic}"),
        "how often a layer comes into a cache that gets it at all; each layer counts alike, whatever its size (of "
        "bytes tells `upstream_bytes`)",
        statistics=("mean", "max"),
    ),
    "sent_bytes": Metric(
        "size", (*_SERVER, "sent_bytes"),
        "layers that leave a registry (its egress), mirror, cache or peers, to nodes, caches and swarms, where nodes "
        "have `hosts`",
    ),
    "upstream_bytes": Metric("size", (*_SERVER, "upstream_bytes"), "layers that come into a cache"),
    "server_requests": Metric(
        "number", (*_SERVER, "requests"), "requests to a registry, mirror, cache or peers, where nodes have `hosts`"
    ),
    "found_nobody": Metric(
        "number", (*_SERVER, "found_nobody"), "look-ups of peers for a layer that found nobody, or nobody who answered"
    ),
    "most_served_bytes": Metric("size", (*_SERVER, "most_served_bytes"), "layers that one of the peers served at most"),
    "seeded_bytes": Metric("size", (*_SERVER, "seeded_bytes"), "layers that registries sent into a swarm"),
    "push_time": Metric("time", (*_PUSH, "push_time_s"), "of one image, from its start until all of it is there"),
    "pushed_bytes": Metric("size", (*_PUSH, "bytes"), "what a push uploads"),
    "copied": Metric(
        "time", (*_SERVER, "copied", "complete_s"), "when a mirror has all that is copied to it"
    ),
    "copy_time": Metric("time", (*_SERVER, "copied", "copy_time_s"), "the same from the first request for it on"),
    "copied_bytes": Metric("size", (*_SERVER, "copied", "bytes"), "what comes to a mirror while the simulation runs"),
    "prepull_time": Metric("time", (*_PREPULL, "prepull_time_s"), "until all nodes have what they pull before"),
    "prepulled_nodes": Metric(
        "number", (*_PREPULL, "nodes_ready"), "nodes that hold all of a pre-pull when the rollout begins"
    ),
    "prepulled_bytes": Metric("size", (*_PREPULL, "bytes_before"), "fetched before the rollout"),
    "bytes_per_node": Metric(
        "size", ("disk", "bytes_per_node"), "kept of the pulled images by a node, on average", of="nodes"
    ),
    "most_bytes_per_node": Metric(
        "size", ("disk", "most_bytes_per_node"), "kept of them by the fullest node", of="nodes"
    ),
    "fleet_bytes": Metric("size", ("disk", "fleet_bytes"), "kept of them by all nodes together", of="nodes"),
    "registry_bytes": Metric("size", ("disk", "registry_bytes"), "their compressed layers in the registry"),
    "collected_bytes": Metric("size", ("disk", "collected_bytes"), "removed by image garbage collection", of="nodes"),
    "peak_utilisation": Metric("share", ("disk", "peak_utilisation"), "how full the fullest disk becomes", of="nodes"),
    "cost_per_month": Metric("number", ("disk", "cost_per_month", "{disk}"), "of fleet and registry, at your prices"),
    "bandwidth": Metric(
        "rate", (*_FLOW, "bandwidth_bytes_per_s", "{phase}"),
        "of an application, before, during or after the rollout; pushed: beside a push before it, prepulled: "
        "beside what nodes pull before it",
    ),
    "latency": Metric(
        "time", (*_FLOW, "latency_s", "{phase}", "{statistic}"),
        "of a service's requests, before, during or after the rollout; pushed: beside a push before it, prepulled: "
        "beside what nodes pull before it",
        statistics=_SERVICE,
    ),
    "bytes_lost": Metric("size", (*_FLOW, "bytes_lost"), "of a constant rate, what finds no room"),
    "last_byte": Metric(
        "time", ("lazy", "last_byte_s"), "until all bytes of lazy images are on the nodes, the background included"
    ),
    "recovered": Metric("time", (*_FLOW, "recovered_s"), "when an application has its bandwidth back for good"),
}  # fmt: skip
