#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The built package in a profile of its own, in the real desktop, with the demo city. Further arguments go to QGIS.
# Without a screen it runs under Xvfb. DCM_LOCALE=zh-Hans sets the language of QGIS.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
profiles=$root/build/qgis-profile
archive=$(ls -t "$root"/dist/digital_citymgmt_plugin-*.zip 2>/dev/null | head -n 1)
if [ -z "$archive" ]; then
    echo "No package in dist: run 'make package' first." >&2
    exit 1
fi
"$root/.venv/bin/python" "$root/scripts/install_profile.py" "$profiles/profiles/dcm" --zip "$archive" \
    ${DCM_LOCALE:+--locale "$DCM_LOCALE"}

# Without a UTF-8 locale Qt 5 cannot open paths with Chinese characters. A language asked for without its locale being
# installed (LANG=zh_CN.UTF-8 on a bare machine) goes on in LANGUAGE.
if [ "$(locale charmap 2>/dev/null)" != UTF-8 ]; then
    asked=${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}
    case $asked in ''|C|C.*|POSIX) ;; *) export LANGUAGE=${LANGUAGE:-${asked%%.*}} ;; esac
    export LC_ALL=C.UTF-8
fi
export DCM_PYTHON=${DCM_PYTHON:-$root/.venv/bin/python}
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
    export XDG_RUNTIME_DIR=$root/build/run
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
fi
packages=("$root"/.venv/lib/python3*/site-packages)
export PYTHONPATH=${packages[0]}${PYTHONPATH:+:$PYTHONPATH}

# QGIS's Python takes its home from the first python3 on the PATH; one of conda or pyenv there knows no qgis.
export PATH=/usr/bin:$PATH
command=(qgis --nologo --noversioncheck --profiles-path "$profiles" --profile dcm)
if [ -e "$root/build/demo/city.qgz" ]; then
    command+=(--project "$root/build/demo/city.qgz")
else
    echo "No demo city yet ('make demo' makes it): QGIS opens empty."
fi
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    echo "No screen: running under Xvfb."
    command=(xvfb-run -a -s "-screen 0 1920x1080x24" "${command[@]}")
fi
exec "${command[@]}" "$@"
