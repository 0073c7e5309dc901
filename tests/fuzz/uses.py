"""What commands do with a result or a sweep that was read from a file: none of it may end in anything but an answer."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import matplotlib as mpl

from rolloutsim import planning, results, scenario
from rolloutsim.api.result import Result
from rolloutsim.api.sweep import Sweep
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.compare import Side, compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from rolloutsim.results.outcome import Outcome

mpl.use("agg")


def use(random: Random, outcome: Outcome, other: Outcome) -> None:
    """Do one thing with a result, and maybe with another one; the family's errors are answers, too."""
    chosen = random.choices(list(_USES), list(_USES.values()))[0]
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("error")
        # What Matplotlib or NumPy say of numbers is no fault: the figure shows them.
        warnings.filterwarnings("ignore", category=UserWarning)
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        try:
            chosen(random, outcome, other)
        except RolloutsimError:
            return


def use_sweep(random: Random, sweep: Sweep) -> None:
    """Do one thing with a sweep; the family's errors are answers, too."""
    records = sweep.records
    chosen = random.choice((
        lambda: planning.sweep.figures.to_json(records),
        lambda: planning.sweep.figures.to_csv(records),
        lambda: planning.sweep.figures.to_markdown(records),
        lambda: sweep.to_pandas(),
        lambda: sweep.to_xarray(),
        lambda: sweep.to_xarray(replications=True),
        lambda: sweep._repr_html_(),
        lambda: sweep.report().title,
        lambda: getattr(sweep.plot, random.choice(dir(sweep.plot)))(),
    ))  # fmt: skip
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            chosen()
        except RolloutsimError:
            return
        finally:
            _close()


def _json(random: Random, outcome: Outcome, _: Outcome) -> None:
    text = outcome.to_json(random.choice((None, "summary", "nodes", "full")))
    assert results.archive.json_value(text)["schema"]


def _tables(_: Random, outcome: Outcome, __: Outcome) -> None:
    result = Result(outcome)
    result.to_csv()
    result.to_markdown()
    repr(result)
    result._repr_html_()


def _why(random: Random, outcome: Outcome, _: Outcome) -> None:
    result = Result(outcome)
    case = planning.targets.judged_case(outcome)
    records, figures = outcome.records(case), outcome.first.cases[case]
    results.why.critical.causes(records, figures)
    result.why()
    name = random.choice(("causes", "nodes", "pulls", "layers", "pods", "background"))
    getattr(result[case], name)


def _changes(_: Random, outcome: Outcome, __: Outcome) -> None:
    planning.what_if.what_if(outcome, jobs=1, budget=0.2)


def _inputs(_: Random, outcome: Outcome, __: Outcome) -> None:
    planning.sensitivity.sensitivity(outcome, jobs=1, budget=0.2)


def _compare(_: Random, outcome: Outcome, other: Outcome) -> None:
    for sides in ((outcome, other), (other, outcome)):
        compared = compare([Side(name, one) for name, one in zip("ab", sides, strict=True)])
        compared.to_dict()
        planning.compare_tables.to_markdown(compared)


def _show(_: Random, outcome: Outcome, other: Outcome) -> None:
    if outcome.run.scenario.document:
        scenario.settings.show(outcome.run.scenario)
        scenario.settings.changes(other.run.scenario, outcome.run.scenario)


def _trace(_: Random, outcome: Outcome, __: Outcome) -> None:
    for name in outcome.cases:
        writer = results.trace.writer
        writer.to_bytes(writer.trace(outcome.run, outcome.records(name), 100), False)


def _exports(_: Random, outcome: Outcome, __: Outcome) -> None:
    exports = results.exports
    for name in outcome.cases:
        case = outcome.records(name)
        for make in (exports.stages.kwok, exports.stages.simkube):
            exports.stages.text(*make(case, 1.0))
        exports.histograms.prometheus(case)
        exports.spans.otlp(outcome.run, case, 0.0)


def _figure(random: Random, outcome: Outcome, _: Outcome) -> None:
    plot = Result(outcome).plot
    ax = getattr(plot, random.choice([name for name in dir(plot) if name != "tornado"]))()
    ax.figure.savefig(BytesIO(), format="svg")
    _close()


def _report(_: Random, outcome: Outcome, __: Outcome) -> None:
    Result(outcome).to_html()
    _close()


def _again(_: Random, outcome: Outcome, __: Outcome) -> None:
    content = results.store.to_bytes(outcome)
    assert results.store.to_bytes(results.store.from_bytes(content)) == content, "what was read is not written the same"


def _close() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")


_USES: dict[Callable[[Random, Outcome, Outcome], None], float] = {
    _json: 4, _tables: 3, _why: 3, _compare: 2, _show: 1, _trace: 2, _exports: 2, _again: 2, _figure: 1, _report: 0.1,
    _changes: 0.1, _inputs: 0.1,
}  # fmt: skip
