"""The comments behind values that say where these are from, among those that a user wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rolloutsim.imports.writing import one_line

_OURS = r"(?:from |assumed\b|calibrated\b)"
_KEY = r"[^\s;#]+: "
_REMARK = re.compile(rf"#\s*(?:{_KEY})?{_OURS}")
_NEXT = re.compile(rf"; (?={_KEY}{_OURS})")
_KEYED = re.compile(rf"({_KEY}){_OURS}")
_USERS = re.compile(r"\s+#")


def told(comment: str) -> dict[str, str]:
    """What a comment says of the values before it, by their keys in braces; empty: of the only one."""
    ours, _ = _parted(comment)
    found = {}
    for one in _NEXT.split(ours.removeprefix("#").strip()) if ours else ():
        match = _KEYED.match(one)
        key = match[1].removesuffix(": ") if match else ""
        found[key] = one[len(match[1]) :] if match else one
    return found


def with_remarks(comment: str, remarks: Mapping[str, str]) -> str:
    """A comment with other remarks in place of those of the same keys; what a user wrote stays behind them.

    Parameters
    ----------
    comment : str
        From the space before the `#` on; may be empty.
    remarks : mapping
        Key in braces → remark; the key is empty for a line's only value, an empty remark takes one away.
    """
    start = len(comment) - len(comment.lstrip())
    _, users = _parted(comment[start:])
    if "" in remarks:
        every = dict(remarks)
    else:
        # What is around a value that is replaced, or in it, is told anew.
        every = {key: one for key, one in told(comment[start:]).items() if not any(_is_in(key, new) for new in remarks)}
        every.update(remarks)
    said = one_line("; ".join(f"{key}: {one}" if key else one for key, one in every.items() if one))
    if not said:
        return (users if users[:1].isspace() or not users else comment[:start] + users) if users else ""
    space = comment[:start] if start and told(comment[start:]) else "  "
    if users and not users[:1].isspace():
        users = (comment[:start] or " ") + users
    return f"{space}# {said}{users}"


def _is_in(key: str, around: str) -> bool:
    return key == around or key.startswith(f"{around}.")


def _parted(comment: str) -> tuple[str, str]:
    """What rolloutsim wrote of a comment, and what a user did."""
    if _REMARK.match(comment) is None:
        return "", comment
    user = _USERS.search(comment, 1)
    return (comment[: user.start()], comment[user.start() :]) if user else (comment, "")
