#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The long runs, by hand: all tests marked soak (an hour of spoilt files for the readers among them), and the kill tests
# with 500 kills per writing algorithm (DCM_KILLS); then tests and demo on the oldest supported QGIS.
#
#   make soak ONLY=fuzz FUZZ_SECONDS=300    spoilt files alone, for five minutes; FUZZ_SEED repeats a run
#   make soak ONLY=scan    power and false alarms of the scan over 200 cities by lot, ten minutes
#   make soak ONLY=redraw REDRAW_EDITS=200 REDRAW_SEED=2 REDRAW_STORE=city.gpkg    redraws by lot on a large city alone,
#                                           of a copy of a store (else one is made, of REDRAW_SCALE)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -z "${FUZZ_SECONDS:-}" ] || export DCM_FUZZ_SECONDS=$FUZZ_SECONDS
[ -z "${FUZZ_SEED:-}" ] || export DCM_FUZZ_SEED=$FUZZ_SEED
[ -z "${REDRAW_EDITS:-}" ] || export DCM_REDRAW_EDITS=$REDRAW_EDITS
[ -z "${REDRAW_SEED:-}" ] || export DCM_REDRAW_SEED=$REDRAW_SEED
[ -z "${REDRAW_STORE:-}" ] || export DCM_REDRAW_STORE=$REDRAW_STORE
[ -z "${REDRAW_SECONDS:-}" ] || export DCM_REDRAW_SECONDS=$REDRAW_SECONDS
[ -z "${REDRAW_SCALE:-}" ] || export DCM_REDRAW_SCALE=$REDRAW_SCALE
alone=(bash scripts/headless.sh .venv/bin/python -m pytest --block-qgis -p no:pytest_qgis -p no:pytest-qt -s -m soak)
case "${ONLY:-}" in
"") ;;
fuzz)
    exec "${alone[@]}" tests/storage/test_readers_fuzz.py "$@"
    ;;
scan)
    exec "${alone[@]}" tests/core/test_scan_power.py "$@"
    ;;
redraw)
    exec "${alone[@]}" tests/services/test_redraw_city.py "$@"
    ;;
*)
    echo "[soak] ONLY=$ONLY: there are only fuzz, redraw and scan" >&2
    exit 2
    ;;
esac
export DCM_KILLS=${DCM_KILLS:-500}
echo "[soak] $DCM_KILLS kills per writing algorithm, then the tests marked soak; this takes hours"
bash scripts/run_tests.sh -m "soak or kill" "$@"
bash scripts/soak_old_qgis.sh
