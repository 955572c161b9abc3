"""Prefill and decode from bytes moved and operations done."""

from pathfinder.types import SpeedEstimate


def unknown() -> SpeedEstimate:
    return SpeedEstimate()
