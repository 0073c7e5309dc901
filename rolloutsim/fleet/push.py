"""Images uploaded to a registry: the layers that it does not hold yet, so many at a time.

A layer costs a question whether it is there (HEAD) and, if not, two more requests beside its bytes (POST, PUT); a
manifest one more at the end. Sources: OCI distribution specification, "Pushing blobs" and "Pushing manifests";
moby `daemon/config/config.go` L32-35: 5 uploads at a time.
"""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.latency import slow_start_delay
from rolloutsim.fleet.windows import connections, window_rate
from rolloutsim.scenario.routes import pushed_over, round_trip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario.resolved import Image, Layer, Push, ResolvedScenario

# Round trips for each.
SET_UP, QUESTION, UPLOAD, MANIFEST = 1, 1, 2, 1


class ImagePush:
    """One image on its way to the registry, with what it uploads and what was there [B]."""

    def __init__(self, image: str) -> None:
        self.image = image
        self.started = self.finished = nan
        self.own: dict[str, float] = {}  # size of each layer that it uploads, by digest
        self.held = 0.0
        self.layers_left = 0

    @property
    def bytes(self) -> float:
        """What it uploads: summed anew, as taking a layer off a sum leaves a remainder."""
        return sum(self.own.values(), 0.0)

    @property
    def is_complete(self) -> bool:
        """Whether all of it is in the registry."""
        return self.finished == self.finished


class Pusher:
    """Uploads the images of a push one after another, `parallel` layers at a time.

    Parameters
    ----------
    scenario : ResolvedScenario
        Its images, registries and links.
    spec : Push
        What to upload.
    images : tuple of str
        Those of the push that concern the case.
    network, links
        Where the bytes move.
    uploaded : set of (str, str)
        The layers that any pusher has uploaded, by registry and digest; it adds its own.
    over : callable, optional
        Called when all of it is there.
    there : callable, optional
        Called with each image when all of that is there.
    """

    def __init__(
        self,
        scenario: ResolvedScenario,
        spec: Push,
        images: tuple[str, ...],
        network: FluidNetwork,
        links: Mapping[str, SharedLink],
        uploaded: set[tuple[str, str]],
        over: Callable[[], None] | None = None,
        there: Callable[[str], None] | None = None,
    ) -> None:
        self.scenario = scenario
        self.uploaded = uploaded
        self.spec = spec
        self.network = network
        self.links = links
        self.over = over
        self.there_now = there
        self.host = network.host(network.profile(()))
        self.free = spec.parallel
        self.queue: list[tuple[ImagePush, Layer]] = []
        self.pushes = [ImagePush(name) for name in images]
        self.there = {layer.digest for name in spec.held for layer in scenario.images[name].layers}
        network.call_later(spec.at or 0.0, self._start)

    def _start(self, _: object) -> None:
        for push in self.pushes:
            image = self.scenario.images[push.image]
            for layer in image.layers:
                if layer.digest in self.there or self._place(push, layer) in self.uploaded:
                    push.held += layer.compressed
                else:
                    self.there.add(layer.digest)
                    push.layers_left += 1
                    push.own[layer.digest] = layer.compressed
                    self.queue.append((push, layer))
            push.started = self.network.now
            questions = self._round_trip(image) * (SET_UP + QUESTION) + self._ttfb(image)
            if not push.layers_left:
                self.network.call_later(questions, self._manifest, push)
        self._next()

    def _next(self) -> None:
        while self.free and self.queue:
            self.free -= 1
            push, layer = self.queue.pop(0)
            image = self.scenario.images[push.image]
            round_trip = self._round_trip(image)
            trips = SET_UP + QUESTION + UPLOAD
            wait = trips * round_trip + (QUESTION + UPLOAD) * self._ttfb(image)
            links = [self.links[name] for name in pushed_over(self.scenario, self.spec, image)]
            rate = min((link.capacity for link in links), default=0.0)
            rate = min(rate, self._windowed(image))
            if round_trip > 0.0 and rate > 0.0:
                wait += slow_start_delay(layer.compressed, rate, round_trip)
            self.network.call_later(wait, self._upload, (push, layer))

    def _upload(self, what: Any) -> None:
        push, layer = what
        if self._place(push, layer) in self.uploaded:
            # Another pusher was quicker.
            del push.own[layer.digest]
            push.held += layer.compressed
            self._over(push)
            return
        image = self.scenario.images[push.image]
        links = tuple(self.links[name] for name in pushed_over(self.scenario, self.spec, image))
        kind = connections(self.network, links, (), inf, inf, self._windowed(image))
        self.network.start(self.host, kind, layer.compressed, self._uploaded, (push, layer))

    def _uploaded(self, flow: Flow) -> None:
        push, layer = flow.tag
        self.uploaded.add(self._place(push, layer))
        self._over(push)

    def _over(self, push: ImagePush) -> None:
        """A layer is in the registry: the next one may come."""
        self.free += 1
        push.layers_left -= 1
        if not push.layers_left:
            image = self.scenario.images[push.image]
            self.network.call_later(MANIFEST * self._round_trip(image) + self._ttfb(image), self._manifest, push)
        self._next()

    def _manifest(self, what: Any) -> None:
        push: ImagePush = what
        push.finished = self.network.now
        if self.there_now is not None:
            self.there_now(push.image)
        if self.over is not None and all(one.is_complete for one in self.pushes):
            self.over()

    def _place(self, push: ImagePush, layer: Layer) -> tuple[str, str]:
        return self.scenario.images[push.image].registry, layer.digest

    def _round_trip(self, image: Image) -> float:
        return round_trip(self.scenario, pushed_over(self.scenario, self.spec, image))

    def _windowed(self, image: Image) -> float:
        return window_rate(self.scenario.registries[image.registry].tcp_window, self._round_trip(image))

    def _ttfb(self, image: Image) -> float:
        return self.scenario.registries[image.registry].ttfb
