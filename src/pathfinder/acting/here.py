"""Where things of ours are on this machine."""

import os
from pathlib import Path


def live_root() -> str:
    """The folder of everything of ours: environments, records, models."""
    from pathfinder.deciding.steps import places_for
    from pathfinder.types.facts import Facts, Os

    return places_for(Facts(os=Os(family="windows" if os.name == "nt" else "linux")), os.path.expanduser("~")).root  # noqa: PTH111


def python_of(runtime: str) -> str | None:
    """The Python of an environment that `install` made for a runtime and finished; None where there is none."""
    import json

    for record in sorted(Path(live_root(), "runtimes", runtime).glob("*.install.json")):
        try:
            finished = json.loads(record.read_text(encoding="utf-8")).get("complete")
        except (OSError, ValueError, AttributeError):
            continue
        env = record.with_name(record.name.removesuffix(".install.json"))
        python = env / "Scripts" / "python.exe" if os.name == "nt" else env / "bin" / "python"
        if finished and python.exists():
            return str(python)
    return None
