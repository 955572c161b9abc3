"""How long the compiled matrix takes to load: as it is, and grown to 80 runtimes of 8 cells that share no sentence.

Usage: python benchmarks/matrix_load.py     each figure is the median of five fresh processes.
"""

import statistics
import subprocess
import sys
import tempfile
from itertools import count, cycle, islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pathfinder.data import store
from pathfinder.data.compiler import pack
from pathfinder.data.pooling import pool
from pathfinder.types.matrix import Runtime

CHILD = """
import gc, sys, time
gc.disable()
from pathlib import Path
from pathfinder.data.compiled import Data
from pathfinder.data.pool import Pooled, unpool
start = time.perf_counter()
unpool(Data(Path(sys.argv[1])).get("runtimes", Pooled))
print((time.perf_counter() - start) * 1000)
"""


def main() -> int:
    real = [store.whole(runtime.id) for runtime in store.matrix()]
    show("as it is", real)
    show("80 x 8", grown(real, 80, 8))
    return 0


def show(name: str, runtimes: list[Runtime]) -> None:
    content = pack({"runtimes": msgspec.msgpack.encode(pool(runtimes))}, b'""\n')
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "matrix.bin"
        file.write_bytes(content)
        took = [float(subprocess.run([sys.executable, "-c", CHILD, str(file)], capture_output=True, check=True).stdout) for _ in range(5)]
    cells = sum(len(runtime.cells) for runtime in runtimes)
    print(f"{name:<9} {len(runtimes):>3} runtimes {cells:>4} cells {len(content) / 1024:>6.0f} KiB  {statistics.median(took):>5.1f} ms")


def grown(real: list[Runtime], runtimes: int, cells: int) -> list[Runtime]:
    """The real runtimes over and over, every sentence made different, so that nothing is shared that would not be."""
    number = count()
    every = cycle([cell for runtime in real for cell in runtime.cells])

    def fresh() -> Runtime:
        mark = next(number)
        own = []
        for at, cell in enumerate(islice(every, cells)):
            requires = tuple(replace(one, says=f"{one.says} ({mark}.{at})") for one in cell.requires)
            caveats = tuple(replace(one, says=f"{one.says} ({mark}.{at})") for one in cell.caveats)
            own.append(replace(cell, id=f"{cell.id}-{at}", requires=requires, caveats=caveats))
        return replace(real[mark % len(real)], id=f"r{mark}", cells=tuple(own))

    return [fresh() for _ in range(runtimes)]


if __name__ == "__main__":
    sys.exit(main())
