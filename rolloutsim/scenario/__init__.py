"""The scenario file: text in, a validated scenario out, resolved into what is simulated.

Reading order: `model` (the format), `text` (YAML and places), `manifest_files` (files that it names), `checks` (names
and contradictions), `resolve` (defaults and goodput), `resolved` (the result). `load` goes through all of them. For
pages and editors, `controls` makes sliders and fields of keys, `completion` says what may stand at a place of a text.

Names are imported on first use, so that `resolved` alone needs neither pydantic nor YAML.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = [
    "DEFAULT_TEMPLATE",
    "Explanation",
    "ResolvedScenario",
    "Scenario",
    "explain",
    "json_schema",
    "key_reference",
    "load",
    "loads",
    "template",
    "template_names",
    "template_title",
]

if TYPE_CHECKING:
    from rolloutsim.scenario import causes, loading, metrics
    from rolloutsim.scenario.explanation import Explanation, explain
    from rolloutsim.scenario.loading import Scenario, load, loads
    from rolloutsim.scenario.reference import key_reference
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.structure import json_schema
    from rolloutsim.scenario.templates import DEFAULT_TEMPLATE, template, template_names, template_title
else:
    __getattr__ = front(
        __name__,
        {
            "explanation": ("Explanation", "explain"),
            "loading": ("Scenario", "load", "loads"),
            "reference": ("key_reference",),
            "resolved": ("ResolvedScenario",),
            "structure": ("json_schema",),
            "templates": ("DEFAULT_TEMPLATE", "template", "template_names", "template_title"),
        },
    )
