"""How Sphinx builds the site: `make docs`.

Nothing is asked of the network: no inventories of other projects, no fonts or scripts from elsewhere.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
# As the program has it: figures are the same whatever somebody wants of his own.
os.environ |= {"MATPLOTLIBRC": os.devnull, "MPLBACKEND": "agg", "PYDANTIC_DISABLE_PLUGINS": "__all__"}

from docs import made  # noqa: E402
from docs.links import Dashed, Linked  # noqa: E402
from rolloutsim.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "rolloutsim"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "made"]
nitpicky = True
smartquotes = False  # what is shown can be typed
default_role = "literal"  # what docstrings have in backticks

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_param = False  # names and types as they are written, without a link for each word of them
napoleon_use_rtype = False
# Types of other packages, and of this one that are no public names: there is no page of them to go to.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!rolloutsim\.).*"),
    (
        r"py:.*",
        r"rolloutsim\.(?!(?:load|loads|read|compare|Scenario|Result|CaseResult|Sweep|Table|Diagnostic)$|\w+Error$).*",
    ),
]

html_theme = "furo"
html_title = f"rolloutsim {__version__}"
html_static_path = ["_static"]
html_css_files = ["rolloutsim.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # a page that is opened as a file may not read others
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def fill(app: Sphinx, name: str, source: list[str]) -> None:
    """Put into a page what it shows of the code."""
    source[0] = made.filled(source[0])


def setup(app: Sphinx) -> None:
    """Tell Sphinx of what is special here."""
    app.connect("source-read", fill)
    app.add_post_transform(Linked)
    app.add_post_transform(Dashed)
