"""Checked thresholds for CI servers."""

from __future__ import annotations

from xml.etree import ElementTree

from rolloutsim.results.shown.annotations import annotation
from rolloutsim.results.shown.junit import Checked, to_junit, told
from rolloutsim.results.thresholds import ThresholdResult

HELD = ThresholdResult("a", "max < 60 s", "rollout_time{image=a}", 55.4, True, "error", "8 % left", "55.4 s")
MISSED = ThresholdResult("b", "max < 60 s", "rollout_time{image=b}", 66.3, False, "error", "11 % over", "66.3 s")
WARNED = ThresholdResult("b", "< 80%", 'utilisation{link="<wan>"}', None, False, "warn", "", "unknown")


def test_a_scenario_is_a_suite_and_a_threshold_a_test() -> None:
    assert to_junit([Checked("two & three", "s.yaml", (HELD, MISSED, WARNED))]) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<testsuites>\n"
        '  <testsuite name="two &amp; three" tests="3" failures="1" errors="0" skipped="0">\n'
        '    <testcase classname="s.yaml" name="rollout_time{image=a}: max &lt; 60 s">\n'
        "      <system-out>rollout_time{image=a} is 55.4 s, wanted: max &lt; 60 s (8 % left)</system-out>\n"
        "    </testcase>\n"
        '    <testcase classname="s.yaml" name="rollout_time{image=b}: max &lt; 60 s">\n'
        '      <failure message="rollout_time{image=b} is 66.3 s, wanted: max &lt; 60 s (11 % over)" '
        'type="threshold" />\n'
        "    </testcase>\n"
        '    <testcase classname="s.yaml" name="utilisation{link=&quot;&lt;wan&gt;&quot;}: &lt; 80%">\n'
        '      <system-out>warning: utilisation{link="&lt;wan&gt;"} is unknown, wanted: &lt; 80%</system-out>\n'
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def test_a_rollout_that_did_not_finish_fails_a_test_of_its_own() -> None:
    (suite,) = ElementTree.fromstring(to_junit([Checked("x", "s.yaml", (), ("a",))]))
    assert suite.attrib == {"name": "x", "tests": "1", "failures": "1", "errors": "0", "skipped": "0"}
    assert (suite[0].get("name"), suite[0][0].get("message")) == ("a finishes", "the rollout did not finish")


def test_control_characters_make_no_broken_document() -> None:
    odd = ThresholdResult("a", "max < 60 s", "rollout_time{image=a\x1b}", 1.0, True, "error", "", "1.00 s")
    (suite,) = ElementTree.fromstring(to_junit([Checked("a\x00b", "s.yaml", (odd,))]))
    assert suite.get("name") == "a\\x00b"
    assert told(odd) == "rollout_time{image=a\\x1b} is 1.00 s, wanted: max < 60 s"


def test_an_annotation_escapes_what_github_would_take_for_its_own() -> None:
    assert annotation("error", "100 %\nof it", "a,b:c.yaml", 3, 5, 9, "x: y") == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=5,endColumn=9,title=x%3A y::100 %25%0Aof it"
    )
    assert annotation("notice", "done") == "::notice::done"
