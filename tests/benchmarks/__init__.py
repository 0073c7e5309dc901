"""How long the engine takes, against the event kernel alone and against what users would run instead."""
