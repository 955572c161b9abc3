"""The condition language: what a path is, how it is compiled, compared and answered. Pure."""
