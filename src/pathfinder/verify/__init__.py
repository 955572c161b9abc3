"""Proving what the matrix says: recipes resolved for every system they claim, installed where this machine can, references looked at."""
