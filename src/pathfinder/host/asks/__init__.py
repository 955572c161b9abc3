"""One module per vendor library, run by `host/asker.py` in a throw-away process: `ask(*arguments: str)` returns a JSON value.

A module here uses the standard library and the library it asks, imports neither pathfinder nor another module of this folder,
raises FileNotFoundError (or OSError from ctypes) when the library is not installed, and is named after the question:
`host.ask("nvml")` runs `asks/nvml.py`. `host.ask` takes text arguments.
"""
