"""What a condition can be about: the numbers of a case in the JSON contract, each under its name without the unit.

`utilisation{link=wan}` is the number `utilisation` of the row `wan` in `links`; a path says so, in which a word in
braces stands for the value of that label, and `{statistic}` for the condition's statistic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rolloutsim.units import Kind

STATISTICS = ("max", "min", "mean", "p50", "p95", "p99")
EVERYWHERE = ("image", "case")  # labels that choose among the cases, whatever the metric

# Labels whose values the format fixes; those of the others are names in the scenario.
VALUES: Mapping[str, tuple[str, ...]] = {
    "phase": ("before", "during", "after"),
    "status": ("429", "503", "broken"),
    "disk": ("ssd", "hdd"),
}

# What pulls and pods wait for, beside shared links (the words of the time split).
CAUSES = (
    "connection_cap", "registry_queue", "layer_slot", "requests", "other_pull", "startup", "retry", "rate_limited",
    "nic", "disk", "unpack", "controller_pacing", "termination", "controller", "kubelet_queue", "qps", "backoff",
    "failed_pull", "node_down",
)  # fmt: skip

# Rows of a list that a condition without their label is about all together: the one that is furthest off counts.
ALL_ROWS = ("registry", "push", "background", "workload")


@dataclass(frozen=True, slots=True)
class Metric:
    """The kind of a metric's value, and where it stands in a case of the JSON contract.

    `absent` is what it is where the case has no such number, since nothing of that kind happened; None: unknown.
    """

    kind: Kind | Literal["number"]
    path: tuple[str, ...]
    absent: float | None = None

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


METRICS: Mapping[str, Metric] = {
    "rollout_time": Metric("time", ("rollout_time_s",)),
    "alone_time": Metric("time", ("alone_time_s",)),
    "bytes_on_wire": Metric("size", ("bytes_on_wire",)),
    "pull_time": Metric("time", ("pull_time_s", "{statistic}")),
    "slowdown": Metric("number", ("slowdown", "{statistic}")),
    "time_split": Metric("time", ("time_split_s", "{cause}"), absent=0.0),
    "utilisation": Metric("share", ("links", "{link}", "utilisation")),
    "saturated": Metric("time", ("links", "{link}", "saturated_s")),
    "bytes": Metric("size", ("links", "{link}", "bytes")),
    "peak_flows": Metric("number", ("links", "{link}", "peak_flows")),
    "failed_pulls": Metric("number", ("failed_pulls",), absent=0.0),
    "bytes_again": Metric("size", ("bytes_again",), absent=0.0),
    "ready": Metric("time", ("workloads", "{workload}", "ready_s")),
    "ready_pods": Metric("number", ("workloads", "{workload}", "ready_pods")),
    "least_ready": Metric("number", ("workloads", "{workload}", "least_ready")),
    "below_floor": Metric("time", ("workloads", "{workload}", "below_floor_s")),
    "requests": Metric("number", ("registries", "{registry}", "requests")),
    "requests_per_pull": Metric("number", ("registries", "{registry}", "requests_per_pull")),
    "peak_requests": Metric("number", ("registries", "{registry}", "peak_requests_per_s")),
    "refused": Metric("number", ("registries", "{registry}", "refused", "{status}"), absent=0.0),
    "retries": Metric("number", ("registries", "{registry}", "retries")),
    "storage_requests": Metric("number", ("registries", "{registry}", "storage_requests")),
    "push_time": Metric("time", ("push", "{push}", "push_time_s")),
    "pushed_bytes": Metric("size", ("push", "{push}", "bytes")),
    "bytes_per_node": Metric("size", ("disk", "bytes_per_node")),
    "most_bytes_per_node": Metric("size", ("disk", "most_bytes_per_node")),
    "fleet_bytes": Metric("size", ("disk", "fleet_bytes")),
    "registry_bytes": Metric("size", ("disk", "registry_bytes")),
    "collected_bytes": Metric("size", ("disk", "collected_bytes")),
    "peak_utilisation": Metric("share", ("disk", "peak_utilisation")),
    "cost_per_month": Metric("number", ("disk", "cost_per_month", "{disk}")),
    "bandwidth": Metric("rate", ("background", "{background}", "bandwidth_bytes_per_s", "{phase}")),
    "latency": Metric("time", ("background", "{background}", "latency_s", "{phase}", "{statistic}")),
    "bytes_lost": Metric("size", ("background", "{background}", "bytes_lost")),
    "recovered": Metric("time", ("background", "{background}", "recovered_s")),
}
