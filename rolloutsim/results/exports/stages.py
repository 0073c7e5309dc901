"""The delays of a case's pods as Stages: what KWOK, and SimKube on top of it, play in place of a kubelet.

A Stage says which pods it takes on, after which delay, and what their status is then: kubernetes-sigs/kwok
`pkg/apis/v1alpha1/stage_types.go`. Of several that fit a pod one is drawn by `weight`, and one without a weight is not
(`pkg/utils/lifecycle/lifecycle.go`, `Match`): so the stages that KWOK and SimKube come with need not be taken out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from rolloutsim.results.exports.delays import delays
from rolloutsim.results.numerals import visible
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.results.exports.delays import Delay
    from rolloutsim.results.facts.records import CaseRecords

MOST = 20  # stages of a workload where nodes are not told apart (assumed: steps of 5 %)

_IMAGES = ".spec | (.containers + (.initContainers // [])) | .[].image"

# What pods are when their containers run. A template of Go, which KWOK fills in.
_READY = """\
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) \
( or .metadata.namespace "" ) | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  {{ if eq ( or .restartPolicy "" ) "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
"""


def kwok(case: CaseRecords, resolution: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Stages for KWOK's nodes of the case's names: each pod with the delay of its own node.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    resolution : float
        Delays are rounded to whole multiples of it, at least one millisecond [s].

    Returns
    -------
    list of dict
        The Stages, the shortest delay of each workload first.
    list of str
        What to know of them.
    """
    found, never = delays(case)
    step = max(1, round(resolution * 1000))
    by_images = _by_images(found)
    stages: list[dict[str, Any]] = []
    several: set[str] = set()
    for images, those in by_images.items():
        delays_of: defaultdict[str, Counter[int]] = defaultdict(Counter)  # of each node: delay → pods
        for one in those:
            delays_of[one.node][step * round(one.seconds * 1000 / step)] += 1
        # Nodes of one delay and one weight share a stage; the weight is how many of a node's pods have the delay.
        alike: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        for node, counted in delays_of.items():
            if len(counted) > 1:
                several.add(node)
            for delay, count in counted.items():
                alike[delay, count if len(counted) > 1 else 1].append(node)
        which = _which(images, by_images)
        for (delay, weight), names in sorted(alike.items()):
            where = [*which, _expression(".spec.nodeName", "In", sorted(names))]
            stages.append(_stage(_name(images, len(stages)), weight, {"durationMilliseconds": delay}, where))
    notes = list(_notes(found, never))
    if several:
        notes.append(
            f"{len(several)} nodes ran several pods of a workload, with several delays (the first pulled, the next "
            "found the image there): KWOK draws one of them for each pod"
        )
    return stages, notes


def simkube(case: CaseRecords, resolution: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Stages for SimKube's pods, whose nodes have names that no one knows before: the delays of a workload are drawn.

    They begin where SimKube's own `pod-create` leaves a pod (acrlabs/simkube `config/kwok/pod-ready.yml`).

    Parameters
    ----------
    case : CaseRecords
        What happened.
    resolution : float
        Delays that differ by less share a stage [s].

    Returns
    -------
    list of dict
        The Stages, the shortest delay of each workload first.
    list of str
        What to know of them.
    """
    found, never = delays(case)
    stages: list[dict[str, Any]] = []
    by_images = _by_images(found)
    for images, those in by_images.items():
        which = [
            *_which(images, by_images),
            _expression('.status.conditions.[] | select( .type == "Initialized" ) | .status', "In", ["True"]),
            _expression(".status.containerStatuses.[].state.running.startedAt", "DoesNotExist", ()),
        ]
        ordered = np.sort([one.seconds for one in those])
        most = 1 + int((ordered[-1] - ordered[0]) // max(resolution, 0.001))
        for part in np.array_split(ordered, min(MOST, most, len(ordered))):
            wait = {"durationMilliseconds": round(float(part[0]) * 1000)}
            if part[-1] > part[0]:  # KWOK draws between both
                wait["jitterDurationMilliseconds"] = round(float(part[-1]) * 1000)
            stages.append(_stage(_name(images, len(stages)), len(part), wait, which))
    notes = list(_notes(found, never))
    notes.append("which pod of a workload gets which delay is drawn by KWOK, from what the pods of the result took")
    return stages, notes


def text(stages: Iterable[dict[str, Any]], head: Sequence[str]) -> str:
    """The Stages as YAML of several documents, below what is to be known of them."""
    remarks = "".join(f"# {visible(line)}\n" for line in head)
    return remarks + yaml.dump_all(stages, Dumper=_Dumper, sort_keys=False, width=1000, explicit_start=True)


class _Dumper(yaml.SafeDumper):
    """Templates as blocks, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whatever it is, it is written out."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _by_images(found: Sequence[Delay]) -> dict[tuple[str, ...], list[Delay]]:
    several: defaultdict[tuple[str, ...], list[Delay]] = defaultdict(list)
    for one in found:
        several[tuple(sorted(one.images))].append(one)
    return several


def _which(images: tuple[str, ...], every: Iterable[tuple[str, ...]]) -> list[dict[str, Any]]:
    """What tells pods of these images: they have all of them, and none by which others have more."""
    more = {image for other in every if set(images) < set(other) for image in other if image not in images}
    here = [_expression(_IMAGES, "In", [image]) for image in images]
    return [*here, _expression(_IMAGES, "NotIn", sorted(more))] if more else here


def _notes(found: Sequence[Delay], never: int) -> Iterator[str]:
    if found:
        seconds = [one.seconds for one in found]
        yield (
            f"{len(found)} pods, ready from {format_time(min(seconds))} to {format_time(max(seconds))} after their "
            "node asked for their images"
        )
    if never:
        yield f"{never} of {len(found) + never} pods were never ready in the result: no stage is for them"
    plain = sorted({image for one in found for image in one.images if not {"/", ":"} & set(image)})
    if plain:
        yield (
            f"pods are told by their images, here {', '.join(plain[:3])}{' …' if len(plain) > 3 else ''}: these must "
            "be the names that the cluster's pods have; call the scenario's images so, or replace the names here"
        )


def _expression(key: str, operator: str, values: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"key": key, "operator": operator}
    return {**found, "values": list(values)} if values else found


def _name(images: Sequence[str], number: int) -> str:
    # An object's name in Kubernetes: small letters, digits and dashes.
    word = re.sub(r"[^a-z0-9]+", "-", images[0].rpartition("/")[2].lower()).strip("-") or "pod"
    return f"rolloutsim-{word[:200]}-{number + 1:04d}"


def _stage(name: str, weight: int, wait: dict[str, int], which: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {
                "matchExpressions": [
                    _expression(".metadata.deletionTimestamp", "DoesNotExist", ()),
                    _expression(".status.phase", "In", ["Pending"]),
                    _expression('.status.conditions.[] | select( .type == "Ready" ) | .status', "NotIn", ["True"]),
                    *which,
                ]
            },
            "weight": weight,
            "delay": wait,
            "next": {"statusTemplate": _READY},
        },
    }
