#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripted walkthrough in a real QGIS under Xvfb; arguments go to scripts/walkthrough.py (--out, --locale).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
PYTHONPATH=$root exec .venv/bin/python scripts/walkthrough.py "$@"
