"""What to buy: the cheapest values of several keys with which all conditions hold.

Every combination is a simulation, cheapest first, until one will do and all others of its price are tried: those that
are left cost more, whatever they would do, so that nothing is assumed of how a value changes the result. Conditions are
judged as `rolloutsim.planning.solve` judges its own; replication i has the same seed in every combination.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import MOST_SHOWN, Diagnostic, ScenarioError, UsageError
from rolloutsim.planning.differences import is_random
from rolloutsim.planning.ladder import ladder_at
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.solve import refuse_few
from rolloutsim.planning.sweep.batches import Batch, Job, Workers, run_jobs
from rolloutsim.planning.sweep.designs import Choice, Design, Parameter, scenario_at
from rolloutsim.planning.sweep.judging import COLUMNS, measured
from rolloutsim.results.numerals import listed
from rolloutsim.results.thresholds import Measurement, ThresholdResult, excess, holds_at, is_within, judge
from rolloutsim.scenario.checks import names
from rolloutsim.scenario.conditions import parse_condition
from rolloutsim.scenario.loading import VARIANTS
from rolloutsim.scenario.metrics import in_braces
from rolloutsim.scenario.numbers import measure, present
from rolloutsim.scenario.overrides import Change, parse_path, refuse_idle, split_assignment
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resolve import resolve
from rolloutsim.scenario.text import read_value
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.scenario.loading import Draft
    from rolloutsim.scenario.model import Document
    from rolloutsim.scenario.resolved import ResolvedScenario, Threshold

SCHEMA = "rolloutsim.cheapest/1"
# What stands in the JSON, and what it means.
KEYS: Mapping[str, str] = {
    "such_that[]": "what has to hold",
    "keys[]": "each `key` with what is there (`now`; null: more than a value, or a default of another key) and its "
    "`offers`: `value` (null: what is there) and `price`",
    "status": "`found` or `none`",
    "combinations": "how many there are",
    "best": "the cheapest that will do, of several the one that changes fewest keys, with the most room: what to `buy` "
    "by key, its `price`, and the `results` of the conditions, case by case",
    "ties[]": "others of the same price that will do",
    "nearest": "where none will do, the one that misses by least",
    "tried[]": "all that were simulated, cheapest first; what is not there costs as much as the last or more",
}
TRIES = 1000  # combinations that are simulated at most, unless told otherwise (assumed)
MOST_COMBINATIONS = 1_000_000  # that are put in order (assumed: seconds)
AS_IT_IS = "as it is"
_PRICE, _SUCH_THAT = "--price", "--such-that"
_FORM = "write KEY=VALUE=PRICE, for example --price 'network=10 Gbit/s=4000'"

Progress = Callable[[int, int], None]  # runs done, runs in all


@struct(frozen=True)
class Offer:
    """A value that may be bought for a key, and its price; `value` None: what the scenario has, for nothing."""

    value: Any
    price: Decimal


@struct
class Wanted:
    """A key of which a value is looked for.

    Parameters
    ----------
    path : tuple
        Where it stands.
    offers : tuple of Offer
        What comes into question; the first is what the scenario has.
    now : str
        What that is, as far as the scenario says it.
    """

    path: Path
    offers: tuple[Offer, ...]
    now: str

    @property
    def key(self) -> str:
        """Its path as text."""
        return dotted(self.path)

    def shown(self, number: int) -> str:
        """One of the offers in words."""
        return self.now if self.offers[number].value is None else str(self.offers[number].value)


@struct
class Bought:
    """A combination that was simulated.

    Parameters
    ----------
    offers : tuple of int
        Which offer of each key it takes.
    price : Decimal
        Of all of them.
    passed : bool
        Whether all conditions hold, with several replications surely so.
    results : tuple of ThresholdResult
        The conditions' values, case by case.
    worst : tuple of ThresholdResult
        Of each condition the case that is furthest off.
    shortfall : float
        By how much the condition that is furthest off is missed, as a share of its limit; 0 or less: none is.
    """

    offers: tuple[int, ...]
    price: Decimal
    passed: bool
    results: tuple[ThresholdResult, ...]
    worst: tuple[ThresholdResult, ...]
    shortfall: float


@struct(frozen=True)
class Purchase:
    """The cheapest combination, and what was tried for it.

    Parameters
    ----------
    name : str
        The scenario's.
    wanted : tuple of Wanted
        The keys, with what comes into question.
    conditions : tuple of str
        What has to hold.
    best : Bought or None
        The cheapest that will do; None: none that was tried does.
    tried : tuple of Bought
        All that were simulated, cheapest first.
    combinations : int
        How many there are.
    alike : int
        How many of those that were not tried cost no more than the best.
    seed, replications : int
        Of each.
    random : bool
        Whether chance plays a part.
    """

    name: str
    wanted: tuple[Wanted, ...]
    conditions: tuple[str, ...]
    best: Bought | None
    tried: tuple[Bought, ...]
    combinations: int
    alike: int
    seed: int
    replications: int
    random: bool

    @property
    def price(self) -> float | None:
        """Of the best."""
        return None if self.best is None else float(self.best.price)

    @property
    def ties(self) -> tuple[Bought, ...]:
        """Others of the same price that will do as well."""
        return tuple(one for one in self.tried if one.passed and one is not self.best)

    @property
    def nearest(self) -> Bought | None:
        """What comes nearest where nothing will do, the cheapest of several; None: all rollouts are stuck."""
        known = [one for one in self.tried if one.shortfall < inf]
        return min(known, key=lambda one: one.shortfall, default=None) if self.best is None else None

    def changes(self, bought: Bought) -> dict[str, Any]:
        """What is bought, by key; without what the scenario has."""
        pairs = zip(self.wanted, bought.offers, strict=True)
        found = {one.key: one.offers[number].value for one, number in pairs}
        return {key: value for key, value in found.items() if value is not None}

    def named(self, bought: Bought) -> str:
        """A combination and its price: `network 10 Gbit/s and registry.uplink 25 Gbit/s, for 4,900`."""
        changes = [f"{'variant' if key == VARIANTS else key} {value}" for key, value in self.changes(bought).items()]
        return f"{listed(changes) if changes else AS_IT_IS}, for {money(bought.price)}"

    def to_dict(self) -> dict[str, Any]:
        """The answer as nested dicts and lists, versioned `rolloutsim.cheapest/1`."""
        nearest = self.nearest
        return {
            "schema": SCHEMA,
            "scenario": self.name,
            "such_that": list(self.conditions),
            "keys": [
                {
                    "key": one.key,
                    "now": None if one.now == AS_IT_IS else one.now,
                    "offers": [{"value": offer.value, "price": _plain(offer.price)} for offer in one.offers],
                }
                for one in self.wanted
            ],
            "seed": self.seed,
            "replications": self.replications,
            "status": "none" if self.best is None else "found",
            "combinations": self.combinations,
            "best": None if self.best is None else self._as_dict(self.best),
            "ties": [self._as_dict(one) for one in self.ties],
            "nearest": None if nearest is None else self._as_dict(nearest),
            "tried": [self._as_dict(one) for one in self.tried],
        }

    def _as_dict(self, one: Bought) -> dict[str, Any]:
        results = [{"case": result.case, **result.to_row()} for result in one.results]
        return {"buy": self.changes(one), "price": _plain(one.price), "passed": one.passed, "results": results}

    def __repr__(self) -> str:
        return f"<Purchase: {'none' if self.best is None else self.named(self.best)}>"

    def _repr_html_(self) -> str:
        from rolloutsim.planning.cheapest_tables import purchase_html

        return purchase_html(self)


def offers_of(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Prices by key and value, from `KEY=VALUE=PRICE` each.

    Raises UsageError if a text has no such form, or gives a value two prices.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        key, rest = split_assignment(text, _PRICE, _FORM)
        value, sign, price = rest.rpartition("=")
        if not sign or not value.strip():
            raise UsageError(f"{_PRICE} {text}: a price is missing; {_FORM}")
        prices = found.setdefault(dotted(parse_path(key, _PRICE)), {})
        if value.strip() in prices:
            raise UsageError(f"{_PRICE} {text}: '{value.strip()}' has a price already, {prices[value.strip()]}")
        prices[value.strip()] = price.strip()
    return found


def cheapest(
    draft: Draft,
    prices: Mapping[str, Mapping[Any, Any]],
    such_that: Sequence[str] = (),
    tries: int = TRIES,
    seed: int | None = None,
    replications: int | None = None,
    workers: AbstractContextManager[Workers] | None = None,
    progress: Progress | None = None,
) -> Purchase:
    """Find the cheapest values of some keys with which all conditions hold.

    Parameters
    ----------
    draft : Draft
        The scenario.
    prices : mapping of str to mapping
        Key, as in `--set`, to its values with their prices. What the scenario has comes into question, too, and costs
        nothing unless it has a price.
    such_that : sequence of str
        The conditions; by default the scenario's own thresholds, without those that only warn.
    tries : int
        How many combinations are simulated at most, the cheapest first.
    seed, replications
        As for `planning.replicate.replicate`.
    workers : context manager of Workers, optional
        Who computes, as for a sweep.
    progress : callable, optional
        Called with the number of runs that are done and of all.

    Returns
    -------
    Purchase
        The same whoever computes it.

    Raises
    ------
    UsageError
        If a key leads nowhere, a price is none, or a condition cannot be read or has no interval from so few
        replications; if there is no condition, or there are too many combinations.
    ScenarioError
        If the scenario is not valid, or would not be with one of the combinations.
    """
    document = draft.document()
    base = resolve(document)
    if tries < 1:
        raise UsageError(f"--tries {tries}: nothing would be simulated; give at least 1")
    wanted = tuple(_wanted(draft, document, key, dict(its)) for key, its in prices.items())
    if not wanted:
        raise UsageError(f"nothing has a price; {_FORM}")
    conditions = _conditions(base, document, such_that)
    count = base.replications if replications is None else replications
    groups = tuple(group.name for group in base.groups)
    for condition in conditions:
        refuse_few(condition, in_braces(condition.metric, condition.selectors), is_within(condition, groups), count)
    every = prod(len(one.offers) for one in wanted)
    if every > MOST_COMBINATIONS:
        raise UsageError(f"that are {every:,} combinations; the most is {MOST_COMBINATIONS:,}: price fewer values")
    order = _in_order(wanted)
    chosen = order[:tries]
    _check(draft, wanted, chosen)
    runs = seeds(base.seed if seed is None else seed, count)
    tried = list(_tried(draft, wanted, chosen, conditions, runs, groups, workers, progress))
    passing = [one for one in tried if one.passed]
    found = Purchase(
        name=base.name,
        wanted=wanted,
        conditions=tuple(_told(one) for one in conditions),
        best=None,
        tried=tuple(tried),
        combinations=every,
        alike=0,
        seed=runs[0],
        replications=count,
        random=is_random(base),
    )
    best = min(passing, key=lambda one: (len(found.changes(one)), one.shortfall), default=None)
    if best is None:
        return found
    return replace(found, best=best, alike=sum(_price(wanted, one) <= best.price for one in order[len(tried) :]))


def _wanted(draft: Draft, document: Document, key: str, prices: Mapping[Any, Any]) -> Wanted:
    """A key with its offers: what the scenario has in front, for nothing unless it has a price."""
    path = parse_path(key, _PRICE)
    source = f"{_PRICE} {dotted(path)}"
    refuse_idle(path, source)
    if path == ("seed",):
        raise UsageError(f"{source}: chance has no price")
    offers = [
        Offer(read_value(value, source) if isinstance(value, str) else value, _decimal(price, f"{source}={value}"))
        for value, price in prices.items()
    ]
    if path == (VARIANTS,):
        for offer in offers:
            draft.of_variant(str(offer.value))
        return Wanted(path, (Offer(None, Decimal(0)), *offers), AS_IT_IS)
    for offer in offers:
        draft.changed([Change(path, offer.value, source)])
    dumped = document.model_dump(mode="json", by_alias=True)
    now = next((one for one in (present(data, path) for data in (draft.data, dumped)) if one is not None), None)
    mine = None if now is None else measure(path, now)
    same = [one for one in offers if one.value == now or (mine is not None and measure(path, one.value) == mine)]
    others = [one for one in offers if one not in same]
    price = same[0].price if same else Decimal(0)
    if mine is None:
        words = AS_IT_IS if now is None or isinstance(now, (dict, list)) else str(now)
    else:
        words = ladder_at(path, (now,), source)[0].like
    return Wanted(path, (Offer(None, price), *others), words)


def _decimal(price: Any, source: str) -> Decimal:
    try:
        found = Decimal(str(price).replace("_", ""))
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise UsageError(f"{source}: '{price}' is no price; give a number, in any currency, such as 4000")
    return found


def _conditions(base: ResolvedScenario, document: Document, such_that: Sequence[str]) -> tuple[Threshold, ...]:
    if such_that:
        return tuple(parse_condition(text, document, names(document), _SUCH_THAT) for text in such_that)
    found = tuple(one for one in base.thresholds if one.severity == "error")
    if not found:
        raise UsageError(
            "the scenario has no thresholds that could be met; name what has to hold: --such-that 'rollout_time < 30 s'"
        )
    return found


def _in_order(wanted: Sequence[Wanted]) -> list[tuple[int, ...]]:
    """All combinations, the cheapest first; of equal ones those that change the later keys."""
    every = product(*(range(len(one.offers)) for one in wanted))
    return sorted(every, key=lambda one: (_price(wanted, one), one))


def _price(wanted: Sequence[Wanted], offers: Sequence[int]) -> Decimal:
    return sum((one.offers[number].price for one, number in zip(wanted, offers, strict=True)), Decimal(0))


def _scenario(draft: Draft, wanted: Sequence[Wanted], offers: Sequence[int]) -> ResolvedScenario:
    """The scenario of a combination; ScenarioError if it is not valid."""
    pairs = [(one, one.offers[number].value) for one, number in zip(wanted, offers, strict=True)]
    bought = [(one, value) for one, value in pairs if value is not None]
    parameters = tuple(Parameter(one.path, (value,), f"{_PRICE} {one.key}") for one, value in bought)
    return scenario_at(draft, Design("zip", parameters), [Choice(value, 0) for _, value in bought])


def _check(draft: Draft, wanted: Sequence[Wanted], chosen: Sequence[tuple[int, ...]]) -> None:
    """ScenarioError if one of the combinations is not valid, before any is simulated."""
    found: dict[Diagnostic, None] = {}
    for offers in chosen:
        try:
            _scenario(draft, wanted, offers)
        except ScenarioError as error:
            found |= dict.fromkeys(error.diagnostics)
        if len(found) > MOST_SHOWN:
            break
    if found:
        raise ScenarioError(sorted(found, key=lambda one: (one.line or 0, one.column or 0)))


def _tried(
    draft: Draft,
    wanted: Sequence[Wanted],
    chosen: Sequence[tuple[int, ...]],
    conditions: tuple[Threshold, ...],
    runs: Sequence[int],
    groups: Collection[str],
    workers: AbstractContextManager[Workers] | None,
    progress: Progress | None,
) -> Iterator[Bought]:
    """Simulate combinations in their order, until one will do and all that cost the same are tried."""
    count = len(chosen) * len(runs)
    found: Decimal | None = None
    with workers or nullcontext(Workers(1)) as who:
        jobs = _jobs(draft, wanted, chosen, conditions, runs)
        with closing(run_jobs(jobs, count, who)) as batches:
            points = _points(batches, len(runs), groups, lambda done: progress and progress(done, count))
            for offers, measurements in zip(chosen, points, strict=False):
                price = _price(wanted, offers)
                if found is not None and price > found:
                    return
                one = _judged(offers, price, conditions, measurements)
                yield one
                found = price if one.passed else found


def _judged(
    offers: tuple[int, ...],
    price: Decimal,
    conditions: Sequence[Threshold],
    measurements: Sequence[tuple[Measurement, ...]],
) -> Bought:
    """A combination, judged by what was measured in all of its replications."""
    pairs = [(every[0].threshold, judge(every)) for every in measurements]
    of_each = ([pair for pair in pairs if _is_of(pair[0], condition)] for condition in conditions)
    worst = [max(some, key=lambda pair: _missed_by(*pair)) for some in of_each if some]
    return Bought(
        offers, price, all(holds_at(*pair) for pair in pairs), tuple(result for _, result in pairs),
        tuple(result for _, result in worst), max(_missed_by(*pair) for pair in pairs),
    )  # fmt: skip


def _missed_by(condition: Threshold, result: ThresholdResult) -> float:
    """By how much a condition is missed, as a share of its limit."""
    return excess(condition, result) / (abs(condition.value) or 1.0)


def _is_of(judged: Threshold, condition: Threshold) -> bool:
    """Whether what was judged for a case is this condition."""
    same = (judged.metric, judged.check) == (condition.metric, condition.check)
    return same and condition.selectors.items() <= judged.selectors.items()


def _jobs(
    draft: Draft,
    wanted: Sequence[Wanted],
    chosen: Sequence[tuple[int, ...]],
    conditions: tuple[Threshold, ...],
    runs: Sequence[int],
) -> Iterator[Job]:
    """The runs of all combinations, in order."""
    for point, offers in enumerate(chosen):
        scenario = replace(_scenario(draft, wanted, offers), thresholds=conditions)
        yield from (Job(point, number, seed, scenario) for number, seed in enumerate(runs))


def _points(
    batches: Iterator[Batch], replications: int, groups: Collection[str], progress: Callable[[int], None]
) -> Iterator[tuple[tuple[Measurement, ...], ...]]:
    """What the conditions of each combination are judged by, as soon as all of its replications are done."""
    rows: list[tuple[Any, ...]] = []
    done = point = 0
    for batch in batches:
        table = batch.tables["thresholds"]
        places = [table.columns.index(name) for name in (*COLUMNS, "value")]
        rows += [tuple(row[place] for place in places) for row in table.values]
        done += batch.runs
        progress(done)
        while point < done // replications:
            yield measured([row for row in rows if row[0] == point], groups)[point]
            rows = [row for row in rows if row[0] > point]
            point += 1


def _told(condition: Threshold) -> str:
    return f"{in_braces(condition.metric, condition.selectors)} {condition.check}"


def money(price: Decimal) -> str:
    """A price for people."""
    return f"{price.normalize():,f}"


def _plain(price: Decimal) -> float | int:
    return int(price) if price == price.to_integral_value() else float(price)
