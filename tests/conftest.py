"""How the tests run: random examples are the same every time, and no test depends on the time it takes."""

from hypothesis import settings

settings.register_profile("rolloutsim", deadline=None, derandomize=True, database=None)
settings.load_profile("rolloutsim")
