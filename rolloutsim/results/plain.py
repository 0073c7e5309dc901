"""Frozen dataclasses as plain JSON values and a table of arrays, and back, guided by their type hints.

A dataclass is an object of its fields, a tuple a list, a mapping an object; an array is `{"$array": name}` and
stands in the table by that name, which is its path (`cases/0/pulls/asked`). A number that JSON does not know is
`{"$float": "nan"}`. Where a hint allows several dataclasses, `$type` says which it is. A mapping with a key that
begins with `$` is `{"$map": [[key, value], ...]}`. A field whose metadata say `unless_empty` is left out where it is.

On the way back a field that is missing takes its default, and one that the dataclass does not know (any more) is
left out: what was added or taken away since does not make an old file unreadable.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from importlib import import_module
from math import isfinite
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class UnreadableError(Exception):
    """Plain values do not make the dataclass that they should; the message says where and why."""


def to_plain(value: Any, arrays: MutableMapping[str, Array], path: str = "") -> Any:
    """A value as JSON knows it.

    Parameters
    ----------
    value : object
        A dataclass, tuple, mapping with text as keys, array, text, number, boolean or None.
    arrays : mutable mapping
        Takes the arrays found in it, by path.
    path : str
        Where the value stands.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"$array": path}
    if isinstance(value, np.generic):
        return to_plain(value.item(), arrays, path)
    if is_dataclass(value) and not isinstance(value, type):
        every = ((field, getattr(value, field.name)) for field in fields(value))
        named = {field.name: item for field, item in every if not field.metadata.get("unless_empty") or item}
        return {"$type": type(value).__name__} | _object(named, arrays, path)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        if any(key.startswith("$") for key in value):
            return {"$map": [[key, to_plain(item, arrays, _below(path, key))] for key, item in value.items()]}
        return _object(value, arrays, path)
    if isinstance(value, (tuple, list)):
        return [to_plain(item, arrays, _below(path, str(i))) for i, item in enumerate(value)]
    raise TypeError(f"{path or 'the value'} is of type {type(value).__name__}, which a result cannot hold")


def from_plain(plain: Any, hint: Any, arrays: Mapping[str, Array], path: str = "") -> Any:
    """The value that `to_plain` was given.

    Parameters
    ----------
    plain : object
        What it returned.
    hint : type
        What the value is: a dataclass, or a type hint of one's field.
    arrays : mapping
        The arrays by path.
    path : str
        Where the value stands.

    Raises
    ------
    UnreadableError
        If a field without a default is missing, or a value has another form than its hint.
    """
    if isinstance(plain, dict) and "$array" in plain:
        try:
            return arrays[plain["$array"]]
        except KeyError:
            raise UnreadableError(f"{path}: its column is missing") from None
    if isinstance(plain, dict) and "$float" in plain:
        return float(plain["$float"])
    options = _options(hint)
    if isinstance(plain, dict):
        plain = dict(plain["$map"]) if "$map" in plain else plain
        dataclass = _dataclass(options, plain.get("$type"))
        if dataclass is not None:
            return _built(dataclass, plain, arrays, path)
        inner = next((get_args(one)[1] for one in options if len(get_args(one)) == 2), Any)
        return {key: from_plain(item, inner, arrays, _below(path, key)) for key, item in plain.items()}
    if isinstance(plain, list):
        inner_hints = _items(options, len(plain))
        return tuple(
            from_plain(item, inner, arrays, _below(path, str(i)))
            for i, (item, inner) in enumerate(zip(plain, inner_hints, strict=True))
        )
    if plain is not None and len(options) == 1 and isinstance(options[0], type) and is_dataclass(options[0]):
        raise UnreadableError(f"{path}: {plain!r} stands where an object should")
    return plain


def _object(named: Mapping[str, Any], arrays: MutableMapping[str, Array], path: str) -> dict[str, Any]:
    return {key: to_plain(item, arrays, _below(path, key)) for key, item in named.items()}


def _built(dataclass: Any, plain: Mapping[str, Any], arrays: Mapping[str, Array], path: str) -> Any:
    hints = _hints(dataclass)
    values = {}
    for field in fields(dataclass):
        if not field.init:
            continue
        if field.name in plain:
            values[field.name] = from_plain(plain[field.name], hints[field.name], arrays, _below(path, field.name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise UnreadableError(f"{_below(path, field.name)} is missing")
    return dataclass(**values)


def _dataclass(options: tuple[Any, ...], name: str | None) -> Any:
    """The dataclass that a hint means; its name decides where there are several."""
    found = [one for one in options if is_dataclass(one)]
    return next((one for one in found if getattr(one, "__name__", None) == name), found[0] if found else None)


def _items(options: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The hints of a tuple's items."""
    for option in options:
        arguments = get_args(option)
        if get_origin(option) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return (arguments[0],) * count
        if get_origin(option) is tuple and len(arguments) == count:
            return arguments
        if len(arguments) == 1:  # Sequence and the like
            return (arguments[0],) * count
    return (Any,) * count


def _options(hint: Any) -> tuple[Any, ...]:
    """What a hint allows, None left out."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(one for one in get_args(hint) if one is not type(None))
    return (hint,)


@cache
def _hints(dataclass: Any) -> Mapping[str, Any]:
    """The type hints of a dataclass's fields, also those whose names its module imports for type checkers alone."""
    module = sys.modules[dataclass.__module__]
    names = dict(vars(module))
    while True:
        try:
            return get_type_hints(dataclass, names)
        except NameError as error:
            missing = str(error.name)
            names[missing] = _for_type_checkers(module, missing)


def _for_type_checkers(module: ModuleType, name: str) -> Any:
    """What a module imports by a name under `if TYPE_CHECKING`."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for one in node.names:
                if name == (one.asname or one.name):
                    return getattr(import_module(node.module), one.name)
    raise NameError(f"{module.__name__} does not import {name}")


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
