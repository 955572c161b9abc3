"""The matrix: from YAML to resolved and compiled data, and what there is to know by name."""
