"""A scenario fitted to pulls that were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import exp, log

import numpy as np
import numpy.typing as npt

from rolloutsim.calibration import bootstrap, ends, identify
from rolloutsim.calibration.beside import beside
from rolloutsim.calibration.comparison import Beside
from rolloutsim.calibration.fit import SQUARES, STEP, Fit, Floats, derivatives
from rolloutsim.calibration.logged import as_pulls, of_network, time_on_network
from rolloutsim.calibration.match import Matched, matches
from rolloutsim.calibration.parameters import Parameter, parameters
from rolloutsim.calibration.replay import Replay
from rolloutsim.calibration.search import DIFFERS, Search
from rolloutsim.errors import UnreadableError
from rolloutsim.imports.observed import Observed
from rolloutsim.scenario.loading import Draft
from rolloutsim.structs import struct

# Standard deviations, if many pulls tell them, by the median of deviations (Iglewicz & Hoaglin, How to detect outliers,
# 1993).
_FAR = 3.5
_MEDIAN = 1.4826  # standard deviations of the normal distribution in a median of absolute deviations
_OUTLIER = 0.02  # of a duration: what is nearer is none, however alike the others are (assumed)
_MOST_FAR = 0.25  # of all pulls that may be left out so (assumed: if more are far off, the model is)
_NARROW = 0.5 * 2.0 * 1.645  # spreads: an interval half as wide as that of what is known beforehand (assumed)
_NORMAL = 1.645  # standard errors to the ends of a 90 % interval
_FARTHEST = 1.0  # of a logarithm, over which a derivative is taken: a factor of 2.7 (assumed)
Flags = npt.NDArray[np.bool_]


@struct
class Fitted:
    """A number that was fitted: as it is now, and its 90 % interval [B/s, or s].

    `is_told` says whether the pulls tell it; if not, others explain them as well in its place.
    """

    parameter: Parameter
    value: float
    low: float
    high: float
    is_told: bool

    @property
    def text(self) -> str:
        """The value as it is written: with so many digits as its interval bears."""
        return self.parameter.shown(self.value)


@struct
class SeenPull:
    """A pull: measured, and predicted before and after the fit [s]; whether it was left out as too far off."""

    pull: Matched
    before: float
    after: float
    is_outlier: bool

    @property
    def deviation(self) -> float:
        """The logarithm of measured / predicted after the fit."""
        return log(self.pull.seen.duration / self.after)


@struct
class SeenBurst:
    """Pulls of one image that overlap: from the first that began to the last that ended [s]."""

    image: str
    pulls: int
    measured: float
    before: float
    after: float


@struct
class Calibration:
    """What pulls say of a scenario's numbers.

    Parameters
    ----------
    fitted : tuple of Fitted
        Numbers that they tell.
    given : tuple of Parameter
        Numbers that the scenario gives, and so are as they were.
    pulls : tuple of SeenPull
        What was seen.
    bursts : tuple of SeenBurst
        Of several pulls of the same image.
    scatter : float
        Standard deviation of logarithms of measured / predicted after the fit, outliers aside.
    blocks : str
        What was resampled.
    left_out : mapping of str to int
        Why pulls and requests were not used, and how many.
    untold : tuple of str
        What the data cannot tell.
    notes : tuple of str
        What was taken for something.
    simulations : int
        How many it took.
    groups : tuple of str
        The names of the scenario's groups.
    beside : Beside
        What else was seen of the same pulls, against what is predicted.
    """

    fitted: tuple[Fitted, ...]
    given: tuple[Parameter, ...]
    pulls: tuple[SeenPull, ...]
    bursts: tuple[SeenBurst, ...]
    scatter: float
    blocks: str
    left_out: Mapping[str, int]
    untold: tuple[str, ...]
    notes: tuple[str, ...]
    simulations: int
    groups: tuple[str, ...]
    beside: Beside

    @property
    def used(self) -> int:
        """How many pulls count."""
        return sum(not one.is_outlier for one in self.pulls)

    @property
    def images(self) -> int:
        """Of how many images they are."""
        return len({one.pull.image for one in self.pulls if not one.is_outlier})


def calibrated(
    draft: Draft,
    observed: Observed,
    seed: int = 1,
    nodes: Sequence[tuple[str, str]] = (),
    fit: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> Calibration:
    """Fit the numbers of a scenario that nobody knows to pulls that were seen.

    Parameters
    ----------
    draft : Draft
        The scenario.
    observed : Observed
        What was seen. Without pulls, requests with durations are taken for the network's part of pulls.
    seed : int
        Of the intervals' resampling.
    nodes : sequence of (str, str)
        Groups, and patterns of the names of their nodes.
    fit, keep : sequence of str
        Keys to fit though the scenario gives them, and not to fit though it does not.

    Raises
    ------
    UnreadableError
        If none of the pulls is of the scenario's nodes and images.
    ScenarioError, UsageError
        If the scenario is not valid, or a key is none that can be fitted.
    """
    scenario = draft.scenario().resolve()
    is_logged = not observed.pulls and any(one.duration is not None for one in observed.requests)
    if is_logged:
        observed = as_pulls(observed, scenario)
    matched = matches(scenario, observed.pulls, nodes)
    if not matched.pulls:
        raise UnreadableError(_no_pulls(observed, matched.left_out))
    replay = Replay(draft, matched.pulls, matched.images, time_on_network if is_logged else None)
    registries = list(dict.fromkeys(matched.images[one.image].registry for one in matched.pulls))
    every = parameters(draft, scenario, registries, sorted({one.group for one in matched.pulls}), fit, keep)
    if is_logged:
        every = of_network(every)
    ungiven = [one for one in every if not one.is_given]
    search = Search(replay, ungiven, np.log([one.seen.duration for one in matched.pulls]))
    before = np.exp(search.predicted(search.as_given()))
    stamps, resampled = np.random.SeedSequence(seed).spawn(2)
    ways, far = _without_far(search, np.random.default_rng(stamps))
    told = _told(search, ways, far, resampled)
    found = told.fit
    after = np.exp(search.predicted(found.at))
    kept = ~far
    scatter = float(np.std(np.log([one.seen.duration for one in matched.pulls])[kept] - np.log(after)[kept]))
    more = beside(observed, replay, search.values(found.at), after.tolist(), scatter)
    return Calibration(
        fitted=tuple(told.fitted),
        given=tuple(one for one in every if one.is_given),
        pulls=tuple(
            SeenPull(one, was, now, is_far)
            for one, was, now, is_far in zip(matched.pulls, before.tolist(), after.tolist(), far.tolist(), strict=True)
        ),
        bursts=tuple(_bursts(replay, before, after, far)),
        scatter=scatter,
        blocks=told.blocks,
        left_out=dict(Counter(observed.left_out) + Counter(matched.left_out) + Counter(more.left_out)),
        untold=tuple(identify.untold(replay, ungiven, found.free, told.jacobian, [one.at for one in ways])),
        notes=(*observed.notes, *matched.notes, *_about_times(matched.pulls), *told.notes),
        simulations=replay.simulations,
        groups=tuple(group.name for group in scenario.groups),
        beside=more,
    )


def _about_times(pulls: Sequence[Matched]) -> Iterator[str]:
    count = sum(one.began is None for one in pulls)
    if count:
        yield (
            f"{count:,} of {len(pulls):,} pulls have no time, only an age: they are taken to be alone, and where they "
            "were not the network looks slower than it is; kubectl get events -A -o json has their times"
        )


def _no_pulls(observed: Observed, left_out: Mapping[str, int]) -> str:
    if not observed.pulls:
        why = "; ".join(f"{count:,} {reason}" for reason, count in observed.left_out.items())
        others = {"requests of a registry": len(observed.requests), "histograms of metrics": len(observed.histograms)}
        for what, count in others.items():
            if count:
                why += f"{'; ' if why else ''}{count:,} {what}, which tell nothing without pulls"
        return (
            f"no pull of an image in what was given{f' ({why})' if why else ''}; give events that have some: "
            "kubectl get events -A -o json"
        )
    why = "; ".join(f"{count:,}: {reason}" for reason, count in left_out.items())
    return f"none of the {len(observed.pulls):,} pulls is of the scenario's nodes and images: {why}"


def _without_far(search: Search, rng: np.random.Generator) -> tuple[list[Fit], Flags]:
    """The likeliest fits, and which pulls are so far from the first of them that they are left out."""
    ways = search.likeliest(rng)
    found = ways[0]
    far = np.zeros(len(search.replay.pulls), bool)
    problem = search.problem
    for _ in range(5):
        residuals = (problem.measured - search.predicted(found.at)) * problem.weights
        kept = residuals[~far]
        spare = max(1, len(kept) - len(found.free))
        scatter = _MEDIAN * float(np.median(np.abs(kept))) * (len(kept) / spare) ** 0.5
        after = np.abs(residuals) > max(_as_unlikely(_FAR, spare) * scatter, _OUTLIER)
        if after.sum() > _MOST_FAR * len(after) or (after == far).all():
            break
        far = after
        search.problem = replace(problem, measured=np.where(far, np.nan, problem.measured))
        found = search.fit(found.at, found.free)
    return [search.fit(one.at, one.free, freedom=SQUARES) for one in (found, *ways[1:])], far


def _as_unlikely(far: float, freedom: float) -> float:
    """What of Student's t is as unlikely as so many standard deviations (Abramowitz & Stegun 1964, 26.7.5).

    The scale of few pulls is hardly known, and what fits them well makes it look small.
    """
    terms = (
        (far**3 + far) / 4.0,
        (5.0 * far**5 + 16.0 * far**3 + 3.0 * far) / 96.0,
        (3.0 * far**7 + 19.0 * far**5 + 17.0 * far**3 - 15.0 * far) / 384.0,
    )
    return far + sum(term / freedom**power for power, term in enumerate(terms, 1))


@struct
class _Told:
    fit: Fit
    fitted: list[Fitted]
    jacobian: Floats  # of all numbers, at the likeliest fit
    blocks: str
    notes: list[str]


def _told(search: Search, ways: Sequence[Fit], far: Flags, seed: np.random.SeedSequence) -> _Told:
    """Which numbers the data tell, what they are, and their intervals."""
    every = search.parameters
    spreads = search.problem.spreads
    low, high = np.full(len(every), np.inf), np.full(len(every), -np.inf)
    blocks, few = "", ""
    weights = search.problem.weights[~far]
    burst_of = {pull: number for number, burst in enumerate(search.replay.bursts) for pull in burst.pulls}
    kept = np.flatnonzero(~far).tolist()
    caps = {number for number, one in enumerate(every) if one.is_cap}
    labels: dict[str, Sequence[Hashable]] = {
        "bursts": [burst_of[number] for number in kept], "nodes": [search.replay.pulls[number].node for number in kept]
    }  # fmt: skip
    for way in ways:
        free = list(way.free)
        others = [n for n, one in enumerate(every) if n not in way.free and not one.is_cap]
        beside = derivatives(search.problem, way, others)
        jacobian = derivatives(search.problem, way, free)
        for side in (-1.0, 1.0):
            # Towards each end over the whole way to it: a cap that hardly binds is known from below only.
            steps = side * np.clip(_NORMAL * _errors(jacobian, way, spreads[free]), STEP, _FARTHEST)
            slopes = derivatives(search.problem, way, free, steps.tolist())
            one = bootstrap.intervals(
                slopes, way.residuals, spreads[free], beside, spreads[others], search.moved[:, ~far] * weights,
                labels, seed,
            )  # fmt: skip
            of_side = ends.moved(search.problem, way, free, slopes, one.low if side < 0 else one.high, one.noise, caps)
            if side < 0:
                low[free] = np.minimum(low[free], way.at[free] + of_side)
                blocks, few = blocks or one.blocks, few or one.few
            else:
                high[free] = np.maximum(high[free], way.at[free] + of_side)
    found = ways[0]
    is_told = [number for number in found.free if high[number] - low[number] < _NARROW * spreads[number]]
    found = _reduced(search, found, is_told)
    fitted = [
        Fitted(
            every[number], exp(found.at[number]), exp(min(low[number], found.at[number])),
            exp(max(high[number], found.at[number])), number in is_told,
        )
        for number in found.free
    ]  # fmt: skip
    notes = []
    if few:
        notes.append(f"pulls of the same {few[:-1]} are alike, of which there are too few: intervals may be too narrow")
    return _Told(found, fitted, derivatives(search.problem, ways[0], range(len(every))), blocks, notes)


def _errors(jacobian: Floats, fit: Fit, spreads: Floats) -> Floats:
    """Standard errors of the numbers, roughly."""
    gram = jacobian.T @ jacobian / fit.scale**2 + np.diag(spreads**-2)
    errors: Floats = np.sqrt(np.diag(np.linalg.inv(gram)))
    return errors


def _reduced(search: Search, whole: Fit, is_told: Sequence[int]) -> Fit:
    """The fit of those that are told, the others as in the scenario; but those without which it would be far worse."""

    def with_only(free: Sequence[int]) -> Fit:
        at = search.as_given()
        at[list(free)] = whole.at[list(free)]
        return search.fit(at, free, 6, SQUARES)

    found = with_only(is_told)
    while found.likelihood < whole.likelihood - DIFFERS and len(found.free) < len(whole.free):
        rest = [number for number in whole.free if number not in found.free]
        found = max((with_only(sorted((*found.free, one))) for one in rest), key=lambda one: one.likelihood)
    return found


def _bursts(replay: Replay, before: Floats, after: Floats, far: Flags) -> list[SeenBurst]:
    found = []
    for burst in replay.bursts:
        for image in dict.fromkeys(replay.pulls[number].image for number in burst.pulls):
            own = [
                (n, at) for n, at in zip(burst.pulls, burst.at, strict=True)
                if replay.pulls[n].image == image and not far[n]
            ]  # fmt: skip
            if len(own) < 2:
                continue
            first = min(at for _, at in own)
            ends = [max(at + of[n] for n, at in own) - first for of in (before, after)]
            measured = max(at + replay.pulls[n].seen.duration for n, at in own) - first
            found.append(SeenBurst(image, len(own), measured, *map(float, ends)))
    return found
