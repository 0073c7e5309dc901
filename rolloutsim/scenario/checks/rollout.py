"""Contradictions in workloads and strategies; where Kubernetes has a check of its own, the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.scenario import strategies
from rolloutsim.scenario.checks.common import group_list_problems, image_list_problems, time_problems
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.model import CONTROLLERS, Document, WorkloadSpec
from rolloutsim.scenario.places import Path, Problem, dotted, unknown
from rolloutsim.units import format_share, parse_share

_STRATEGY: Path = ("rollout", "strategy")


def rollout_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with `rollout`, `workloads`, and what of the groups has to do with them."""
    yield from time_problems(("rollout", "startup"), document.rollout.startup)
    yield from _schedule_problems(document)
    yield from _key_problems(document)
    if "controller_manager" in document.model_fields_set and not strategies.has_pods(document):
        message = f"controller_manager needs pods; {_no_pods(strategies.leading(document))}"
        yield Problem(("controller_manager",), message, at="key", related=(_STRATEGY, ("workloads",)))
    workloads = strategies.wanted(document)
    for workload in workloads:
        if workload.spec is not None:
            yield from _workload_problems(workload, workload.spec, document)
    for workload in workloads:
        yield from _strategy_problems(workload)
    yield from _order_problems(document)
    yield from _room_problems(workloads, document)


def _schedule_problems(document: Document) -> Iterator[Problem]:
    scheduled = document.rollout.strategy == "schedule"
    for name, group in document.nodes.items():
        if group.pulls is not None and not scheduled:
            message = f"nodes.{name} has 'pulls', which need 'rollout: {{strategy: schedule}}'"
            yield Problem(("nodes", name, "pulls"), message, at="key", related=(_STRATEGY,))
        if group.start is not None and scheduled:
            message = f"nodes.{name} has 'start', which a schedule does not use; put the times in 'pulls' as 'at'"
            yield Problem(("nodes", name, "start"), message, at="key", related=(_STRATEGY,))
    if scheduled and document.workloads is not None:
        message = f"strategy schedule does not go with 'workloads'; allowed with them: {listing(CONTROLLERS)}"
        yield Problem(_STRATEGY, message, related=(("workloads",),))
    elif scheduled and not any(group.pulls for group in document.nodes.values()):
        message = "the strategy is schedule, but no group of nodes has 'pulls'; add [{image: …, at: 0 s}] to one"
        yield Problem(_STRATEGY, message, related=(("nodes",),))


def _key_problems(document: Document) -> Iterator[Problem]:
    """Keys of `rollout` that nothing would use."""
    strategy, rollout = strategies.leading(document), document.rollout
    for key in (*strategies.SOME_KEYS, *strategies.POD_KEYS):
        if getattr(rollout, key) is None:
            continue
        related = (_STRATEGY, ("workloads",))
        if key in strategies.POD_KEYS:
            if not strategies.has_pods(document):
                message = f"rollout.{key} needs pods; {_no_pods(strategy)}"
                yield Problem(("rollout", key), message, at="key", related=related)
        elif key not in strategies.OWN_KEYS[strategy]:
            yield Problem(("rollout", key), _does_not_go(key, strategy), at="key", related=related)
        elif document.workloads is not None and all(one.strategy != strategy for one in strategies.wanted(document)):
            kind = (
                "a DaemonSet" if all(spec.daemonset for spec in document.workloads.values()) else "of another strategy"
            )
            message = f"rollout.{key} is for strategy {strategy}, and every workload is {kind}; leave it out"
            yield Problem(("rollout", key), message, at="key", related=related)


def _no_pods(strategy: str) -> str:
    return (
        f"with strategy {strategy} and no 'workloads' nodes pull on their own: add 'workloads', or take one of "
        f"{listing(strategies.KUBERNETES)}"
    )


def _does_not_go(key: str, strategy: str) -> str:
    fitting = [name for name, keys in strategies.OWN_KEYS.items() if key in keys]
    return f"'{key}' does not go with strategy {strategy}; it goes with {listing(fitting)}"


def _workload_problems(workload: strategies.Wanted, spec: WorkloadSpec, document: Document) -> Iterator[Problem]:
    path = workload.path
    here = dotted(path)
    if spec.daemonset == (spec.replicas is not None):
        also = "both 'replicas' and 'daemonset'" if spec.daemonset else "neither 'replicas' nor 'daemonset: true'"
        message = f"{here} has {also}; give one: a number of pods, or one on each node"
        yield Problem(path, message, at="key", related=((*path, "replicas"), (*path, "daemonset")))
    if not spec.images:
        yield Problem((*path, "images"), f"{here} has no images; give at least one", at="key")
    yield from image_list_problems((*path, "images"), spec.images, document)
    if spec.groups is not None and not spec.groups:
        yield Problem((*path, "groups"), f"{here} may run on no group of nodes; give one, or leave it out", at="key")
    yield from group_list_problems(path, spec.groups, document)
    yield from time_problems((*path, "startup"), spec.startup)
    own = spec.rollout
    fitting = strategies.FOR_DAEMONSETS if spec.daemonset else strategies.FOR_REPLICAS
    if own is not None and own.strategy is not None and own.strategy not in fitting:
        kind = "a DaemonSet" if spec.daemonset else "no DaemonSet"
        message = f"{here} is {kind}, so strategy {own.strategy} does not fit it; allowed: {listing(fitting)}"
        yield Problem((*path, "rollout", "strategy"), message, related=((*path, "daemonset"),))
        return
    strategy = workload.strategy
    for key in strategies.SOME_KEYS:
        if own is not None and getattr(own, key) is not None and key not in strategies.OWN_KEYS[strategy]:
            related = ((*path, "rollout", "strategy"), (*path, "daemonset"), _STRATEGY)
            yield Problem((*path, "rollout", key), _does_not_go(key, strategy), at="key", related=related)


def _order_problems(document: Document) -> Iterator[Problem]:
    """Workloads that come after others: these are there, and no workload comes after itself."""
    workloads = document.workloads or {}
    without_end = _without_end(workloads)
    told: set[str] = set()
    for name, spec in workloads.items():
        path: Path = ("workloads", name, "after")
        if spec.after and "start" in spec.model_fields_set:
            message = f"{dotted(path[:-1])} has both 'start' and 'after'; a rollout begins at a time, or after others"
            yield Problem((*path[:-1], "start"), message, at="key", related=(path,))
        for number, other in enumerate(spec.after):
            if other not in workloads:
                yield unknown("workload", other, workloads, (*path, number))
            elif other in spec.after[:number]:
                yield Problem((*path, number), f"workload '{other}' stands twice in {dotted(path)}; name it once")
        way = _way_back(name, workloads) if name in without_end and name not in told else ()
        told.update(way)
        if way:
            names = " after ".join(f"'{one}'" for one in way)
            yield Problem(path, f"no rollout could begin: {names}", "leave out one 'after'", at="key")


def _without_end(workloads: Mapping[str, WorkloadSpec]) -> set[str]:
    """The workloads that come after themselves, or after such ones."""
    waits = {name: len({other for other in spec.after if other in workloads}) for name, spec in workloads.items()}
    then: dict[str, list[str]] = {name: [] for name in workloads}
    for name, spec in workloads.items():
        for other in set(spec.after).intersection(workloads):
            then[other].append(name)
    over = [name for name, number in waits.items() if not number]
    for name in over:
        for other in then[name]:
            waits[other] -= 1
            if not waits[other]:
                over.append(other)
    return set(workloads).difference(over)


def _way_back(name: str, workloads: Mapping[str, WorkloadSpec]) -> tuple[str, ...]:
    """The shortest way from a workload to itself over those that it comes after; empty: there is none."""
    before: dict[str, str] = {}  # where the way to one comes from
    order = [name]
    for one in order:
        for other in workloads[one].after:
            if other == name:
                way = [one]
                while way[-1] != name:
                    way.append(before[way[-1]])
                return (*reversed(way), name)
            if other in workloads and other not in before:
                before[other] = one
                order.append(other)
    return ()


def _strategy_problems(workload: strategies.Wanted) -> Iterator[Problem]:
    here = dotted(workload.path)
    surge, unavailable = workload.place("max_surge"), workload.place("max_unavailable")
    none = strategies.nothing(workload.surge()), strategies.nothing(workload.unavailable())
    match workload.strategy:
        case "rolling" if all(none):
            message = f"{here}: max_surge and max_unavailable are both 0, so no pod can be replaced; raise one of them"
            yield Problem(unavailable, message, related=(surge,))
        case "daemonset" if all(none):
            message = f"{here}: max_unavailable cannot be 0 when max_surge is 0; raise one of them"
            yield Problem(unavailable, message, related=(surge,))
        case "daemonset" if not any(none):
            message = f"{here}: a DaemonSet has max_surge or max_unavailable, and not both above 0"
            given = workload.value("max_unavailable") is not None
            help = "set one of them to 0" if given else "add max_unavailable: 0; Kubernetes' default is 1"
            yield Problem(surge, message, help, related=(unavailable,))
        case "daemonset" if _share(workload.surge()) > 1:
            yield Problem(surge, f"{here}: a DaemonSet's max_surge is at most 100%, one pod more on each node")
        case "statefulset" if none[1]:
            yield Problem(unavailable, f"{here}: a StatefulSet's max_unavailable cannot be 0; its default is 1")
        case "waves":
            yield from _wave_problems(workload)
        case _:
            pass
    deadline, ready = workload.value("progress_deadline"), workload.value("min_ready") or 0.0
    if workload.strategy == "rolling" and (600.0 if deadline is None else deadline) <= ready:
        message = f"{here}: progress_deadline must be longer than min_ready; its default is 600 s"
        places = [workload.place("min_ready"), workload.place("progress_deadline")]
        first, second = places if deadline is None else reversed(places)
        yield Problem(first, message, related=(second,))
    partition = workload.value("partition")
    if workload.strategy == "statefulset" and partition is not None and partition >= workload.replicas > 0:
        message = f"{here}: partition {partition} keeps all {workload.replicas} pods on the old version"
        yield Problem(workload.place("partition"), message, "it must be less than the replicas")


def _wave_problems(workload: strategies.Wanted) -> Iterator[Problem]:
    here, path = dotted(workload.path), workload.place("waves")
    waves = workload.value("waves")
    if not waves:
        message = f"{here}: strategy waves needs 'waves', the size of each, for example waves: [1, 10%, 40%]"
        yield Problem(workload.place("strategy"), message, related=(path,))
        return
    share = sum(parse_share(wave.size) for wave in waves if isinstance(wave.size, str))
    count = sum(wave.size for wave in waves if isinstance(wave.size, int))
    if share > 1 + 1e-9:
        message = f"{here}: the waves are {format_share(share)} of the pods together; the most is 100%"
        yield Problem(path, message, at="key")
    elif workload.replicas and count > workload.replicas:
        message = f"{here}: the waves are {count} pods together, and there are only {workload.replicas}"
        yield Problem(path, message, at="key", related=((*workload.path, "replicas"), ("nodes",)))


def _room_problems(workloads: list[strategies.Wanted], document: Document) -> Iterator[Problem]:
    """Pods for which there is no room; Kubernetes allows 110 on a node."""
    if document.workloads is None:
        return
    total = 0
    for workload in workloads:
        nodes = workload.nodes
        total += workload.replicas
        if nodes and workload.replicas > strategies.MOST_PODS_A_NODE * nodes:
            message = (
                f"{dotted(workload.path)} has {workload.replicas:,} replicas, and its {nodes:,} nodes hold "
                f"{strategies.MOST_PODS_A_NODE * nodes:,} at most, {strategies.MOST_PODS_A_NODE} each"
            )
            yield Problem((*workload.path, "replicas"), message, related=(("nodes",),))
            return
    nodes = sum(group.count for group in document.nodes.values())
    if total > strategies.MOST_PODS_A_NODE * nodes:
        message = (
            f"the workloads have {total:,} pods together, and {nodes:,} nodes hold "
            f"{strategies.MOST_PODS_A_NODE * nodes:,} at most, {strategies.MOST_PODS_A_NODE} each"
        )
        yield Problem(("workloads",), message, at="key", related=(("nodes",),))


def _share(value: int | str) -> float:
    return parse_share(value) if isinstance(value, str) else 0.0
