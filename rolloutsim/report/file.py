"""A report as a file, in the form that its name ends in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Report
    from rolloutsim.report.pdf import Paper

FORMS = (".html", ".pdf", ".md")


def check_form(path: Path, called: str = "") -> None:
    """UsageError where a report cannot be written into a file of that name; `called` is what asks for it."""
    if path.suffix.lower() == ".pdf":
        from rolloutsim.report.pdf import check_engine  # as in `rendered`

        check_engine()
    if path.suffix.lower() not in FORMS:
        raise UsageError(f"{called}{path}: a report is .html, .pdf or .md; name it for example report.html")


def rendered(reports: tuple[Report, ...], path: Path, paper: Paper = "a4") -> str | bytes:
    """One or several reports as the content of a file.

    Parameters
    ----------
    reports : tuple of Report
        What it holds, one after another.
    path : pathlib.Path
        Its name, which says the form.
    paper : str
        The sheet of a PDF: `a4` or `letter`.

    Raises
    ------
    UsageError
        If the name ends in no form that there is, or what sets a PDF is not installed.
    """
    check_form(path)
    match path.suffix.lower():
        case ".html":
            from rolloutsim.report.page import to_html  # each form has its own libraries

            return to_html(reports)
        case ".pdf":
            from rolloutsim.report.pdf import to_pdf

            return to_pdf(reports, paper)
    from rolloutsim.report.markdown import to_markdown

    return to_markdown(reports)
