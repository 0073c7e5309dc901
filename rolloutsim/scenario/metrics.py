"""What a condition can be about: the numbers of a case in the JSON contract, each under its name without the unit.

`utilisation{link=wan}` is the number `utilisation` of the row `wan` in `links`; a path says so, in which a word in
braces stands for the value of that label, and `{statistic}` for the condition's statistic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.structs import struct
from rolloutsim.units import Kind

STATISTICS = ("max", "min", "mean", "p50", "p95", "p99")
EVERYWHERE = ("image", "case")  # labels that choose among the cases, whatever the metric

# Labels whose values the format fixes; those of the others are names in the scenario.
VALUES: Mapping[str, tuple[str, ...]] = {
    "phase": ("before", "pushed", "during", "after"),
    "status": tuple(answer.name for answer in ANSWERS.values()),
    "disk": ("ssd", "hdd"),
}

TYPICAL = {"phase": "during", "status": "429", "disk": "ssd", "link": "registry.uplink", "cause": "nic"}

# Rows of a list that a condition without their label is about all together: the one that is furthest off counts.
ALL_ROWS = ("registry", "push", "background", "workload")


_SERVICE = ("max", "p50", "p95")  # the statistics that results hold of a service's requests


@struct
class Metric:
    """The kind of a metric's value, where it stands in a case of the JSON contract, and what it means.

    `absent` is what it is where the case has no such number, since nothing of that kind happened; None: unknown.
    `of_alone` says that it takes the times of the pulls alone, for which there are simulations of their own.
    """

    kind: Kind | Literal["number"]
    path: tuple[str, ...]
    description: str
    absent: float | None = None
    statistics: tuple[str, ...] = STATISTICS
    of_alone: bool = False

    @property
    def needs_statistic(self) -> bool:
        """Whether a condition has to say which statistic it is about."""
        return "{statistic}" in self.path

    @property
    def labels(self) -> tuple[str, ...]:
        """Its own labels, in the order of the path."""
        words = (step[1:-1] for step in self.path if step.startswith("{"))
        return tuple(word for word in words if word != "statistic")

    @property
    def needed(self) -> tuple[str, ...]:
        """The labels that a condition has to give."""
        return tuple(label for label in self.labels if label not in ALL_ROWS)


_LINK, _WORKLOAD, _REGISTRY = ("links", "{link}"), ("workloads", "{workload}"), ("registries", "{registry}")
_PUSH, _FLOW = ("push", "{push}"), ("background", "{background}")

METRICS: Mapping[str, Metric] = {
    "rollout_time": Metric("time", ("rollout_time_s",), "from the start until the last pod is ready"),
    "alone_time": Metric(
        "time", ("alone_time_s",), "pull time of the same pulls, each alone on an idle system", of_alone=True
    ),
    "bytes_on_wire": Metric("size", ("bytes_on_wire",), "what all pulls fetch, compressed"),
    "pull_time": Metric("time", ("pull_time_s", "{statistic}"), "from asking until the image is there, no re-checks"),
    "slowdown": Metric("number", ("slowdown", "{statistic}"), "pull time / alone time, pull by pull", of_alone=True),
    "time_split": Metric("time", ("time_split_s", "{cause}"), "waited for a cause, all pods together", absent=0.0),
    "utilisation": Metric("share", (*_LINK, "utilisation"), "bytes / (capacity × rollout time)"),
    "saturated": Metric("time", (*_LINK, "saturated_s"), "how long the link is full and holds a flow back"),
    "bytes": Metric("size", (*_LINK, "bytes"), "what the link carries, background traffic included"),
    "peak_flows": Metric("number", (*_LINK, "peak_flows"), "most flows on the link at one time"),
    "failed_pulls": Metric("number", ("failed_pulls",), "pulls that their runtimes give up", absent=0.0),
    "bytes_again": Metric("size", ("bytes_again",), "fetched and lost, so that it is fetched again", absent=0.0),
    "ready": Metric("time", (*_WORKLOAD, "ready_s"), "when the workload's last pod is ready"),
    "ready_pods": Metric("number", (*_WORKLOAD, "ready_pods"), "pods of the new version that are ready at the end"),
    "least_ready": Metric("number", (*_WORKLOAD, "least_ready"), "smallest number of ready pods, old and new"),
    "below_floor": Metric("time", (*_WORKLOAD, "below_floor_s"), "how long fewer pods are ready than promised"),
    "requests": Metric("number", (*_REGISTRY, "requests"), "requests to the registry, refused ones included"),
    "requests_per_pull": Metric("number", (*_REGISTRY, "requests_per_pull"), "requests of a pull, on average"),
    "peak_requests": Metric("number", (*_REGISTRY, "peak_requests_per_s"), "most requests within one second"),
    "refused": Metric("number", (*_REGISTRY, "refused", "{status}"), "requests with this answer", absent=0.0),
    "retries": Metric("number", (*_REGISTRY, "retries"), "requests sent again after a refusal"),
    "storage_requests": Metric("number", (*_REGISTRY, "storage_requests"), "requests to its object storage"),
    "push_time": Metric("time", (*_PUSH, "push_time_s"), "of one image, from its start until all of it is there"),
    "pushed_bytes": Metric("size", (*_PUSH, "bytes"), "what a push uploads"),
    "bytes_per_node": Metric("size", ("disk", "bytes_per_node"), "kept of the pulled images by a node, on average"),
    "most_bytes_per_node": Metric("size", ("disk", "most_bytes_per_node"), "kept of them by the fullest node"),
    "fleet_bytes": Metric("size", ("disk", "fleet_bytes"), "kept of them by all nodes together"),
    "registry_bytes": Metric("size", ("disk", "registry_bytes"), "their compressed layers in the registry"),
    "collected_bytes": Metric("size", ("disk", "collected_bytes"), "removed by image garbage collection"),
    "peak_utilisation": Metric("share", ("disk", "peak_utilisation"), "how full the fullest disk becomes"),
    "cost_per_month": Metric("number", ("disk", "cost_per_month", "{disk}"), "of fleet and registry, at your prices"),
    "bandwidth": Metric(
        "rate", (*_FLOW, "bandwidth_bytes_per_s", "{phase}"),
        "of an application, before, during or after the rollout; pushed: beside a push before it",
    ),
    "latency": Metric(
        "time", (*_FLOW, "latency_s", "{phase}", "{statistic}"),
        "of a service's requests, before, during or after the rollout; pushed: beside a push before it",
        statistics=_SERVICE,
    ),
    "bytes_lost": Metric("size", (*_FLOW, "bytes_lost"), "of a constant rate, what finds no room"),
    "recovered": Metric("time", (*_FLOW, "recovered_s"), "when an application has its bandwidth back for good"),
}  # fmt: skip
