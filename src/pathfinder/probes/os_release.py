"""The distribution: /etc/os-release, and the files older systems have instead."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation

FILES = ("/etc/os-release", "/usr/lib/os-release", "/var/run/os-release")
NOT_A_NAME = {"system", "lsb", "oem", "os", "board", "plesk", "iredmail", "starter", "upstream", "lfs"}
IDS = {"redhat": "rhel", "enterprise": "oracle", "SuSE": "suse", "sl": "rhel"}
FAMILIES = {"freebsd": "freebsd", "midnightbsd": "freebsd", "openbsd": "other", "netbsd": "other", "illumos": "other", "aix": "other"}


def probe(host: Host) -> Iterator[Observation]:
    for path in FILES:
        answer = host.read(path, 1 << 16)
        if answer.value is not None:
            yield from _said(_fields(shell_values(answer.value)), path, answer.elapsed_seconds)
            return
    yield from _older(host)


def shell_values(text: str) -> dict[str, str]:
    """`NAME="value"` lines, quotes and backslashes taken off as a shell would."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            found[name] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    quote = value[:1] if value[:1] in ("'", '"') else ""
    if quote:
        value = value[1:]
        end = value.rfind(quote)
        value = value[:end] if end >= 0 else value
    if quote == "'" or "\\" not in value:
        return value
    out, escaped = [], False
    for letter in value:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        out.append(letter)
        escaped = False
    return "".join(out)


def _fields(values: dict[str, str]) -> dict[str, Any]:
    name = values.get("ID", "").lower()
    like = values.get("ID_LIKE", "").lower().split()
    return {
        "id": name or None,
        "version_id": values.get("VERSION_ID") or None,
        "id_like": tuple(like) if like else None,
        "variant_id": values.get("VARIANT_ID") or None,
        "name": values.get("NAME") or None,
        "pretty_name": values.get("PRETTY_NAME") or None,
        "version": values.get("VERSION") or None,
        "family": FAMILIES.get(name, "linux"),
    }


def _said(fields: dict[str, Any], source: str, seconds: float) -> Iterator[Observation]:
    for field, value in fields.items():
        if value is not None:
            trust = "guess" if field == "family" else "kernel"
            yield Observation(path=f"os.{field}", value=value, source=source, trust=trust, elapsed_seconds=seconds)  # type: ignore[arg-type]


def _older(host: Host) -> Iterator[Observation]:
    lsb = host.read("/etc/lsb-release", 1 << 16)
    values = shell_values(lsb.value or "")
    if values.get("DISTRIB_ID"):
        found = {"name": values["DISTRIB_ID"], "id": values["DISTRIB_ID"].lower().replace(" ", "-"), "family": "linux"}
        found |= {"version_id": values.get("DISTRIB_RELEASE", ""), "pretty_name": values.get("DISTRIB_DESCRIPTION", "")}
        yield from _said({field: value or None for field, value in found.items()}, "/etc/lsb-release", lsb.elapsed_seconds)
        return
    for path in _release_files(host):
        answer = host.read(path, 1 << 12)
        fields = _release(path, answer.value or "")
        if fields:
            yield from _said(fields, path, answer.elapsed_seconds)
            return
    system = host.read("/etc/system-release", 1 << 12)
    fields = _release("/etc/system-release", system.value or "")
    if fields:
        name = str(fields["name"] or "linux").lower()
        yield from _said(fields | {"id": "amzn" if name.startswith("amazon") else name.split()[0]}, "/etc/system-release", 0.0)
        return
    debian = host.read("/etc/debian_version", 256)
    if debian.value and debian.value.strip():
        fields = {"id": "debian", "name": "Debian GNU/Linux", "family": "linux"}
        if debian.value.strip()[0].isdigit():
            fields["version_id"] = debian.value.strip()
        yield from _said(fields, "/etc/debian_version", debian.elapsed_seconds)


def _release_files(host: Host) -> list[str]:
    paths = [*(host.glob("/etc/*release").value or ()), *(host.glob("/etc/*version").value or ())]
    return [path for path in paths if _stem(path) not in NOT_A_NAME | {"debian"} and "-" in path.replace("_", "-")]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].replace("_", "-").rpartition("-")[0]


def _release(path: str, text: str) -> dict[str, Any] | None:
    """`CentOS release 6.4 (Final)`: the name before `release`, the number after it."""
    line = text.strip().partition("\n")[0]
    if not line:
        return None
    name, cut, rest = line.partition(" release ")
    words = rest.split() if cut else [word for word in line.split() if word[:1].isdigit()]
    version = next((word for word in words if word[:1].isdigit()), None)
    if not cut and version:
        name = line.partition(version)[0]
    stem = _stem(path)
    identity = "cloudlinux" if "cloudlinux" in name.lower() else IDS.get(stem, stem.lower())
    if identity == "rhel" and name.lower().startswith("centos"):
        identity = "centos"
    name = name.removesuffix(" Linux release").strip()
    return {"id": identity, "version_id": version, "name": name or None, "family": "linux"}
