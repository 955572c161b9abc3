"""Arrow 2: what a person typed, resolved to one model."""
