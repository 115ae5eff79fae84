#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The long runs, by hand: all tests marked soak (an hour of spoilt files for the readers among them), and the kill tests
# with 500 kills per writing algorithm (DCM_KILLS); then tests and demo on the oldest supported QGIS.
#
#   make soak ONLY=fuzz FUZZ_SECONDS=300    spoilt files alone, for five minutes; FUZZ_SEED repeats a run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -z "${FUZZ_SECONDS:-}" ] || export DCM_FUZZ_SECONDS=$FUZZ_SECONDS
[ -z "${FUZZ_SEED:-}" ] || export DCM_FUZZ_SEED=$FUZZ_SEED
case "${ONLY:-}" in
"") ;;
fuzz)
    exec bash scripts/headless.sh .venv/bin/python -m pytest --block-qgis -p no:pytest_qgis -p no:pytest-qt -s \
        -m soak tests/storage/test_readers_fuzz.py "$@"
    ;;
*)
    echo "[soak] ONLY=$ONLY: there is only fuzz" >&2
    exit 2
    ;;
esac
export DCM_KILLS=${DCM_KILLS:-500}
echo "[soak] $DCM_KILLS kills per writing algorithm, then the tests marked soak; this takes hours"
bash scripts/run_tests.sh -m "soak or kill" "$@"
bash scripts/soak_old_qgis.sh
