#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run a command without a screen: Qt offscreen, HOME and run-time folder of its own that are removed afterwards.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -m 700 "$scratch/run" "$scratch/home"

export HOME=$scratch/home XDG_RUNTIME_DIR=$scratch/run XDG_CONFIG_HOME=$scratch/home/.config
export QT_QPA_PLATFORM=offscreen LC_ALL=C.UTF-8 PYTHONUTF8=1
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
"$@"
