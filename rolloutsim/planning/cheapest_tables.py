"""How the cheapest combination is shown: the answer in a line, what one has to know of it, what was tried."""

from __future__ import annotations

import shlex
from functools import partial
from html import escape

from rolloutsim.planning.cheapest import Bought, Purchase, Wanted, money
from rolloutsim.results.numerals import listed
from rolloutsim.results.shown.tabular import NUMBER, TEXT, Column, Table, as_options, escaped, html, markdown
from rolloutsim.scenario.loading import VARIANTS

_MOST_ROWS = 40  # of combinations that are shown (assumed: a screen)
_MOST_NAMED = 3  # other combinations of the same price that are named


def purchase_title(found: Purchase) -> str:
    """The answer in one line."""
    what = listed(list(found.conditions))
    if found.random and found.replications == 1:
        what += ", on one draw"
    if found.best is None:
        some = "none" if len(found.tried) == found.combinations else f"none of the {len(found.tried):,} cheapest"
        return f"{what}: {some} of {found.combinations:,} combinations will do"
    if not found.changes(found.best):
        return f"{what}: the scenario as it is will do"
    return f"{what}: the cheapest that will do is {found.named(found.best)}"


def purchase_notes(found: Purchase) -> list[str]:
    """What one has to know about the answer."""
    notes = [_tally(found)]
    if found.best is not None and found.changes(found.best):
        notes.append(f"Try it: {_as_options(found, found.best)}")
    if found.ties:
        some = [found.named(one).rpartition(", for ")[0] for one in found.ties[:_MOST_NAMED]]
        more = len(found.ties) - len(some)
        notes.append(f"At the same price will do: {'; '.join(some)}{f'; and {more} more' if more else ''}.")
    if (nearest := found.nearest) is not None:
        missed = [
            f"{one.metric} {one.check} is {one.shown} ({one.headroom})" for one in nearest.results if not one.passed
        ]
        why = listed(missed) or "it holds on average only, not at the end of the 95 % interval"
        notes.append(f"Nearest comes {found.named(nearest)}: {why}.")
    if any(one.offers[0].price == 0 for one in found.wanted):
        notes.append("What the scenario has costs nothing unless it has a price.")
    if len(found.tried) > _MOST_ROWS:
        notes.append(f"The table has the last {_MOST_ROWS} of them; --format json has all.")
    if found.replications > 1:
        notes.append(
            f"{found.replications} replications of each combination; it will do if the conditions hold at the end of "
            "the 95 % interval (min and max, which have none, are compared as they are)."
        )
    elif found.random:
        notes.append("One draw of what is random in each combination; --replications 30 judges by intervals.")
    return notes


def _tally(found: Purchase) -> str:
    """How many combinations were tried, and what is known of the others."""
    left = found.combinations - len(found.tried)
    if not left:
        return f"Tried all {found.combinations:,} combinations, each with a simulation."
    tried = f"Tried {len(found.tried):,} of {found.combinations:,} combinations, cheapest first, each with a simulation"
    others = "the other one" if left == 1 else f"the {left:,} others"
    costs, more = ("costs", "is") if left == 1 else ("cost", "are")
    if found.best is None:
        rest = f"{others} {costs} as much or more, and {more} not known"
        return f"{tried}; {rest}: --tries {found.combinations} tries all."
    if not found.alike:
        return f"{tried}; {others} {costs} more."
    alike = len(found.tried) + found.alike
    return f"{tried}; {others} {costs} as much or more: --tries {alike} tries all of the same price."


def _as_options(found: Purchase, bought: Bought) -> str:
    """A combination as options of a command."""
    changes = found.changes(bought)
    variant = changes.pop(VARIANTS, None)
    of_variant = [] if variant is None else [f"--variant {shlex.quote(str(variant))}"]
    return " ".join([*of_variant, *filter(None, [as_options(f"{key}={value}" for key, value in changes.items())])])


def purchase_table(found: Purchase) -> Table:
    """What was tried, cheapest first, without most of those before the answer: what is bought, what comes out."""
    columns = (
        Column("", TEXT, lambda one: "✓" if one.passed else "✗"),
        Column("price", NUMBER, lambda one: float(one.price), lambda one: money(one.price)),
        *(Column(one.key, TEXT, partial(_bought, one, number)) for number, one in enumerate(found.wanted)),
        *(
            Column(text, NUMBER, partial(_value, number), partial(_shown, number))
            for number, text in enumerate(found.conditions)
        ),
    )
    return Table(columns, found.tried[-_MOST_ROWS:])


def _bought(wanted: Wanted, number: int, one: Bought) -> str:
    return wanted.shown(one.offers[number])


def _value(number: int, one: Bought) -> float | None:
    return one.worst[number].value


def _shown(number: int, one: Bought) -> str:
    return one.worst[number].shown


def purchase_markdown(found: Purchase) -> str:
    """A section: the answer, notes, what was tried."""
    notes = "\n".join(f"- {escaped(note)}" for note in purchase_notes(found))
    return f"### {escaped(purchase_title(found))}\n\n{notes}\n\n{markdown(purchase_table(found))}\n"


def purchase_html(found: Purchase) -> str:
    """What Jupyter shows: the same."""
    notes = "".join(f"<div>{escape(note)}</div>" for note in purchase_notes(found))
    return html(purchase_table(found), purchase_title(found)) + notes
