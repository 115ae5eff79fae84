#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests in two processes, one after the other: everything but tests/qgis with QGIS blocked, then tests/qgis.
# Arguments are handed to both (e.g. -m real_data, -x). DCM_REQUIRE_REAL=1: a skipped test on real data is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

run() {
    bash scripts/headless.sh .venv/bin/python -m pytest "$@"
    local status=$?
    # 5: no test was collected, e.g. all left out by -m or -k
    [ "$status" -eq 5 ] && return 0
    return "$status"
}

failed=0
run --block-qgis -p no:pytest_qgis -p no:pytest-qt --ignore=tests/qgis "$@" || failed=1
if [ -d tests/qgis ]; then
    run tests/qgis "$@" || failed=1
fi
exit "$failed"
