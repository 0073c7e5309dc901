"""Packages whose modules are imported when they are first asked for (PEP 562).

Who imports such a package pays for none of its modules: `from rolloutsim import results` on top of a module costs
nothing, and `results.store.load(path)` in a function imports `store` as it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any


def front(package: str, homes: Mapping[str, Collection[str]] = MappingProxyType({})) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package.

    It hides misspelt names from a type checker, which is told the modules by name instead::

        if TYPE_CHECKING:
            from rolloutsim.results import metrics, store
        else:
            __getattr__ = front(__name__)

    Parameters
    ----------
    package : str
        Its `__name__`.
    homes : mapping of str to collection of str, optional
        Modules, as they are called within the package, and the names from them that are the package's own.
    """

    def asked_for(name: str) -> Any:
        there = vars(sys.modules[package])
        for home, names in homes.items():
            if name in names:
                module = import_module(f"{package}.{home}")
                there |= {one: getattr(module, one) for one in names}  # one of them may be called as the module is
                return there[name]
        try:
            return import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise
        listed = f"; public names: {', '.join(there['__all__'])}" if "__all__" in there else ""
        raise AttributeError(f"module {package!r} has no attribute {name!r}{listed}")

    return asked_for
