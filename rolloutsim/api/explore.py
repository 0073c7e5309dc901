"""Sliders and fields for keys of a scenario in Jupyter, and what comes of them: `s.explore("nodes", "network")`.

The widgets are those of ipywidgets, which JupyterLab, Notebook, VS Code and Colab show without a line of JavaScript
here, and which the keyboard and a screen reader reach. anywidget is for a front end of one's own, and needs ipywidgets
itself. What comes of them is no widget but an output of the cell, which each change replaces: it stays in the notebook
as it was last, also where nothing runs any more, as in an exported page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rolloutsim import planning, report, results
from rolloutsim.api import html
from rolloutsim.api.background import Latest
from rolloutsim.api.result import Result, simulated
from rolloutsim.errors import RolloutsimError, UsageError
from rolloutsim.scenario.controls import Control, control, controls
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.overrides import parse_change
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.api.scenarios import Scenario

START, NOW = "start", "now"
_VERB = "explore"  # where errors say that a key is from
_VIEW = "application/vnd.jupyter.widget-view+json"
_FEW = 8  # controls where nobody names any (assumed: a third of a screen)
_LABEL, _WIDE, _NARROW = "16em", "36em", "12em"  # widths (assumed: a line of a notebook beside a side bar)


@struct(eq=False)
class Explored:
    """A scenario as explored, and what came out of it."""

    scenario: Scenario
    result: Result


class Explorer:
    """A scenario whose values can be moved, and what comes of it; Jupyter shows both.

    `explorer["network"] = "10 Gbit/s"` does what the slider does. Simulations run in the background, and the latest
    change is the one that counts.

    Parameters
    ----------
    scenario : Scenario
        Where it starts, and what changes are told against; it stays as it is, and is simulated before anything is
        shown.
    keys : sequence of str
        Paths as in `with_`; without any, the first of those that matter in the scenario.
    seed, replications
        As for `Scenario.run`.

    Raises
    ------
    UsageError
        If there is no such key, or ipywidgets is not installed.
    """

    def __init__(
        self, scenario: Scenario, keys: Sequence[str], seed: int | None = None, replications: int | None = None
    ) -> None:
        widgets = _ipywidgets()
        self._seed, self._replications = seed, replications
        self._start = self._scenario = scenario
        self._fields = {key: _Field(key, one, widgets, self._changed) for key, one in _controls(scenario, keys).items()}
        self.start = self._simulate(scenario).result
        self._shown = Explored(scenario, self.start)
        self._latest = Latest(self._simulate, self._done)
        self._handles: list[Any] = []
        self._is_refused = False  # whether the fields say what is not allowed
        self._said = widgets.HTML()
        back = widgets.Button(description="Back to the start")
        back.on_click(lambda _: self.reset())
        rows = [field.row for field in self._fields.values()]
        self.widget = widgets.VBox([*rows, widgets.HBox([back, self._said])])
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:  # no kernel: what is waited for is shown
            self._loop = None

    def __getitem__(self, key: str) -> str:
        """What a key says now, as text; empty: its default."""
        return self._field(key).text

    def __setitem__(self, key: str, value: Any) -> None:
        """Move a key to a value as in `with_`; None: to its default."""
        self._field(key).move(value)

    @property
    def fields(self) -> Mapping[str, Any]:
        """By key the widget with its value: a field for text, a list to choose from, or a box to tick."""
        return {key: field.widget for key, field in self._fields.items()}

    @property
    def scenario(self) -> Scenario:
        """The scenario as explored; after a value that is not allowed, as it was before that."""
        return self._scenario

    @property
    def result(self) -> Result:
        """What came out of `scenario`; it is waited for.

        Raises
        ------
        RolloutsimError
            If that cannot be simulated.
        """
        self.wait()
        answer = self._latest.answer
        return self.start if answer is None else answer.result

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latest change is simulated and shown, at most so long [s]; whether it is."""
        done = self._latest.wait(timeout)
        if done:
            self._show()
        return done

    def reset(self) -> None:
        """Move all keys back to where they started."""
        for field in self._fields.values():
            field.move(field.start)

    def _field(self, key: str) -> _Field:
        if key not in self._fields:
            near = did_you_mean(str(key), list(self._fields))
            hint = f"; {near}" if near else ""
            raise UsageError(f"{key!r} is not explored here; keys: {listing(list(self._fields))}{hint}")
        return self._fields[key]

    def _simulate(self, scenario: Scenario, look: Callable[[], None] = lambda: None) -> Explored:
        def progress(case: str, time: float, share: float) -> None:
            look()

        look()
        return Explored(
            scenario, simulated(scenario.resolve(), self._seed, self._replications, 1, progress, beside=True)
        )

    def _changed(self, moved: _Field) -> None:
        """A field has another value."""
        changes = {one.control.key: one.text or None for one in self._fields.values() if one.has_moved}
        try:
            scenario = self._start.with_(changes) if changes else self._start
            resolved = scenario.resolve()
        except RolloutsimError as error:
            self._is_refused = True
            self._said.value = _as_error(error)
            return
        self._is_refused = False
        self._scenario = scenario
        for field in self._fields.values():
            if field.may_differ(moved):
                field.follow(control(resolved, field.key))
        self._said.value = "<span role='status'>simulating …</span>"
        self._latest.ask(scenario)

    def _done(self) -> None:
        """In the thread that simulates: what is shown is drawn where the notebook's own figures are drawn."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._show)

    def _show(self) -> None:
        """Show the latest answer, if it is not shown."""
        if not self._latest.is_done:
            return
        try:
            answer = self._latest.answer
        except RolloutsimError as error:
            self._said.value = _as_error(error)
            return
        if answer is None or answer is self._shown:
            return
        self._shown = answer
        bundle = self._bundle() if self._handles else {}
        for handle in self._handles:
            handle.update(bundle, raw=True)
        if not self._is_refused:
            self._said.value = ""

    def _bundle(self) -> dict[str, str]:
        """What is shown of the answer, by kind."""
        verdict = report.headline.verdict(self._shown.result.outcome)
        sign = results.shown.tabular.SIGNS[verdict.state]
        said = f"{sign} {verdict.word}: {verdict.text}".strip()
        moved = (
            None
            if self._shown.scenario is self._start
            else planning.moved.moved(self.start.outcome, self._shown.result.outcome, (START, NOW))
        )
        return {
            "text/plain": said,
            "text/html": f"<p><strong>{escape(said)}</strong></p>{html.of_explored(self._shown.result.outcome, moved)}",
        }

    def _ipython_display_(self) -> None:
        from IPython.display import display

        # What is in the notebook where no widget can be is the second output; of the first only its name is left.
        display({_VIEW: self.widget._repr_mimebundle_()[_VIEW], "text/plain": repr(self)}, raw=True)
        self._handles.append(display(self._bundle(), raw=True, display_id=True))

    def __repr__(self) -> str:
        return f"<Explorer of {self._start.name or 'unnamed'!r}: {', '.join(self._fields)}>"


class _Field:
    """The widgets of a key: a field for its value, and a slider where it has steps.

    Parameters
    ----------
    key : str
        As it was asked for.
    control : Control
        What it is.
    widgets : module
        ipywidgets.
    on_change : callable
        Called when there is another value.
    """

    def __init__(self, key: str, control: Control, widgets: Any, on_change: Callable[[_Field], None]) -> None:
        self.key, self.control = key, control
        self._on_change = on_change
        self._is_quiet = False
        label = {"description": key, "style": {"description_width": _LABEL}}
        source = f" ({control.source})" if control.source else ""
        tooltip = f"{key}: {control.help}{source}"  # which is the only label of a field beside a slider
        self.slider: Any = None
        if control.slider is not None:
            steps = control.slider.steps
            self.slider = widgets.SelectionSlider(
                options=steps, index=control.slider.at, readout=False, tooltip=tooltip, layout={"width": _WIDE}, **label
            )
            self.slider.observe(self._slid, "value")
            label = {}
        layout = {"width": _NARROW if self.slider else _WIDE}
        if control.kind == "switch":
            self.widget = widgets.Checkbox(control.value == "true", tooltip=tooltip, layout=layout, **label)
        elif control.choices:
            words = dict.fromkeys((*control.choices, control.value))
            self.widget = widgets.Dropdown(
                options=[*words], value=control.value, tooltip=tooltip, layout=layout, **label
            )
        else:
            # While one types, most of what there is is not meant: a value counts when the field is left, or by Enter.
            self.widget = widgets.Text(
                control.value, placeholder=control.usual, continuous_update=False, tooltip=tooltip, layout=layout,
                **label,
            )  # fmt: skip
        self.start = self.text
        self.widget.observe(self._moved, "value")
        self.row = widgets.HBox([one for one in (self.slider, self.widget) if one is not None])

    @property
    def text(self) -> str:
        """Its value as a scenario writes it; empty: its default."""
        value = self.widget.value
        return str(value).lower() if isinstance(value, bool) else str(value).strip()

    @property
    def has_moved(self) -> bool:
        """Whether it has another value than at the start."""
        return self.text != self.start

    def move(self, value: Any) -> None:
        """Give it a value; None: its default."""
        if isinstance(self.widget.value, bool):
            self.widget.value = str(self.control.usual if value is None else value).lower() in ("true", "on")
            return
        words = getattr(self.widget, "options", None)
        text = str(value) if value is not None else self.control.usual if words else ""
        if words and text not in words:
            raise UsageError(f"{self.key}: {text!r} is none of its words; allowed: {listing(words)}")
        self.widget.value = text

    def may_differ(self, moved: _Field) -> bool:
        """Whether what it shows may be another now that a field was moved: its default, or where its slider stands."""
        if self is moved:
            return self.slider is not None and self.text not in self.slider.options
        return self.control.default and not self.has_moved and (moved.slider is None)

    def follow(self, control: Control) -> None:
        """Show the key as it is in the scenario as explored, which is no change of it."""
        self._is_quiet = True
        try:
            if not self.has_moved and not isinstance(self.widget.value, bool):
                self.widget.value = self.start = control.value
            if self.slider is not None and control.slider is not None:
                self.slider.options = control.slider.steps
                self.slider.index = control.slider.at
        finally:
            self._is_quiet = False

    def _slid(self, change: Mapping[str, Any]) -> None:
        if not self._is_quiet:
            self.widget.value = change["new"]

    def _moved(self, change: Mapping[str, Any]) -> None:
        if self._is_quiet:
            return
        if self.slider is not None and change["new"] in self.slider.options:
            self.slider.value = change["new"]
        self._on_change(self)


def _controls(scenario: Scenario, keys: Sequence[str]) -> dict[str, Control]:
    """The controls of keys, or of those that matter most."""
    resolved = scenario.resolve()
    if not keys:
        every = [one for group in controls(resolved) if not group.folded for one in group.controls]
        slid = sorted((one for one in every if one.slider is not None), key=lambda one: one.default)
        return {one.key: one for one in slid[:_FEW]}
    draft = scenario.draft()
    for key in keys:
        if not isinstance(key, str):
            raise UsageError(f"explore takes keys as text, 'nodes' or 'network.latency', and {key!r} is none")
        draft.changed([parse_change(key, None, _VERB)])  # which says what is wrong with one that there is not
    found = {key: control(resolved, key, verb=_VERB) for key in keys}
    first: dict[str, str] = {}
    for key, one in found.items():
        if first.setdefault(one.key, key) != key:
            raise UsageError(f"{_VERB} {key}: that is what {first[one.key]} moves; name one of the two")
    return found


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError as error:
        raise UsageError("exploring needs ipywidgets: pip install 'rolloutsim[explore]'") from error
    return ipywidgets


def _as_error(error: Exception) -> str:
    return f'<pre role="alert">{escape(str(error).replace("with_ ", ""))}</pre>'
