"""What the pods of each case waited for, or the last one where controllers decide who pulls when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Patch

from rolloutsim.report.plots.canvas import NoDataError, canvas, finish, grid, mark, plain
from rolloutsim.report.plots.colours import BLUE, INK, ON_DARK, ON_LIGHT, PAPER
from rolloutsim.report.plots.looks import key_of, looks
from rolloutsim.report.plots.scales import row_axis, share_axis
from rolloutsim.report.plots.subjects import scene, several_cases
from rolloutsim.results.metrics import CaseSummary
from rolloutsim.results.numerals import listed, show_time
from rolloutsim.results.why.bottlenecks import Bottleneck, bottlenecks, name_of
from rolloutsim.results.why.words import ALL_PODS, explained
from rolloutsim.scenario.strategies import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.outcome import Outcome


_LEGIBLE = 0.07  # a part of the bar with at least this share has room for its number (assumed)
_ROW, _ENTRY, _FRAME = 0.34, 0.2, 1.4  # height of a bar's row, of one in the legend, of all around them [inch]


def time_split(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Where the time of the pods goes, by cause: a bar a case, until they are ready; the same shares as in words.

    A pod's time begins when its pull is asked for. Where controllers decide who pulls when, it is the last pod's time
    from the rollout's start, and with it that of the turns before its own; or one turn's, where these make it long.

    Links that do the same job in different racks, or sites, are one cause.

    Parameters as for `rollout`.
    """
    run, cases = outcome.run, several_cases(outcome, case)
    rows = [outcome.means.cases[one.name] for one in cases]
    found = [explained(run.scenario, one, row) for one, row in zip(cases, rows, strict=True)]
    split = [bottlenecks(row, one.seconds) for row, one in zip(rows, found, strict=True)]
    if not any(split):
        raise NoDataError(
            "no pull took any time: every node held all layers already, or no pull finished; "
            "there is nothing to split by cause"
        )
    times = [one.time for one in found]
    look_of = looks(split, _in_short)
    ax = canvas(ax, height=_FRAME + max(_ROW * len(rows), _ENTRY * len(look_of)))
    thickness = min(0.68, _ROW * 0.8 * len(rows) / (_ENTRY * len(look_of)))
    for place, (row, causes) in enumerate(zip(rows, split, strict=True)):
        left = 0.0
        for cause in sorted(causes, key=lambda one: list(look_of).index(key_of(one))):
            color, hatch, _ = look_of[key_of(cause)]
            (bar,) = ax.barh(
                [place], [cause.share], left=left, height=thickness, color=color, hatch=hatch,
                edgecolor=PAPER, linewidth=0.8,
            )  # fmt: skip
            whose = "" if row.case == ALL else f"{row.case}: "
            a_pod = " a pod" if found[place].whose == ALL_PODS else ""
            seconds = show_time(cause.share * times[place])
            said = f"{whose}{name_of(cause)} {cause.shown} of {found[place].of}, {seconds}{a_pod}"
            mark(bar, "cause", key_of(cause), said)
            if cause.share >= _LEGIBLE:
                ink = PAPER if color == INK else ON_DARK if color == BLUE else ON_LIGHT
                ax.text(left + cause.share / 2, place, cause.shown, ha="center", va="center", size=8,
                        color=ink,
                        bbox={"facecolor": color, "edgecolor": "none", "pad": 1.0})  # fmt: skip
            left += cause.share
    names = [
        f"{one.whose if row.case == ALL else plain(row.case)}  {show_time(one.time) if causes else 'none is ready'}"
        for row, one, causes in zip(rows, found, split, strict=True)
    ]
    row_axis(ax, names, 0.55)
    # Where cases differ in that, the answer says of what its shares are.
    whose = listed(list(dict.fromkeys(one.whose for one in found)), last="or")
    mean = ", the mean of a pod" if ALL_PODS in whose else ""
    share_axis(ax, f"share of the time of {whose}", side="x")
    grid(ax, "x")
    entries = [(Patch(facecolor=color, hatch=hatch, edgecolor=PAPER), said) for color, hatch, said in look_of.values()]
    slow = max(range(len(rows)), key=times.__getitem__)
    what = f"what the time of {whose} goes to; beside each case: that time{mean}"
    return finish(ax, _answer(rows, split, found[slow].of, slow), scene(run, what, cases), legend=entries)


def _in_short(cause: Bottleneck) -> str:
    return plain(name_of(cause), 26)


def _in_words(cause: Bottleneck) -> str:
    name = plain(name_of(cause), 60)
    return f"the {name}" if cause.is_shared else name


def _answer(rows: list[CaseSummary], split: list[tuple[Bottleneck, ...]], of: str, slow: int) -> str:
    """The largest causes of the slowest case, and where another has another cause."""
    shares = [f"{cause.shown} of {of} goes to {_in_words(cause)}" for cause in split[slow][:1]]
    shares += [f"{cause.shown} to {_in_words(cause)}" for cause in split[slow][1:2]]
    said = ", ".join(shares)
    if len(rows) == 1:
        return said
    main = [(key_of(causes[0]), causes[0]) for causes in split if causes]
    others = {key: cause for key, cause in main if key != key_of(split[slow][0])}
    differ = ""
    if others:
        key, cause = next(iter(others.items()))
        count = sum(found == key for found, _ in main)
        first = next(row.case for row, causes in zip(rows, split, strict=True) if causes and key_of(causes[0]) == key)
        who = plain(first) if count == 1 else f"{count} others"
        differ = f"; {who} wait{'s' if count == 1 else ''} longest for {_in_words(cause)}"
    return f"{plain(rows[slow].case)}: {said}{differ}"
