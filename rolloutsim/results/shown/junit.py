"""Checked thresholds as JUnit XML, which CI servers show as tests.

A scenario is a suite, a threshold of a case a test. A missed one fails; a missed one that is only a warning passes, and
says so in its output. Source of the format: the schema that the Apache Ant project's JUnit task writes, as Jenkins and
GitLab read it.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def to_junit(scenarios: Sequence[Checked]) -> str:
    """The XML document of one or more scenarios."""
    root = ElementTree.Element("testsuites")
    for one in scenarios:
        _suite(root, one)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def told(result: ThresholdResult) -> str:
    """A checked threshold in words: `rollout_time{image=app} is 66.3 s, wanted: max < 60 s (11 % over)`."""
    room = f" ({result.headroom})" if result.headroom else ""
    return visible(f"{result.metric} is {result.shown}, wanted: {result.check}{room}")


def _suite(root: ElementTree.Element, one: Checked) -> None:
    failed = [result for result in one.results if not result.passed and result.severity == "error"]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=visible(one.name),
        tests=str(len(one.results) + len(one.unfinished)),
        failures=str(len(failed) + len(one.unfinished)),
        errors="0",
        skipped="0",
    )
    for case in one.unfinished:
        test = ElementTree.SubElement(suite, "testcase", classname=visible(one.file), name=f"{visible(case)} finishes")
        ElementTree.SubElement(test, "failure", message="the rollout did not finish", type="unfinished")
    for result in one.results:
        name = visible(f"{result.metric}: {result.check}")
        test = ElementTree.SubElement(suite, "testcase", classname=visible(one.file), name=name)
        if result in failed:
            ElementTree.SubElement(test, "failure", message=told(result), type="threshold")
        else:
            output = ElementTree.SubElement(test, "system-out")
            output.text = told(result) if result.passed else f"warning: {told(result)}"
