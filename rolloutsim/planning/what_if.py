"""What would have been faster: a smaller image, more of what the rollout waited for.

Each change is simulated, alone, with the same seed; nothing is estimated. Only the slowest case is looked at,
and only its largest causes, so that the answers come at the price of one or two more simulations of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolloutsim.results.bottlenecks import Bottleneck, behind_queue, bottlenecks
from rolloutsim.results.figures import show_byte_rate, show_rate
from rolloutsim.results.metrics import CaseSummary, RunSummary, is_image_case, rollout_time, summarise
from rolloutsim.results.split import CONNECTION_CAP, LAYER_SLOT, REGISTRY_QUEUE
from rolloutsim.results.why import name_of
from rolloutsim.units import parse_rate

if TYPE_CHECKING:
    from rolloutsim.results.records import Run
    from rolloutsim.scenario.resolved import NodeGroup, ResolvedScenario

    Simulate = Callable[[ResolvedScenario, int | None], Run]

# A cause with a smaller share of the pulls' time is left alone (assumed).
_WORTH_A_TRY = 0.10

# At most so many changes of the scenario are simulated, and none if the case took more events than this: about
# a second each (assumed).
_CHANGES = 2
_MANY_EVENTS = 100_000

# An image counts as smaller if it has at most this share of the bytes (assumed: a difference one would work for).
_SMALLER = 0.5

# What an interface can be bought with: IEEE 802.3ab, 802.3ae, 802.3by, 802.3ba, 802.3bs.
_SPEEDS = tuple(parse_rate(f"{speed} Gbit/s") for speed in (1, 10, 25, 100, 400))
_STEP = 2.0  # an interface is replaced by one at least so many times as fast; other things are multiplied by it


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change and what it does to the rollout time of a case.

    Parameters
    ----------
    case : str
        The case.
    change : str
        What is different: `registry uplink 10 Gbit/s`.
    before, after : float
        Rollout times [s].
    """

    case: str
    change: str
    before: float
    after: float


def what_if(
    scenario: ResolvedScenario, run: Run, simulate: Simulate | None = None, summary: RunSummary | None = None
) -> tuple[WhatIf, ...]:
    """Try what would make the slowest case faster; nothing if a case did not finish.

    Parameters
    ----------
    scenario : ResolvedScenario
        The run's.
    run : Run
        What happened.
    simulate : callable, optional
        Runs a scenario with a seed; `rolloutsim.simulation.simulate` by default.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    """
    summary = summarise(run) if summary is None else summary
    slowest = summary.slowest if summary.cases else None
    if slowest is None or not slowest.rollout_time_s:
        return ()
    found = list(_smaller_image(run, summary, slowest, slowest.rollout_time_s))
    records = next(case for case in run.cases if case.name == slowest.case)
    if records.events <= _MANY_EVENTS:
        simulate = _simulate if simulate is None else simulate
        found += _changed(scenario, run, slowest, slowest.rollout_time_s, simulate)
    return tuple(found)


def _simulate(scenario: ResolvedScenario, seed: int | None) -> Run:
    from rolloutsim.simulation import simulate

    return simulate(scenario, seed)


def _smaller_image(run: Run, summary: RunSummary, slowest: CaseSummary, before: float) -> Iterator[WhatIf]:
    """The largest of the images that are really smaller, else the next smaller one; both are simulated already."""
    sizes = {case.name: case.images[0].compressed for case in run.cases if is_image_case(case)}
    size = sizes.get(slowest.case, 0.0)
    smaller = {name: other for name, other in sizes.items() if other < size}
    really = {name: other for name, other in smaller.items() if other <= _SMALLER * size} or smaller
    if really:
        name = max(really, key=lambda name: really[name])
        after = summary.cases[name].rollout_time_s
        if after is not None:
            yield WhatIf(slowest.case, f"{name} instead of {slowest.case}", before, after)


def _changed(
    scenario: ResolvedScenario, run: Run, slowest: CaseSummary, before: float, simulate: Simulate
) -> list[WhatIf]:
    alone = replace(scenario, cases=tuple(case for case in scenario.cases if case.name == slowest.case), thresholds=())
    changes = [change for change in (_relieve(alone, cause) for cause in _worth_a_try(slowest)) if change is not None]
    found = []
    for change, changed in changes[:_CHANGES]:
        after = rollout_time(simulate(changed, run.seed).cases[0])
        if after is not None:
            found.append(WhatIf(slowest.case, change, before, after))
    return sorted(found, key=lambda one: one.after)


def _worth_a_try(slowest: CaseSummary) -> list[Bottleneck]:
    """The largest causes; in front of a queue what it moves no faster than."""
    causes = bottlenecks(slowest)
    server = behind_queue(slowest, causes)
    largest = [cause for cause in causes if cause.share >= _WORTH_A_TRY and cause is not server]
    return largest if server is None else [server, *largest]


def _relieve(scenario: ResolvedScenario, cause: Bottleneck) -> tuple[str, ResolvedScenario] | None:
    """More of what was waited for, in words and as a scenario; None where nothing can be had more of."""
    if cause.kind == "registry_storage":
        (name,) = cause.links
        link = scenario.links[name]
        wider = replace(link, capacity=_STEP * link.capacity, line_rate=_STEP * link.line_rate)
        words = f"{name_of(cause)} {show_byte_rate(wider.capacity)}"
        return words, replace(scenario, links={**scenario.links, name: wider})
    if cause.is_shared:
        return _faster_links(scenario, cause)
    match cause.kind:
        case "nic":
            return _faster_nics(scenario, cause)
        case "disk":
            groups = _groups(scenario, lambda g: {} if g.disk is None else {"disk": _STEP * g.disk})
            return _speeds("node disks", [g.disk for g in groups]), replace(scenario, groups=groups)
        case "unpack":
            groups = _groups(scenario, _faster_cores)
            return _speeds("decompression", [g.unpack_rate for g in groups]), replace(scenario, groups=groups)
    return _relieve_wait(scenario, cause.kind)


def _relieve_wait(scenario: ResolvedScenario, kind: str) -> tuple[str, ResolvedScenario] | None:
    """The same for causes that are no links."""
    registries = scenario.registries
    if kind == CONNECTION_CAP:
        groups = _groups(scenario, lambda _: {"connection_cap": None})
        freed = {name: replace(registry, connection_cap=None) for name, registry in registries.items()}
        return "no limit per connection", replace(scenario, groups=groups, registries=freed)
    if kind == REGISTRY_QUEUE:
        freed = {name: replace(registry, max_connections=None) for name, registry in registries.items()}
        return "no limit on registry connections", replace(scenario, registries=freed)
    if kind == LAYER_SLOT:
        groups = _groups(
            scenario, lambda g: {"runtime": replace(g.runtime, parallel_layers=int(_STEP) * g.runtime.parallel_layers)}
        )
        return f"{_STEP:.0f}× the layer slots", replace(scenario, groups=groups)
    return None


def _faster_links(scenario: ResolvedScenario, cause: Bottleneck) -> tuple[str, ResolvedScenario]:
    """The next interface for each of the links; the words name its speed if it is one."""
    links = dict(scenario.links)
    if cause.kind == "rack":
        # All racks alike: relieving those that were full would only show the next ones.
        direction = cause.links[0].rpartition(".")[2]
        names = [n for n, link in links.items() if link.kind == "rack" and n.endswith(f".{direction}")]
    else:
        names = list(cause.links)
    speeds = set()
    for name in names:
        link = links[name]
        speed = _next_speed(link.line_rate)
        links[name] = replace(link, capacity=link.capacity * (speed / link.line_rate), line_rate=speed)
        speeds.add(speed)
    return f"{name_of(cause)} {_listed(speeds)}", replace(scenario, links=links)


def _faster_nics(scenario: ResolvedScenario, cause: Bottleneck) -> tuple[str, ResolvedScenario]:
    def faster(group: NodeGroup) -> dict[str, object]:
        if group.nic is None or group.nic_line_rate is None:
            return {}
        speed = _next_speed(group.nic_line_rate)
        return {"nic": group.nic * (speed / group.nic_line_rate), "nic_line_rate": speed}

    groups = _groups(scenario, faster)
    speeds = {group.nic_line_rate for group in groups if group.nic_line_rate is not None}
    return f"{name_of(cause)} {_listed(speeds)}", replace(scenario, groups=groups)


def _faster_cores(group: NodeGroup) -> dict[str, object]:
    return {} if group.unpack_rate is None else {"unpack_rate": _STEP * group.unpack_rate}


def _groups(scenario: ResolvedScenario, change: Callable[[NodeGroup], dict[str, object]]) -> tuple[NodeGroup, ...]:
    return tuple(replace(group, **change(group)) for group in scenario.groups)  # type: ignore[arg-type]


def _next_speed(rate: float) -> float:
    """The slowest interface that is at least twice as fast; a multiple where there is none."""
    return next((speed for speed in _SPEEDS if speed >= _STEP * rate), _STEP * rate)


def _speeds(what: str, rates: list[float | None]) -> str:
    known = sorted({rate for rate in rates if rate is not None})
    return f"{what} {' / '.join(show_byte_rate(rate) for rate in known)}"


def _listed(speeds: set[float]) -> str:
    return " / ".join(show_rate(speed) for speed in sorted(speeds))
