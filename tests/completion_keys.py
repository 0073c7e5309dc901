"""What completion knows of the format's keys; `python -m tests.completion_keys` writes it anew (`make keys` does).

A shell waits at each TAB: a table is read in a tenth of the time that the format's models take to import.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rolloutsim.scenario.fields import Flag, Word
from rolloutsim.scenario.structure import Part, all_keys, placeholder

TABLE = Path(__file__).parent.parent / "rolloutsim" / "cli" / "keys.tsv"
_LONGEST = 72  # characters of a description, the first words of which are shown beside a key


def table() -> str:
    """The table: each key's path, `=` if a value may be given and `.` if keys follow, its words, its meaning."""
    return "".join("\t".join((".".join(path), *_of(part))) + "\n" for path, part in _every())


def _every() -> Iterator[tuple[tuple[str, ...], Part]]:
    """All keys, and the places of the user's own names."""
    for path, part in all_keys():
        yield path, part
        if part.is_map and (own := part.step("")) is not None:
            yield (*path, f"<{placeholder(part)}>"), own


def _of(part: Part) -> tuple[str, str, str]:
    inside = part.is_map or bool(part.keys)
    value = not inside or part.short is not None or part.described is not None
    kind = part.described
    words = kind.choices if isinstance(kind, Word) else ("true", "false") if isinstance(kind, Flag) else ()
    meaning = " ".join(((part.field.description if part.field else None) or "").split())
    if len(meaning) > _LONGEST:
        meaning = meaning[:_LONGEST].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    return ("=" * value + "." * inside, " ".join(words), meaning)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
