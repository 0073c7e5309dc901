"""A node's kubelet: which pulls start when, and what happens after one failed.

A pod's images are brought one after another, each by its pull policy. A pull waits in the kubelet's queue while as
many as allowed are under way (serial pulls: one), then needs a token (registry_pull_qps); a refusal, like every
failure, sends the pod into back-off. The kubelet looks at it again now and then (`rolloutsim.fleet.requeue`): it goes
on if its image has come in the meantime, and asks again at the first look at or after the end of the back-off. An image
is there when it was pulled or cached by its own name; another image with the same layers is not enough.

Each image of each pod is a call of PullImage, whatever others have asked for: it takes its place in the queue, its
token and its requests to the registry. Layers that the node has, or that another pull of it brings, the runtime does
not fetch again; CRI-O lets those who ask for an image that is under way wait for that pull (`server/image_pull.go`).

Sources: Kubernetes `pkg/kubelet/images/image_manager.go`, `puller.go`, `helpers.go` and `pkg/kubelet/kubelet.go`
@cfce511e: serial puller first come first served, token bucket on starts, presence asked for before back-off, back-off
by pod and image, 10 s doubling to 300 s; client-go `util/flowcontrol/backoff.go`: it begins anew when more than twice
its maximum lies between two failures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.eviction import EvictionManager
from rolloutsim.scenario.causes import (
    BACKOFF,
    FAILED_PULL,
    INITIALISATION,
    KUBELET_QUEUE,
    ON_DEMAND,
    OTHER_PULL,
    PULL,
    QPS,
    RATE_LIMITED,
    STARTUP,
    Cause,
)
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.fleet.disk import DiskSpace
    from rolloutsim.fleet.instants import Together
    from rolloutsim.fleet.node import Node
    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.fleet.recipes import Recipe
    from rolloutsim.fleet.requeue import Looks
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.scenario.orchestration import Again, PullPolicy
    from rolloutsim.scenario.orchestration import Kubelet as KubeletSpec

QPS_EXCEEDED = "pull QPS exceeded"
NEVER_PULL = "ErrImageNeverPull: the image is not on the node and pull_policy is never"


class Job:
    """A pull that a pod of the node waits for."""

    __slots__ = ("image", "others", "pod", "row")

    def __init__(self, pod: Pod, image: str) -> None:
        self.pod = pod
        self.image = image
        self.others: list[Job] = []  # that a runtime lets wait for this one
        self.row = -1  # in the ledger, when it is under way


class Backoff:
    """The wait after the last of a pod's failures in a row to bring an image."""

    __slots__ = ("delay", "failures", "is_over", "looks", "since")

    def __init__(self, delay: float, since: float, looks: list[float]) -> None:
        self.delay = delay  # without what jitter adds [s]
        self.since = since  # of the last failure, what jitter adds included [s]
        self.looks = looks  # when the kubelet looks at the pod; at the last time the image may be pulled again [s]
        self.is_over = False
        self.failures = 1  # of a pull that is no pod's, until now


class Pulls:
    """The pulls under way in a case: row in the ledger → (kubelet, job).

    Parameters
    ----------
    failing : callable
        Called with (pods, reason) when attempts to bring an image of theirs failed.
    """

    def __init__(self, failing: Callable[[list[Pod], str], None]) -> None:
        self.failing = failing
        # Who waits for a pull is a kubelet, for a job; or what makes nodes pull beside their pods, for a task.
        self.jobs: dict[int, tuple[Any, Any]] = {}
        self.cluster: Cluster  # set when it exists

    def pulled(self, row: int) -> None:
        """A pull is complete."""
        found = self.jobs.pop(row, None)
        if found is not None:
            found[0].pulled(found[1])

    def failed(self, rows: list[int], reason: str, limited: bool) -> None:
        """Runtimes gave pulls up."""
        cause = RATE_LIMITED if limited else BACKOFF
        in_step: list[Pod] = []
        for row in rows:
            found = self.jobs.pop(row, None)
            if found is None:
                continue
            kubelet, job = found
            if kubelet.queue:
                self._wait_together(in_step, reason, cause)
                kubelet.failed(job, reason, cause)
            else:
                in_step += kubelet.back_off(job)
        self._wait_together(in_step, reason, cause)

    def _wait_together(self, pods: list[Pod], reason: str, cause: Cause) -> None:
        """Pods whose pulls failed wait before they ask again."""
        self.failing(pods, reason)
        for pod in pods:
            self.cluster.relabel(pod, FAILED_PULL)
        waiting = [pod for pod in pods if not pod.given_up]
        self.cluster.step_together(waiting, cause, [-1] * len(waiting))
        pods.clear()

    def ask_again(self, members: list[tuple[Kubelet, Pod, str, Backoff]]) -> None:
        """Pods in back-off are looked at, and go on."""
        in_step: list[tuple[Kubelet, Job]] = []
        for kubelet, pod, image, backoff in members:
            if kubelet.backoffs.get((pod, image)) is backoff and not backoff.is_over:
                backoff.is_over = True
                if kubelet.can_start(image):
                    job = kubelet.jobs[pod] = Job(pod, image)
                    kubelet.running += 1
                    in_step.append((kubelet, job))
                else:
                    self._start_together(in_step)
                    kubelet.go_on(pod)
        self._start_together(in_step)

    def _start_together(self, in_step: list[tuple[Kubelet, Job]]) -> None:
        """Kubelets start a pull each, of a pod."""
        if not in_step:
            return
        fleet = in_step[0][0].node.fleet
        if len(in_step) == 1:
            ((kubelet, job),) = in_step
            in_step.clear()
            node, recipe = kubelet.node, kubelet.recipes[job.image]
            job.row = fleet.ledger.pulls.add(node.index, recipe.image, fleet.network.now, 0)
            self.jobs[job.row] = (kubelet, job)
            kubelet.time(job)
            self.cluster.step_together([job.pod], PULL, (job.row,))
            fleet.retries.request([(node, node.begin(recipe, job.row))])
            return
        nodes = [kubelet.node for kubelet, _ in in_step]
        recipes = [kubelet.recipes[job.image] for kubelet, job in in_step]
        rows = fleet.ledger.pulls.add_all(
            [node.index for node in nodes], [recipe.image for recipe in recipes], fleet.network.now
        )  # fmt: skip
        for row, (kubelet, job) in zip(rows, in_step, strict=True):
            job.row = row
            self.jobs[row] = (kubelet, job)
            kubelet.time(job)
        self.cluster.step_together([job.pod for _, job in in_step], PULL, rows)
        asking = zip(nodes, recipes, rows, strict=True)
        fleet.retries.request([(node, node.begin(recipe, row)) for node, recipe, row in asking])
        in_step.clear()


class Kubelet:
    """The kubelet of one node.

    Parameters
    ----------
    spec : KubeletSpec
        Its settings.
    node : Node
        Its container runtime.
    recipes : mapping
        How the node pulls each image.
    pulls : Pulls
        Those of the case.
    policy : callable
        The pull policy of (pod, image).
    random : callable
        Gives numbers in [0, 1); asked only if the back-off itself has jitter.
    looks : Looks
        Draws when pods in back-off are looked at.
    present : iterable of str
        The images that the node holds from the beginning.
    again : Again or None
        How often pulls that are no pods' are tried again; None: they are pods', and tried as long as it takes.

    The cluster that it tells of its pods' steps is set when it exists.
    """

    __slots__ = (
        "again", "backoffs", "bucket", "cluster", "down", "eviction", "jobs", "looks", "network", "node", "policy",
        "present", "pulls", "queue", "random", "recipes", "running", "spec", "together", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        spec: KubeletSpec,
        node: Node,
        recipes: Mapping[str, Recipe],
        pulls: Pulls,
        policy: Callable[[Pod, str], PullPolicy],
        random: Callable[[], float],
        looks: Looks,
        present: Iterable[str] = (),
        again: Again | None = None,
    ) -> None:
        self.spec = spec
        self.node = node
        self.network: FluidNetwork = node.fleet.network
        self.together: Together = node.fleet.together
        self.recipes = recipes
        self.pulls = pulls
        self.cluster: Cluster
        self.policy = policy
        self.random = random
        self.looks = looks
        self.again = again
        self.bucket = None if spec.pull_qps is None else TokenBucket(spec.pull_qps, spec.pull_burst)
        self.queue: deque[Job] = deque()
        self.jobs: dict[Pod, Job] = {}  # queued or under way
        self.running = 0
        self.wanted: dict[Pod, list[str]] = {}  # images that a pod lacks, the next one last
        self.present = set(present)
        self.backoffs: dict[tuple[Pod, str], Backoff] = {}
        self.down = False
        self.eviction: EvictionManager | None = None

    def ensure(self, pod: Pod) -> None:
        """Bring a pod's images, then tell the cluster."""
        self.wanted[pod] = list(reversed(pod.images))
        self.go_on(pod)

    def forget(self, pod: Pod) -> None:
        """A pod is deleted; what is being pulled for it goes on."""
        self.wanted.pop(pod, None)
        for image in pod.images:
            self.backoffs.pop((pod, image), None)

    def crash(self) -> None:
        """The node is gone, with all that the kubelet knew."""
        self.down = True
        for job in self.jobs.values():
            self.pulls.jobs.pop(job.row, None)
        self.queue.clear()
        self.jobs.clear()
        self.wanted.clear()
        self.backoffs.clear()
        self.running = 0

    def boot(self) -> None:
        """The node is back; the cluster asks for its pods anew."""
        self.down = False
        if self.eviction is not None:
            self.eviction.check()

    def refuse(self, _: Pod) -> None:
        """A pod is not let in: the disk is too full."""
        if self.node.disk is not None:
            self.node.disk.refused += 1

    def watch_disk(self, disk: DiskSpace, least_free: float = 0.0) -> None:
        """Look after a disk, of which a share has to be free: collect images, evict pods."""
        if least_free > 0.0:
            self.eviction = EvictionManager(self, disk, least_free)
        self._collect_later(disk)

    def _collect_later(self, disk: DiskSpace) -> None:
        """Collect unused images now and then, when the disk is nearly full, as long as there are some."""
        if disk.old_images > 0.0:
            self.network.call_later(self.spec.gc_period, self._collect, disk)

    def _collect(self, disk: DiskSpace) -> None:
        if not self.down:
            disk.collect(self.spec.gc_high, self.spec.gc_low)
        self._collect_later(disk)

    def can_start(self, image: str) -> bool:
        """Whether a pull starts at once, with nothing but a request; if so, its token is taken."""
        if self.jobs or image in self.present:
            return False
        way = self.recipes[image].ways[0]
        # Where all is answered at once, the pull may be over with it.
        if not way.fallible or way.resolve_time <= 0.0:
            return False
        return self.bucket is None or self.bucket.accept(self.network.now)

    def go_on(self, pod: Pod) -> None:
        """Bring the next image that a pod lacks."""
        images = self.wanted.get(pod)
        if images is None:
            return
        while images:
            image = images[-1]
            policy = self.policy(pod, image)
            if policy != "always" and image in self.present:
                images.pop()
                continue
            if policy == "never":
                self.cluster.step(pod, BACKOFF)
                self.pulls.failing([pod], NEVER_PULL)
            else:
                self._queue(pod, image)
            return
        del self.wanted[pod]
        volume = self.node.volume
        if volume is not None and volume.read(self._recipes(pod), self._has_come, (pod, pod.epoch)):
            self.cluster.images_ready(pod, self.network.now, INITIALISATION)
        else:
            self.cluster.images_ready(pod, self.network.now, ON_DEMAND if self._reads(pod) else STARTUP)

    def _recipes(self, pod: Pod) -> list[Recipe]:
        return [self.recipes[image] for image in pod.images]

    def _reads(self, pod: Pod) -> bool:
        """Whether a pod's containers have to read on demand before all else, and are at it."""
        reader = self.node.reader
        return reader is not None and reader.read(self._recipes(pod), self._has_read, (pod, pod.epoch))

    def _has_come(self, whose: tuple[Pod, int], _: int) -> None:
        """What a pod's containers read on their node's volume has come: they go on to what comes on demand."""
        pod, epoch = whose
        if pod.epoch == epoch:
            if self._reads(pod):
                self.cluster.step(pod, ON_DEMAND)
            else:
                self.cluster.has_read(pod, -1)

    def _has_read(self, whose: tuple[Pod, int], pull: int) -> None:
        pod, epoch = whose
        if pod.epoch == epoch:
            self.cluster.has_read(pod, pull)

    def _queue(self, pod: Pod, image: str) -> None:
        job = self.jobs[pod] = Job(pod, image)
        self.queue.append(job)
        self._start()
        if self.queue and self.queue[-1] is job:
            self.cluster.step(pod, KUBELET_QUEUE)

    def _start(self) -> None:
        """Start pulls as long as more may be under way."""
        most = self.spec.parallel_pulls
        while self.queue and (most is None or self.running < most):
            job = self.queue.popleft()
            self.running += 1
            if self.bucket is not None and not self.bucket.accept(self.network.now):
                self._fail(job, QPS_EXCEEDED, QPS)
                continue
            if self.node.runtime.shares_pulls and (other := self._under_way(job.image)) is not None:
                other.others.append(job)
                if job.pod in self.wanted:
                    self.cluster.step(job.pod, OTHER_PULL, other.row)
                continue
            row = job.row = len(self.node.fleet.ledger.pulls.node)
            self.pulls.jobs[row] = (self, job)
            self.time(job)
            if job.pod in self.wanted:
                self.cluster.step(job.pod, PULL, row)
            self.node.ask(self.recipes[job.image], job.image in self.present)

    def _under_way(self, image: str) -> Job | None:
        """The pull of an image that its runtime is at."""
        return next((job for job in self.jobs.values() if job.image == image and job.row >= 0), None)

    def time(self, job: Job) -> None:
        """Cancel a pull that begins now when it has lasted too long."""
        if self.spec.pull_timeout is not None:
            self.network.call_later(self.spec.pull_timeout, self._time_out, job)

    def _time_out(self, job: Job) -> None:
        known = self.pulls.jobs.get(job.row)
        if known is not None and known[1] is job:
            pull = next(pull for pull in self.node.pulls if pull.row == job.row)
            self.node.fail(pull, f"not there after {format_time(self.spec.pull_timeout or 0.0)} (pull_timeout)", False)

    def pulled(self, job: Job) -> None:
        """An image is there: those who waited for it go on, and the next pull may start."""
        self._keep(job.image)
        for one in (job, *job.others):
            self.running -= 1
            del self.jobs[one.pod]
        for one in (job, *job.others):
            images = self.wanted.get(one.pod)
            if images is not None:
                self.backoffs.pop((one.pod, job.image), None)
                images.pop()
                self.go_on(one.pod)
        self._wake(job.image)
        self._start()

    def has_come(self, image: str) -> None:
        """The node has an image for which no pod asked: those that wait for it find it."""
        self._keep(image)
        self._wake(image)

    def _keep(self, image: str) -> None:
        self.present.add(image)
        if self.eviction is not None:
            self.eviction.has_come(image)

    def _wake(self, image: str) -> None:
        """Pods in back-off find an image that has come in the meantime when they are looked at."""
        now = self.network.now
        for (pod, wanted), backoff in list(self.backoffs.items()):
            if wanted == image and not backoff.is_over and self.policy(pod, image) != "always":
                look = bisect_left(backoff.looks, now)
                if self.spec.requeue == "exact":
                    backoff.is_over = True
                    self.go_on(pod)
                elif look < len(backoff.looks) - 1:
                    self.together.join(backoff.looks[look], self.pulls.ask_again, (self, pod, image, backoff))

    def failed(self, job: Job, reason: str, cause: Cause) -> None:
        """A pull failed: its pod waits before it asks again, and the next pull may start."""
        self._fail(job, reason, cause)
        self._start()

    def _fail(self, job: Job, reason: str, cause: Cause) -> None:
        """A pull failed, or was refused its token."""
        pods = self.back_off(job)
        self.pulls.failing(pods, reason)
        for pod in pods:
            if cause is not QPS:
                self.cluster.relabel(pod, FAILED_PULL)
            if not pod.given_up:
                self.cluster.step(pod, cause)

    def back_off(self, job: Job) -> list[Pod]:
        """A pull is over that failed: let the pods that still want its image ask again later, and return them."""
        pods: list[Pod] = []
        for one in (job, *job.others):
            self.running -= 1
            del self.jobs[one.pod]
            if one.pod in self.wanted:
                pods.append(one.pod)
                self._wait(one.pod, job.image)
        return pods

    def _wait(self, pod: Pod, image: str) -> None:
        """Let a pod ask for an image again after its back-off."""
        if self.again is not None:
            self._wait_as_client(self.again, pod, image)
            return
        spec, now, key = self.spec, self.network.now, (pod, image)
        longest = spec.backoff_max
        known = self.backoffs.get(key)
        is_new = known is None or now - known.since > 2.0 * longest
        delay = spec.backoff_initial if known is None or is_new else 2.0 * known.delay
        if delay > longest:
            delay = longest
        more = delay * spec.backoff_jitter * self.random() if spec.backoff_jitter > 0.0 else 0.0
        looks = self.looks.after(now, now + (delay + more), spec.requeue)
        backoff = self.backoffs[key] = Backoff(delay, now + more, looks)
        self.together.join(looks[-1], self.pulls.ask_again, (self, pod, image, backoff))

    def _wait_as_client(self, again: Again, pod: Pod, image: str) -> None:
        """Let a client outside Kubernetes pull once more, or give up."""
        now, key = self.network.now, (pod, image)
        known = self.backoffs.get(key)
        failures = 1 if known is None else known.failures + 1
        if failures > again.times:
            self.cluster.give_up(pod)
            return
        delay = again.after if known is None else known.delay * again.growth
        more = delay * again.jitter * self.random() if again.jitter > 0.0 else 0.0
        backoff = self.backoffs[key] = Backoff(delay, now, [now + (delay + more)])
        backoff.failures = failures
        self.together.join(backoff.looks[-1], self.pulls.ask_again, (self, pod, image, backoff))
