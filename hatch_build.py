"""The wheel's data: the matrix compiled, and the templates, as `pathfinder/_data/`. An editable install reads the checkout instead."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from pathfinder.data.compiler import compile
        finally:
            sys.path.pop(0)
        built = Path(self.directory) / "matrix.bin"
        built.parent.mkdir(parents=True, exist_ok=True)
        built.write_bytes(compile(root / "matrix"))
        build_data["force_include"][str(built)] = "pathfinder/_data/matrix.bin"
        if (root / "templates").is_dir():
            build_data["force_include"][str(root / "templates")] = "pathfinder/_data/templates"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        (Path(self.directory) / "matrix.bin").unlink(missing_ok=True)
