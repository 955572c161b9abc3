"""`python -m pathfinder`: the command from a checkout, where nothing is installed."""

from pathfinder.cli import script

if __name__ == "__main__":
    script()
