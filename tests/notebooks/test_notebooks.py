"""The notebooks run, and show what is committed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.notebooks.render import FOLDER, ROOT, SOURCES, committed, rendered, to_text, unexecuted

_IMAGES = re.compile(r"data:image/[^\"]+")
_PICTURES = ("image/png", "image/svg+xml")


def shown(notebook: NotebookNode) -> list[list[tuple[str, str]]]:
    """What each cell shows, as text; of pictures only that they are there."""
    return [[one for output in cell.get("outputs", []) for one in _texts(output)] for cell in notebook.cells]


def _texts(output: NotebookNode) -> list[tuple[str, str]]:
    if output.output_type == "stream":
        return [(output.name, output.text)]
    if output.output_type == "error":
        return [("error", output.evalue)]
    return [
        (kind, "a picture" if kind in _PICTURES else _IMAGES.sub("a picture", text))
        for kind, text in sorted(output.data.items())
    ]


def each(test):
    return pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)(test)


def test_there_are_six_notebooks_and_nothing_else() -> None:
    stems = ["01-first-rollout", "02-where-is-the-bottleneck", "03-how-much-bandwidth-do-I-need",
             "04-model-versus-reality", "05-cache-peers-or-prepull", "06-move-the-sliders"]  # fmt: skip
    assert [source.stem for source in SOURCES] == stems
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == stems


@each
def test_it_runs_and_shows_what_is_committed(source: Path) -> None:
    """If this fails after an intended change: make notebooks."""
    assert shown(rendered(source)) == shown(committed(source))


@each
def test_the_rendered_notebook_has_the_cells_of_its_source(source: Path) -> None:
    """If this fails after an intended change: make notebooks."""
    ours, theirs = unexecuted(source), committed(source)
    assert [(cell.cell_type, cell.source) for cell in ours.cells] == [
        (cell.cell_type, cell.source) for cell in theirs.cells
    ]
    assert source.with_suffix(".ipynb").read_text(encoding="utf-8") == to_text(theirs)


@each
def test_nothing_in_it_tells_where_or_when_it_was_rendered(source: Path) -> None:
    notebook = committed(source)
    text = json.dumps(notebook)
    assert not [word for word in (str(ROOT), str(Path.home()), "site-packages", "/tmp/", "iopub.") if word in text]
    assert notebook.metadata.keys() == {"kernelspec", "language_info"}
    assert all(not cell.metadata for cell in notebook.cells)


@each
def test_no_cell_fails_or_warns_and_figures_are_seen(source: Path) -> None:
    kinds = [kind for cell in shown(committed(source)) for kind, _ in cell]
    assert not {"stderr", "error"} & set(kinds)
    assert kinds.count("text/html") >= 3
    assert any(kind in _PICTURES for kind in kinds)


@each
def test_code_cells_are_short_and_explained(source: Path) -> None:
    cells = committed(source).cells
    assert max(len(cell.source.splitlines()) for cell in cells) <= 25
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    words = [cell for cell in cells if cell.cell_type == "markdown"]
    assert 3 * len(words) >= len(cells)
