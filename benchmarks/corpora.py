"""Replay every case of a folder of recorded hosts through `detect`, and score what it says.

    python benchmarks/corpora.py DIR [--corpus NAME] [--case TEXT] [--keep OUT]

DIR holds `<corpus>/truth.json`, recordings beside it, and `tools/replay.py` and `tools/score.py`. Each case is laid out as a folder that
looks like a machine and read as `sysroot:DEST/root,bin=DEST/bin --deep`; this file only renames facts into the scorer's schema.
"""

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from pathfinder.host.open import open_host
from pathfinder.looking.observe import observe
from pathfinder.types.facts import ApiDevice, Device, Facts, PciFunction

KERNELS = {"linux": "linux", "android": "linux", "macos": "darwin", "windows": "windows", "freebsd": "other", "other": "other"}

STATUS_WORDS = ("driver-not-loaded", "no-devices", "unknown-error", "version-mismatch", "library-missing", "no-permission", "timeout")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--corpus", help="only this one")
    parser.add_argument("--case", default="", help="only cases whose name holds this")
    parser.add_argument("--keep", type=Path, help="where to leave results.jsonl and the facts of every case")
    wanted = parser.parse_args()
    replay = _module(wanted.dir / "tools" / "replay.py")
    with tempfile.TemporaryDirectory(prefix="corpora-") as scratch:
        out = wanted.keep or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        results = out / "results.jsonl"
        with results.open("w") as file:
            for corpus, cases in replay.truths(str(wanted.dir)):
                for case in cases:
                    name = case["case"]
                    if (wanted.corpus and corpus != wanted.corpus) or wanted.case not in name:
                        continue
                    dest = Path(scratch) / "case"
                    facts = _replayed(replay, wanted.dir, corpus, name, dest)
                    row = {"corpus": corpus, "case": name, "got": adapt(facts)}
                    file.write(json.dumps(row) + "\n")
                    if wanted.keep:
                        import msgspec

                        (out / f"{corpus}.{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
        return subprocess.run(
            [sys.executable, str(wanted.dir / "tools" / "score.py"), str(wanted.dir), str(results)], check=False
        ).returncode


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path}: not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _replayed(replay: ModuleType, folder: Path, corpus: str, case: str, dest: Path) -> Facts:
    import shutil

    shutil.rmtree(dest, ignore_errors=True)
    replay.make(str(folder), corpus, case, str(dest))
    return observe(open_host(f"sysroot:{dest / 'root'},bin={dest / 'bin'}"), deep=True)


def adapt(facts: Facts) -> dict[str, Any]:
    """Facts in the scorer's schema: renames only; what is unknown is left out or null."""
    cpu, memory, os_ = facts.cpu, facts.memory, facts.os
    got: dict[str, Any] = {
        "cpu": {
            "arch_family": cpu.family,
            "threads_online": cpu.threads,
            "threads_present": cpu.threads_present,
            "threads_usable": cpu.usable_cpus,
            "cores_online": cpu.cores,
            "cores_usable": cpu.usable_cores,
            "cores_present": cpu.cores_present,
            "sockets": cpu.sockets,
            "clusters": cpu.clusters,
            "numa_nodes": cpu.numa_nodes,
            "numa_nodes_with_cpus": cpu.numa_nodes_with_cpus,
            "offline_count": cpu.offline,
            "simd": dict.fromkeys(cpu.features or (), True),
        },
        "memory": {
            "total_bytes": memory.total_bytes,
            "available_bytes": memory.available_bytes,
            "swap_total_bytes": memory.swap_bytes,
            "limit_bytes": memory.limit_bytes,
        },
        "cgroup": {"version": facts.cgroup.version, "cpu_quota_cpus": facts.cgroup.cpu_quota_cpus, "cpuset": facts.cgroup.cpuset},
        "os": {
            "kernel_family": KERNELS.get(os_.family or ""),
            "id": os_.id,
            "version_id": os_.version_id,
            "version": os_.version,
            "name": os_.name,
            "pretty_name": os_.pretty_name,
            "id_like": " ".join(os_.id_like) if os_.id_like else None,
            "variant_id": os_.variant_id,
            "machine": os_.arch,
            "kernel": os_.kernel,
        },
    }
    return got | _devices(facts)


def _devices(facts: Facts) -> dict[str, Any]:
    """Lists that nothing answered for stay null."""
    cards = [one for one in facts.devices or () if one.kind == "gpu" and one.parent is None]
    return {
        "gpus": None if facts.devices is None else [_gpu(one) for one in cards],
        "pci_gpus": None if facts.pci is None else [_function(one) for one in facts.pci if _of_a_listed_class(one)],
        "vulkan": None if facts.vulkan is None else [_api(one) for one in facts.vulkan],
        "opencl": None if facts.opencl is None else [_api(one) | {"type": [_cl_type(one)]} for one in facts.opencl],
        "sycl_gpus": None if facts.sycl is None else [_api(one) for one in facts.sycl if one.type == "gpu"],
        "nvidia": _nvidia(facts),
    }


def _nvidia(facts: Facts) -> dict[str, Any]:
    cuda = facts.backends.get("cuda")
    words = (one.id.removeprefix("nvidia-") for one in facts.warnings if one.id.startswith("nvidia-"))
    status = next((word for word in words if word in STATUS_WORDS), None)
    drivers = (one.driver_version for one in facts.devices or () if one.vendor == "nvidia" and one.driver_version)
    return {"driver_version": next(drivers, None), "cuda_version": cuda.version if cuda else None, "status": status}


def _of_a_listed_class(one: PciFunction) -> bool:
    """The truth lists displays, accelerators and co-processors; NPUs that call themselves something else are in our list only."""
    return (one.class_ or "")[:2] in ("03", "12") or (one.class_ or "")[:4] == "0b40"


def _function(one: PciFunction) -> dict[str, Any]:
    bound = one.driver_module is not None and one.driver_module != "none"
    found = {"bdf": one.pci, "cls": (one.class_ or "")[:4], "vendor": one.vendor_id, "device": one.device_id}
    return found | {"driver": one.driver_module if bound else None, "driver_bound": bound}


def _cl_type(one: ApiDevice) -> str:
    return f"CL_DEVICE_TYPE_{(one.type or '').upper()}"


def _mig(one: Device) -> str | None:
    if one.mig is None:
        return None
    return "N/A" if one.mig.supported is False else {True: "Enabled", False: "Disabled"}.get(one.mig.enabled)  # type: ignore[arg-type]


def _virtualization(one: Device) -> str | None:
    return {"none": "None", "vgpu": "VGPU", "passthrough": "Pass-Through"}.get(one.virtualization or "", one.virtualization)


def _gpu(one: Device) -> dict[str, Any]:
    return {
        "vendor": one.vendor,
        "name": one.name,
        "bdf": one.pci,
        "pci_device": one.device_id,
        "vram_bytes": one.memory_bytes if one.carveout_bytes is None else one.carveout_bytes,
        "rocm_pool_bytes": one.memory_bytes,
        "gtt_bytes": one.gtt_bytes,
        "gfx": one.arch,
        "compute_capability": one.compute_capability,
        "driver": one.driver_module,
        "integrated": one.integrated,
        "unified_memory": one.shared_memory,
        "compute_units": one.compute_units,
        "gpu_cores": one.compute_units,
        "metal": "metal" in one.apis if one.apis or one.vendor else None,
        "mig_mode": _mig(one),
        "virtualization_mode": _virtualization(one),
    }


def _api(one: ApiDevice) -> dict[str, Any]:
    api = re.match(r"[\d.]+", one.api_version or "")
    return {
        "name": one.name,
        "vendor": one.vendor,
        "vendor_id": one.vendor_id,
        "device_id": one.device_id,
        "type": one.type,
        "api": api[0] if api else None,
        "software": one.software,
        "unified": one.unified,
        "global_mem_bytes": one.memory_bytes,
    }


if __name__ == "__main__":
    sys.exit(main())
