"""pathfinder: which local AI runtime runs on this machine, how to start it, and whether it computes the right numbers."""

__version__ = "0.1.0"
