"""A rollout's other figures in words, a line each: ready replicas, requests, failures, pushes and so on.

What is true of several cases in the same words is said once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rolloutsim.results.load.supply import families
from rolloutsim.results.numerals import listed, show_count, show_share, show_size, show_time, three_digits, visible
from rolloutsim.results.shown.supply import about_copies, about_sources
from rolloutsim.results.why.bottlenecks import links_name
from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.scenario.links import rate_link
from rolloutsim.scenario.prepulls import BEHAVIOURS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.load.disks import DiskPressure, DiskSummary
    from rolloutsim.results.load.lazy import LazySummary
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.load.requests import RegistrySummary
    from rolloutsim.results.load.supply import SupplySummary
    from rolloutsim.results.load.volumes import VolumeSummary
    from rolloutsim.results.metrics import CaseSummary, RunSummary
    from rolloutsim.results.pods.replicas import WorkloadSummary
    from rolloutsim.results.pods.rollouts import FaultSummary, PushSummary, RolloutSummary

READY, LAZY, VOLUMES, REQUESTS, SOURCES, FAILED, PUSH, COPIED, PREPULL, DISK, FAULTS = (
    "Ready", "Lazy", "Volumes", "Requests", "Sources", "Failed", "Push", "Mirrors", "Pre-pull", "Disk", "Faults",
)  # fmt: skip
TOPICS = (READY, LAZY, VOLUMES, REQUESTS, SOURCES, FAILED, PUSH, COPIED, PREPULL, DISK, FAULTS)


@struct(frozen=True)
class Finding:
    """A topic, one of `TOPICS`, and a sentence about it."""

    topic: str
    text: str


def findings(summary: RunSummary) -> tuple[Finding, ...]:
    """What a run with workloads, kubelets, faults or pushes shows beside its table; nothing for bare pulls."""
    subjects: dict[tuple[str, str], list[str]] = {}
    for case in summary.cases.values():
        for topic, subject, text in _about(case, several=len(summary.cases) > 1):
            subjects.setdefault((topic, text), []).append(subject)
    found = [
        Finding(topic, visible(f"{', '.join(filter(None, names))}: {text}" if any(names) else text))
        for (topic, text), names in subjects.items()
    ]
    return tuple(sorted(found, key=lambda one: TOPICS.index(one.topic)))


def _about(case: CaseSummary, several: bool) -> Iterator[tuple[str, str, str]]:
    """Topic, whom it is about, and what; subjects tell cases apart where there are several."""
    name = case.case if several else ""
    rollout = case.rollout
    if rollout is not None:
        for workload in rollout.workloads:
            for text in _ready(workload):
                yield READY, workload.workload, text
        for registry in rollout.registries:
            yield REQUESTS, name, _requests(registry)
        for text in _failed(rollout):
            yield FAILED, name, text
        for text in _pushed(rollout.push):
            yield PUSH, "", text
        for text in _faults(rollout.faults, case.supply):
            yield FAULTS, name, text
    if case.lazy is not None:
        yield LAZY, name, _lazy(case.lazy)
    if case.volumes is not None:
        yield VOLUMES, name, _volumes(case.volumes)
    if case.supply is not None:
        for text in _asked(case.supply):
            yield REQUESTS, name, text
        for text in about_sources(case.supply):
            yield SOURCES, name, text
        for text in about_copies(case.supply):
            yield COPIED, name, text
    for text in _prepulled(case):
        yield PREPULL, name, text
    if case.disk is not None:
        for text in _disk(case.disk, [] if rollout is None else [one.registry for one in rollout.registries]):
            yield DISK, name, text


_MOST_FAULTS = 3  # of one name that are told one by one (assumed); the results hold all of them
_TARGETS = {"node": "node", "registry": "registry", "link": "link", "requests": "requests to"}


def _faults(faults: Sequence[FaultSummary], supply: SupplySummary | None) -> Iterator[str]:
    kinds = {} if supply is None else {one.server: one.kind for one in supply.servers}
    by_name: dict[str, list[FaultSummary]] = {}
    for fault in faults:
        by_name.setdefault(fault.fault, []).append(fault)
    for name, all_ in by_name.items():
        told = all_ if len(all_) <= _MOST_FAULTS else all_[: _MOST_FAULTS - 1]
        for fault in told:
            until = "on" if fault.ended_s is None else f"until {show_time(fault.ended_s)}"
            what = kinds.get(fault.target, fault.kind) if fault.kind == "registry" else _TARGETS[fault.kind]
            yield f"{name}: {what} {fault.target} {_from(fault.started_s)} {until}."
        if len(told) < len(all_):
            more = len(all_) - len(told)
            yield f"{name}: {show_count(more)} times more, the last time {_from(all_[-1].started_s)} on."


def _ready(workload: WorkloadSummary) -> Iterator[str]:
    pods = f"{show_count(workload.replicas)} pods"
    of = f"{show_count(workload.least_ready)} of {pods}"
    at = f"(at {show_time(workload.least_ready_at_s)})"
    least = f"never fewer than {of} ready {at}" if workload.least_ready else f"none of {pods} ready {at}"
    if workload.floor is not None and workload.below_floor_s is not None and workload.max_unavailable is not None:
        floor = f"max_unavailable {show_count(workload.max_unavailable)} promises {show_count(workload.floor)}"
        if workload.below_floor_s > 0.0:
            yield f"only {of} ready {at}; {floor}, and there were fewer for {show_time(workload.below_floor_s)}."
        else:
            yield f"{least}; {floor}."
    elif workload.max_unavailable is None and workload.old_pods:
        yield f"{least}; this strategy promises nothing."
    if workload.progress_deadline_exceeded_s is not None:
        at = show_time(workload.progress_deadline_exceeded_s)
        yield f"its progress deadline was exceeded at {at}: `kubectl rollout status` fails then, the rollout goes on."


def _requests(registry: RegistrySummary) -> str:
    text = f"{registry.registry} gets {_counted(registry.requests)}"
    if registry.rechecks:
        pulls = f"{show_count(registry.pulls)} {'pull' if registry.pulls == 1 else 'pulls'}"
        checks = f"{show_count(registry.rechecks)} {'re-check' if registry.rechecks == 1 else 're-checks'}"
        text += f" for {pulls} and {checks} of images that nodes hold by then"
    if registry.requests_per_pull is not None:
        text += f", {three_digits(registry.requests_per_pull)} a pull"
    text += f", at most {show_count(registry.peak_requests_per_s)} in one second"
    if of_caches := sum(registry.of_caches.values()):
        every = of_caches >= registry.requests
        whose = "caches and swarms" if registry.of_caches.get("heads") else "caches"
        text += f", all of them of {whose}" if every else f", {show_count(of_caches)} of them of {whose}"
    if registry.storage_requests:
        text += f", and its storage {show_count(registry.storage_requests)}"
    if registry.refused:
        are = "is" if registry.retries == 1 else "are"
        text += f"; {_refused(registry.refused)}, {show_count(registry.retries)} {are} sent again"
    return f"{text}."


def _counted(requests: float) -> str:
    return f"{show_count(requests)} {'request' if requests == 1 else 'requests'}"


def _refused(by_answer: Mapping[str, float]) -> str:
    """How many requests failed, and how."""
    refused = sum(by_answer.values())
    kinds = [(_ANSWERS[status], count) for status, count in by_answer.items()]
    how = ", ".join(f"{show_count(count)} × {words}" if len(kinds) > 1 else words for words, count in kinds)
    return f"{show_count(refused)} of them {'fails' if refused == 1 else 'fail'} ({how})"


def _asked(supply: SupplySummary) -> Iterator[str]:
    """What mirrors and caches were asked, those of a key together."""
    for one in families(supply):
        if one.kind != "registry" and one.requests:
            refused = f"; {_refused(one.refused)}" if one.refused else ""
            yield f"{one.words} {'gets' if one.servers == 1 else 'get'} {_counted(one.requests)}{refused}."


def _lazy(lazy: LazySummary) -> str:
    pulls = f"{show_count(lazy.pulls)} {'pull mounts' if lazy.pulls == 1 else 'pulls mount'} layers by their indexes"
    text = f"{pulls}; pods wait for {show_size(lazy.needed_bytes)} that they read on demand"
    if lazy.read_time_s is not None:
        text += f", {show_time(lazy.read_time_s.mean)} each on average"
    if lazy.needed_bytes:
        text += "; these reads are counted among no requests, and no limit of requests holds them back"
    if lazy.last_byte_s is None:
        return f"{text}. When all bytes are on the nodes is not known."
    text += f". All bytes are on the nodes after {show_time(lazy.last_byte_s)}"
    if lazy.bytes_after_rollout > 0.0:
        text += f": {show_size(lazy.bytes_after_rollout)} come in the background when the rollout is over"
    return f"{text}."


def _volumes(volumes: VolumeSummary) -> str:
    nodes = f"{show_count(volumes.nodes)} {'node has' if volumes.nodes == 1 else 'nodes have'} cached images on volumes"
    text = f"{nodes} made of a snapshot; "
    if not volumes.read_bytes:
        text += "all that containers read first has come before they start"
    else:
        text += f"containers wait for {show_size(volumes.read_bytes)} that has not come when they read it"
        if volumes.read_time_s is not None:
            text += f", {show_time(volumes.read_time_s.mean)} a reading on average"
    if volumes.initialised_s is None:
        return f"{text}. What nobody reads does not come."
    return f"{text}. The volumes are initialised after {show_time(volumes.initialised_s)}."


_ANSWERS = {answer.name: answer.words for answer in ANSWERS.values()}


def _failed(rollout: RolloutSummary) -> Iterator[str]:
    if rollout.failed_pulls:
        pulls = "1 pull" if rollout.failed_pulls == 1 else f"{show_count(rollout.failed_pulls)} pulls"
        reasons = rollout.failed_pull_reasons
        yield f"{pulls}: {next(iter(reasons)) if len(reasons) == 1 else _listed_reasons(reasons)}."
    if rollout.bytes_again:
        yield f"{show_size(rollout.bytes_again)} fetched again."


def _listed_reasons(reasons: Mapping[str, float]) -> str:
    return "; ".join(f"{show_count(count)} × {reason}" for reason, count in reasons.items())


def _pushed(pushes: Sequence[PushSummary]) -> Iterator[str]:
    by_push: dict[str, list[PushSummary]] = {}
    for push in pushes:
        by_push.setdefault(push.push, []).append(push)
    for name, images in by_push.items():
        done = [one.finished_s for one in images if one.finished_s is not None]
        begun = [one.started_s for one in images if one.started_s is not None]
        text = f"{name} uploads {', '.join(one.image for one in images)}: {show_size(sum(one.bytes for one in images))}"
        held = sum(one.held_bytes for one in images)
        text += f", {show_size(held)} more are there already" if held else ""
        if len(done) < len(images) or not begun:
            text += (
                "; it does not end"
                if images[0].before_rollout
                else "; it is not complete when the rollout ends, which does not wait for it"
            )
        else:
            text += f", in {show_time(max(done) - min(begun))}"
            text += ", before the rollout" if images[0].before_rollout else f", {_from(min(begun))} on"
        yield f"{text}."


def _prepulled(case: CaseSummary) -> Iterator[str]:
    for one in case.prepulls:
        moved = show_size(one.bytes_before + one.bytes_after)
        text = f"{one.prepull} pulls {moved} to {show_count(one.nodes)} nodes"
        if one.before_rollout:
            text += f" in {show_time(one.prepull_time_s)}, before the rollout"
            if one.finished_s is not None and one.finished_s < 0.0:
                text += f", and is over {show_time(-one.finished_s)} before it"
        else:
            text += (
                f"; {show_count(one.nodes_ready)} of them hold all when the rollout begins, "
                f"{show_size(one.bytes_after)} come beside it"
            )
            text += ", and it is not over with it" if one.finished_s is None else ""
        if one.timed_out:
            key = "nodes.<group>" if BEHAVIOURS[one.by].kubelet else f"prepulls.{one.prepull}"
            after = f" after {show_time(one.pull_timeout_s)}" if one.pull_timeout_s is not None else ""
            pulls = "pull was" if one.timed_out == 1 else "pulls were"
            text += f"; {show_count(one.timed_out)} {pulls} cut{after} ({key}.pull_timeout)"
            text += "" if one.given_up else " and begun anew"
        if one.given_up:
            text += f"; {show_count(one.given_up)} pulls failed for good"
        yield f"{text}; {show_count(one.requests)} requests before the rollout."
    full = [one for one in case.prepull_links if one.saturated_s > 0.0]
    if full:
        links = ", ".join(f"{_link(one, case)} for {show_time(one.saturated_s)}" for one in full[:_MOST_LINKS])
        more = len(full) - _MOST_LINKS
        yield f"full before the rollout: {links}{f' and {more} links more' if more > 0 else ''}."


def _link(row: LinkSummary, case: CaseSummary) -> str:
    """A shared link as a noun; what a pre-pull keeps to is its rate."""
    pacing = next((one.prepull for one in case.prepulls if rate_link(one.prepull) == row.link), None)
    return (
        f"the {links_name(row.kind, (row.link,))}" if pacing is None else f"the rate of {pacing} (prepulls.{row.link})"
    )


_MOST_LINKS = 3  # that are named (assumed: what fits a line)


def _disk(disk: DiskSummary, registries: Sequence[str]) -> Iterator[str]:
    if disk.fleet_bytes and not disk.cost_per_month:
        text = f"a node keeps {show_size(disk.bytes_per_node)} of the images, all nodes {show_size(disk.fleet_bytes)}"
        which = "the registry" if registries in ([], ["registry"]) else listed(registries)
        which += " together" if len(registries) > 1 else ""
        yield f"{text}, {which} {show_size(disk.registry_bytes)}."
    if disk.peak_utilisation is not None:
        text = f"the fullest disk is {show_share(disk.peak_utilisation)} full"
        if disk.collected_bytes:
            text += f"; image garbage collection removes {show_size(disk.collected_bytes)}"
        yield f"{text}."
    if disk.pressure is not None:
        yield _pressure(disk.pressure)


def _pressure(pressure: DiskPressure) -> str:
    one = pressure.nodes == 1
    least = f"{show_share(pressure.least_free)} of {'its disk' if one else 'the fullest disk'} is free"
    if pressure.first_s is None:
        return (
            f"DiskPressure: {show_count(pressure.nodes)} node{'' if one else 's'} would have it as a node of "
            f"Kubernetes, where pods are refused and evicted; {least}, less than eviction_hard asks for."
        )
    evicted = f"{show_count(pressure.evicted_pods)} pod{'' if pressure.evicted_pods == 1 else 's'} evicted"
    return (
        f"DiskPressure on {show_count(pressure.nodes)} node{'' if one else 's'} {_from(pressure.first_s)} on: {least} "
        f"at one time, less than eviction_hard asks for; {evicted}, {show_count(pressure.refused_pods)} refused for "
        "5 min or more."
    )


def _from(time: float) -> str:
    return f"from {show_time(time)}"
