#!/usr/bin/env bash
# What action.yml runs: install pathfinder into an environment of its own and check the runner. All inputs come as variables.
set -euo pipefail
home=${RUNNER_TEMP:-$(mktemp -d)}/pathfinder-check
python=${PYTHON:-python3}
"$python" -m venv "$home"
bin=$home/bin
[ -d "$bin" ] || bin=$home/Scripts
if [ -n "${VERSION:-}" ]; then
    "$bin/python" -m pip install --quiet --disable-pip-version-check "llm-pathfinder==$VERSION"
else
    "$bin/python" -m pip install --quiet --disable-pip-version-check "${SOURCE:-llm-pathfinder}"
fi
args=(check --format github)
[ -z "${EXPECT_FILE:-}" ] || args+=(--file "$EXPECT_FILE")
[ -z "${BASELINE:-}" ] || args+=(--baseline "$BASELINE")
while IFS= read -r line; do
    line=${line%%#*}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    [ -z "$line" ] || args+=("$line")
done <<< "${EXPECT:-}"
status=0
"$bin/pathfinder" "${args[@]}" || status=$?
if [ "$status" = 3 ] && [ "${UNKNOWN:-fail}" = pass ]; then status=0; fi
exit "$status"
