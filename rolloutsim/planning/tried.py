"""Changes that were tried, each with what it does: to the rollout time of its case, and to a target that is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from rolloutsim.results.numerals import UNKNOWN, counted, listed, show_size, show_time, show_times
from rolloutsim.results.shown.names import metric_words, target_words
from rolloutsim.results.shown.tabular import OPTIONS, TEXT, Column, Kind, Table
from rolloutsim.results.thresholds import format_value
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.targets import Effect

NOTHING = 0.005  # a smaller share of what changes are judged by is none (assumed: three digits show the same)
# A smaller share of it does not show in three digits.
_UNSEEN = 5e-4

NOTHING_TRIED = "nothing is tried, since the rollout did not finish"


@struct(frozen=True)
class WhatIf:
    """A change and what it does to the rollout time of a case, and to its conditions where one is missed.

    Parameters
    ----------
    case : str
        The case.
    subject : str
        What is changed: `registry uplink`.
    change : str
        What is different: `registry uplink 10 Gbit/s`.
    overrides : tuple of str
        The change in the words of `--set`.
    before : float
        Rollout time as it is [s].
    after : float or None
        And with the change [s]; None: it does not finish.
    parts : tuple of str
        Of several changes together, the subject of each.
    buys : bool
        Whether it takes new hardware, and nothing else.
    leads : bool
        Whether it changes what is named as the cause of the whole: pods that follow one another.
    effects : tuple of Effect
        What it does to the conditions, that which it is judged by first; empty: it is judged by the rollout time.
    shifts : bool
        Whether it lets bytes move at another time, and is told after those that need not.
    sent : tuple of (float, float) or None
        The layers that registries send as it is, and with the change [B]; None: it does not change where they come
        from.
    """

    case: str
    subject: str
    change: str
    overrides: tuple[str, ...]
    before: float
    after: float | None
    parts: tuple[str, ...] = ()
    buys: bool = False
    leads: bool = False
    effects: tuple[Effect, ...] = ()
    shifts: bool = False
    sent: tuple[float, float] | None = None

    @property
    def subjects(self) -> frozenset[str]:
        """What is changed, alone or together."""
        return frozenset(self.parts or (self.subject,))

    @property
    def target(self) -> Effect | None:
        """What it does to the condition that it is judged by; None: it is judged by the rollout time."""
        return self.effects[0] if self.effects else None

    @property
    def figures(self) -> tuple[float, float | None]:
        """What it is judged by, as it is and with the change; None: unknown, or the rollout does not finish."""
        target = self.target
        if target is None:
            return self.before, self.after
        known = target.after is not None and self.after is not None
        return target.before.value or 0.0, target.after.value if known and target.after is not None else None

    @property
    def gain(self) -> float | None:
        """How much better that is: how much faster the rollout [s]."""
        before, after = self.figures
        if after is None:
            return None
        return before - after if self.target is None or self.target.is_upper else after - before

    @property
    def misses(self) -> int:
        """How far it is from what is wanted: 0, all conditions hold; 1, another one is missed; 2, this one is."""
        if self.target is None:
            return 0
        return 2 if not self.target.is_met or self.after is None else int(any(not one.is_met for one in self.effects))

    @property
    def is_broken(self) -> bool:
        """Whether a condition is missed with it that holds as it is."""
        return any(one.is_broken for one in self.effects)

    @property
    def is_faster(self) -> bool:
        """Whether it is better by so much that the change is worth a thought, and breaks nothing."""
        gain, (before, after) = self.gain, self.figures
        if gain is None or after is None or self.is_broken:
            return False
        return gain > NOTHING * before or (
            self.target is not None and not self.target.before.passed and self.misses < 2
        )

    @property
    def is_slower(self) -> bool:
        """Whether it is worse by as much as can be seen, does not finish, or breaks something."""
        gain = self.gain
        return gain is None or -gain > _UNSEEN * self.figures[0] or self.is_broken

    @property
    def is_seen(self) -> bool:
        """Whether the change does anything that can be seen."""
        gain = self.gain
        return gain is None or abs(gain) > _UNSEEN * self.figures[0] or self.is_broken

    def is_better_than(self, other: WhatIf) -> bool:
        """Whether it does more for what both are judged by."""
        return (self.misses, -(self.gain or 0.0)) < (other.misses, -(other.gain or 0.0))

    @property
    def shown(self) -> tuple[str, str]:
        """What it is judged by, as it is and with the change, alike."""
        show = _format([self])
        before, after = self.figures
        return show(before), self._unknown if after is None else show(after)

    @property
    def shown_before(self) -> str:
        """What it is judged by, as it is."""
        return _show(self.target)(self.figures[0])

    @property
    def shown_after(self) -> str:
        """That with the change, and by how much it is worse where it is, or what it does for the target."""
        _, after = self.figures
        if after is None:
            return self._unknown
        show = _show(self.target)
        worse = f", {_gain(self.gain or 0.0, show, self.target)}" if (self.gain or 0.0) < 0.0 and self.is_slower else ""
        is_said = self.is_broken or (self.misses < 2 and bool(judged_by(self.target)))
        sent = f", {shown_sent(self.sent)}" if self.sent is not None else ""
        return show(after) + worse + (f", {self.verdict}" if is_said else "") + sent

    @property
    def verdict(self) -> str:
        """What it does for the conditions, in a word or two."""
        broken = [metric_words(one.before) for one in self.effects if one.is_broken]
        if broken:
            return f"misses the target for the {listed(broken)}"
        return MISSED if self.misses == 2 else MET

    def shown_gain(self, show: Callable[[float], str]) -> str:
        """The gain, or the loss."""
        return self._unknown if self.gain is None else _gain(self.gain, show, self.target)

    @property
    def _unknown(self) -> str:
        return _STUCK if self.after is None else UNKNOWN


@struct(frozen=True)
class WhatIfs:
    """The changes that were tried.

    Parameters
    ----------
    case : str
        The case; empty if there is none that finished.
    tried : tuple of WhatIf
        The largest gain first, after those that change what is named as the cause.
    left_out : tuple of str
        Changes that did not fit into the budget.
    unknown : tuple of str
        The subjects of these, of which nobody knows whether they have an effect.
    useless : tuple of str
        The subjects of which no change has an effect, alone or together with any of the others, which was tried.
    is_thorough : bool
        Whether everything was to be tried that could help, as far as a budget goes, and not only a few changes.
    limit : str
        The hardware that takes most of the time, in words, if none of it was tried that is faster; empty: some was, or
        none takes much of it.
    """

    case: str = ""
    tried: tuple[WhatIf, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    useless: tuple[str, ...] = ()
    is_thorough: bool = False
    limit: str = ""

    @property
    def extent(self) -> str:
        """How many changes were tried, of how many: `9 of 21 changes`."""
        every = counted(len(self.tried) + len(self.left_out), "change")
        return f"{len(self.tried)} of {every}" if self.left_out else every

    @property
    def target(self) -> Effect | None:
        """The condition that changes are judged by, with what the first of them does to it; None: the rollout time."""
        return self.tried[0].target if self.tried else None

    @property
    def faster(self) -> tuple[WhatIf, ...]:
        """Those that help, the largest gain first; several together where they help more than some of them do."""
        return tuple(one for one in self.tried if one.is_faster and self._adds(one))

    @property
    def slower(self) -> tuple[WhatIf, ...]:
        """Those with which it is slower, or worse."""
        return tuple(one for one in self.tried if one.is_slower)

    @property
    def made_slower(self) -> str:
        """How many make it slower or worse, as a sentence; empty: none."""
        number = len(self.slower)
        if not number:
            return ""
        worse = "worse" if judged_by(self.target) or any(one.is_broken for one in self.slower) else "slower"
        return f"{counted(number, 'change')} {'makes' if number == 1 else 'make'} it {worse}"

    @property
    def seen(self) -> tuple[WhatIf, ...]:
        """Those that do anything, for better or worse, the largest gain first; several together as for `faster`."""
        return tuple(one for one in self.tried if one.is_seen and self._adds(one))

    def _adds(self, one: WhatIf) -> bool:
        """Whether several changes together do more than the best of some of them, by what is worth a thought."""
        if not one.parts or one.is_slower or one.gain is None:
            return True
        fewer = [each for each in self.tried if each.subjects < one.subjects and each.gain is not None]
        most = max((each.gain or 0.0 for each in fewer), default=0.0)
        return one.gain - most > NOTHING * one.figures[0] or one.misses < min(
            (each.misses for each in fewer), default=2
        )

    @property
    def idle(self) -> tuple[str, ...]:
        """The subjects of which no change has an effect alone, nor together with what it was tried with.

        Whether they have none with others nobody knows, but for those that are `useless`.
        """
        effective = frozenset(self.unknown).union(*(one.subjects for one in self.seen))
        alone = dict.fromkeys(one.subject for one in self.tried if not one.parts)
        return tuple(subject for subject in alone if subject not in effective)

    @property
    def without_effect(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What has no effect, and what is only known to have none alone, each under its words."""
        alone = tuple(subject for subject in self.idle if subject not in self.useless)
        on = "" if self.target is None or self.target.is_rollout_time else f" on the {metric_words(self.target.before)}"
        return tuple(one for one in ((f"No effect{on}", self.useless), (f"No effect alone{on}", alone)) if one[1])

    @property
    def best(self) -> tuple[WhatIf, ...]:
        """Of each subject the change with the largest gain, the largest first."""
        best: dict[str, WhatIf] = {}
        for one in self.faster:
            best.setdefault(one.subject, one)
        return tuple(best.values())

    def to_rows(self) -> list[dict[str, Any]]:
        """What was tried, as JSON holds it."""
        return [
            {
                "case": one.case,
                "subject": one.subject,
                "change": one.change,
                "set": list(one.overrides),
                "rollout_time_s": {"before": one.before, "after": one.after},
                "gain_s": None if one.after is None else one.before - one.after,
            }
            | ({"thresholds": [each.to_row() for each in one.effects]} if one.effects else {})
            | ({} if one.sent is None else {"egress_bytes": dict(zip(("before", "after"), one.sent, strict=True))})
            for one in self.tried
        ]

    def to_document(self) -> dict[str, Any]:
        """What was tried and what was not, as JSON holds it."""
        return {"what_if": self.to_rows(), "no_effect": list(self.useless), "not_tried": list(self.left_out)}

    def to_columns(self) -> dict[str, list[Any]]:
        """What was tried, column by column."""
        return {
            "case": [one.case for one in self.tried],
            "change": [one.change for one in self.tried],
            "before_s": [one.before for one in self.tried],
            "after_s": [one.after for one in self.tried],
            "gain_s": [None if one.after is None else one.before - one.after for one in self.tried],
            **self._judged(),
            "set": [list(one.overrides) for one in self.tried],
        }

    def _judged(self) -> dict[str, list[Any]]:
        """The condition that changes are judged by, column by column; nothing if that is the rollout time."""
        found = [one.target for one in self.tried if one.target is not None]
        columns: dict[str, list[Any]] = {
            "threshold": [f"{one.before.metric} {one.before.check}" for one in found],
            "value_before": [one.before.value for one in found],
            "value_after": [None if one.after is None else one.after.value for one in found],
            "passed": [one.is_met for one in found],
        }
        return columns if found else {}


def by_gain(tried: Iterable[WhatIf]) -> tuple[WhatIf, ...]:
    """The largest gain first, but before all those that change what is named as the cause; and first what will do.

    What lets bytes move at another time comes last of those that do as much for the target.
    """

    def rank(one: WhatIf) -> tuple[bool, int, bool, bool, float]:
        gain = inf if one.gain is None else -one.gain
        return one.is_broken, one.misses, one.shifts, not (one.leads and one.is_faster), gain

    return tuple(sorted(tried, key=rank))


def what_if_table(changes: Sequence[WhatIf]) -> Table:
    """Simulated changes: what each does to what it is judged by, and the options that make it."""
    # One format for all of them, since they are compared along the rows.
    show, target = _format(changes), changes[0].target if changes else None
    moved = any(one.sent is not None for one in changes)
    sent = [Column("registries send", TEXT, lambda one: one.sent, lambda one: _sent(one.sent))] if moved else []
    columns = (
        Column("change", TEXT, lambda one: one.change),
        Column("before", Kind(show), lambda one: one.figures[0]),
        Column("after", Kind(show), lambda one: one.figures[1]),
        Column("gain", Kind(str), lambda one: one.gain, lambda one: one.shown_gain(show)),
        *(() if target is None else (Column("target", TEXT, lambda one: one.verdict),)),
        *sent,
        Column("with", OPTIONS, lambda one: one.overrides),
    )
    return Table(columns, changes)


def shown_sent(sent: tuple[float, float]) -> str:
    """What registries send with a change, in words [B]."""
    return f"registries send {show_size(sent[1])} in place of {show_size(sent[0])}"


def _sent(sent: tuple[float, float] | None) -> str:
    return "" if sent is None else f"{show_size(sent[0])} → {show_size(sent[1])}"


def judged_by(target: Effect | None) -> str:
    """What before and after of changes are, where that is not the rollout time: with its target."""
    if target is None or target.is_rollout_time:
        return ""
    return f"{metric_words(target.before)}, target {target_words(target.before.check)}"


def _show(target: Effect | None) -> Callable[[float], str]:
    """How one of the figures is shown."""
    return show_time if target is None or target.kind == "time" else partial(format_value, target.metric)


def _format(changes: Sequence[WhatIf]) -> Callable[[float], str]:
    """How the figures of changes are shown that are compared."""
    target = changes[0].target if changes else None
    if target is not None and target.kind != "time":
        return _show(target)
    return show_times(time for one in changes for time in (*one.figures, one.gain))


def _gain(amount: float, show: Callable[[float], str], target: Effect | None) -> str:
    worse = "slower" if target is None or target.is_rollout_time else "worse"
    return f"{worse} by {show(-amount)}" if amount < 0.0 else show(amount)


MET, MISSED = "met", "missed"
_STUCK = "does not finish"
