"""Which pulls moved bytes, and which say nothing of their speed.

A node that has an image and is asked to pull it again only asks the registry what its tag means (0.3 to 1.6 s in logs
of real clusters). That is told by what is known, in this order:

1. where the bytes are known (containerd's logs): less than 1 % of the image's size were fetched;
2. else, where the node had the image before and nothing says that it was removed: the pull took at most 2 s, or a tenth
   of the longest that this image took there;
3. else, where another pull of it was under way on that node when it began: that one fetched the bytes.

All others stay, pulls of an image that the node had before among them: images are removed, and tags move.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from rolloutsim.imports.drafts import references
from rolloutsim.imports.observed.pulls import ObservedPull
from rolloutsim.imports.observed.seen import JOINED, RECHECKED, TWICE, Fact, Seen

LEAST_READ = 0.01  # of an image's size, below which nothing of it was fetched (assumed: manifests are some kB)
SHORT = 2.0  # [s], at most, of a re-check (assumed: the longest of those in logs of real clusters took 1.6 s)
SHARE = 0.1  # of the longest pull of that image on that node, at most, of a re-check (assumed)
_TOGETHER = 2.0  # [s] between two tellings of one pull (assumed: stamps of whole seconds, and the kubelet's delay)
_ALIKE = 0.02  # of a duration, in which two tellings of it differ (assumed: the call's own time)
_LEAST_ALIKE = 0.1  # [s] (assumed: the same)
_FINE = 0.01  # [s]: the end less the duration is as exact as that, a start as it was told is no better (assumed)
_LATE = 0.1  # [s] between what a kubelet tells and what it does (assumed: events are queued)
_COMPARED = 200  # tellings of an image in such a time that are compared (assumed: bounds the time for hostile input)


def pulls(seen: Seen) -> list[ObservedPull]:
    """The pulls that moved bytes, the earliest first; the others are counted in `seen.left_out`."""
    kept: list[ObservedPull] = []
    histories: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    again = 0
    for fact in _once(seen):
        if fact.where is not None and fact.at is not None:
            histories[fact.clock, fact.where].append(fact)
        elif fact.pull is not None and not _left_out_of_bytes(fact.pull, seen):
            kept.append(fact.pull)
    for history in histories.values():
        again += _of_node(history, kept, seen)
    if again:
        seen.notes.append(
            f"{again} {_plural(again, 'pull')} of an image that the node had before "
            f"{_plural(again, 'is', 'are')} kept: {_plural(again, 'it', 'they')} took longer than a re-check does "
            "(the image was removed, its tag moved, or its registry is slow)"
        )
    kept = [_begun(pull, seen) for pull in kept]
    return sorted(kept, key=lambda one: (one.ended is None, one.ended or 0.0, *place_key(one.place)))


def _begun(pull: ObservedPull, seen: Seen) -> ObservedPull:
    """A pull with when it began as it was told at that time, if that goes with its end and its duration."""
    asked = seen.asked.get((pull.node, pull.pod, references.full(pull.image)))
    if asked is None or pull.began is None or pull.resolution <= _FINE:
        return pull
    reckoned = pull.began
    told = min((at + (pull.waited or 0.0) for at in asked), key=lambda at: abs(at - reckoned))
    return replace(pull, began=told) if abs(told - reckoned) < pull.resolution + _LATE else pull


def place_key(place: str) -> tuple[str, int]:
    """What sorts places as they stand in a file."""
    digits = len(place) - len(place.rstrip("0123456789"))
    return place[: len(place) - digits], int(place[len(place) - digits :][-18:] or 0)


def _plural(count: int, one: str, many: str | None = None) -> str:
    return one if count == 1 else many or f"{one}s"


def _of_node(history: list[Fact], kept: list[ObservedPull], seen: Seen) -> int:
    """Sort out one node's pulls, in the order in which they began; how many images came again."""
    held: dict[str, float] = {}  # image → when its last pull ended, or it was seen
    longest: dict[str, float] = {}  # image → the longest pull [s]
    again = 0
    for fact in sorted(history, key=_began):
        if fact.at is None:
            continue
        if fact.kind == "removed":
            for image in seen.ids.get(fact.image, {references.full(fact.image)}):
                held.pop(image, None)
            continue
        image = references.full(fact.image)
        pull = fact.pull
        before = held.get(image)
        held[image] = max(fact.at, before if before is not None else fact.at)
        if pull is None or _left_out_of_bytes(pull, seen):
            continue
        if before is not None and pull.read is None:
            if pull.duration <= max(SHORT, SHARE * longest.get(image, 0.0)):
                seen.leave_out(RECHECKED)
                continue
            if fact.at - pull.duration < before - pull.resolution:
                seen.leave_out(JOINED)
                continue
        longest[image] = max(longest.get(image, 0.0), pull.duration)
        again += before is not None
        kept.append(pull)
    return again


def _began(fact: Fact) -> tuple[float, float]:
    took = fact.pull.duration if fact.pull is not None else 0.0
    return (fact.at or 0.0) - took, -took


def _left_out_of_bytes(pull: ObservedPull, seen: Seen) -> bool:
    if pull.read is None or not pull.size or pull.read >= LEAST_READ * pull.size:
        return False
    seen.leave_out(RECHECKED)
    return True


def _once(seen: Seen) -> list[Fact]:
    """What was found, without what an event and a log tell of the same pull; of both, what each knows."""
    alike: dict[str, list[Fact]] = defaultdict(list)
    found: list[Fact] = []
    for fact in _of_one_clock(seen):
        if fact.pull is not None:
            alike[references.full(fact.image)].append(fact)
        else:
            found.append(fact)
    for facts in alike.values():
        facts.sort(key=lambda one: (one.clock, one.at if one.at is not None else 0.0))
        gone: set[int] = set()
        for at, fact in enumerate(facts):
            if at in gone:
                continue
            same = _same(facts, at, gone)
            if same is not None:
                gone.add(same)
                seen.leave_out(TWICE)
                fact = _merged(fact, facts[same])
            found.append(fact)
    return found


def _of_one_clock(seen: Seen) -> list[Fact]:
    """What was found, without the words of a kubelet that a table tells again: the same to the millisecond."""
    told: dict[tuple[object, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, fact in enumerate(seen.facts):
        pull = fact.pull
        if pull is not None and pull.pod:
            name = pull.pod.rpartition("/")[2]  # a list of one namespace does not say which
            words = (references.full(pull.image), name, pull.duration, pull.waited, pull.size)
            told[words][fact.clock].append(place)
    gone: set[int] = set()
    for clocks in told.values():
        best = max(sorted(clocks), key=lambda clock: len(clocks[clock]))  # Unix time, whose name is empty, if equal
        for clock, places in clocks.items():
            gone.update(places if clock != best else ())
    seen.leave_out(TWICE, count=len(gone))
    return [fact for place, fact in enumerate(seen.facts) if place not in gone]


def _same(facts: list[Fact], at: int, gone: set[int]) -> int | None:
    """Which of the next facts tells the same pull as this one."""
    one = facts[at]
    best, least = None, float("inf")
    for other in range(at + 1, min(at + 1 + _COMPARED, len(facts))):
        apart = _apart(one, facts[other])
        if apart is None:
            break
        if other not in gone and apart < least:
            best, least = other, apart
    return best


def _apart(one: Fact, other: Fact) -> float | None:
    """How far two tellings are apart [s]: infinite if they are of two pulls, None if later ones are as well."""
    never = float("inf")
    this, that = one.pull, other.pull
    if this is None or that is None or one.at is None or other.at is None or one.clock != other.clock:
        return never
    if other.at - one.at > _TOGETHER:
        return None
    if this.source == that.source or (this.node and that.node and this.node != that.node):
        return never
    if this.pod and that.pod and this.pod != that.pod:
        return never
    apart = abs(this.duration - that.duration)
    return apart if apart <= max(_LEAST_ALIKE, _ALIKE * this.duration) else never


def _merged(one: Fact, other: Fact) -> Fact:
    """Two tellings of a pull as one: the finer one, and what only the other one knows."""
    this, that = one.pull, other.pull
    if this is None or that is None:
        return one
    if that.resolution < this.resolution:
        one, other, this, that = other, one, that, this
    pull = ObservedPull(
        image=this.image,
        node=this.node or that.node,
        pod=this.pod or that.pod,
        began=this.began,
        ended=this.ended,
        resolution=this.resolution,
        duration=this.duration,
        waited=this.waited if this.waited is not None else that.waited,
        size=this.size if this.size is not None else that.size,
        read=this.read if this.read is not None else that.read,
        source=this.source,
        place=this.place,
    )
    where = pull.node or one.where or other.where
    return Fact("pulled", one.image, where, one.clock, one.at, pull)
