"""A case in which Kubernetes decides who pulls when: pods, controllers and kubelets, faults and pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from rolloutsim.fleet.faults import Faults
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.kubelet import Kubelet, Pulls
from rolloutsim.fleet.pod_ledger import PodLedger
from rolloutsim.fleet.pods import Cluster, Pod
from rolloutsim.fleet.push import ImagePush, Pusher
from rolloutsim.fleet.requeue import Looks
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.rollout.asking import Times
from rolloutsim.rollout.before import PushedBefore
from rolloutsim.rollout.controllers import API_CALL, start
from rolloutsim.scenario.orchestration import Kubelet as KubeletSpec
from rolloutsim.scenario.orchestration import Strategy, Workload
from rolloutsim.scenario.policies import pull_policy
from rolloutsim.scenario.routes import pushed_over
from rolloutsim.units import format_time

if TYPE_CHECKING:
    import numpy as np

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.rollout.prepulled import PrepulledBefore
    from rolloutsim.scenario.orchestration import PullPolicy
    from rolloutsim.scenario.resolved import Case, Image, Push, ResolvedScenario

    Pushed = list[tuple[Push, list[ImagePush]]]


class Orchestrated:
    """What drives the nodes of such a case.

    Parameters
    ----------
    scenario, case
        What to run.
    network, actors, incidents
        The case's.
    generator : callable
        Gives the generator of a purpose.
    prepulled : PrepulledBefore, optional
        What nodes pulled before.
    """

    def __init__(
        self,
        scenario: ResolvedScenario,
        case: Case,
        network: FluidNetwork,
        actors: Actors,
        incidents: Incidents,
        generator: Callable[[str], np.random.Generator],
        prepulled: PrepulledBefore | None = None,
    ) -> None:
        self.scenario = scenario
        self.prepulled = prepulled
        self._generator = generator
        self._groups = {group.name: group for group in scenario.groups}
        self._asking = Times(lambda: generator("asking"))
        self.ledger = PodLedger()
        self.incidents = incidents
        self.workloads = case.workloads or tuple(_bare_workloads(scenario, case))
        self.pulls = Pulls(self._note_reason)
        self.bare = not case.workloads
        self.names = actors.names
        self._policies = {image.name: pull_policy(image.name)[0] for image in actors.images}
        present = _cached_images(scenario)
        if prepulled is not None:
            present = [(*images, *left.images) for images, left in zip(present, prepulled.holds, strict=True)]
        looks = Looks(lambda number: generator("requeue").random(number).tolist())
        self.kubelets = [
            Kubelet(
                _bare(scenario.groups[group].kubelet) if self.bare else scenario.groups[group].kubelet,
                node,
                actors.recipes[index],
                self.pulls,
                self._policy,
                lambda: float(generator("backoff").random()),
                looks,
                present[index],
                scenario.groups[group].again if self.bare else None,
            )
            for index, (node, group) in enumerate(zip(actors.nodes, actors.groups, strict=True))
        ]
        numbers = {group.name: number for number, group in enumerate(scenario.groups)}
        members: list[list[int]] = [[] for _ in scenario.groups]
        for index, group in enumerate(actors.groups):
            members[group].append(index)
        # Workloads of the same groups have one list of nodes, however many they are.
        nodes_in = {
            groups: sorted(node for name in dict.fromkeys(groups) for node in members[numbers[name]])
            for groups in dict.fromkeys(workload.groups for workload in self.workloads)
        }
        nodes_of = [nodes_in[workload.groups] for workload in self.workloads]
        self.cluster = Cluster(
            network, self.workloads, nodes_of, self.kubelets,
            lambda number: float(self.workloads[number].startup.sample(lambda: generator("startup"), 1)[0]),
            self.ledger, {} if self.bare else _joins(scenario),
            [] if self.bare else [scenario.groups[group].stagger for group in actors.groups],
        )  # fmt: skip
        self.pulls.cluster = self.cluster
        for kubelet in self.kubelets:
            kubelet.cluster = self.cluster
            if kubelet.node.disk is not None:
                storage = scenario.groups[actors.groups[kubelet.node.index]].storage
                kubelet.watch_disk(kubelet.node.disk, 0.0 if self.bare or storage is None else storage.least_free)
        self.rollout = start(
            self.cluster,
            0.0 if scenario.model == "ideal" else API_CALL,
            self._times,
            None if self.bare else scenario.api_calls,
        )
        self.faults = (
            Faults(scenario, network, actors, self.kubelets, self.cluster, lambda: generator("faults"))
            if scenario.faults
            else None
        )

        if prepulled is not None:
            prepulled.carry_on(network, actors, self.kubelets, self.pulls.jobs)
        self.missing: tuple[str, ...] = ()  # what is missing at the end, in words
        before = PushedBefore(scenario, case, [one for one in _pushes(scenario, actors.images) if one[0].at is None])
        self.pushed_before, self.beside_pushes, self.filled = before.done, before.beside, before.filled
        self._endless_before = before.endless
        uploaded: set[tuple[str, str]] = set()
        self.copiers = actors.copiers
        self.pushers = [
            Pusher(scenario, push, images, network, actors.links, uploaded, there=self._is_pushed)
            for push, images in _pushes(scenario, actors.images)
            if push.at is not None
        ]
        for copier in self.copiers:
            copier.begin(image.image for pusher in self.pushers for image in pusher.pushes)

    def _times(self, number: int, pods: int) -> list[float]:
        """When each pod of a workload is created that has a time of its own, from the workload's start [s]."""
        workload = self.workloads[number]
        if self.bare:
            return self._asking.of(self._groups[workload.groups[0]], workload.spread)
        times: list[float] = workload.spread.sample(self._asking.rng, pods).tolist()
        return times

    def _is_pushed(self, image: str) -> None:
        for copier in self.copiers:
            copier.is_pushed(image)

    def close(self, before: Pushed) -> Pushed:
        """Write down what pods still wait for, and return what was pushed during the rollout.

        Parameters
        ----------
        before : list of (Push, list of ImagePush)
            What was to be pushed before the rollout, which does not begin without it.
        """
        begins = (
            *_unpushed(self.scenario, before, self.filled),
            *filter(None, [self._endless_before]),
            *_unpulled(self.prepulled),
        )
        self.missing = begins or (
            *self._given_up(),
            *self.rollout.missing(self.names, self.bare),
        )
        self.cluster.close()
        return [(pusher.spec, pusher.pushes) for pusher in self.pushers]

    def _given_up(self) -> Iterator[str]:
        """The pulls that failed and that nobody tries again, in words."""
        for workload, group in zip(self.workloads, self.cluster.groups, strict=True):
            if group.given_up:
                (name,) = workload.groups
                yield (
                    f"{group.given_up} of {workload.replicas} pulls of {workload.name} by '{name}' failed for good, as "
                    f"clients outside Kubernetes do (nodes.{name}.retry.times lets them pull again)"
                )

    @property
    def can_begin(self) -> bool:
        """Whether all is there that the rollout waits for."""
        pushed = all(image.is_complete for _, images in self.pushed_before for image in images)
        return pushed and not any(_unpulled(self.prepulled))

    @property
    def waiting(self) -> int:
        """Workloads whose rollout is not over; one if only a node with a full disk may still put an end to pods."""
        return self.rollout.waiting or int(self.cluster.crowded > 0)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of any of them: they are over, or what is missing is given up.

        As long as a node with a full disk may put an end to pods, neither is for good.
        """
        return not self.rollout.going and not self.cluster.crowded

    @property
    def available(self) -> int:
        """Pods of the new version that are available."""
        return sum(group.new_available for group in self.cluster.groups)

    @property
    def wanted(self) -> int:
        """Pods of the new version that there are to be."""
        return sum(workload.replicas for workload in self.workloads)

    @property
    def share_done(self) -> float:
        """Available pods of the new version / wanted ones [1]."""
        return self.available / max(self.wanted, 1)

    def _note_reason(self, pods: list[Pod], reason: str) -> None:
        if pods:
            reasons, number = self.ledger.pods.reason, self.incidents.reason(reason)
            for pod in pods:
                reasons[pod.row] = number

    def _policy(self, pod: Pod, image: str) -> PullPolicy:
        return self.workloads[pod.workload].pull_policy or self._policies[image]


def _unpushed(scenario: ResolvedScenario, pushes: Pushed, filled: Set[str]) -> Iterator[str]:
    """What a rollout waits for that cannot begin, in words; `filled` are links of which constant rates take all."""
    for push, images in pushes:
        names = [image.image for image in images if not image.is_complete]
        if names:
            paths = [pushed_over(scenario, push, scenario.images[name]) for name in names]
            crossed = dict.fromkeys(link for path in paths for link in path)
            blocked = [link for link in crossed if scenario.links[link].capacity <= 0.0 or link in filled]
            links = " and ".join(f"'{link}'" for link in blocked)
            has = "has" if len(blocked) == 1 else "have"
            left = " left beside constant rates" if not filled.isdisjoint(blocked) else ""
            why = f": link{'s' * (len(blocked) > 1)} {links} {has} no capacity{left}" if blocked else ""
            yield f"it begins when '{push.name}' has uploaded {' and '.join(names)}, which does not end{why}"


def _unpulled(prepulled: PrepulledBefore | None) -> Iterator[str]:
    """The pre-pulls that do not end, so that a rollout cannot begin, in words: of those with a time what goes on."""
    if prepulled is not None and prepulled.endless:
        yield f"it does not come to its beginning: {prepulled.endless}"
    elif prepulled is not None and not prepulled.timed:
        for one in prepulled.prepullers:
            if one.left:
                name, horizon = one.spec.name, format_time(prepulled.scenario.horizon)
                yield (
                    f"it begins when '{name}' is over, which it is not after {horizon} (rollout.horizon); with "
                    f"prepulls.{name}.at the rollout begins all the same"
                )


def _pushes(scenario: ResolvedScenario, images: tuple[Image, ...]) -> list[tuple[Push, tuple[str, ...]]]:
    """Each push with those of its images that a case pulls."""
    wanted = {image.name for image in images}
    found = [(push, tuple(name for name in push.images if name in wanted)) for push in scenario.pushes]
    return [(push, names) for push, names in found if names]


def _joins(scenario: ResolvedScenario) -> dict[int, float]:
    """The nodes that join during the rollout, and when [s]."""
    found: dict[int, float] = {}
    first = 0
    for group in scenario.groups:
        if group.join is not None:
            times = ((first + index, group.join.time(index)) for index in range(group.count))
            found.update((node, time) for node, time in times if time > 0.0)
        first += group.count
    return found


def _cached_images(scenario: ResolvedScenario) -> list[tuple[str, ...]]:
    """The images that each node holds from the beginning, by name."""
    return [images for group in scenario.groups for images in cached_images(group)]


def _bare(spec: KubeletSpec) -> KubeletSpec:
    """The kubelet of pulls that are no pods' affair: it only asks again."""
    return replace(spec, parallel_pulls=None, pull_qps=None)


def _bare_workloads(scenario: ResolvedScenario, case: Case) -> list[Workload]:
    """The pulls of a case as pods that are created when they are asked for; what is asked for is pulled."""
    strategy = Strategy("all_at_once")
    return [
        Workload(
            name=pull.image,
            images=(pull.image,),
            replicas=group.count,
            daemonset=True,
            groups=(group.name,),
            strategy=strategy,
            create=True,
            startup=scenario.startup,
            spread=pull.at,
            pull_policy="always",
        )
        for group in scenario.groups
        for pull in case.pulls.get(group.name, ())
    ]
