"""Arrows 3 to 5: from facts and a demand to plans in order, with the rejected and their unlocks. Pure."""
