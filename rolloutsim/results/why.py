"""The bottleneck in words: what the rollout waited for, how busy it was, and what would change nothing.

That more of a link changes nothing is said only of links that were not saturated for a moment: without them
every max-min fair rate would have been the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rolloutsim.results.bottlenecks import Bottleneck, bottlenecks, private, shared
from rolloutsim.results.metrics import CaseSummary, RunSummary, summarise
from rolloutsim.results.split import (
    CONNECTION_CAP,
    DISK,
    LAYER_SLOT,
    NIC,
    OTHER_PULL,
    REGISTRY_QUEUE,
    REQUESTS,
    STARTUP,
    UNPACK,
)
from rolloutsim.units import format_rate, parse_rate

if TYPE_CHECKING:
    from rolloutsim.results.links import LinkSummary
    from rolloutsim.results.records import Run
    from rolloutsim.scenario.resolved import ResolvedScenario

# A cause with a smaller share of the time is not worth a word, one that is saturated for longer is so all the
# time (assumed: what rounds to 0 % and to 100 %).
_WORTH_A_WORD = 0.005
_ALL_THE_TIME = 0.995
_ALIKE = 0.02  # two shares that differ by less are not both said (assumed)

_PRIVATE_LINKS = {NIC: "nic.in", DISK: "disk", UNPACK: "unpack"}
_PRIVATE_NAMES = {NIC: "NICs", DISK: "disks", UNPACK: "cores"}
_TAKES_TIME = {
    NIC: "the nodes' NICs", DISK: "the nodes' disks", UNPACK: "decompression",
    CONNECTION_CAP: "the limit of each connection", REGISTRY_QUEUE: "the queue for registry connections",
    LAYER_SLOT: "the wait for download slots", REQUESTS: "requests and latency",
    OTHER_PULL: "layers that another pull of the node brings", STARTUP: "the start of the containers",
}  # fmt: skip
_SENTENCES = {
    CONNECTION_CAP: "every connection runs at its own limit",
    REGISTRY_QUEUE: "pulls queue for the registry's connections",
    LAYER_SLOT: "layers wait for download slots that other pulls of their node hold",
    REQUESTS: "requests and latency take longer than the bytes",
    OTHER_PULL: "pulls wait for layers that another pull of their node brings",
    STARTUP: "containers take longer to start than their images to arrive",
}


def why(run: Run, summary: RunSummary | None = None) -> str:
    """Explain a run's slowest case in a few sentences, one a line, and where other cases differ from it.

    Parameters
    ----------
    run : Run
        What happened.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    """
    summary = summarise(run) if summary is None else summary
    unfinished = [case for case in summary.cases.values() if not case.finished]
    if unfinished:
        return "\n".join(_unfinished(case) for case in unfinished)
    slowest = summary.slowest
    causes = bottlenecks(slowest)
    if not causes:
        return "every node held all layers already: there was nothing to wait for."
    others = list(_differing(summary, causes[0]))
    prefix = f"{slowest.case}: " if others else ""
    lines = [f"{prefix}{_busy(causes[0], slowest, run.scenario)}.", *_divided(causes), *_useless(causes[0], slowest)]
    return "\n".join([*lines, *others])


def name_of(bottleneck: Bottleneck) -> str:
    """A bottleneck as a noun: `registry uplink`, `rack uplinks`, `node NICs`."""
    if bottleneck.is_shared:
        return _links_name(bottleneck.kind, bottleneck.links)
    if bottleneck.kind in _PRIVATE_NAMES:
        return f"node {_PRIVATE_NAMES[bottleneck.kind]}"
    return _TAKES_TIME[bottleneck.kind]


def _unfinished(case: CaseSummary) -> str:
    pulls = f"{case.unfinished_pulls} of {case.pulls} pulls" if case.pulls else "the pulls"
    waits = "; ".join(case.stuck) or "nothing that could still happen would change that"
    return f"{case.case} did not finish: {pulls} never had their image. {waits[0].upper()}{waits[1:]}."


def _differing(summary: RunSummary, main: Bottleneck) -> Iterator[str]:
    """A line for each cause that is the largest of other cases."""
    found: dict[str, list[str]] = {}
    for case in summary.cases.values():
        causes = bottlenecks(case)
        if causes and _noun(causes[0]) != _noun(main):
            found.setdefault(_noun(causes[0]), []).append(f"{case.case} ({_percent(causes[0].share)})")
    for noun, cases in found.items():
        verb = "waits" if len(cases) == 1 else "wait"
        yield f"{_listed(cases)} {verb} longest for {noun}."


def _busy(main: Bottleneck, case: CaseSummary, scenario: ResolvedScenario) -> str:
    """The main clause about the bottleneck, and how busy the other end was."""
    if main.is_shared:
        rows = [row for row in shared(case) if row.link in main.links]
        return f"{_how_busy(name_of(main), rows, case)}; {_nics(case, scenario)}"
    uplink = _busiest_uplink(case)
    if main.kind in _PRIVATE_LINKS:
        rows = private(case, _PRIVATE_LINKS[main.kind])
        worst = [row for row in rows if row.saturated_s > 0.0] or rows
        groups = [row.link.removesuffix(f".{row.kind}") for row in worst]
        of = f" of {_listed(groups)}" if len(worst) < len(rows) else ""
        clause = _how_busy(f"node {_PRIVATE_NAMES[main.kind]}{of}", worst, case)
        return f"{clause}; {uplink}" if uplink else clause
    clauses = [_SENTENCES[main.kind], uplink, _nics(case, scenario)]
    return "; ".join(clause for clause in clauses if clause)


def _how_busy(name: str, rows: Sequence[LinkSummary], case: CaseSummary) -> str:
    busy = _mean(rows, [row.utilisation or 0.0 for row in rows])
    time = case.rollout_time_s or 0.0
    saturated = _mean(rows, [row.saturated_s for row in rows]) / time if time else 0.0
    if saturated >= _ALL_THE_TIME:
        return f"{name} {_percent(busy)} busy for the whole rollout"
    if abs(saturated - busy) < _ALIKE:
        return f"{name} full for {_percent(saturated)} of the rollout"
    return f"{name} {_percent(busy)} busy, full for {_percent(saturated)} of the rollout"


def _nics(case: CaseSummary, scenario: ResolvedScenario) -> str:
    """How busy the node NICs were, with rates where all have the same."""
    rows = private(case, "nic.in")
    if not rows:
        return "node NICs without a limit"
    busy = _mean(rows, [row.utilisation or 0.0 for row in rows])
    rates = {group.nic_line_rate for group in scenario.groups if group.nic is not None}
    line_rate = rates.pop() if len(rates) == 1 else None
    return f"node NICs {_percent(busy)} busy{_of_line_rate(busy, line_rate)}"


def _busiest_uplink(case: CaseSummary) -> str:
    uplinks = [row for row in shared(case) if row.kind == "registry_uplink" and row.utilisation is not None]
    if not uplinks:
        return ""
    row = max(uplinks, key=lambda row: row.utilisation or 0.0)
    return f"{_links_name(row.kind, (row.link,))} {_percent(row.utilisation or 0.0)} busy"


def _divided(causes: Sequence[Bottleneck]) -> Iterator[str]:
    """Where the pulls' time goes, unless it all goes to one cause."""
    worthy = [cause for cause in causes if cause.share >= _WORTH_A_WORD]
    if len(worthy) > 1:
        parts = [f"{_percent(cause.share)} to {_noun(cause)}" for cause in worthy]
        yield f"Of all time until the pods are ready, {_listed(parts, verb='goes')}."


def _useless(main: Bottleneck, case: CaseSummary) -> Iterator[str]:
    """What more speed would change nothing, since it was never the limit of anything."""
    own = [
        word
        for word, kind in (("NIC", "nic.in"), ("disk", "disk"))
        if all(row.max is None or row.max.saturated_s == 0.0 for row in private(case, kind))
    ]
    idle: dict[tuple[str, str], list[LinkSummary]] = {}
    for row in shared(case):
        direction = row.link.rpartition(".")[2] if row.kind == "rack" else row.link
        idle.setdefault((row.kind, direction), []).append(row)
    wider = [
        _links_name(kind, tuple(row.link for row in rows))
        for (kind, direction), rows in idle.items()
        if all(row.saturated_s == 0.0 and row.bytes > 0.0 for row in rows)
    ]
    if main.is_shared and own:
        yield f"More {' or '.join(own)} speed changes nothing."
    elif wider:
        yield f"More speed of the {_listed(wider, last='or')} changes nothing."


def _noun(cause: Bottleneck) -> str:
    return f"the {name_of(cause)}" if cause.is_shared else _TAKES_TIME[cause.kind]


def _links_name(kind: str, links: Sequence[str]) -> str:
    if kind == "rack":
        owner = links[0].rpartition(".")[0]
        return "rack uplinks" if len(links) > 1 else f"uplink of rack {owner}"
    (link,) = links
    owner, _, part = link.rpartition(".")
    return f"{owner} {part}" if kind in ("registry_uplink", "registry_storage") else f"{link} link"


def _of_line_rate(busy: float, line_rate: float | None) -> str:
    """The rate in use and the line rate, both in the unit of the smaller one: ` (50 of 1000 Mbit/s)`."""
    if line_rate is None:
        return ""
    used, unit = format_rate(busy * line_rate).split()
    whole = line_rate / parse_rate(f"1 {unit}")
    return f" ({float(used):.3g} of {whole:.0f} {unit})"


def _mean(rows: Sequence[LinkSummary], values: Iterable[float]) -> float:
    """The mean over single links, a group's row counting for each of its nodes."""
    weights = [row.nodes or 1 for row in rows]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _listed(words: Sequence[str], last: str = "and", verb: str = "") -> str:
    """`a, b and c`; with a verb it stands in front of the first ` to`."""
    words = [words[0].replace(" to", f" {verb} to", 1), *words[1:]] if verb else list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
