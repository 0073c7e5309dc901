"""Which nodes pods of a workload may run on, as Kubernetes' scheduler tells: selectors, affinity, taints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rolloutsim.imports.found import FoundNode, FoundWorkload
from rolloutsim.imports.shapes import maps, part, text

_HARD = ("NoSchedule", "NoExecute")
# What a cordon is to the scheduler: kubernetes pkg/scheduler/framework/plugins/nodeunschedulable.
_CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_LARGEST = 2**63  # of Gt and Lt: they compare numbers of 64 bits


def has(node: FoundNode, selector: Mapping[str, str]) -> bool:
    """Whether a node has all labels of a selector."""
    return all(node.labels.get(key) == value for key, value in selector.items())


def may_run(node: FoundNode, workload: FoundWorkload) -> bool:
    """Whether pods of a workload are scheduled there: by node selector, required node affinity and tolerations."""
    if not has(node, workload.selector):
        return False
    if workload.affinity is not None and not any(_fulfils(node, term) for term in workload.affinity):
        return False
    taints = (*node.taints, _CORDON) if node.is_cordoned else node.taints
    return all(
        any(_tolerates(one, taint) for one in workload.tolerations) for taint in taints if taint.get("effect") in _HARD
    )


def wanted(workload: FoundWorkload) -> str:
    """What its nodes must have, in words; empty where that is nothing."""
    parts = [labels(workload.selector)] if workload.selector else []
    if workload.affinity is not None:
        parts.append(" or ".join(_in_words(term) for term in workload.affinity) or "what no node can have")
    return ", and ".join(parts)


def labels(selector: Mapping[str, str]) -> str:
    """A selector in words."""
    return ", ".join(f"{key}={value}" for key, value in selector.items())


def _in_words(term: Mapping[str, Any]) -> str:
    every = (*maps(term, "matchExpressions"), *maps(term, "matchFields"))
    return ", ".join(
        " ".join(str(one) for one in (each.get("key"), each.get("operator"), *_values(each))) for each in every
    )


def _values(requirement: Mapping[str, Any]) -> list[str]:
    found = part(requirement, "values")
    return [str(one) for one in found] if isinstance(found, list) else []


def _fulfils(node: FoundNode, term: Mapping[str, Any]) -> bool:
    """Whether a node fulfils all of a term; an empty one is fulfilled by none.

    Source: kubernetes staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity, apimachinery
    pkg/labels/selector.go `Requirement.Matches`.
    """
    expressions, names = list(maps(term, "matchExpressions")), list(maps(term, "matchFields"))
    if not expressions and not names:
        return False
    return _all(node.labels, expressions) and _all({"metadata.name": node.name}, names)


def _all(found: Mapping[str, str], requirements: Iterable[Mapping[str, Any]]) -> bool:
    return all(_is_met(found.get(str(one.get("key"))), text(one, "operator"), _values(one)) for one in requirements)


def _is_met(value: str | None, operator: str | None, values: list[str]) -> bool:
    if operator == "NotIn":
        return value is None or value not in values
    if operator == "DoesNotExist":
        return value is None
    if value is None:
        return False
    if operator == "Exists":
        return True
    if operator == "In":
        return value in values
    if operator not in ("Gt", "Lt") or len(values) != 1:
        return False
    left, right = _number(value), _number(values[0])
    if left is None or right is None:
        return False
    return left > right if operator == "Gt" else left < right


def _number(value: str) -> int | None:
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 40:
        return None
    number = int(value)
    return number if -_LARGEST <= number < _LARGEST else None


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    # kubernetes staging/src/k8s.io/api/core/v1/toleration.go: ToleratesTaint.
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key = toleration.get("key")
    if key in (None, ""):
        return toleration.get("operator") == "Exists"
    if key != taint.get("key"):
        return False
    if toleration.get("operator") not in (None, "", "Equal"):
        return toleration.get("operator") == "Exists"
    return (toleration.get("value") or "") == (taint.get("value") or "")
