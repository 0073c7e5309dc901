"""Files of TOML as data, within bounds."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from rolloutsim.errors import UnreadableError

SUFFIX = ".toml"
_LARGEST = 256 * 1024  # characters (assumed: ten times what `containerd config dump` prints)
_MOST_DOTS = 400  # in a line (assumed: more than any name has); what a dotted key costs grows with their square
# A table's name on a line of its own, as no JSON or YAML of what is read has one.
_TABLE = re.compile(r"""^\[\[?[ \t]*[\w"'-][^\],\n]*\]\]?[ \t]*(?:#.*)?$""", re.M)
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.S)


def is_toml(origin: str, text: str, looked_at: int) -> bool:
    """Whether a text is TOML: by its file's suffix, or by the table in its first characters."""
    return origin.endswith(SUFFIX) or _TABLE.search(text, 0, looked_at) is not None


def read(origin: str, text: str) -> dict[str, Any]:
    """The data of TOML.

    Raises
    ------
    UnreadableError
        If it is none; with line and column.
    """
    if len(text) > _LARGEST:
        raise UnreadableError(f"{origin}: larger than {_LARGEST // 1024} KiB, the most that is read of TOML")
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise UnreadableError(f"{origin}:{number}: more than {_MOST_DOTS} dots in a line; is this a configuration?")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _PLACE.fullmatch(str(error))
        message = (match[1] if match else str(error))[:200]
        end = text.rstrip("\n")
        line = match[2] if match and match[2] else str(end.count("\n") + 1)
        column = match[3] if match and match[3] else str(len(end) - end.rfind("\n"))
        raise UnreadableError(
            f"{origin}:{line}:{column}: not TOML: {message[:1].lower()}{message[1:]}; is the file cut, or edited?"
        ) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise UnreadableError(f"{origin}: not read: {reason}") from None
