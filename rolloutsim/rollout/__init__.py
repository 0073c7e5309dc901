"""Who pulls when.

- `asking`: all nodes at once, each at its start time, or by an explicit schedule.
"""
