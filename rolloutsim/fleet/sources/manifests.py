"""Manifests, tags and configs at a cache: what it knows of an image, and what it asks its upstream about.

It has one copy of them from the first request on that came through it; they cost round trips to the upstream, and no
bytes. A request for a tag asks the upstream whether it has changed, as often as the cache does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.incidents import CONFIG, MANIFEST, TAG
from rolloutsim.fleet.ledger import CACHE_FILL, OTHER_FILL
from rolloutsim.fleet.sources.source import FINE, LIMITED, UNAVAILABLE
from rolloutsim.scenario.answers import BROKEN
from rolloutsim.scenario.runtimes import AFTER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.pulls import Pull
    from rolloutsim.fleet.sources.cache import PullThrough
    from rolloutsim.fleet.sources.fills import Shelf
    from rolloutsim.fleet.sources.source import Asker

# Requests to the upstream, before each of which it may ping: HEAD and GET of a manifest or config that it lacks
# (measured with distribution 2.8.2).
REQUESTS: Final = {TAG: 1, MANIFEST: 2, CONFIG: 2}


class Manifests:
    """What a cache knows of images.

    Parameters
    ----------
    cache : PullThrough
        Whose it is.
    """

    def __init__(self, cache: PullThrough) -> None:
        self.cache = cache
        self.above: Manifests | None = None  # those of its upstream, where that is a cache as well

    def look_up(self, asker: Asker, pull: Pull, manifest: bool) -> None:
        """A manifest, token or config is wanted."""
        requests = asker.resolve_requests
        first = max(requests - AFTER_TOKENS, 0)
        cache, image = self.cache, pull.recipe.image
        shelf = cache.shelf(pull.row % len(cache.shelves))
        network = self.cache.fleet.network
        since, cause = network.now, CACHE_FILL
        if pull.sent == first or (manifest and pull.sent < first):
            if self.cache.spec.coalesce != "none" and shelf.manifests.get(image):
                cause = OTHER_FILL
            self.know(shelf, pull, lambda status: asker.found(pull, status, cause, network.now - since))
        elif pull.sent == requests - 1 and image not in shelf.configs:
            shelf.configs.add(image)
            self._trip(
                CONFIG, self.cache.spec.layer_trips, lambda _: asker.found(pull, FINE, cause, network.now - since)
            )
        else:
            asker.found(pull, FINE, cause, 0.0)

    def know(self, shelf: Shelf, pull: Pull, then: Callable[[int], None]) -> None:
        """Go on with the answer to a request for a tag, when the cache knows it."""
        spec, now, image = self.cache.spec, self.cache.fleet.network.now, pull.recipe.image
        late = now < shelf.first_pull.setdefault(image, now) + spec.manifest_late
        waiting = shelf.manifests.get(image) if image in shelf.manifests else ()
        if waiting is None and not late:
            checked = shelf.checked.get(image)
            if spec.tag_age is None or (checked is not None and now - checked < spec.tag_age):
                then(FINE)
                return
            shelf.checked[image] = now
            self._ask_about(TAG, spec.check_trips, False, pull, lambda status: then(FINE if spec.stale else status))
            return
        if waiting and spec.coalesce != "none":
            waiting.append(lambda status: self.cache.fleet.network.call_later(self.cache.until_look(now), then, status))
            return
        together: list[Callable[[int], None]] = [then]
        if waiting is not None:
            shelf.manifests[image] = together

        def known(status: int) -> None:
            if status == FINE:
                if spec.whole_images:
                    self._have_all(shelf, pull, together, image)
                    return
                shelf.manifests[image] = None
                shelf.checked[image] = self.cache.fleet.network.now
            elif shelf.manifests.get(image) is together:
                del shelf.manifests[image]
            for one in together:
                one(status)

        self._ask_about(MANIFEST, spec.manifest_trips, True, pull, known)

    def _have_all(self, shelf: Shelf, pull: Pull, together: list[Callable[[int], None]], image: int) -> None:
        """The layers of an image come into the store before anybody is told of it."""
        left, worst = 1, FINE

        def there(status: int) -> None:
            nonlocal left, worst
            left, worst = left - 1, max(worst, status) if status >= FINE else UNAVAILABLE
            if left:
                return
            if worst == FINE:
                shelf.manifests[image] = None
                shelf.checked[image] = self.cache.fleet.network.now
            elif shelf.manifests.get(image) is together:
                del shelf.manifests[image]
            for one in together:
                one(worst)

        for step in pull.recipe.steps:
            key = self.cache.key(image, step.layer)
            if not self.cache.has(shelf, key):
                running = shelf.fills.get(key) or self.cache.fill(shelf, key, step, image)
                if there not in running.told:
                    left += 1
                    running.told.append(there)
        there(FINE)

    def _ask_about(self, what: int, trips: float, manifest: bool, pull: Pull, then: Callable[[int], None]) -> None:
        """Ask the upstream about a tag or for a manifest."""
        up, network = self.cache.upstream, self.cache.fleet.network
        status = up.answer(self.cache.address, network.now, -1, manifest, pull.recipe.image) if up.fallible else FINE
        if status != FINE:
            self.cache.refused(status)
            answer = LIMITED if status == LIMITED else UNAVAILABLE
            if status <= BROKEN and self.cache.spec.pings:
                # The ping fails, and no request follows.
                self.cache.after_pings(1, lambda _: then(answer), None)
                return
            self._trip(what, 1.0, lambda _: then(answer))
        elif self.above is not None:
            above = self.above
            self._trip(what, trips, lambda _: above.know(above.cache.shelf(0), pull, then))
        else:
            self._trip(what, trips, lambda _: then(FINE))

    def _trip(self, what: int, trips: float, then: Callable[[Any], None]) -> None:
        """Go on after some round trips to the upstream, through the queues that there are."""
        way = self.cache.upstream_way
        self.cache.count(what)

        def go(_: object) -> None:
            wait = trips * (way.round_trip + self.cache.waits(way, 0)) + way.resolve_time
            self.cache.fleet.network.call_later(wait, then)

        self.cache.after_pings(REQUESTS[what], go, None)
