"""Checked conditions as JUnit XML, which CI servers show as tests.

A scenario is a suite, a threshold of a case a test; of a comparison, a condition of a case. A missed one fails; a
missed one that is only a warning passes, and says so in its output. Source of the format: the schema that the Apache
Ant project's JUnit task writes, as Jenkins and GitLab read it.
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
    """A test: whose it is, what it is about, what came out, and as which kind of failure if it failed."""

    classname: str
    name: str
    output: str
    failure: str | None = None


def to_junit(scenarios: Sequence[Checked]) -> str:
    """The XML document of one or more scenarios."""
    return document([(one.name, [*_tests(one)]) for one in scenarios])


def document(suites: Sequence[tuple[str, Sequence[Test]]]) -> str:
    """The XML document of suites, by name."""
    root = ElementTree.Element("testsuites")
    for name, tests in suites:
        failures = sum(test.failure is not None for test in tests)
        counts = {"tests": str(len(tests)), "failures": str(failures), "errors": "0", "skipped": "0"}
        suite = ElementTree.SubElement(root, "testsuite", {"name": visible(name), **counts})
        for test in tests:
            about = {"classname": visible(test.classname), "name": visible(test.name)}
            case = ElementTree.SubElement(suite, "testcase", about)
            if test.failure is not None:
                ElementTree.SubElement(case, "failure", message=visible(test.output), type=test.failure)
            else:
                ElementTree.SubElement(case, "system-out").text = visible(test.output)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def told(result: ThresholdResult) -> str:
    """A checked threshold in words: `rollout_time{image=app} is 66.3 s, wanted: max < 60 s (11 % over)`."""
    room = f" ({result.headroom})" if result.headroom else ""
    return visible(f"{result.metric} is {result.shown}, wanted: {result.check}{room}")


def _tests(one: Checked) -> Iterator[Test]:
    for case in one.unfinished:
        yield Test(one.file, f"{case} finishes", "the rollout did not finish", "unfinished")
    for result in one.results:
        name = f"{result.metric}: {result.check}"
        if not result.passed and result.severity == "error":
            yield Test(one.file, name, told(result), "threshold")
        else:
            yield Test(one.file, name, told(result) if result.passed else f"warning: {told(result)}")
