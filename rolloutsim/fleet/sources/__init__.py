"""What can hand over an image's manifests and layers.

`source` has what all of them have in common: answers, and connections, of which there are so many at a time. Beside it
stands a module a kind of source, such as `registry`.

Which of several sources a node asks, and when it goes on to the next, is its runtime's rule: `rolloutsim.fleet.hosts`.
"""
