"""What tests in a real browser need, and which of it this machine has not."""

import shutil
from importlib.util import find_spec

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

MISSING = [name for name, found in (("Chromium", CHROMIUM), ("Playwright", find_spec("playwright"))) if found is None]
