"""What may stand at a place of a scenario's text."""

from __future__ import annotations
