"""Thresholds: `rollout_time{image=builder}: max < 60 s` to a condition on a metric."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.links import is_counted
from rolloutsim.scenario.metrics import METRICS, SELECTOR, STATISTICS, TYPICAL, VALUES, in_braces, label_in
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.places import Path, Problem
from rolloutsim.scenario.resolved import Comparison, Severity, Threshold
from rolloutsim.scenario.resources import PARTS, LinkName
from rolloutsim.scenario.servers import racks_of
from rolloutsim.scenario.strategies import ALL, wanted
from rolloutsim.units import Kind, QuantityError, parse, parse_share

_KEY = re.compile(r"\s*([^{}\s]+)\s*(?:\{(.*)\})?\s*")
_CONDITION = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_]*)\s*)?(<=|>=|<|>)\s*(.+?)\s*")
_NUMBER = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*[x×]?")
_WHOLE = re.compile(r"\s*([^{}\s<>]+(?:\s*\{.*\})?)\s*(.*?[<>].*)", re.DOTALL)
_WHOLE_FORM = "write a metric and a condition, for example 'rollout_time < 30 s' or 'pull_time{image=app} p95 < 5 s'"
_FIGURE = re.compile(r"\s*([^{}\s<>]+(?:\s*\{.*\})?)\s*([A-Za-z][A-Za-z0-9_]*)?\s*", re.DOTALL)
_FIGURE_FORM = "write a metric, for example 'pull_time{group=web} p95'"
_ONE: Mapping[str, str] = {"number": "1", "size": "1 B", "rate": "1 B/s", "time": "1 s", "share": "1%"}
_PERCENT = re.compile(r"([<>]=?)\s*([0-9]*\.?[0-9]+\s*%)\s*")
_ALL_METRICS = "'rolloutsim explain thresholds' lists all"
_FORM = "a threshold is '[statistic] comparison value', for example 'max < 60 s'"


class _Unreadable(Exception):
    def __init__(self, message: str, help: str | None = None, related: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.help, self.related = message, help, related


def thresholds(document: Document, names: Mapping[str, frozenset[str]]) -> Iterator[Threshold | Problem]:
    """The document's thresholds in its order; a problem in place of each that is not valid.

    `names` is what exists, by label: `image`, `case`, `link`; a label without names takes any.
    """
    for key, conditions in document.thresholds.items():
        path: Path = ("thresholds", key)
        metric, selectors = None, None
        try:
            metric, inside = _metric(key)
            selectors = _selectors(metric, inside, document, names)
        except _Unreadable as error:
            yield Problem(path, error.message, error.help, at="key", related=error.related, named=f"threshold '{key}'")
        if metric is None:
            continue
        if not conditions:
            yield Problem(path, f"{metric} has no condition; {_FORM}")
        for number, condition in enumerate(conditions):
            try:
                statistic, comparison, value = _condition(condition.check, metric)
            except _Unreadable as error:
                yield Problem((*path, number, "check"), error.message, error.help)
                continue
            if selectors is not None:
                yield Threshold(metric, selectors, statistic, comparison, value, condition.check, condition.severity)


def parse_condition(text: str, document: Document, names: Mapping[str, frozenset[str]], option: str) -> Threshold:
    """A condition in one text, `rollout_time{image=builder} p95 < 30 s`; `names` as for `thresholds`.

    Raises UsageError if it is not valid; it says that the text is from `option`.
    """
    try:
        key, rest = split_condition(text)
        metric, inside = _metric(key)
        selectors = _selectors(metric, inside, document, names)
        statistic, comparison, value = _condition(rest, metric)
    except _Unreadable as error:
        raise UsageError(f"{option} '{text}': {error.message}" + (f"; {error.help}" if error.help else "")) from None
    return Threshold(metric, selectors, statistic, comparison, value, rest.strip())


def parse_difference(text: str, whole: str, option: str, without_value: bool = False) -> Threshold:
    """A condition on results whose scenario is not at hand: names in selectors are taken as they are.

    A text `without_value` ends before its value, which is then one in the metric's unit. Raises UsageError if it is not
    valid, or asks for a statistic that results do not have; `whole` is what the user wrote, and `option` where.
    """
    try:
        key, rest = split_condition(text)
        metric, inside = _metric(key)
        selectors = dict(_pairs(metric, inside))
        _check_needed(metric, inside, selectors)
        one = f" {_ONE[METRICS[metric].kind]}" if without_value else ""
        _check_signed(key, rest, metric)
        statistic, comparison, value = _condition(rest + one, metric)
        if statistic not in (None, "mean") and not METRICS[metric].needs_statistic:
            raise _Unreadable(f"{metric} has one value a replication, whose mean is compared; leave out '{statistic}'")
    except _Unreadable as error:
        raise UsageError(f"{option} '{whole}': {error.message}" + (f"; {error.help}" if error.help else "")) from None
    return Threshold(metric, selectors, statistic, comparison, value, rest.strip())


def parse_figure(text: str, document: Document, names: Mapping[str, frozenset[str]], option: str) -> Threshold:
    """A metric in one text, `pull_time{group=web} p95`, as a condition that sets no limit; `names` as for `thresholds`.

    Where it needs a statistic and has none, it is the mean (of a service's requests the median). Raises UsageError if
    it is not valid; it says that the text is from `option`.
    """
    try:
        match = _FIGURE.fullmatch(text)
        if match is None:
            raise _Unreadable(f"cannot read it; {_FIGURE_FORM}")
        metric, inside = _metric(match[1])
        selectors = _selectors(metric, inside, document, names)
        if match[2] is not None:
            _check_statistic(match[2], metric)
    except _Unreadable as error:
        raise UsageError(f"{option} '{text}': {error.message}" + (f"; {error.help}" if error.help else "")) from None
    return figure(metric, selectors, match[2])


def read_figure(text: str) -> Threshold:
    """A metric whose scenario is not at hand, from its text: names in selectors are taken as they are.

    Raises UsageError if it is none.
    """
    match = _FIGURE.fullmatch(text)
    try:
        if match is None:
            raise _Unreadable(f"cannot read it; {_FIGURE_FORM}")
        metric, inside = _metric(match[1])
        selectors = dict(_pairs(metric, inside))
        _check_needed(metric, inside, selectors)
        if match[2] is not None:
            _check_statistic(match[2], metric)
    except _Unreadable as error:
        raise UsageError(f"'{text}': {error.message}" + (f"; {error.help}" if error.help else "")) from None
    return figure(metric, selectors, match[2])


def read_threshold(metric: str, check: str, severity: Severity) -> Threshold:
    """A threshold from what results say of it: the metric with its labels, and the condition as it was written.

    Raises UsageError if they are none.
    """
    try:
        name, inside = _metric(metric)
        statistic, comparison, value = _condition(check, name)
        return Threshold(name, dict(_pairs(name, inside)), statistic, comparison, value, check, severity)
    except _Unreadable as error:
        raise UsageError(f"'{metric}: {check}': {error.message}") from None


def figure(metric: str, selectors: Mapping[str, str], statistic: str | None) -> Threshold:
    """A metric as a condition that sets no limit."""
    if statistic is None and METRICS[metric].needs_statistic:
        statistic = next(one for one in ("mean", "p50") if one in METRICS[metric].statistics)
    return Threshold(metric, selectors, statistic, "<", math.inf, "")


def written(figure: Threshold) -> str:
    """What a condition is about, as one writes it: `pull_time{group=web} p95`."""
    return f"{in_braces(figure.metric, figure.selectors)} {figure.statistic or ''}".rstrip()


def split_condition(text: str) -> tuple[str, str]:
    """The metric of a condition in one text, with its selectors, and the rest."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise _Unreadable(f"cannot read it; {_WHOLE_FORM}")
    return match[1], match[2]


def _metric(key: str) -> tuple[str, str]:
    """The metric that a key names, and what stands in its braces."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise _Unreadable(
            f"cannot read '{key}'; write for example rollout_time or 'utilisation{{link=registry.uplink}}'"
        )
    name, inside = match.groups()
    if name not in METRICS:
        message = f"unknown metric '{name}'; known: {listing(METRICS)}; {_ALL_METRICS}"
        raise _Unreadable(message, did_you_mean(name, METRICS))
    return str(name), inside or ""


def _selectors(name: str, inside: str, document: Document, names: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The labels in the braces of a metric, each with an existing name."""
    selectors: dict[str, str] = {}
    for label, value in _pairs(name, inside):
        there = names.get(label, VALUES.get(label, (value,)))
        if value not in there and not (label == "link" and is_counted(value, document)):
            known = sorted(there)
            message = f"no {label} is named '{value}'; known: {listing(known)}"
            related: tuple[Path, ...] = (("images", value), ("network", "links", value))
            related += tuple((section, value) for section in ("workloads", "registries", "background", "nodes"))
            link = LinkName.of(value) if label == "link" else LinkName(value)
            group = link.group
            if group is not None:
                related += (("nodes", group), ("network", "rate"))
            hint = did_you_mean(value, known)
            if group in document.nodes and document.model == "ideal" and not PARTS[link.part].is_network:
                hint = "the ideal model has neither disks nor unpacking"
            raise _Unreadable(message, hint, related)
        selectors[label] = value
    _check_needed(name, inside, selectors, names)
    if "image" in selectors and "image" not in METRICS[name].narrowed and ALL in names.get("case", ()):
        message = f"{name} is not told image by image where all of them roll out together, in the case '{ALL}'"
        raise _Unreadable(message, "leave the label 'image' out")
    _check_together(selectors, document)
    return selectors


def _check_together(selectors: Mapping[str, str], document: Document) -> None:
    """Refuse labels of which nothing has all: a workload on a group that it never runs on."""
    group, rack, image = (selectors.get(label) for label in ("group", "rack", "image"))
    workload = next((one for one in wanted(document) if one.name == selectors.get("workload")), None)
    if workload is not None and image is not None and image not in workload.images:
        raise _Unreadable(f"workload '{workload.name}' has no image '{image}'; its images: {listing(workload.images)}")
    if workload is not None and group is not None and group not in workload.groups:
        raise _Unreadable(
            f"workload '{workload.name}' has no pods on group '{group}'; its groups: {listing(workload.groups)}"
        )
    if rack is None:
        return
    around = {name: racks_of(name, spec)[: spec.count] for name, spec in document.nodes.items()}
    if group is not None and rack not in around[group]:
        its = f"its racks: {listing(around[group])}" if around[group] else "it is in no racks"
        raise _Unreadable(f"group '{group}' has no nodes in rack '{rack}'; {its}")
    if workload is not None and not any(rack in around.get(name, ()) for name in workload.groups):
        raise _Unreadable(
            f"workload '{workload.name}' has no pods in rack '{rack}'; its groups: {listing(workload.groups)}"
        )


def _pairs(name: str, inside: str) -> Iterator[tuple[str, str]]:
    """The labels in the braces of a metric and their values; the labels are ones that it has."""
    position = 0
    given: set[str] = set()
    while inside.strip() and position <= len(inside):
        match = SELECTOR.match(inside, position)
        if match is None:
            rest = inside[position:].strip()
            raise _Unreadable(f"cannot read the selector '{rest}' of {name}; write label=value, or label=\"value\"")
        label, value = label_in(match)
        position = match.end() + 1
        allowed = METRICS[name].known
        if label not in allowed:
            raise _Unreadable(
                f"unknown label '{label}' of {name}; known: {listing(allowed)}", did_you_mean(label, allowed)
            )
        if label in given:
            raise _Unreadable(f"{name} has the label '{label}' twice; write it once, and a condition for each value")
        given.add(label)
        if label == "share":
            _check_share(name, value)
        yield label, value


def _check_share(name: str, text: str) -> None:
    """Refuse a share that is none, or of which there is nothing to wait for."""
    try:
        if 0.0 < parse_share(text) <= 1.0:
            return
    except QuantityError:
        pass
    raise _Unreadable(f"'{text}' is no share of those to wait for, up to 100%; write '{name}{{share=95%}}'")


def _check_needed(
    name: str, inside: str, selectors: Mapping[str, str], names: Mapping[str, frozenset[str]] | None = None
) -> None:
    """Refuse a metric without a label that it needs; what stands in its braces stays in what is suggested."""
    for label in METRICS[name].needed:
        if label not in selectors:
            values = VALUES.get(label, ())
            which = f"{', '.join(values[:-1])} or {values[-1]}; " if values else ""
            given = f"{inside.strip()}," if inside.strip() else ""
            suggested = f"{name}{{{given}{label}={_example(label, (names or {}).get(label, frozenset(values)))}}}"
            raise _Unreadable(f"{name} needs a {label}: {which}write '{suggested}'")


def _example(label: str, known: frozenset[str]) -> str:
    """A value of a label: a typical one, if it is known."""
    typical = TYPICAL[label]
    if typical in known or not known:
        return typical
    return min(known, key=lambda value: (not value.endswith(".uplink"), value))


def _check_signed(key: str, rest: str, metric: str) -> None:
    """Refuse a share as the value of a metric that is none: a difference in per cent was likely meant."""
    match = _PERCENT.search(rest)
    kind = METRICS[metric].kind
    if match is not None and match.end() == len(rest) and kind != "share":
        comparison, share = match.groups()
        signed = f"{rest[: match.start()]}{comparison} {'+' if comparison[0] == '>' else '-'}{share}".strip()
        message = f"'{share}' is a share, and {metric} is a {kind}; a difference to the first scenario has a sign"
        raise _Unreadable(f"{message}: write '{key.strip()} {signed}'")


def _condition(text: str, metric: str) -> tuple[str | None, Comparison, float]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise _Unreadable(f"cannot read '{text}'; {_FORM}")
    statistic, comparison, value = match.groups()
    if statistic is not None:
        _check_statistic(statistic, metric)
    elif METRICS[metric].needs_statistic:
        own = METRICS[metric].statistics
        raise _Unreadable(f"{metric} needs a statistic: {listing(own)}; write for example 'max {text.strip()}'")
    return statistic, cast(Comparison, comparison), _value(value, METRICS[metric].kind, metric)


def _check_statistic(statistic: str, metric: str) -> None:
    own = METRICS[metric].statistics
    if statistic not in STATISTICS:
        message = f"unknown statistic '{statistic}'; known: {listing(STATISTICS)}"
        raise _Unreadable(message, did_you_mean(statistic, STATISTICS))
    if statistic not in own:
        raise _Unreadable(f"{metric} has no statistic '{statistic}'; known: {listing(own)}")


def _value(text: str, kind: Kind | Literal["number"], metric: str) -> float:
    if kind == "number":
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise _Unreadable(f"'{text}' is not a number; {metric} is one, for example 20")
        return float(match[1])
    try:
        return parse(kind, text)
    except QuantityError as error:
        raise _Unreadable(error.message, error.help) from None
