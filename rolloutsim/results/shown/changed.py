"""What differs in two resolved scenarios, as a table: `+` what is new, `-` what is gone, `~` what is another value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolloutsim.results.shown.tabular import TEXT, Column, Table

if TYPE_CHECKING:
    from rolloutsim.scenario.settings import Changed


def changed_table(changed: Sequence[Changed]) -> Table:
    """A row a key: its sign, the key, both values, and which of them are defaults, from where."""
    columns = (
        Column("", TEXT, lambda one: one.sign),
        Column("key", TEXT, lambda one: one.key),
        Column("before → after", TEXT, lambda one: " → ".join(side.value for side in (one.before, one.after) if side)),
        Column("", TEXT, _why),
    )
    return Table(columns, changed)


def _why(one: Changed) -> str:
    """Which of the two values is a default, and where that comes from."""
    defaults = [setting for setting in (one.before, one.after) if setting is not None and not setting.given]
    if not defaults:
        return ""
    source = defaults[-1].source
    which = "default" if len(defaults) == 2 else "before: default" if defaults[0] is one.before else "after: default"
    return f"{which}, {source}" if source.startswith("as ") else which
