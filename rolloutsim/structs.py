"""Frozen dataclasses that are quick to define.

For each class `dataclass(frozen=True, slots=True)` compiles six methods, most of which are never called: a
millisecond, of which a program with a hundred such classes spends a fifth of a short run (measured). `struct` lets it
compile the initialiser only; the others are the same functions for all.

What a type checker sees is a frozen dataclass, and nothing assigns to one. At run time assignments are refused only
where `frozen` says so, for what users hold in their hands: that alone is a third of the price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field, fields, is_dataclass
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

Class = TypeVar("Class", bound=type[Any])


@overload
def struct(cls: Class) -> Class: ...
@overload
def struct(*, eq: bool = True, frozen: bool = False) -> Callable[[Class], Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def struct(cls: Any = None, *, eq: bool = True, frozen: bool = False) -> Any:
    """Make a class a dataclass with slots, compared, hashed and shown by its fields.

    Parameters
    ----------
    cls : type
        The class.
    eq : bool
        Whether two with equal fields are equal; otherwise each is equal to itself only.
    frozen : bool
        Whether assignments are refused at run time, too.
    """
    return _made(cls, eq, frozen) if cls is not None else lambda cls: _made(cls, eq, frozen)


def _made(cls: Any, eq: bool, frozen: bool) -> Any:
    made: Any = dataclass(frozen=frozen, slots=True, repr=False, eq=False)(cls)
    if "__repr__" not in vars(cls):
        made.__repr__ = _shown
    if eq:
        content = _content([each.name for each in fields(made) if each.compare])

        def equals(self: Any, other: Any) -> Any:
            return content(self) == content(other) if type(self) is type(other) else NotImplemented

        made.__eq__ = equals
        made.__hash__ = lambda self: hash(content(self))
    return made


def _content(names: list[str]) -> Callable[[Any], Any]:
    """What gives the values of some fields; in a tuple, whose comparison takes what is identical to be equal."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple(getattr(one, name) for name in names)


def _shown(self: Any) -> str:
    """A line: what is long inside is only counted, and what is still too long is cut."""
    inner = ", ".join(f"{each.name}={_brief(getattr(self, each.name))}" for each in fields(self) if each.repr)
    shown = f"{type(self).__qualname__}({inner})"
    return shown if len(shown) <= _LINE else f"{shown[: _LINE - 2]}…)"


def _brief(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__qualname__}(…)"
    if isinstance(value, Sized) and not isinstance(value, str) and len(value) > _MOST_INSIDE:
        return f"<{len(value)} of them>"
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name!r}: {_brief(item)}' for name, item in value.items())}}}"
    return repr(value)


_LINE = 240  # letters of a struct (assumed: what one reads at a glance)
_MOST_INSIDE = 4  # items of one kind that are shown (assumed)
