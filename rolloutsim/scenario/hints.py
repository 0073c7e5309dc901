"""What a misspelt name or word was likely meant to be; of keys see `rolloutsim.scenario.key_hints`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from rolloutsim.errors import nearest

# What Kubernetes calls a workload's kind, and how it is said here.
_KINDS = {
    "daemon_set": "write daemonset: true", "stateful_set": "write rollout: statefulset",
    "deployment": "leave it out: a workload with replicas is a Deployment",
}  # fmt: skip
_EVERY_KIND = "a workload is a Deployment, a DaemonSet (daemonset: true) or a StatefulSet (rollout: statefulset)"

# Up to how many letters a word may have how many slips of the pen (assumed: `labels` is no slip of `layers`).
_SLIPS = ((2, 0), (7, 1), (12, 2))
_SHORT = 3  # letters of a word of which none may be another one: `vip` is no slip of `via`
_MOST_SLIPS = 3
_ALIKE = 0.82  # likeness beyond which letters may be too many or too few (assumed: `noodles` and `nodes`)
MOST_COMPARED = 500  # names that a misspelt one is compared with; each comparison takes microseconds
_MOST_NAMES = 200  # of a user's, that are often alike, and take 0.1 ms each
MOST_LISTED = 20  # words in a message (assumed: more are not read)


def snake_case(word: str) -> str:
    """`maxSurge` and `max-surge` in this format's spelling: `max_surge`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").replace(" ", "_").lower()


def intended(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that was likely meant, None where none is like it."""
    choices = allowed if isinstance(allowed, Collection) else tuple(allowed)
    snake = snake_case(word)
    for candidate in (snake, f"{snake}s", snake.removesuffix("s")):
        if candidate in choices:
            return candidate
    if len(choices) > _MOST_NAMES:
        return None
    return nearest(word, choices) or (nearest(snake, choices) if snake != word else None)


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """A help text that names the likely name; None where there is none."""
    choice = intended(word, allowed)
    return None if choice is None else f"did you mean '{choice}'?"


def word_help(word: str, allowed: Collection[str]) -> str | None:
    """A help text that names the word of the format that was likely meant; None where there is none."""
    from rolloutsim.scenario.foreign import value_of  # only errors need it

    meant, snake = value_of(word), snake_case(word)
    choice = meant if meant in allowed else snake if snake in allowed else near(snake, allowed)
    return None if choice is None else f"did you mean '{choice}'?"


def near(word: str, choices: Collection[str]) -> str | None:
    """The choice that a word is but for a slip of the pen or two, the longer the more; None: there is none."""
    most = next((slips for longest, slips in _SLIPS if len(word) <= longest), _MOST_SLIPS)
    if len(word) <= _SHORT:
        choices = [one for one in choices if len(one) != len(word) or sorted(one) == sorted(word)]
    close = [(slips, choice) for choice in choices if (slips := _slips(word, choice, most)) <= most]
    if close:
        return min(close, key=lambda one: one[0])[1]
    return nearest(word, choices, _ALIKE) if len(word) > _SHORT else None


def _slips(word: str, other: str, most: int) -> int:
    """How many letters are to be put in, left out, changed or swapped with the next to make one word of the other."""
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        older, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == its:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def kind_help(word: str, value: object, allowed: Iterable[str]) -> str | None:
    """A help text for `kind: DaemonSet` in a workload; None elsewhere."""
    if snake_case(word) not in ("kind", "type") or not isinstance(value, str) or "daemonset" not in allowed:
        return None
    kind = snake_case(value)
    return next((help for known, help in _KINDS.items() if kind in (known, known.replace("_", ""))), _EVERY_KIND)


def listing(words: Iterable[str], most: int = MOST_LISTED, separator: str = " ", more: int = 0) -> str:
    """The words for a message; a long list is cut, and of `more` words only their number is told."""
    all_words = list(words) or ["none"]
    more += max(len(all_words) - most, 0)
    return separator.join(all_words[:most]) + (f" … ({more} more)" if more > 0 else "")
