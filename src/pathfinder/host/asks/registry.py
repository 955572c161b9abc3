"""Values of a Windows registry key under HKEY_LOCAL_MACHINE: `ask(key)`, or `ask(key, "children")` for `{subkey: values}`.

Binary values of eight bytes and less come as integers (little endian), other binary values are left out.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

import os


def plain(value):
    if isinstance(value, bytes):
        return int.from_bytes(value, "little") if len(value) <= 8 else None
    return value if isinstance(value, (str, int)) or (isinstance(value, list) and all(isinstance(item, str) for item in value)) else None


def values(winreg, key):
    found = {}
    for number in range(winreg.QueryInfoKey(key)[1]):
        name, value, _ = winreg.EnumValue(key, number)
        if (told := plain(value)) is not None:
            found[name] = told
    return found


def ask(path, what="values"):
    if os.name != "nt":
        raise FileNotFoundError("no registry on this system")
    import winreg

    flags = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, flags) as key:
        if what != "children":
            return values(winreg, key)
        out = {}
        for number in range(min(winreg.QueryInfoKey(key)[0], 256)):
            name = winreg.EnumKey(key, number)
            try:
                with winreg.OpenKey(key, name, 0, flags) as child:
                    out[name] = values(winreg, child)
            except OSError:
                continue
        return out
