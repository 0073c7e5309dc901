"""Tests in a real browser: they need Chromium and Playwright, and are left out where one is missing."""

import pytest

from tests.browser.needs import CHROMIUM, MISSING

collect_ignore_glob = ["test_*.py"] if MISSING else []

# A root user's Chromium has no sandbox; the others keep it from looking for hosts of its own.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="package")  # its event loop is in the way of other tests
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()
