"""Tests in a real browser: they need Chromium and Playwright, and are left out where one is missing."""

import shutil
from importlib.util import find_spec

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AVAILABLE = CHROMIUM is not None and find_spec("playwright") is not None
collect_ignore = [] if AVAILABLE else ["test_report.py"]

# A root user's Chromium has no sandbox; the others keep it from looking for hosts of its own.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()
