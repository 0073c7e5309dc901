"""What makes a scenario frozen through and through: the base of its parts, and maps that nothing can change.

The maps are dictionaries for all who read them (JSON, equality, order), and hashable like the parts they hold.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict

from rolloutsim.errors import FrozenError

Key = TypeVar("Key")
Value = TypeVar("Value")


def refuse(*args: Any, **more: Any) -> NoReturn:
    """What every change of a scenario ends with."""
    raise FrozenError("a scenario is frozen; with_ makes a changed copy, for example scenario.with_({'nodes': 50})")


class FrozenDict(dict[Key, Value]):
    """A dictionary without the methods that change one; a copy is itself."""

    __setitem__ = __delitem__ = __ior__ = refuse
    clear = pop = popitem = setdefault = update = refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __copy__(self) -> FrozenDict[Key, Value]:
        return self

    def __deepcopy__(self, memo: Any) -> FrozenDict[Key, Value]:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class Spec(BaseModel):
    """Base of all parts: unknown keys are errors, nothing changes after validation, maps included."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_post_init(self, context: Any, /) -> None:
        """Freeze the maps; the other values are frozen already."""
        for name, value in self.__dict__.items():
            if type(value) is dict:
                self.__dict__[name] = FrozenDict(value)

    def __setattr__(self, name: str, value: Any) -> None:
        refuse()

    def __delattr__(self, name: str) -> None:
        refuse()
