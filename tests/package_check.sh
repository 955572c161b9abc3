#!/bin/sh
# Builds the source archive and the wheel from a clean clone of HEAD, installs the wheel in a fresh environment outside the repository, and asks it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
git clone -q "$root" "$work/clone"
python=$(command -v "${PYTHON:-python3}")
uv=$(command -v uv || echo "$root/.venv/bin/uv")
"$uv" build -q --python "$python" --out-dir "$work/dist" "$work/clone"
"$uv" venv -q --python "$python" "$work/env"
"$uv" pip install -q --python "$work/env/bin/python" "$work"/dist/*.whl
cd "$work"
export XDG_CACHE_HOME="$work/cache"
"$work/env/bin/python" - <<'PY'
from pathlib import Path
from pathfinder import store
assert "site-packages" in str(Path(store.__file__)), store.__file__
assert store.matrix() and store.profiles() and store.rank_table(), "data missing from the wheel"
assert store.templates().is_dir() and any(store.templates().iterdir()), "templates missing from the wheel"
assert store.profile(store.profiles()[0]).os.family
PY
"$work/env/bin/pathfinder" --version
"$work/env/bin/pathfinder" matrix list --json >/dev/null
test ! -e "$work/cache" || { echo "an installed wheel must not compile" >&2; exit 1; }
echo "the wheel works: $(du -k "$work"/dist/*.whl | cut -f1) KiB"
