"""The command that makes a sweep again, from its head."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.design_input import from_options

if TYPE_CHECKING:
    from rolloutsim.planning.sweep_head import Head, ParameterColumns

_SEED = "seed"


def command_of(head: Head, file: str = "scenario.yaml", output: str = "FILE.sqlite") -> str:
    """What one types to get the same sweep of the same scenario.

    Parameters
    ----------
    head : Head
        What was swept.
    file : str
        What its `scenario` is saved as.
    output : str
        The file to write.
    """
    return shlex.join(["rolloutsim", "sweep", file, *_options(head), "-o", output])


def _options(head: Head) -> Iterator[str]:
    for parameter in head.parameters:
        yield "-p"
        yield _option(parameter)
    if head.design != "grid":
        yield from ("--design", head.design)
    if head.design == "sobol":
        yield from ("--points", str(len(head.points)))
    yield from ("--replications", str(head.replications))
    if not any(parameter.path == _SEED for parameter in head.parameters):  # else it would take their place
        yield from ("--seed", str(head.seed))


def _option(parameter: ParameterColumns) -> str:
    """`K=V1,V2` or `K=FROM..TO`; quotes only where a value needs them."""
    values = json.loads(parameter.values)
    if isinstance(values, dict):
        log = " log" if values["scale"] == "log" else ""
        return f"{parameter.path}={values['from']}..{values['to']}{log}"
    simple = f"{parameter.path}={','.join(value if isinstance(value, str) else _json(value) for value in values)}"
    return simple if _read(simple) == values else f"{parameter.path}={','.join(map(_json, values))}"


def _read(option: str) -> Any:
    """The values of an option; None: it cannot be read."""
    try:
        values = from_options([option]).parameters[0].values
    except (UsageError, ScenarioError):
        return None
    return list(values) if isinstance(values, tuple) else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
