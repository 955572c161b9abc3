"""The throw-away process that asks vendor libraries. Standard library only; never imported by pathfinder itself.

Started as `python -I -S asker.py FOLDER`. Reads one JSON list `[name, argument, ...]` a line and answers each with one JSON object
a line, `{"value": ...}`, `{"absent": note}` or `{"failed": note}`, from the function `ask(*arguments)` of `FOLDER/<name>.py`.
`ask` raises FileNotFoundError (or OSError from ctypes) when the library is not there. It may hang or crash: only this process goes.
"""
# ruff: noqa: PTH118 (pathlib costs start-up time)

import json
import os
import sys


def answer(folder: str, line: str) -> "dict[str, object]":
    name, *arguments = json.loads(line)
    path = os.path.join(folder, name + ".py")
    try:
        space: dict[str, object] = {"__name__": name, "__file__": path}
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), space)  # noqa: S102
        return {"value": space["ask"](*arguments)}  # type: ignore[operator]
    except FileNotFoundError as error:
        return {"absent": str(error)}
    except BaseException as error:
        return {"failed": f"{type(error).__name__}: {error}"[:500]}


def main() -> None:
    keep = os.dup(1)  # a driver's chatter on descriptor 1 must not reach the reader
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    with os.fdopen(keep, "w", encoding="utf-8") as out:
        for line in sys.stdin:
            out.write(json.dumps(answer(sys.argv[1], line)) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
