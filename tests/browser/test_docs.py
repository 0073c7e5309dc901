"""The documentation's site in headless Chromium, from its files and without a network."""

from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
PAGES = (
    "index", "tutorial", "how-to/what-would-help", "how-to/max-unavailable", "reference/commands",
    "reference/keys/nodes", "reference/figures", "reference/json", "reference/python", "explanation/accuracy",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built: make docs")


@pytest.fixture
def opened(chromium):
    """Open a page; what it asks for and complains of is kept."""
    contexts = []

    def open_it(name, query="", **options):
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{(SITE / name).with_suffix('.html').as_uri()}{query}")
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_asks_nobody(opened, name):
    page = opened(name, viewport={"width": 360, "height": 800})
    assert page.complaints == []
    assert all(address.startswith(SITE.as_uri()) for address in page.asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    ("words", "found"),
    [("max_surge", "reference/keys/workloads.html"), ("stagger pulls", "how-to/stagger.html")],
)
def test_what_is_looked_for_is_found_without_a_network(opened, words, found):
    page = opened("search", f"?q={words.replace(' ', '+')}")
    link = page.locator(f'#search-results a[href*="{found}"]').first
    link.wait_for()
    assert page.complaints == []
    link.click()
    assert found in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_have_the_page_s_colours(opened, scheme):
    page = opened("index", color_scheme=scheme)
    figure = page.locator("figure.drawn").first
    paper = figure.evaluate("one => getComputedStyle(one).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 27, 35)"}[scheme]
