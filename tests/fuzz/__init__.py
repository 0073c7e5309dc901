"""Random cases of all kinds, against what must hold whatever is given: `python -m tests.fuzz.run`."""
