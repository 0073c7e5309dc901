"""The scenario file: text in, a validated scenario out, resolved into what is simulated.

Reading order: `model` (the format), `text` (YAML and places), `checks` (names and contradictions), `resolve`
(defaults and goodput), `resolved` (the result). `load` goes through all of them.

Names are imported on first use, so that `resolved` alone needs neither pydantic nor YAML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolloutsim.scenario.explanation import Explanation, explain
    from rolloutsim.scenario.loading import Scenario, load, loads
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.structure import json_schema
    from rolloutsim.scenario.templates import TEMPLATES, template

__all__ = [
    "TEMPLATES",
    "Explanation",
    "ResolvedScenario",
    "Scenario",
    "explain",
    "json_schema",
    "load",
    "loads",
    "template",
]

_HOME = {
    "TEMPLATES": "templates",
    "template": "templates",
    "Explanation": "explanation",
    "explain": "explanation",
    "ResolvedScenario": "resolved",
    "Scenario": "loading",
    "load": "loading",
    "loads": "loading",
    "json_schema": "structure",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
