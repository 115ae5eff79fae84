#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests: everything but tests/qgis with QGIS blocked, in two processes side by side, then tests/qgis: the windows,
# whose walks measure waits, and beside them with lower priority what has no window to wait for. Arguments are handed to all (e.g. -m real_data, -x). DCM_REQUIRE_REAL=1: a skipped
# test on real data is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

beside=(tests/engine tests/kill tests/scripts) # half of the time; what is named nowhere runs with the others
windowless=(algorithms algorithms_chain algorithms_places draft_algorithm draft_grids layers layers_project layouts
    looks package plain_text plugin profile qgis_process run_demo safety slip_layouts slips sources styles_labels symbols
    translation vendor_grids)
windowless=("${windowless[@]/#/tests/qgis/test_}")
windowless=("${windowless[@]/%/.py}")
without_qgis=(--block-qgis -p no:pytest_qgis -p no:pytest-qt)

run() {
    bash scripts/headless.sh .venv/bin/python -m pytest "$@"
    local status=$?
    # 5: no test was collected, e.g. all left out by -m or -k
    [ "$status" -eq 5 ] && return 0
    return "$status"
}

nice_run() {
    renice -n 10 -p "$BASHPID" >/dev/null
    run "$@"
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
    nice_run -o cache_dir=build/.pytest_cache_windowless "${windowless[@]}" "$@" >"$told" 2>&1 &
    other=$!
    run tests/qgis "${windowless[@]/#/--ignore=}" "$@" || failed=1
    wait "$other" || failed=1
    cat "$told"
fi
exit "$failed"
