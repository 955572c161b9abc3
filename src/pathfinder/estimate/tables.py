"""Measured coefficients and chip data, as the caller loads them from `matrix/estimate.yaml` and `matrix/devices/*.yaml`."""

from collections.abc import Mapping
from typing import Any

from pathfinder.types.words import Frozen


class Tables(Frozen, frozen=True, kw_only=True):
    coefficients: Mapping[str, Any] = {}
    chips: Mapping[str, Any] = {}
    """Vendor -> list of chips."""
