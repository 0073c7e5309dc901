"""A scenario fitted to pulls that were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, log

import numpy as np

from rolloutsim.calibration import bootstrap, identify
from rolloutsim.calibration.fit import SQUARES, Fit, Floats
from rolloutsim.calibration.match import Matched, matches
from rolloutsim.calibration.parameters import Parameter, parameters
from rolloutsim.calibration.replay import Replay
from rolloutsim.calibration.select import DIFFERS, Search
from rolloutsim.errors import UnreadableError
from rolloutsim.imports.observed import Observed
from rolloutsim.scenario.loading import Draft
from rolloutsim.structs import struct

_FAR = 3.5  # standard deviations, by the median of deviations (Iglewicz & Hoaglin, How to detect outliers, 1993)
_MEDIAN = 1.4826  # standard deviations of the normal distribution in a median of absolute deviations
_OUTLIER = 0.02  # of a duration: what is nearer is none, however alike the others are (assumed)
# What is sold of a line's rate [B/s]: IEEE 802.3, as `solve --standard` has them.
_STANDARD = tuple(rate * 1e9 / 8.0 for rate in (1.0, 2.5, 10.0, 25.0, 40.0, 100.0, 400.0))


@struct
class Fitted:
    """A number that was fitted: as it was, as it is, and its 90 % interval [B/s, or s].

    `instead` are those that explain the pulls as well in its place.
    """

    parameter: Parameter
    value: float
    low: float
    high: float
    instead: tuple[Parameter, ...]

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
    widened : mapping
        Numbers that they only tell to be more than the scenario has: the value taken.
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
    outliers : mapping of str to int
        Why, and how many.
    left_out : mapping of str to int
        Why pulls and requests were not used, and how many.
    untold : tuple of str
        What the data cannot tell.
    notes : tuple of str
        What was taken for something.
    simulations : int
        How many it took.
    """

    fitted: tuple[Fitted, ...]
    widened: Mapping[Parameter, float]
    given: tuple[Parameter, ...]
    pulls: tuple[SeenPull, ...]
    bursts: tuple[SeenBurst, ...]
    scatter: float
    blocks: str
    outliers: Mapping[str, int]
    left_out: Mapping[str, int]
    untold: tuple[str, ...]
    notes: tuple[str, ...]
    simulations: int


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
        What was seen.
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
    matched = matches(scenario, observed.pulls, nodes)
    left_out = Counter(observed.left_out) + Counter(matched.left_out)
    if not matched.pulls:
        raise UnreadableError(_no_pulls(observed, matched.left_out))
    replay = Replay(draft, matched.pulls, matched.images)
    registries = list(dict.fromkeys(matched.images[one.image].registry for one in matched.pulls))
    every = parameters(draft, scenario, registries, sorted({one.group for one in matched.pulls}), fit, keep)
    free = [one for one in every if not one.is_given]
    measured = np.log([one.seen.duration for one in matched.pulls])
    before = np.log(replay.durations({}))
    search = Search(replay, free, measured)
    found, far = _without_far(search)
    found, widened = _with_scenario(search, found)
    exchanged: dict[int, list[int]] = {}
    for number, other, tried in search.exchanges(found):
        if tried.criterion < found.criterion + DIFFERS:
            exchanged.setdefault(number, []).append(other)
    jacobian = search.jacobian(found, range(len(free)))
    after = search.predicted(found.at)
    used = ~np.isnan(search.measured)
    fitted, blocks, few = _intervals(search, found, jacobian, exchanged, used, seed)
    notes = [*observed.notes, *matched.notes]
    if few:
        notes.append(f"pulls of the same {few[:-1]} are alike, of which there are too few: intervals may be too narrow")
    return Calibration(
        fitted=tuple(fitted),
        widened={free[number]: exp(found.at[number]) for number in widened},
        given=tuple(one for one in every if one.is_given),
        pulls=tuple(
            SeenPull(one, float(exp(b)), float(exp(a)), bool(is_far))
            for one, b, a, is_far in zip(matched.pulls, before, after, far, strict=True)
        ),
        bursts=tuple(_bursts(replay, np.exp(before), np.exp(after))),
        scatter=float(np.sqrt(np.sum(found.residuals**2) / max(1, len(found.residuals) - len(found.free)))),
        blocks=blocks,
        outliers={},
        left_out=dict(left_out),
        untold=tuple(identify.untold(replay, free, found, jacobian, exchanged)),
        notes=tuple(notes),
        simulations=replay.simulations,
    )


def _no_pulls(observed: Observed, left_out: Mapping[str, int]) -> str:
    if not observed.pulls:
        why = "; ".join(f"{count:,} {reason}" for reason, count in observed.left_out.items())
        return f"no pull of an image in what was given{f' ({why})' if why else ''}; give events that have some: " \
            "kubectl get events -A -o json"
    why = "; ".join(f"{count:,}: {reason}" for reason, count in left_out.items())
    return f"none of the {len(observed.pulls):,} pulls is of the scenario's nodes and images: {why}"


def _without_far(search: Search) -> tuple[Fit, np.ndarray]:
    """The fit, and which pulls are so far from it that they are left out."""
    found = search.selected()
    far = np.zeros(len(search.measured), bool)
    whole = search.measured.copy()
    for _ in range(5):
        residuals = whole - search.predicted(found.at)
        kept = residuals[~far]
        spare = max(1, len(kept) - len(found.free))
        scatter = _MEDIAN * float(np.median(np.abs(kept))) * (len(kept) / spare) ** 0.5
        after = np.abs(residuals) > max(_FAR * scatter, _OUTLIER)
        if len(whole) - after.sum() < len(found.free) + 3 or (after == far).all():
            break
        far = after
        search.measured = np.where(far, np.nan, whole)
        found = search.fit(found.at, found.free)
    if far.any():
        found = search.selected()
    return search.fit(found.at, found.free, freedom=SQUARES), far


def _with_scenario(search: Search, found: Fit) -> tuple[Fit, list[int]]:
    """The fit with what was not fitted as in the scenario; which caps of it had to be wider than that."""
    widened = []
    for number, one in enumerate(search.parameters):
        if number in found.free or not one.is_cap or one.at_first is None:
            continue
        for place, value in enumerate((one.at_first, *(rate for rate in _STANDARD if rate > one.at_first))):
            at = found.at.copy()
            at[number] = log(one.clipped(value))
            tried = search.fit(at, found.free, 4, SQUARES)
            if tried.criterion < found.criterion + DIFFERS:
                found = tried
                widened += [number] if place else []
                break
    return found, widened


def _intervals(
    search: Search, found: Fit, jacobian: Floats, exchanged: Mapping[int, Sequence[int]], used: np.ndarray, seed: int
) -> tuple[list[Fitted], str, str]:
    if not found.free:
        return [], "", ""
    free = search.parameters
    others = [number for number in range(len(free)) if number not in found.free and not free[number].is_cap]
    pulls = [pull for pull, is_used in zip(search.replay.pulls, used, strict=True) if is_used]
    burst_of = {pull: number for number, burst in enumerate(search.replay.bursts) for pull in burst.pulls}
    bursts = [burst_of[number] for number in np.flatnonzero(used).tolist()]
    told = bootstrap.intervals(
        jacobian[:, list(found.free)], found.residuals, jacobian[:, others],
        np.array([free[number].bounds.spread for number in others]),
        {"bursts": bursts, "nodes": [pull.node for pull in pulls]}, seed,
    )  # fmt: skip
    fitted = []
    for place, number in enumerate(found.free):
        ends = (exp(found.at[number] + told.low[place]), exp(found.at[number] + told.high[place]))
        instead = tuple(free[other] for other in exchanged.get(number, ()))
        fitted.append(Fitted(free[number], exp(found.at[number]), *ends, instead))
    return fitted, told.blocks, told.few


def _bursts(replay: Replay, before: Floats, after: Floats) -> list[SeenBurst]:
    found = []
    for burst in replay.bursts:
        for image in dict.fromkeys(replay.pulls[number].image for number in burst.pulls):
            own = [(n, at) for n, at in zip(burst.pulls, burst.at, strict=True) if replay.pulls[n].image == image]
            if len(own) < 2:
                continue
            first = min(at for _, at in own)
            ends = [max(at + of[n] for n, at in own) - first for of in (before, after)]
            measured = max(at + replay.pulls[n].seen.duration for n, at in own) - first
            found.append(SeenBurst(image, len(own), measured, *map(float, ends)))
    return found
