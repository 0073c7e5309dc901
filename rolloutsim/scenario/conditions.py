"""Thresholds: `rollout_time{image=builder}: max < 60 s` to a condition on a metric."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.links import is_counted, owner
from rolloutsim.scenario.metrics import EVERYWHERE, METRICS, STATISTICS, VALUES
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.places import Path, Problem
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.units import Kind, QuantityError, parse

_KEY = re.compile(r"\s*([^{}\s]+)\s*(?:\{(.*)\})?\s*")
_SELECTOR = re.compile(r"""\s*([^=,"{}]+?)\s*=\s*(?:"((?:[^"\\]|\\.)+)"|([^",]+?))\s*(?=,|$)""")
_CONDITION = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_]*)\s*)?(<=|>=|<|>)\s*(.+?)\s*")
_NUMBER = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*[x×]?")
_WHOLE = re.compile(r"\s*([^{}\s<>]+(?:\s*\{.*\})?)\s*(.*?[<>].*)", re.DOTALL)
_WHOLE_FORM = "write a metric and a condition, for example 'rollout_time < 30 s' or 'pull_time{image=app} p95 < 5 s'"
_ONE: Mapping[str, str] = {"number": "1", "size": "1 B", "rate": "1 B/s", "time": "1 s", "share": "1%"}
_FORM = "a threshold is '[statistic] comparison value', for example 'max < 60 s'"


class _Unreadable(Exception):
    def __init__(self, message: str, help: str | None = None, related: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.help, self.related = message, help, related


def thresholds(document: Document, names: Mapping[str, frozenset[str]]) -> Iterator[Threshold | Problem]:
    """The document's thresholds in its order; a problem in place of each that is not valid.

    Parameters
    ----------
    document : Document
        The scenario.
    names : mapping
        What exists, by label: `image`, `case`, `link`; a label without names takes any.
    """
    for key, conditions in document.thresholds.items():
        path: Path = ("thresholds", key)
        metric, selectors = None, None
        try:
            metric, inside = _metric(key)
            selectors = _selectors(metric, inside, document, names)
        except _Unreadable as error:
            yield Problem(path, error.message, error.help, at="key", related=error.related)
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
                yield Threshold(
                    metric, selectors, statistic, comparison, value, condition.check, _severity(condition.severity)
                )


def parse_condition(text: str, document: Document, names: Mapping[str, frozenset[str]], option: str) -> Threshold:
    """A condition in one text, `rollout_time{image=builder} p95 < 30 s`.

    Parameters
    ----------
    text : str
        The metric, and what stands behind the colon in a file.
    document, names
        As for `thresholds`.
    option : str
        Where the text is from, for errors.

    Raises
    ------
    UsageError
        If it is not valid.
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

    Parameters
    ----------
    text : str
        As for `parse_condition`.
    whole, option : str
        What the user wrote, and where; for errors.
    without_value : bool
        Whether the text ends before its value; it is then one in the metric's unit.

    Raises
    ------
    UsageError
        If it is not valid, or asks for a statistic that results do not have.
    """
    try:
        key, rest = split_condition(text)
        metric, inside = _metric(key)
        selectors = dict(_pairs(metric, inside))
        _check_needed(metric, selectors)
        one = f" {_ONE[METRICS[metric].kind]}" if without_value else ""
        statistic, comparison, value = _condition(rest + one, metric)
        if statistic not in (None, "mean") and not METRICS[metric].needs_statistic:
            raise _Unreadable(f"{metric} has one value a replication, whose mean is compared; leave out '{statistic}'")
    except _Unreadable as error:
        raise UsageError(f"{option} '{whole}': {error.message}" + (f"; {error.help}" if error.help else "")) from None
    return Threshold(metric, selectors, statistic, comparison, value, rest.strip())


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
        raise _Unreadable(f"unknown metric '{name}'; known: {listing(METRICS)}", did_you_mean(name, METRICS))
    return str(name), inside or ""


def _selectors(name: str, inside: str, document: Document, names: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The labels in the braces of a metric, each with an existing name."""
    selectors: dict[str, str] = {}
    for label, value in _pairs(name, inside):
        known = sorted(names.get(label, VALUES.get(label, (value,))))
        if value not in known and not (label == "link" and is_counted(value, document)):
            message = f"no {label} is named '{value}'; known: {listing(known)}"
            related: tuple[Path, ...] = (("images", value), ("network", "links", value))
            group = owner(value) if label == "link" else None
            if group is not None:
                related += (("nodes", group), ("network", "rate"))
            hint = did_you_mean(value, known)
            if group in document.nodes and document.model == "ideal" and not value.endswith((".in", ".out")):
                hint = "the ideal model has neither disks nor unpacking"
            raise _Unreadable(message, hint, related)
        selectors[label] = value
    _check_needed(name, selectors)
    return selectors


def _pairs(name: str, inside: str) -> Iterator[tuple[str, str]]:
    """The labels in the braces of a metric and their values; the labels are ones that it has."""
    position = 0
    while inside.strip() and position <= len(inside):
        match = _SELECTOR.match(inside, position)
        if match is None:
            rest = inside[position:].strip()
            raise _Unreadable(f"cannot read the selector '{rest}' of {name}; write label=value, or label=\"value\"")
        label, quoted, plain = match.groups()
        position = match.end() + 1
        allowed = (*EVERYWHERE, *METRICS[name].labels)
        if label not in allowed:
            raise _Unreadable(
                f"unknown label '{label}' of {name}; known: {listing(allowed)}", did_you_mean(label, allowed)
            )
        yield label, re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain


def _check_needed(name: str, selectors: Mapping[str, str]) -> None:
    for label in METRICS[name].needed:
        if label not in selectors:
            example = VALUES.get(label, ("registry.uplink" if label == "link" else "nic",))[0]
            raise _Unreadable(f"{name} needs a {label}: write '{name}{{{label}={example}}}'")


def _condition(text: str, metric: str) -> tuple[str | None, Literal["<", "<=", ">", ">="], float]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise _Unreadable(f"cannot read '{text}'; {_FORM}")
    statistic, comparison, value = match.groups()
    if statistic is not None and statistic not in STATISTICS:
        raise _Unreadable(
            f"unknown statistic '{statistic}'; known: {listing(STATISTICS)}", did_you_mean(statistic, STATISTICS)
        )
    if statistic is None and METRICS[metric].needs_statistic:
        raise _Unreadable(f"{metric} needs a statistic: {listing(STATISTICS)}; write for example 'max {text.strip()}'")
    return statistic, _comparison(comparison), _value(value, METRICS[metric].kind, metric)


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


def _comparison(text: str) -> Literal["<", "<=", ">", ">="]:
    comparisons: dict[str, Literal["<", "<=", ">", ">="]] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return comparisons[text]


def _severity(text: str) -> Literal["error", "warn"]:
    return "warn" if text == "warn" else "error"
