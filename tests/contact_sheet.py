"""Every figure on every shipped scenario, a page each, for the eye: `python -m tests.contact_sheet -o DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

import rolloutsim
from rolloutsim.planning.sensitivity import sensitivity
from rolloutsim.report.images import png
from rolloutsim.report.plots import figure, names
from rolloutsim.report.plots.canvas import NoDataError

SCENARIOS = Path(__file__).parent.parent / "scenarios"
COLUMNS = 3
GAP = 8  # between figures [pixel]
DPI = 84

# What the sweep figures are drawn of: node counts and speeds of the article's scenario.
SWEEP = {"nodes": [10, 20, 50, 100], "network": ["1 Gbit/s", "2 Gbit/s", "5 Gbit/s", "10 Gbit/s", "25 Gbit/s"]}


def figures_of(scenario: Path) -> Iterator[tuple[str, bytes]]:
    """All figures for which a scenario has data: name and PNG."""
    result = rolloutsim.load(scenario).run()
    for name in names("run", "case"):
        try:
            yield name, png(getattr(result.plot, name)(), DPI)
        except NoDataError as nothing:
            print(f"  {name}: {nothing}")


def figures_of_sweeps() -> Iterator[tuple[str, bytes]]:
    """The figures of many runs."""
    from rolloutsim.api.sweep import sweep

    scenario = rolloutsim.load(SCENARIOS / "20nodes.yaml")
    swept = sweep(scenario, SWEEP, None, None, None, None, 1, None, None, False)
    for name in names("sweep"):
        yield name, png(figure(name)(swept.records), DPI)
    inputs = sensitivity(scenario.run().outcome, jobs=1)
    yield "tornado", png(figure("tornado")(inputs.rows, case=inputs.case), DPI)


def page(figures: list[bytes]) -> Image.Image:
    """Figures side by side, in rows."""
    images = [Image.open(BytesIO(image)).convert("RGB") for image in figures]
    width = max(image.width for image in images)
    rows = [images[i : i + COLUMNS] for i in range(0, len(images), COLUMNS)]
    heights = [max(image.height for image in row) for row in rows]
    sheet = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, sum(heights) + GAP * (len(rows) - 1)), "#9aa0a6")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for place, image in enumerate(row):
            sheet.paste(image, (place * (width + GAP), top))
        top += height + GAP
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the pages")
    parser.add_argument("scenarios", nargs="*", type=Path, metavar="FILE", help="scenario files; the shipped ones")
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    pages = {path.stem: figures_of(path) for path in chosen.scenarios or sorted(SCENARIOS.glob("*.yaml"))}
    if not chosen.scenarios:
        pages["sweeps"] = figures_of_sweeps()
    for name, drawn in pages.items():
        print(name)
        file = chosen.output / f"{name}.png"
        page([image for _, image in drawn]).save(file)
        print(f"  wrote {file}")


if __name__ == "__main__":
    sys.exit(main())
