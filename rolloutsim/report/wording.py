"""How reports word what others say: as sentences, and keys of the file in words."""

from __future__ import annotations

import re
from collections.abc import Collection

from rolloutsim.results.shown.names import plain_words
from rolloutsim.scenario.overrides import parse_path

_FIRST, _PLAIN = re.compile(r"[^\s:,;]+"), re.compile(r"\w[a-z'-]*")
_ONLY = "registry"  # what the only registry is called where nobody names it
# Parts of the file that say nothing about a value in them: those whose names do, and those that hold one thing.
_CONTAINERS = {"nodes", "registries", "images", "workloads", "rollout", "links", "background", "failures", "layers"}


def sentence(text: str, names: Collection[str] = ()) -> str:
    """A text in one line that begins with a capital, unless it begins with a name of the user's, or of Kubernetes'."""
    line = " ".join(text.split("\n"))
    first = _FIRST.match(line)
    if first is None or (first[0] in names and first[0] != _ONLY) or not _PLAIN.fullmatch(first[0]):
        return line
    return line[:1].upper() + line[1:]


def setting_words(key: str, value: str) -> str:
    """A value of the file in words: `registry.uplink`, `10 Gbit/s` are `registry uplink 10 Gbit/s`."""
    steps = [str(step) for step in parse_path(key) if not isinstance(step, int)]
    named = [step for place, step in enumerate(steps) if step not in _CONTAINERS or place + 1 == len(steps)]
    words = [plain_words(step) if "_" in step and place + 1 == len(named) else step for place, step in enumerate(named)]
    return f"{' '.join(words)} {value}"
