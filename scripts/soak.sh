#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The long runs, by hand: all tests marked soak (an hour of spoilt files for the readers among them, see
# DCM_FUZZ_SECONDS and DCM_FUZZ_SEED), and the kill tests with 500 kills per writing algorithm (DCM_KILLS);
# then tests and demo on the oldest supported QGIS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DCM_KILLS=${DCM_KILLS:-500}
echo "[soak] $DCM_KILLS kills per writing algorithm, then the tests marked soak; this takes hours"
bash scripts/run_tests.sh -m "soak or kill" "$@"
bash scripts/soak_old_qgis.sh
