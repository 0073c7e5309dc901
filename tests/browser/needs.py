"""What tests in a real browser need, and which of it this machine has not."""

import shutil
from importlib.util import find_spec

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_NEEDED = {
    "Chromium": CHROMIUM,
    "Playwright": find_spec("playwright"),
    "axe": find_spec("axe_playwright_python"),
    "the extra serve": find_spec("uvicorn"),
}
MISSING = [name for name, found in _NEEDED.items() if found is None]
