"""Android: properties by getprop, or from the build file where a program may not run it."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

FILES = ("/system/build.prop", "/default.prop")


def probe(host: Host) -> Iterator[Observation]:
    files = [path for path in FILES if host.access(path, "f").value]
    if host.live and not files and host.env("ANDROID_ROOT").silence == "absent":
        return
    ran = host.run(("getprop",))
    known = properties(ran.value.stdout) if ran.value is not None and ran.value.code == 0 else {}
    source = "getprop"
    for path in files:
        for key, value in properties(host.read(path, 1 << 18).value or "").items():
            known.setdefault(key, value)
        source = source if ran.value is not None else path
    if not any(key.startswith(("ro.build.", "ro.product.", "dalvik.")) for key in known):
        return
    release = known.get("ro.build.version.release")
    found: dict[str, str | None] = {
        "os.family": "android",
        "os.id": "android",
        "os.name": "Android",
        "os.version_id": release,
        "os.version": release,
        "os.libc": "bionic",
        "board.model": " ".join(filter(None, (known.get("ro.product.manufacturer"), known.get("ro.product.model")))) or None,
        "board.soc": known.get("ro.soc.model") or known.get("ro.board.platform") or known.get("ro.hardware"),
    }
    for place, said in found.items():
        if said:
            yield Observation(path=place, value=said, source=source, trust="driver" if place.startswith("os.") else "kernel")


def properties(text: str) -> dict[str, str]:
    """`[key]: [value]`, `key=value` or one JSON object of them."""
    if text.lstrip().startswith("{"):
        import json

        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
    known = {}
    for line in text.splitlines():
        if line.startswith("[") and "]: [" in line:
            key, _, value = line[1:].partition("]: [")
            known[key] = value.rstrip().removesuffix("]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            known[key.strip()] = value.strip()
    return known
