"""Checked thresholds, and what else is asked, as JUnit XML, which CI servers show as tests.

A scenario is a suite, a threshold of a case a test. A missed one fails; a missed one that is only a warning passes, and
says so in its output. Source of the format: the schema that the Apache Ant project's JUnit task writes, as Jenkins and
GitLab read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from rolloutsim.results.numerals import visible
from rolloutsim.results.thresholds import ThresholdResult
from rolloutsim.structs import struct


@struct
class Checked:
    """A scenario whose thresholds were checked."""

    name: str
    file: str
    results: tuple[ThresholdResult, ...]
    unfinished: tuple[str, ...] = ()  # cases that did not finish; each is a failed test of its own


@struct
class Test:
    """What is asked of something (`group`), what it came to, and where it fails the message and its type."""

    group: str
    name: str
    output: str = ""
    failure: tuple[str, str] | None = None


@struct
class Suite:
    """Tests under one name."""

    name: str
    tests: tuple[Test, ...]


def to_junit(scenarios: Sequence[Checked]) -> str:
    """The XML document of one or more scenarios."""
    return to_xml([Suite(one.name, tuple(_tests(one))) for one in scenarios])


def to_xml(suites: Sequence[Suite]) -> str:
    """The XML document of suites."""
    root = ElementTree.Element("testsuites")
    for suite in suites:
        _add(root, suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def told(result: ThresholdResult) -> str:
    """A checked threshold in words: `rollout_time{image=app} is 66.3 s, wanted: max < 60 s (11 % over)`."""
    room = f" ({result.headroom})" if result.headroom else ""
    return visible(f"{result.metric} is {result.shown}, wanted: {result.check}{room}")


def _tests(one: Checked) -> Iterator[Test]:
    """What is asked of a scenario: that its cases finish, and that its thresholds hold."""
    for case in one.unfinished:
        yield Test(one.file, f"{case} finishes", failure=("the rollout did not finish", "unfinished"))
    for result in one.results:
        name, output = f"{result.metric}: {result.check}", told(result)
        if result.passed:
            yield Test(one.file, name, output)
        elif result.severity == "error":
            yield Test(one.file, name, output, (output, "threshold"))
        else:
            yield Test(one.file, name, f"warning: {output}")


def _add(root: ElementTree.Element, suite: Suite) -> None:
    failed = sum(test.failure is not None for test in suite.tests)
    element = ElementTree.SubElement(
        root,
        "testsuite",
        name=visible(suite.name),
        tests=str(len(suite.tests)),
        failures=str(failed),
        errors="0",
        skipped="0",
    )
    for test in suite.tests:
        case = ElementTree.SubElement(element, "testcase", classname=visible(test.group), name=visible(test.name))
        if test.failure is not None:
            message, kind = test.failure
            ElementTree.SubElement(case, "failure", message=visible(message), type=kind)
        else:
            ElementTree.SubElement(case, "system-out").text = visible(test.output)
