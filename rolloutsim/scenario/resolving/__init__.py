"""The rooms of `rolloutsim.scenario.resolve`: one for each theme of a document, each a few pure functions."""
