"""How the tests run: random examples are the same every time, and no test depends on the time it takes."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser.needs import MISSING
from tests.forks import Forks
from tests.registry.needs import MISSING as MISSING_OF_REGISTRY

# Whoever starts the tests in the background has them ignore what a terminal sends, and so would all processes of tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("rolloutsim", deadline=None, derandomize=True, database=None)
settings.load_profile("rolloutsim")


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What processes are forked off that need not import rolloutsim."""
    with Forks(draws=True) as made:
        yield made


def pytest_runtest_teardown() -> None:
    """Undo what the program does to its process where a test runs it in this one: a broken pipe would end all tests."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests were asked for and left out, and how to run them."""
    browser, registry = Path(__file__).parent / "browser", Path(__file__).parent / "registry"
    asked = [Path(config.invocation_params.dir, one.split("::")[0]).resolve() for one in config.args]
    if MISSING and any(browser.is_relative_to(one) for one in asked):
        terminalreporter.write_line(
            f"left out: tests/browser, all that is looked at in a real browser, for want of {' and '.join(MISSING)}; "
            "`make test-browser` installs Playwright and runs them (Debian: apt-get install chromium)"
        )
    if MISSING_OF_REGISTRY and any(registry.is_relative_to(one) for one in asked):
        terminalreporter.write_line(
            f"left out: tests/registry, imports from a real registry, for want of {' and '.join(MISSING_OF_REGISTRY)} "
            "(Debian: apt-get install docker-registry openssl); `make test-registry` runs them"
        )
