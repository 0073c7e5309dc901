"""Errors of scenario files as SARIF, which code scanning of GitHub, GitLab and others shows at the lines.

Source of the format: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020; in brackets its
sections.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rolloutsim.errors import RULES, Diagnostic
from rolloutsim.results.numerals import visible
from rolloutsim.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = "error"


def sarif(diagnostics: Iterable[Diagnostic], files: Sequence[str], unread: str | None = None) -> dict[str, Any]:
    """A log of one run.

    Parameters
    ----------
    diagnostics : iterable of Diagnostic
        The errors.
    files : sequence of str
        What was checked, as it was named: what is no file among them, such as `<stdin>`, has no address.
    unread : str, optional
        What is said of files that cannot be read.
    """
    rules = list(RULES)
    driver = {
        "name": "rolloutsim",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": _LEVEL}}
            for rule, text in RULES.items()
        ],
    }
    invocation: dict[str, Any] = {"executionSuccessful": unread is None}  # whether it looked at all, not what it found
    if unread is not None:
        notification = {"level": _LEVEL, "message": {"text": visible(unread, keep="\n")}}
        invocation["toolExecutionNotifications"] = [notification]
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",  # [3.14.17], as Python counts
        "results": [
            {
                "ruleId": one.rule,
                "ruleIndex": rules.index(one.rule),
                "level": _LEVEL,
                "message": {"text": visible("\n".join(filter(None, (one.message, one.help))), keep="\n")},
                "locations": [_location(one, one.file in files)],
            }
            for one in diagnostics
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _location(diagnostic: Diagnostic, is_file: bool) -> dict[str, Any]:
    if not is_file:
        return {"logicalLocations": [{"fullyQualifiedName": visible(diagnostic.file)}]}
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(diagnostic.file)}}
    if diagnostic.line is not None:
        region = {"startLine": diagnostic.line}
        if diagnostic.column is not None:
            # An end is behind the last character [3.30.8].
            region |= {"startColumn": diagnostic.column, "endColumn": diagnostic.column + max(diagnostic.length, 1)}
        place["region"] = region
    return {"physicalLocation": place}


def _uri(name: str) -> str:
    """A file's address: relative to where it was named, or absolute [3.4.3]."""
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
