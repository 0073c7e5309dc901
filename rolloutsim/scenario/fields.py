"""What a field of the scenario model may hold: quantities, counts, frequencies, names, words and short forms.

Each is an annotation for pydantic that reads the text, writes it back exactly, and describes itself to JSON
Schema and to `explain`. A quantity becomes a number in SI base units; `unlimited` becomes infinity.
"""

# ruff: noqa: D102 - what the methods do is said once, at `Described`

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from rolloutsim.scenario.hints import listing, word_help
from rolloutsim.structs import struct
from rolloutsim.units import EXAMPLES, Kind, QuantityError, exact_text, parse, parse_time, plain_text

UNLIMITED = "unlimited"

# How quantities are written, as `units` reads them. A look ahead finds a digit but 0 before an exponent.
_NUMBER = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_LONGEST_FIRST = "".join(rf"({_NUMBER}\s*{unit}\s*)?" for unit in ("d", "h", "m", "s", "ms", "(us|µs)"))
_WRITTEN: dict[Kind, str] = {
    "size": rf"{_NUMBER}\s*([kMGT]?B|[KMGT]i|[KMGT]iB)\s*",
    "rate": rf"{_NUMBER}\s*([kMGT]?(bit/s|bps|B/s)|[KMGT]iB/s)\s*",
    "time": rf"(?=[0-9.]){_LONGEST_FIRST}",
    "share": rf"{_NUMBER}\s*%\s*",
}
_SOME = r"(?=[0-9.]*[1-9])"
_SOME_TIME = r"(?=([\s\S]*[dhms\s])?[0-9.]*[1-9])"
# Where a text ends; in Python's expressions `$` is also before a line's end.
END = r"$(?!\n)"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # without line ends and tabs, which a text of lines may have
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile(f"[{CONTROLS}]")

_PERIODS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}  # [s]
_OFTEN = re.compile(r"\s*((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*/\s*(.+?)\s*", re.DOTALL)
_OFTEN_PATTERN = rf"^\s*{_SOME}{_NUMBER}\s*/\s*((s|min|m|h|d|ms|us|µs)\s*|\+?{_SOME_TIME}{_WRITTEN['time']}){END}"
_MOST_OFTEN = 1e9  # of both numbers (assumed: beyond it is a slip)
_MOST_THINGS = 10**9  # (assumed: beyond it is a slip)


def fault(message: str, help: str | None = None) -> PydanticCustomError:
    """An error of a value, for pydantic to collect with the others."""
    return PydanticCustomError("scenario", "{message}", {"message": message, "help": help})


def key(default: Any = ..., *, description: str, unit: str = "", source: str = "", shown: str = "", **more: Any) -> Any:
    """A field and what `explain` says about it.

    Parameters
    ----------
    default : object
        The default in SI base units; none: the key is required.
    description : str
        What it means.
    unit : str
        The kind of quantity or the unit, where there is one.
    source : str
        Where the default comes from, or the word "assumed".
    shown : str
        The default as a user would write it, where the number itself says less.
    more
        Further arguments of `pydantic.Field`; `name` is what a map's keys stand for.
    """
    extra = {"x-unit": unit, "x-source": source, "x-default": shown, "x-name": more.pop("name", "")}
    return Field(default, description=description, json_schema_extra={k: v for k, v in extra.items() if v}, **more)


class Described(ABC):
    """An annotation that reads a value and describes itself."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The value in the package's own terms."""

    def write(self, value: Any) -> Any:
        """The value as a user would write it."""
        return value

    @abstractmethod
    def schema(self) -> JsonSchemaValue:
        """Its JSON Schema."""

    @abstractmethod
    def words(self) -> str:
        """Its type in words."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return self.schema()


@dataclass(eq=False, repr=False)
class Quantity(Described):
    """A quantity of one kind between two bounds; `word` stands for infinity where it is `unlimited`.

    Rates are a network's unless they are `in_bytes`, as a disk's.
    """

    kind: Kind
    zero: bool = False
    unlimited: bool = False
    most: float = math.inf
    least: float = 0.0
    word: str = UNLIMITED
    in_bytes: bool = False

    def read(self, value: Any) -> float:
        if self.unlimited and value == self.word:
            return math.inf
        try:
            number = parse(self.kind, value, self.zero, not self.in_bytes)
        except QuantityError as error:
            also = f", or {self.word}" if self.unlimited and not error.message.startswith("unknown") else ""
            raise fault(error.message + also, error.help) from None
        if number > self.most:
            raise fault(f"'{value}' is too much; the most is {plain_text(self.kind, self.most)}")
        if number < self.least:
            raise fault(f"'{value}' is too little; the least is {plain_text(self.kind, self.least)}")
        return number

    def write(self, value: float) -> str:
        return self.word if math.isinf(value) else exact_text(self.kind, value)

    def schema(self) -> JsonSchemaValue:
        some = _SOME_TIME if self.kind == "time" else _SOME
        sign = rf"(\+?|-(?!{some}))" if self.zero else rf"\+?{some}"
        pattern = rf"^\s*{sign}{_WRITTEN[self.kind]}{END}"
        text: JsonSchemaValue = {"type": "string", "pattern": pattern, "examples": [EXAMPLES[self.kind]]}
        return {"anyOf": [{"const": self.word}, text]} if self.unlimited else text

    def words(self) -> str:
        return f"{self.kind}, or {self.word}" if self.unlimited else self.kind

    def bounds(self) -> str:
        """What it is between, to stand behind its kind: ` above zero`; empty where there are no bounds."""
        low = f" from {plain_text(self.kind, self.least)} on" if self.least else "" if self.zero else " above zero"
        high = "" if math.isinf(self.most) else f" up to {plain_text(self.kind, self.most)}"
        return f"{low}{' and' if low and high else ''}{high}"


@dataclass(eq=False, repr=False)
class TimeBefore(Described):
    """A time that is not after the rollout's start: 0 s, or one with a minus."""

    def read(self, value: Any) -> float:
        text = value.strip() if isinstance(value, str) else value
        is_before = isinstance(text, str) and text.startswith("-")
        try:
            number = parse("time", text[1:] if is_before else value)
        except QuantityError as error:
            raise fault(error.message, error.help) from None
        if number and not is_before:
            raise fault(f"{quoted(value)} is after the rollout's start; write 0 s, or a time before it: -{value}")
        return -number if number else 0.0

    def write(self, value: float) -> str:
        return f"-{plain_text('time', -value)}" if value else plain_text("time", 0.0)

    def schema(self) -> JsonSchemaValue:
        time = _WRITTEN["time"]
        pattern = rf"^\s*-\s*(\+?|-(?!{_SOME_TIME})){time}{END}|^\s*\+?(?!{_SOME_TIME}){time}{END}"
        return {"type": "string", "pattern": pattern, "examples": ["-8h"]}

    def words(self) -> str:
        return "0 s, or a time before, such as -8h"


@dataclass(eq=False, repr=False)
class Whole(Described):
    """A whole number between two bounds."""

    least: int
    most: int
    unlimited: bool = False

    def read(self, value: Any) -> int | float:
        if self.unlimited and value == UNLIMITED:
            return math.inf
        number = whole(value)
        if number is None or not self.least <= number <= self.most:
            also = f", or {UNLIMITED}" if self.unlimited else ""
            message = f"{quoted(value)} is not a whole number from {self.least} to {self.most}{also}"
            raise fault(message, _without_quotes(value))
        return number

    def write(self, value: float) -> Any:
        return UNLIMITED if math.isinf(value) else value

    def schema(self) -> JsonSchemaValue:
        number: JsonSchemaValue = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return {"anyOf": [{"const": UNLIMITED}, number]} if self.unlimited else number

    def words(self) -> str:
        words = f"whole number, {self.least} to {self.most}"
        return f"{words}, or {UNLIMITED}" if self.unlimited else words


@dataclass(eq=False, repr=False)
class NamesOrCount(Whole):
    """A number of things, or their names."""

    def read(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if not value:
                raise fault("the list is empty; give at least one name, or leave the key out")
            return tuple(map(Text(name=True).read, value))
        try:
            return super().read(value)
        except PydanticCustomError as error:
            context = error.context or {}
            raise fault(f"{context.get('message')}, or a list of names", context.get("help")) from None

    def write(self, value: Any) -> Any:
        return value if isinstance(value, int) else list(value)

    def schema(self) -> JsonSchemaValue:
        names = {"type": "array", "items": Text(name=True).schema(), "minItems": 1, "uniqueItems": True}
        return {"anyOf": [super().schema(), names]}

    def words(self) -> str:
        return f"{super().words()}, or a list of names"


@dataclass(eq=False, repr=False)
class Number(Described):
    """A plain number above a bound (or equal to it), without a unit; `unlimited` stands for infinity where it may."""

    least: float
    equal: bool = True
    most: float = 1e6
    unlimited: bool = False

    def read(self, value: Any) -> float:
        if self.unlimited and value == UNLIMITED:
            return math.inf
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fits or not (self.least <= value <= self.most) or (value == self.least and not self.equal):
            bound = f"from {self.least:g}" if self.equal else f"above {self.least:g}"
            also = f", or {UNLIMITED}" if self.unlimited else ""
            message = f"{quoted(value)} is not a number {bound} up to {self.most:.0f}{also}"
            raise fault(message, _without_quotes(value))
        return float(value)

    def write(self, value: float) -> Any:
        return UNLIMITED if math.isinf(value) else value

    def schema(self) -> JsonSchemaValue:
        bound = "minimum" if self.equal else "exclusiveMinimum"
        number: JsonSchemaValue = {"type": "number", bound: self.least, "maximum": self.most}
        return {"anyOf": [{"const": UNLIMITED}, number]} if self.unlimited else number

    def words(self) -> str:
        words = f"number, {'from' if self.equal else 'above'} {self.least:g}"
        return f"{words}, or {UNLIMITED}" if self.unlimited else words


@dataclass(eq=False, repr=False)
class Text(Described):
    """Text without control characters, which could steer a terminal.

    A name has no spaces either, so that links and nodes can be named after it; a text of several `lines` may
    have line ends and tabs.
    """

    name: bool = False
    lines: bool = False

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise fault(f"{quoted(value)} is not text; put it in quotes")
        if self.name and not is_name(value):
            raise fault(f"{quoted(value)} is not a name; a name has only letters, digits and any of . _ - within")
        if not value.strip():
            raise fault("the text is empty; write some, or leave the key out")
        control = self._control().search(value)
        if control is not None:
            raise fault(f"the text has the control character U+{ord(control[0]):04X} in it; take it out")
        return value

    def _control(self) -> re.Pattern[str]:
        return _CONTROL_IN_LINES if self.lines else _CONTROL

    def schema(self) -> JsonSchemaValue:
        if self.name:
            return {"type": "string", "pattern": f"^{_NAME.pattern}{END}"}
        control = self._control().pattern.encode("unicode_escape").decode().replace(r"\x", r"\u00")
        return {"type": "string", "pattern": rf"^(?![\s\S]*{control})[\s\S]*\S"}

    def words(self) -> str:
        return "name" if self.name else "text"


@dataclass(eq=False, repr=False)
class Word(Described):
    """One of a few words; of a `Literal` they are `get_args`."""

    choices: tuple[str, ...]

    def read(self, value: Any) -> str:
        if value not in self.choices:
            help = word_help(value, self.choices) if isinstance(value, str) else None
            raise fault(f"{quoted(value)} is not allowed here; allowed: {listing(self.choices)}", help)
        return str(value)

    def schema(self) -> JsonSchemaValue:
        return {"enum": list(self.choices)}

    def words(self) -> str:
        return "one of " + ", ".join(self.choices)


@dataclass(eq=False, repr=False)
class Flag(Described):
    """`true` or `false`."""

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise fault(f"{quoted(value)} is not true or false")
        return value

    def schema(self) -> JsonSchemaValue:
        return {"type": "boolean"}

    def words(self) -> str:
        return "true or false"


@dataclass(eq=False, repr=False)
class Version(Described):
    """The version of the file format that this release reads."""

    known: int

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or value != self.known:
            message = f"format version {quoted(value)} is unknown; this release reads 'rolloutsim: {self.known}'"
            raise fault(message, _without_quotes(value))
        return self.known

    def schema(self) -> JsonSchemaValue:
        return {"const": self.known}

    def words(self) -> str:
        return str(self.known)


@dataclass(eq=False, repr=False)
class ShareOrCount(Described):
    """A share of some things (`80%`), kept as text, or a number of them; `zero`: whether none of them is allowed."""

    things: str = "nodes"
    zero: bool = True
    most: float = 1.0

    def read(self, value: Any) -> int | str:
        number = whole(value)
        if number is not None:
            if number < 0 or number == 0 and not self.zero:
                what = "negative" if number < 0 else "none"
                raise fault(f"{quoted(value)} is {what}; allowed: a number of {self.things}, or a share such as 80%")
            if number > _MOST_THINGS:
                raise fault(f"{quoted(value)} is too large for a number of {self.things}; the most is {_MOST_THINGS:,}")
            return number
        try:
            share = parse("share", value, self.zero)
        except QuantityError as error:
            raise fault(f"{error.message}, or a number of {self.things}", _without_quotes(value)) from None
        if share > self.most:
            than = f"more than all {self.things}" if self.most == 1 else "too much"
            raise fault(f"{quoted(value)} is {than}; the most is {exact_text('share', self.most)}")
        return "".join(str(value).split())  # `25 %` is no other share than `25%`

    def schema(self) -> JsonSchemaValue:
        number = {"type": "integer", "minimum": 0 if self.zero else 1, "maximum": _MOST_THINGS}
        return {"anyOf": [number, Quantity("share", self.zero).schema()]}

    def words(self) -> str:
        return f"share of the {self.things}, or a number of them"


@struct
class Frequency:
    """`count` times in a `period` [s]."""

    count: float
    period: float

    @property
    def rate(self) -> float:
        """How often on average [1/s]."""
        return self.count / self.period

    def __str__(self) -> str:
        count = f"{self.count:.0f}" if self.count.is_integer() else repr(self.count)
        name = next((name for name, period in _PERIODS.items() if period == self.period), None)
        hours = self.period / _PERIODS["h"]
        period = f"{hours:.0f}h" if hours.is_integer() else exact_text("time", self.period)
        return f"{count}/{name or period}"


@dataclass(eq=False, repr=False)
class Often(Described):
    """A frequency; `example` is one that fits its place."""

    example: str

    def read(self, value: Any) -> Frequency:
        if isinstance(value, Frequency):
            return value
        match = _OFTEN.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise fault(f"{quoted(value)} does not say how often; write so many in a time, for example {self.example}")
        count, period = float(match[1]), _PERIODS.get(match[2])
        if period is None:
            try:
                period = parse_time(f"1 {match[2]}" if match[2].isalpha() else match[2])
            except QuantityError as error:
                shown = error.message.replace(f"'1 {match[2]}'", f"'{match[2]}'")
                raise fault(f"{quoted(value)} does not say how often: {shown}", f"write {self.example}") from None
        for number in (count, period):
            if not 0 < number <= _MOST_OFTEN:
                raise fault(f"{quoted(value)} is never or too often; both numbers must be above 0, up to 1e9")
        return Frequency(count, period)

    def write(self, value: Frequency) -> str:
        return str(value)

    def schema(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": _OFTEN_PATTERN, "examples": [self.example]}

    def words(self) -> str:
        return f"so many in a time, such as {self.example}"


@dataclass(eq=False, repr=False)
class Short:
    """A part that has a short form.

    Parameters
    ----------
    expand : callable
        Turns the short form into the long one, and leaves the long one as it is.
    words : str
        The short form in words.
    forms : callable
        The JSON Schemas of the short forms, from the one of the long form.
    key : str or None
        The key of the long form that the short form stands for; an override with the short form sets that key
        and keeps the others. None: the short form replaces the whole.
    off : object
        The short form that stands for None, where there is one; a file has no null.
    also : mapping
        Other names of keys of the long form, by which a map may have them.
    """

    expand: Callable[[Any], Any]
    words: str
    forms: Callable[[JsonSchemaValue], list[JsonSchemaValue]]
    key: str | None = None
    off: Any = None
    also: Mapping[str, str] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        written = None if self.off is None else core_schema.wrap_serializer_function_ser_schema(self._write)
        return core_schema.no_info_before_validator_function(self.expand, handler(source), serialization=written)

    def _write(self, value: Any, write: Callable[[Any], Any]) -> Any:
        return self.off if value is None else write(value)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        long = handler(core)
        return {"anyOf": [*self.forms(long), long]}


def short(key: str, kind: Described, whole: bool = False, hint: str | None = None) -> Short:
    """The short form that stands for a map with one key: `network: 1 Gbit/s` is `{rate: 1 Gbit/s}`.

    Parameters
    ----------
    key : str
        That key.
    kind : Described
        What it holds.
    whole : bool
        Whether the short form describes the part fully, so that an override with it drops the other keys.
    hint : str or None
        What is likely meant where there is a list.
    """

    def expand(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            raise fault(f"a list is not allowed here; allowed: {kind.words()}, or a map", hint)
        return value if is_long(value) else {key: value}

    return Short(expand, kind.words(), lambda long: [kind.schema()], None if whole else key)


def _without_quotes(value: Any) -> str | None:
    """The likely intent where a number stands in quotes."""
    is_number = isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal()
    return f"remove the quotes: {value.strip()}" if is_number else None


def whole(value: Any) -> int | None:
    """The whole number that a value is, be it written as `3.0`, as JSON Schema has it; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if isinstance(value, int) else int(value) if value.is_integer() else None


def is_long(value: Any) -> bool:
    """Whether a value is a map, or a model that was made from one."""
    return not isinstance(value, str) and (isinstance(value, Mapping) or hasattr(value, "model_fields_set"))


def is_name(text: str) -> bool:
    """Whether the text can be part of a link's name."""
    return _NAME.fullmatch(text) is not None


def quoted(value: Any) -> str:
    """The value as an error shows it."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"
