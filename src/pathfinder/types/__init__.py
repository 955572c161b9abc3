"""Every value that crosses an arrow of the house: frozen structs and the closed vocabularies.

Units are in the name (`_bytes`, `_seconds`, `_tps`, `_bytes_per_second`). `None` is unknown, never no.
"""
