#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Install QGIS (Debian packages) and the Python environment `.venv`. Safe to run again: what is there is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive

say() { printf '[setup] %s\n' "$*"; }
sudo_if() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -E "$@"; fi; }

packages=(qgis python3-qgis qgis-providers xvfb xauth xdotool python3-venv python3-pip
    fonts-noto-cjk fonts-open-sans imagemagick gdal-bin pyqt5-dev-tools qttools5-dev-tools qtbase5-dev-tools make)

# Only looked at by tests that print Word files and read PDFs; without them those are skipped.
optional=(libreoffice-writer libreoffice-calc poppler-utils)

# QGIS 3.40 comes from backports; the suite is added by copying the machine's own Debian source stanza.
add_backports() {
    set -e
    local list=/etc/apt/sources.list.d/dcm-backports.sources
    [ -e "$list" ] && return 0
    /usr/bin/python3 - "$list" <<'PY'
import re
import sys
from pathlib import Path

stanzas = []
for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
    stanzas += re.split(r"\n\s*\n", path.read_text())
for stanza in stanzas:
    if re.search(r"^Suites:.*\bbookworm\b", stanza, re.M) and re.search(r"^Components:.*\bmain\b", stanza, re.M):
        text = re.sub(r"^Suites:.*$", "Suites: bookworm-backports", stanza.strip(), flags=re.M)
        Path(sys.argv[1]).write_text(text + "\n")
        break
else:
    sources = Path("/etc/apt/sources.list")
    for line in sources.read_text().splitlines() if sources.exists() else []:
        match = re.match(r"deb(?: \[[^]]*\])? (\S+) bookworm main", line)
        if match:
            Path(sys.argv[1]).write_text(
                f"Types: deb\nURIs: {match[1]}\nSuites: bookworm-backports\nComponents: main\n")
            break
    else:
        sys.exit("No Debian 12 (bookworm) package source found: add bookworm-backports by hand and run again.")
PY
    printf 'Package: src:qgis\nPin: release n=bookworm-backports\nPin-Priority: 990\n' \
        >/etc/apt/preferences.d/dcm-qgis
}

# Names the packages, of those given, that are not installed.
missing() {
    local installed
    # Unknown names make dpkg-query fail; what it does know is still listed.
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for name in "$@"; do
        grep -qx "$name installed" <<<"$installed" || echo "$name"
    done
}

apt_install() {
    local log
    log=$(mktemp)
    if ! sudo_if apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1; then
        tail -n 20 "$log"
        exit 1
    fi
    rm -f "$log"
}

if [ "$(. /etc/os-release && echo "${ID:-}${VERSION_ID:-}")" != debian12 ]; then
    say "note: made for Debian 12; on another system the packages may differ (see README)"
fi

mapfile -t lacking < <(missing "${packages[@]}")
if [ "${#lacking[@]}" -gt 0 ]; then
    sudo_if apt-get update -qq
    if ! command -v qgis >/dev/null; then
        [ -x /usr/bin/python3 ] || apt_install python3-minimal
        say "adding the bookworm-backports source for QGIS 3.40"
        sudo_if bash -c "$(declare -f add_backports); add_backports"
        sudo_if apt-get update -qq
    fi
    say "installing Debian packages: ${lacking[*]}"
    apt_install "${lacking[@]}"
else
    say "Debian packages: all there ($(dpkg-query -W -f='QGIS ${Version}' qgis))"
fi

mapfile -t lacking < <(missing "${optional[@]}")
if [ "${#lacking[@]}" -gt 0 ]; then
    say "installing optional Debian packages: ${lacking[*]}"
    sudo_if apt-get update -qq || true
    if ! (apt_install "${lacking[@]}"); then
        say "warning: ${lacking[*]} could not be installed; tests that print Word files are skipped"
    fi
fi

stamp=.venv/.dcm-requirements
wanted=$(cat requirements.txt requirements-dev.txt constraints.txt)
if [ ! -x .venv/bin/python ]; then
    say "making the Python environment .venv"
    /usr/bin/python3 -m venv --system-site-packages .venv
fi
if [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ]; then
    say "installing Python packages into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
    printf '%s\n' "$wanted" >"$stamp"
else
    say "Python packages: all there"
fi
