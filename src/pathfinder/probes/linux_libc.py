"""The C library: asked of this process where it runs here, told from the loader's file name elsewhere."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation


def probe(host: Host) -> Iterator[Observation]:
    answer = host.ask("confstr", "CS_GNU_LIBC_VERSION")
    name, _, version = str(answer.value or "").partition(" ")
    if name == "glibc":
        yield Observation(path="os.libc", value="glibc", source="confstr", elapsed_seconds=answer.elapsed_seconds)
        yield Observation(path="os.libc_version", value=version, source="confstr", elapsed_seconds=answer.elapsed_seconds)
        return
    for pattern, libc in (("/lib/ld-musl-*", "musl"), ("/lib*/ld-linux*", "glibc"), ("/system/bin/linker*", "bionic")):
        found = host.glob(pattern).value
        if found:
            yield Observation(path="os.libc", value=libc, source=found[0], trust="guess" if libc == "glibc" else "kernel")
            if libc == "glibc":
                yield from _glibc_version(host)
            return


def _glibc_version(host: Host) -> Iterator[Observation]:
    for pattern in ("/lib*/libc-2.*", "/lib/*/libc-2.*", "/usr/lib*/libc-2.*"):
        for path in host.glob(pattern).value or ():
            version = path.rpartition("libc-")[2].partition(".so")[0]
            if version.replace(".", "").isdigit():
                yield Observation(path="os.libc_version", value=version, source=path, trust="guess")
                return
