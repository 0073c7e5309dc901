"""Tests in a real browser: they need Chromium and Playwright, and are left out where one is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.needs import CHROMIUM, MISSING

collect_ignore_glob = ["test_*.py"] if MISSING else []

# A root user's Chromium has no sandbox; the others keep it from looking for hosts of its own.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="package")  # its event loop is in the way of other tests
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


SERVED = ("20nodes", "deployment", "fleet-10k", "racks")


class Serving:
    """A server of the page: its address, and the folder that it serves."""

    def __init__(self, folder, process):
        self.folder = folder
        self.process = process
        self.address = process.stdout.readline().strip()

    def goes_on(self):
        """Fail with what it said where it has ended: all that is seen in the browser is that nobody answers."""
        if self.process.poll() is not None:
            pytest.fail(f"the server ended with {self.process.returncode}: {self.process.stderr.read()}")

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=30)


def serve(folder, *names):
    """Serve copies of shipped scenarios, the first of them to begin with."""
    for name in names:
        shutil.copy(ROOT / "scenarios" / f"{name}.yaml", folder)
    command = [sys.executable, "-m", "rolloutsim", "serve", f"{names[0]}.yaml", "--port", "0"]
    told = os.environ | {"PYTHONFAULTHANDLER": "1"}  # a crash says where
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=told)
    return Serving(folder, process)


@pytest.fixture(scope="package")
def serving(tmp_path_factory):
    server = serve(tmp_path_factory.mktemp("served"), *SERVED)
    yield server
    server.end()


@pytest.fixture
def tab(chromium, serving):
    """Open the page in a browser of its own; what it asks for and complains of is kept."""
    contexts = []

    def open_it(of=serving, context=None, **options):
        if context is None:
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
            context.set_default_timeout(180_000)  # who waits for nothing loses nothing by it
            contexts.append(context)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        of.goes_on()
        page.goto(of.address)
        page.locator("#answer[data-ask]").wait_for()
        return page

    yield open_it
    for context in contexts:
        context.close()
