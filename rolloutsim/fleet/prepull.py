"""Images that nodes pull before a rollout, and what of it is left to do when the rollout begins.

Tasks (an image on a node) stand in lanes, first come first served, so many at a time in each: a lane is an image where
so many nodes may pull it at a time, and a node where each pulls for itself. A task whose image is there is over. A
failed one is tried again after a back-off, as long as whoever makes nodes pull allows it, and keeps its place.

Before the rollout and beside it the same tasks are at work, on a network of its own each. What is under way in between
goes on: layers that had arrived are there, the bytes of others are not fetched again, and each of these opens a new
connection, which costs its round trips once more. An unpacking goes on where it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableSet, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isnan, nan
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.losses import Losses
from rolloutsim.fleet.pulls import COMMITTING, FLOWING, UNPACKING, Fetch
from rolloutsim.fleet.recipes import Recipe, words
from rolloutsim.structs import struct
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.node import Node
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.scenario.orchestration import Kubelet
    from rolloutsim.scenario.resolved import Prepull


class Task:
    """An image that a node is to pull; times are from the rollout's start on [s]."""

    __slots__ = (
        "asked", "delay", "ended", "failures", "given_up", "image", "lane", "node", "pulled", "resolved", "row", "rows",
        "started", "timed_out", "until",
    )  # fmt: skip

    def __init__(self, image: str, node: int, lane: Lane) -> None:
        self.image = image
        self.node = node
        self.lane = lane
        self.asked = nan  # for the first time
        self.started = nan  # its present try
        self.pulled = nan
        self.ended = nan  # when it was over, pulled or given up
        self.until = nan  # of its back-off
        self.delay = 0.0  # its last back-off
        self.failures = 0
        self.timed_out = 0  # of these, pulls that took longer than they may
        self.given_up = False
        self.resolved = False  # whether the pull under way had its manifests when the rollout began
        self.row = -1  # of the pull under way
        self.rows: list[int] = []  # of all its pulls on the present network

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.ended == self.ended


class Lane:
    """Tasks of which so many are at work at a time."""

    __slots__ = ("at_work", "free", "queue", "start")

    def __init__(self, free: float, start: float) -> None:
        self.free = free
        self.start = start  # from the rollout's start on [s]
        self.queue: deque[Task] = deque()
        self.at_work: list[Task] = []


@struct
class Scene:
    """Where tasks are at work.

    Parameters
    ----------
    network, actors
        The network and what is on it.
    jobs : dict
        Row of a pull → who waits for it, and what for.
    present : sequence of set of str
        The images that each node holds.
    zero : float
        The network's zero, from the rollout's start on [s].
    pulled : callable
        Called with (number of the node, image) when a node has one more.
    down : callable
        Tells whether a node is down.
    """

    network: FluidNetwork
    actors: Actors
    jobs: dict[int, tuple[Any, Any]]
    present: Sequence[MutableSet[str]]
    zero: float
    pulled: Callable[[int, str], None]
    down: Callable[[int], bool]


class Prepuller:
    """Makes nodes pull.

    Parameters
    ----------
    spec : Prepull
        Which, what, and how.
    nodes : list of (int, str, Kubelet)
        The nodes' numbers, in the order of the file, their names, and how their kubelets pull.
    starts : list of float
        When each of them may begin, from the rollout's start on [s].
    """

    queue: Sequence[Any] = ()  # who waits behind a pull, as a kubelet has it: nobody

    def __init__(self, spec: Prepull, nodes: Sequence[tuple[int, str, Kubelet]], starts: Sequence[float]) -> None:
        self.spec = spec
        self.kubelets = {node: kubelet for node, _, kubelet in nodes}
        behaviour = spec.behaviour
        self.lanes: list[Lane] = []
        if behaviour.parallelism is not None:
            by_name = sorted(nodes, key=lambda one: one[1])
            for image in spec.images:
                lane = Lane(behaviour.parallelism, min(starts, default=0.0))
                lane.queue.extend(Task(image, node, lane) for node, _, _ in by_name)
                self.lanes.append(lane)
        else:
            for (node, _, kubelet), start in zip(nodes, starts, strict=True):
                at_once = kubelet.parallel_pulls if behaviour.kubelet else None
                lane = Lane(1 if behaviour.in_order else inf if at_once is None else at_once, start)
                lane.queue.extend(Task(image, node, lane) for image in spec.images)
                self.lanes.append(lane)
        self.tasks = [task for lane in self.lanes for task in lane.queue]
        self.left = len(self.tasks)
        self.scene: Scene
        self.over: Callable[[], None]
        self.link: SharedLink | None = None
        self.recipes: dict[int, Recipe] = {}  # over its own link, by the identity of those without

    def shift(self, by: float) -> None:
        """Count all times from a later start of the rollout on, by so much earlier [s]."""
        for lane in self.lanes:
            lane.start -= by
        for task in self.tasks:
            for name in ("asked", "started", "pulled", "ended", "until"):
                setattr(task, name, getattr(task, name) - by)

    def begin(self, scene: Scene, over: Callable[[], None]) -> None:
        """Go to work, or go on with it on another network; `over` is called when all tasks are."""
        self.scene = scene
        self.over = over
        self.link = None if self.spec.link is None else scene.actors.links[self.spec.link]
        self.recipes = {}
        now = self._now
        for task in self.tasks:
            task.rows = []
        for lane in self.lanes:
            for task in lane.at_work:
                if task.until > now:
                    scene.network.call_later(task.until - now, self._pull, task)
                else:
                    scene.network.call_later(0.0, self._resume, task)
            scene.network.call_later(max(lane.start - now, 0.0), self._fill, lane)

    @property
    def _now(self) -> float:
        return self.scene.network.now + self.scene.zero

    def _fill(self, lane: Lane) -> None:
        """Let the next tasks of a lane begin."""
        while lane.free > 0 and lane.queue:
            task = lane.queue.popleft()
            lane.free -= 1
            lane.at_work.append(task)
            self._pull(task)

    def _pull(self, task: Task) -> None:
        """Pull an image if it is not there."""
        scene, now = self.scene, self._now
        task.until = nan
        if isnan(task.asked):
            task.asked = now
        if task.image in scene.present[task.node]:
            task.pulled = now
            self._end(task)
        elif scene.down(task.node):
            self._wait(task)
        else:
            task.started = now
            self._expect(task)
            scene.actors.nodes[task.node].ask(self._recipe(task))

    def _resume(self, task: Task) -> None:
        """Go on with a pull that was under way."""
        if not task.resolved:
            self._pull_again(task)
            return
        scene = self.scene
        node, recipe = scene.actors.nodes[task.node], self._recipe(task)
        self._expect(task)
        node.go_on(node.begin(recipe, node.fleet.ledger.pulls.add(node.index, recipe.image, scene.network.now, 0)))

    def _pull_again(self, task: Task) -> None:
        """Ask anew for what was asked for and not answered."""
        self._expect(task)
        self.scene.actors.nodes[task.node].ask(self._recipe(task))

    def _expect(self, task: Task) -> None:
        """The next pull on the network is a task's: wait for it, as long as it may take."""
        scene = self.scene
        task.row = len(scene.actors.nodes[task.node].fleet.ledger.pulls.node)
        task.rows.append(task.row)
        scene.jobs[task.row] = (self, task)
        timeout = self.spec.behaviour.pull_timeout
        if self.spec.behaviour.kubelet:
            timeout = self.kubelets[task.node].pull_timeout
        if timeout is not None:
            wait = max(task.started + timeout - self._now, 0.0)
            scene.network.call_later(wait, self._time_out, (task, task.row, timeout))

    def _time_out(self, what: tuple[Task, int, float]) -> None:
        task, row, timeout = what
        if self.scene.jobs.get(row) == (self, task):
            node = self.scene.actors.nodes[task.node]
            pull = next(pull for pull in node.pulls if pull.row == row)
            task.timed_out += 1
            of = "" if self.spec.behaviour.kubelet else f"prepulls.{self.spec.name}."
            node.fail(pull, f"not there after {format_time(timeout)} ({of}pull_timeout)", False)

    def pulled(self, task: Task) -> None:
        """An image is there."""
        task.pulled = self._now
        self.scene.pulled(task.node, task.image)
        self._end(task)

    def back_off(self, task: Task) -> list[Any]:
        """A pull failed: try again later, or give up; no pod waits for it."""
        self._wait(task)
        return []

    def _wait(self, task: Task) -> None:
        behaviour, kubelet, now = self.spec.behaviour, self.kubelets[task.node], self._now
        task.row = -1
        task.failures += 1
        first, longest = behaviour.backoff, behaviour.backoff_max
        if behaviour.kubelet:
            first, longest = kubelet.backoff_initial, kubelet.backoff_max
        task.delay = min(2.0 * task.delay, longest) if task.delay else first
        limit, deadline = behaviour.backoff_limit, behaviour.deadline
        is_late = deadline is not None and now + task.delay - task.asked > deadline
        if is_late or (limit is not None and task.failures > limit):
            task.given_up = True
            self._end(task)
            return
        task.until = now + task.delay
        self.scene.network.call_later(task.delay, self._pull, task)

    def _end(self, task: Task) -> None:
        """Nothing is left to do of a task: its place goes to the next."""
        task.ended = self._now
        task.row = -1
        lane = task.lane
        lane.free += 1
        lane.at_work.remove(task)
        self.left -= 1
        if not self.left:
            self.over()
        if lane.queue:
            # Not in the midst of what made an end of it.
            self.scene.network.call_later(0.0, self._fill, lane)

    def _recipe(self, task: Task) -> Recipe:
        """How a node pulls an image, over the link that stands for the rate."""
        recipe = self.scene.actors.recipes[task.node][task.image]
        link = self.link
        if link is None:
            return recipe
        found = self.recipes.get(id(recipe))
        if found is None:
            found = self.recipes[id(recipe)] = replace(recipe, over=partial(_over, self.scene.network, link))
        return found


def _over(network: FluidNetwork, link: SharedLink, kind: Kind) -> Kind:
    """The kind of the same flows over one link more."""
    shares = (*kind.shares, 1.0)
    return network.kind((*kind.links, link), kind.usage, kind.cap, kind.weight, kind.capped_by, shares)


@struct
class Left:
    """What a node that has pulled before holds.

    Parameters
    ----------
    images : tuple of str
        That it has pulled.
    layers : tuple of str
        Digests of layers in place, where it was at others.
    parts : mapping of str to float
        Of layers on their way what has arrived [B].
    unpacking : mapping of str to float
        The share that is left to unpack of layers that have arrived [1].
    """

    images: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    parts: Mapping[str, float] | None = None
    unpacking: Mapping[str, float] | None = None


def left_by(node: Node, digests: Sequence[str], images: Iterable[str]) -> Left:
    """What a node holds now, of layers with these digests by number, beside the images that it has pulled."""
    losses = node.losses
    if not node.pulls and (losses is None or not (losses.partial or losses.committed)):
        return Left(tuple(images))
    in_place = tuple(
        digest
        for number, digest in enumerate(digests)
        if any(node.held.get(word, 0) & bits for word, bits in words([number]).items())
    )
    parts: dict[str, float] = {}
    unpacking: dict[str, float] = {}
    if losses is not None:
        parts |= {digests[layer]: sum(size for _, size in known) for layer, known in losses.partial.items()}
        unpacking |= {digests[layer]: 1.0 for layer in losses.committed}
    for layer, lead in node.coming.items():
        if lead.state >= COMMITTING:
            unpacking[digests[layer]] = _left_to_unpack(node, lead)
            continue
        got = lead.step.compressed - sum(_left_to_fetch(node, fetch) for fetch in lead.parts())
        if got > 0.0:
            parts[digests[layer]] = got
    return Left(tuple(images), in_place, parts, unpacking)


def _left_to_fetch(node: Node, fetch: Fetch) -> float:
    if fetch.state == FLOWING and fetch.flow is not None:
        return fetch.flow.size - node.fleet.network.received(fetch.flow)
    return fetch.left


def _left_to_unpack(node: Node, fetch: Fetch) -> float:
    flow = fetch.flow
    if fetch.state != UNPACKING or flow is None or flow.size <= 0.0:
        return 1.0
    return 1.0 - node.fleet.network.received(flow) / flow.size


def hand_over(node: Node, left: Left, numbers: Mapping[str, int]) -> None:
    """Let a node begin with parts of layers; `numbers` are those of the layers, by digest."""
    if left.parts or left.unpacking:
        losses = Losses(node)
        # Of which fetch they are is told elsewhere: no row of this network.
        losses.partial = {
            numbers[digest]: [(-1, size)] for digest, size in (left.parts or {}).items() if digest in numbers
        }
        losses.arrived = {
            numbers[digest]: share for digest, share in (left.unpacking or {}).items() if digest in numbers
        }
        node.losses = losses
