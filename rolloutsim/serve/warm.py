"""Imported by the process that others are forked off: all that they need is there, and has been done once."""

from rolloutsim.serve.work import warm

warm()
