"""Arrow 7: programs run, installed, started, watched and ended."""
