"""What is forwarded: figures (`plots`), images of them (`images`), and reports. The only floor that knows matplotlib.

A report is a list of sections (`blocks`) with what is to be said of a result (`contents`, `inputs`), of variants side
by side (`comparison_contents`) or of a sweep (`sweep_contents`); `page`, `pdf` and `markdown` write it, `file` by a
file's name. What several of them have for reference, `reference` leaves to the first.

Nothing here computes: every number comes from `rolloutsim.results` or `rolloutsim.planning`.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.report import comparison_contents, file, images, markdown, page, pdf, plots, sweep_contents
else:
    __getattr__ = front(__name__)
