"""Oracles: slow, simple programs whose results are right by inspection."""
