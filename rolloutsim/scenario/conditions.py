"""Thresholds: `rollout_time{image=builder}: max < 60 s` to a condition on a metric."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.links import is_counted
from rolloutsim.scenario.metrics import EVERYWHERE, METRICS, STATISTICS, TYPICAL, VALUES
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.places import Path, Problem
from rolloutsim.scenario.resolved import Comparison, Threshold
from rolloutsim.scenario.resources import PARTS, LinkName
from rolloutsim.units import Kind, QuantityError, parse

_KEY = re.compile(r"\s*([^{}\s]+)\s*(?:\{(.*)\})?\s*")
_SELECTOR = re.compile(r"""\s*([^=,"{}]+?)\s*=\s*(?:"((?:[^"\\]|\\.)+)"|([^",]+?))\s*(?=,|$)""")
_CONDITION = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_]*)\s*)?(<=|>=|<|>)\s*(.+?)\s*")
_NUMBER = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*[x×]?")
_WHOLE = re.compile(r"\s*([^{}\s<>]+(?:\s*\{.*\})?)\s*(.*?[<>].*)", re.DOTALL)
_WHOLE_FORM = "write a metric and a condition, for example 'rollout_time < 30 s' or 'pull_time{image=app} p95 < 5 s'"
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
            related += tuple((section, value) for section in ("workloads", "registries", "background"))
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
    return selectors


def _pairs(name: str, inside: str) -> Iterator[tuple[str, str]]:
    """The labels in the braces of a metric and their values; the labels are ones that it has."""
    position = 0
    given: set[str] = set()
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
        if label in given:
            raise _Unreadable(f"{name} has the label '{label}' twice; write it once, and a condition for each value")
        given.add(label)
        yield label, re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain


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
    if statistic is not None and statistic not in STATISTICS:
        raise _Unreadable(
            f"unknown statistic '{statistic}'; known: {listing(STATISTICS)}", did_you_mean(statistic, STATISTICS)
        )
    own = METRICS[metric].statistics
    if statistic is None and METRICS[metric].needs_statistic:
        raise _Unreadable(f"{metric} needs a statistic: {listing(own)}; write for example 'max {text.strip()}'")
    if statistic is not None and statistic not in own:
        raise _Unreadable(f"{metric} has no statistic '{statistic}'; known: {listing(own)}")
    return statistic, cast(Comparison, comparison), _value(value, METRICS[metric].kind, metric)


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
