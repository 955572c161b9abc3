"""Arrow 1: from what the probes say to facts."""
