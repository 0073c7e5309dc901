"""What results are called where nobody has read the file format: causes, links, metrics, and keys in a sentence.

Kubernetes' own settings are called as Kubernetes writes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.metrics import EVERYWHERE, labels
from rolloutsim.scenario.resources import PARTS, PLACES, LinkName
from rolloutsim.scenario.sources import SOURCE_KINDS
from rolloutsim.scenario.strategies import ALL
from rolloutsim.scenario.structure import all_keys

if TYPE_CHECKING:
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.resolved import ResolvedScenario

_LINKS = {
    "uplink": "{} uplink", "uplink.in": "{} uplink (inbound)", "storage": "{} storage",
    "up": "{}, outward", "down": "{}, towards its nodes", "": "{} link",
}  # fmt: skip
_WAYS = ("up", "down")  # of a rack or site
_OF_NODES = {
    "nic.in": "NIC{} of {}", "nic.out": "NIC{} of {}, outbound", "disk": "disk{} of {}", "unpack": "core{} of {}",
    "pull_cap": "pull limit{} of {}",
}  # fmt: skip

# Metrics whose names are no words, {} for a share; of the others an underscore is a blank.
_METRICS = {
    "bytes_on_wire": "bytes on the wire", "alone_time": "pull time alone", "saturated": "time that it is full",
    "peak_flows": "most flows at a time", "bytes": "bytes carried", "time_split": "time that pods wait",
    "least_ready": "fewest ready pods", "below_floor": "time with fewer ready pods than promised",
    "bytes_again": "bytes fetched again", "peak_requests": "most requests in a second", "ready": "time until ready",
    "pods_ready": "time until {} of the pods are ready", "nodes_ready": "time until {} of the nodes are ready",
    "refused": "refused requests", "recovered": "time until recovered", "bytes_lost": "bytes lost",
    "bytes_by_source": "bytes that nodes received", "byte_hit_ratio": "hit ratio of bytes",
    "upstream_copies": "copies of a layer that came into a cache", "sent_bytes": "bytes sent",
    "upstream_bytes": "bytes from the upstream", "copied": "time until all is copied", "server_requests": "requests",
}  # fmt: skip
_PHASES = {"before": "before the rollout", "pushed": "during a push", "prepulled": "during a pre-pull",
           "during": "during the rollout", "after": "after the rollout"}  # fmt: skip
_COMPARISONS = {"<": "under", "<=": "at most", ">": "over", ">=": "at least"}
_CHECK = re.compile(r"(?:(\w+) )?(<=|>=|<|>) (.+)")

# Keys that Kubernetes or TCP has names for; of the others an underscore is a blank.
_KEYS = {
    "max_unavailable": "maxUnavailable", "max_surge": "maxSurge", "min_ready": "minReadySeconds",
    "serialize_image_pulls": "serializeImagePulls", "max_parallel_image_pulls": "maxParallelImagePulls",
    "registry_pull_qps": "registryPullQPS", "registry_burst": "registryBurst", "eviction_hard": "evictionHard",
    "if_not_present": "IfNotPresent", "tcp_window": "TCP window",
}  # fmt: skip
_REFERENCE = re.compile(r" \((?:\w+\.)+\w+\)")
_WORD = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def cause_words(cause: str, kind: str = "") -> str:
    """A cause of waiting, as the legends of figures have it; a shared link, of a kind, as `link_words` has it."""
    return CAUSES[cause].look.legend if cause in CAUSES else link_words(cause, kind)


def link_words(link: str, kind: str = "") -> str:
    """A link: `registry uplink`, `rack r1, outward`, `NIC of web-007`, `disks of web`, `wan link`.

    Where its kind is not known, a rack's or a site's is called `link of r1, outward`.
    """
    name = LinkName.of(link)
    if name.part not in PARTS:
        place = f"{kind if kind in PLACES else 'link of'} " if name.part in _WAYS else ""
        return place + _LINKS[name.part].format(name.owner)
    return _OF_NODES[name.part].format("s" if name.owner == name.group else "", name.owner)


def metric_words(result: ThresholdResult) -> str:
    """What a condition is about: `rollout time of builder`, `utilisation of the registry uplink`."""
    metric, selected = result.metric.removesuffix(f"{{{result.of}}}"), labels(result.of)
    words = _METRICS.get(metric, metric.replace("_", " ")).format(selected.pop("share", "a share"))
    for label, value in sorted(selected.items(), key=lambda one: one[0] in EVERYWHERE):
        words += _selected(label, value)
    return words


def target_words(check: str) -> str:
    """A condition: `under 60 s`, `p95 under 5m`; the largest value is meant where nothing is said."""
    found = _CHECK.fullmatch(check)
    if found is None:
        return check
    statistic, comparison, value = found.groups()
    return f"{'' if statistic in (None, 'max') else f'{statistic} '}{_COMPARISONS[comparison]} {value}"


def plain_words(text: str, names: Collection[str] = ()) -> str:
    """A sentence without keys of the file: Kubernetes' and others' words in their place, or nothing in brackets.

    Parameters
    ----------
    text : str
        The sentence.
    names : collection of str
        Names that the user has given, which stay as they are.
    """

    def word(found: re.Match[str]) -> str:
        key = found[0]
        return key if key in names else _KEYS.get(key) or (key.replace("_", " ") if key in _keys() else key)

    return _WORD.sub(word, _REFERENCE.sub("", text))


def given_names(scenario: ResolvedScenario) -> frozenset[str]:
    """The names that a scenario gives to what it is made of."""
    servers = scenario.servers.values()
    named = (scenario.groups, scenario.background, scenario.pushes, scenario.faults, servers, scenario.prepulls)
    names = [one.name for several in named for one in several]
    names += [workload.name for case in scenario.cases for workload in case.workloads]
    names += [rack for group in scenario.groups for rack in group.racks]
    names += [server.called for server in scenario.servers.values()]
    return frozenset((*names, *scenario.images, *scenario.links))


def _selected(label: str, value: str) -> str:
    match label:
        case "image" | "workload" | "background" | "push" | "prepull":
            return f" of {value}"
        case "case":
            return "" if value == ALL else f" of {value}"
        case "group":
            return f" on group {value}"
        case "rack":
            return f" in rack {value}"
        case "source":
            return f" from {SOURCE_KINDS[value].words}"
        case "link":
            return f" of the {link_words(value)}"
        case "cause":
            return f" for: {cause_words(value)}"
        case "phase":
            return f" {_PHASES[value]}"
    return f", {label} {value}"


@cache
def _keys() -> frozenset[str]:
    return frozenset(path[-1] for path, _ in all_keys())
