"""What a key was likely meant to be that is not there: the same in a file, in `--set` and in `explain`.

In this order: the key in another spelling; what a word of other programs is here (`rolloutsim.scenario.foreign`), which
comes before any word that is merely like it; the key of which it is a value; where else the key is; a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

from rolloutsim.scenario.examples import example_of, in_place
from rolloutsim.scenario.fields import Word
from rolloutsim.scenario.foreign import FOREIGN, Foreign, at_places, foreign, normal, value_of
from rolloutsim.scenario.hints import MOST_COMPARED, near
from rolloutsim.scenario.structure import Part, all_keys, home, is_server
from rolloutsim.structs import struct

_MOST_PLACES = 4  # where a key may stand, for a hint to name them (assumed: more say nothing)
_LONGEST = 110  # letters of a description in a hint (assumed: what is read beside an error)

Keys = tuple[str, ...]  # a key as `structure.all_keys` has it


@struct
class KeyHint:
    """What was likely meant, where that is, and what to know of it.

    Parameters
    ----------
    where : str
        `here`: in the place where the word stands; `inside`: in a part of it; `elsewhere`; `absent`: nowhere.
    key : tuple of str
        The key, or the nearest one; empty: there is none.
    word : str
        What was written.
    entry : Foreign or None
        What the word is, where it is one of other programs; None: it is one of the format's.
    """

    where: Literal["here", "inside", "elsewhere", "absent"]
    key: Keys
    word: str
    entry: Foreign | None = None

    def in_file(self) -> str:
        """The help text in a file."""
        if self.where == "here":
            return f"did you mean '{self.key[-1]}'?{self._about(f'{self.key[-1]}: {self._value()}')}"
        if self.where == "inside":
            around, name = self.key[-2:]
            if self.entry is None:
                return f"'{name}' is a key of {around}: write {around}: {{{name}: …}}"
            return f"here that is '{name}' in {around}{self._about(f'{around}: {{{name}: {self._value()}}}')}"
        return self._apart()

    def at_path(self, written: str) -> str:
        """The help text where the key was written as a path, which is `written` with the right key in it."""
        if self.where == "here":
            return f"did you mean {written}?{self._about(f'{written}={self._value()}')}"
        if self.where == "inside" and self.entry is None:
            return f"'{self.key[-1]}' is a key of {self.key[-2]}"
        return self._apart()

    def of_any(self) -> str:
        """The help text where no place was told."""
        if self.where == "absent":
            return self._apart()
        return f"did you mean '{short(self.key)}'?{self._about(in_place(self.key, self._value()))}"

    def _value(self) -> str:
        """A value of the key: the one that the word stands for, where it is one."""
        part = _every()[self.key]
        return _choice(part, self.word) or example_of(self.key, part)

    def _apart(self) -> str:
        if self.entry is None:
            around = listed_places(self.key[-1])
            return f"'{self.key[-1]}' is a key of {around}"
        if self.where == "absent":
            nearest = f"; the nearest is {short(self.key)} ({_clause(self.key)})" if self.key else ""
            return f"'{self.word}' is not simulated by this version: {self.entry.absent}{nearest}"
        return f"here that is {short(self.key)}{self._about(in_place(self.key, self._value()))}"

    def _about(self, example: str) -> str:
        if self.entry is None:
            return ""
        return f" ({self.entry.means or _clause(self.key)}; for example {example})"


def key_hint(word: str, place: Keys | None) -> KeyHint | None:
    """What a key that is not there was likely meant to be.

    Parameters
    ----------
    word : str
        The key as written.
    place : tuple of str or None
        The part in which it stands, as `structure.all_keys` has it; None: anywhere.
    """
    name = normal(word)
    inside = [key for key in _every() if place is not None and key[:-1] == place]
    for spelling in (name, f"{name}s", name.removesuffix("s")):
        if spelling and (same := _first(key for key in inside if normal(key[-1]) == spelling)) is not None:
            return KeyHint("here", same, word)
    entry = known(word)
    entries = [*at_places(word), *([] if entry is None or entry.absent else [entry])]
    if place is not None:
        for one in entries:
            found = next(_in_part(one, place), None)
            if found is not None:
                return KeyHint("here", found, word, one)
        below = _below(word, place, entries)
        if below is not None:
            return below
    if entry is not None:
        keys = [_full(key) for key in entry.keys]
        return KeyHint("absent" if entry.absent else "elsewhere", keys[0] if keys else (), word, entry)
    own = [key for key in _every() if normal(key[-1]) == name]
    if own:
        best = min(own, key=len)
        return KeyHint("elsewhere", best, word) if place is None or listed_places(best[-1]) is not None else None
    return None if any(at_places(word)) else _slip(word, place, inside)


def known(word: str) -> Foreign | None:
    """What a word of other programs is, or one that is a value of keys of one name; None: it is neither."""
    return foreign(word) or _value_somewhere(word)


def short(key: Keys) -> str:
    """A key without users' own names: `nodes.pull_cap`."""
    return ".".join(step for step in key if not step.startswith("<"))


def listed_places(name: str) -> str | None:
    """The parts that a key is in, for a message, those of registries without caches and mirrors; None: too many."""
    every = (key for key in _every() if key[-1] == name and not (is_server(key) and home(key) != key))
    around = sorted((key[:-1] for key in every), key=len)
    words = " and ".join(".".join(path) or "the scenario" for path in around)
    return words if 0 < len(around) <= _MOST_PLACES else None


def _slip(word: str, place: Keys | None, inside: list[Keys]) -> KeyHint | None:
    """A key of the place, or any, or a word of other programs that the word is nearly."""
    name = normal(word)
    known: dict[str, Keys] = {}
    for key in inside if place is not None else sorted(_every(), key=len):  # the shortest of those as near
        known.setdefault(normal(key[-1]), key)
    close = near(name, known) if len(known) <= MOST_COMPARED else None
    if close is not None:
        return KeyHint("here" if place is not None else "elsewhere", known[close], word)
    meant = near(name, FOREIGN)
    return None if meant is None else key_hint(meant, place)


def _choice(part: Part, word: str) -> str | None:
    """The value of a key that a word is, however it is spelt, or stands for."""
    choices = part.described.choices if isinstance(part.described, Word) else ()
    own = value_of(word)
    return next((one for one in choices if one == own or normal(one) == normal(word)), None)


def _value_somewhere(word: str) -> Foreign | None:
    """The keys of which the word is a value, such as a product that is a profile; None: of keys of several names."""
    if any(normal(key[-1]).removesuffix("s") == normal(word).removesuffix("s") for key in _every()):
        return None
    keys = sorted((key for key, part in _every().items() if _choice(part, word) is not None), key=len)
    only = len({key[-1] for key in keys}) == 1
    return Foreign(tuple(short(key) for key in keys)) if only else None


def _in_part(entry: Foreign, place: Keys) -> Iterator[Keys]:
    """The keys of an entry that are in a part."""
    for key in entry.keys:
        full = _full(key)
        if home(full[:-1]) == home(place) and (*place, full[-1]) in _every():
            yield (*place, full[-1])


def _below(word: str, place: Keys, entries: list[Foreign]) -> KeyHint | None:
    """The only key in a part of the place that is meant, or has the name."""
    inner = [key for key in _every() if len(key) == len(place) + 2 and key[:-2] == place]
    inner = [key for key in inner if not key[-2].startswith("<")]
    for entry in entries:
        for wanted in map(_full, entry.keys):
            found = next((key for key in inner if home(key) == home(wanted)), None)
            if found is not None:
                return KeyHint("inside", found, word, entry)
    own = [key for key in _every() if normal(key[-1]) == normal(word)]
    only = len({home(key[:-1]) for key in own}) == 1
    return next((KeyHint("inside", key, word) for key in own if only and key in inner), None)


def _first(keys: Iterator[Keys]) -> Keys | None:
    return next(keys, None)


@lru_cache(256)
def _clause(key: Keys) -> str:
    """The first clause of a key's description."""
    field = _every()[key].field
    text = (field.description if field is not None else None) or ""
    text = text.split(";")[0].split(" (")[0]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} …"


@cache
def _every() -> dict[Keys, Part]:
    return dict(all_keys())


@cache
def _by_short_name() -> dict[str, Keys]:
    return {short(key): key for key in _every()}


def _full(name: str) -> Keys:
    """A key of which users' own names are left out."""
    return _by_short_name()[name]
