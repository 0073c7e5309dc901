"""Render `notebooks/*.py` as notebooks with outputs: `python -m tests.notebooks.render`.

The sources are what one edits; the .ipynb beside each is what a reader without Python sees. The same source gives the
same file: no times, no paths, no identifiers at random.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_LONGEST = 120  # of one cell [s]
_VIEW = "application/vnd.jupyter.widget-view+json"


def unexecuted(source: Path) -> NotebookNode:
    """A source as a notebook without outputs."""
    notebook = jupytext.read(source)
    notebook.metadata = NotebookNode(kernelspec=_KERNEL, language_info={"name": "python"})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = NotebookNode()
    return notebook


def rendered(source: Path) -> NotebookNode:
    """A source as a notebook with outputs, run in its folder.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = unexecuted(source)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        timeout=_LONGEST,
        record_timing=False,
        coalesce_streams=True,  # how often a cell flushes what it prints is up to the machine
        resources={"metadata": {"path": str(source.parent)}},
    )
    with asyncio.Runner() as runner:
        runner.run(client.async_execute())
    notebook.metadata = NotebookNode(kernelspec=_KERNEL, language_info={"name": "python"})
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        output.get("data", {}).pop(_VIEW, None)  # a widget by its number in a kernel that has ended
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """A notebook as the content of its file."""
    return nbformat.writes(notebook) + "\n"


def committed(source: Path) -> NotebookNode:
    """The notebook beside a source."""
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


if __name__ == "__main__":
    for one in SOURCES:
        print(f"rendering {one.name}", file=sys.stderr)
        text = to_text(rendered(one))
        one.with_suffix(".ipynb").write_text(text, encoding="utf-8")
