#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests: everything but tests/qgis with QGIS blocked, in two processes side by side, then tests/qgis alone, whose
# walks measure waits of the window. Arguments are handed to all (e.g. -m real_data, -x). DCM_REQUIRE_REAL=1: a skipped
# test on real data is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

beside=(tests/engine tests/kill tests/scripts) # half of the time; what is named nowhere runs with the others
without_qgis=(--block-qgis -p no:pytest_qgis -p no:pytest-qt)

run() {
    bash scripts/headless.sh .venv/bin/python -m pytest "$@"
    local status=$?
    # 5: no test was collected, e.g. all left out by -m or -k
    [ "$status" -eq 5 ] && return 0
    return "$status"
}

failed=0
mkdir -p build
told=$(mktemp build/tests.XXXXXX)
trap 'rm -f "$told"' EXIT
run "${without_qgis[@]}" -o cache_dir=build/.pytest_cache_beside "${beside[@]}" "$@" >"$told" 2>&1 &
other=$!
run "${without_qgis[@]}" --ignore=tests/qgis "${beside[@]/#/--ignore=}" "$@" || failed=1
wait "$other" || failed=1
cat "$told"
if [ -d tests/qgis ]; then
    run tests/qgis "$@" || failed=1
fi
exit "$failed"
