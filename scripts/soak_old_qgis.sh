#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests and the demo on the oldest supported QGIS: 3.22 of Debian 12 without backports, in a debootstrap of its own
# (root and the package debootstrap needed; 4 GB; 5 minutes to install, 10 to 20 to run). Tests what is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${DCM_OLD_QGIS:-$PWD/../qgis-3.22}
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "[old QGIS] left out: needs root and the package debootstrap" >&2
    exit 0
fi

# All mounts are in a namespace of this script's own and go with it.
if [ -z "${DCM_UNSHARED:-}" ]; then
    DCM_UNSHARED=1 exec unshare --mount --fork bash "$0" "$@"
fi

mapfile -t sources < <(grep -lsE '^Suites:.*\bbookworm\b' /etc/apt/sources.list.d/*.sources)
if [ ! -x "$target/usr/bin/apt-get" ]; then
    mirror=$(grep -hsE '^URIs:' "${sources[@]}" | awk 'NR == 1 {print $2}')
    debootstrap --variant=minbase --include=ca-certificates,git bookworm "$target" "${mirror:?no Debian 12 source found}"
fi
cp "${sources[@]}" "$target/etc/apt/sources.list.d/"
rm -f "$target/etc/apt/sources.list"
cp /etc/resolv.conf "$target/etc/"
cp -r /usr/local/share/ca-certificates "$target/usr/local/share/"
[ -e /etc/pip.conf ] && cp /etc/pip.conf "$target/etc/"
mkdir -p "$target/proc" "$target/dev" "$target/source" "$target/shared/data"
mount -t proc proc "$target/proc"
mount --rbind /dev "$target/dev"
mount --bind "$PWD" "$target/source"
data=${DCM_SHARED:-$PWD/../shared/data}
[ -d "$data" ] && mount --bind "$data" "$target/shared/data"

exec chroot "$target" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive DCM_SHARED=/shared/data bash -euc '
    update-ca-certificates >/dev/null 2>&1
    export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
    if ! command -v qgis >/dev/null; then
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends qgis python3-qgis qgis-providers xvfb xauth python3-venv \
            python3-pip fonts-noto-cjk pyqt5-dev-tools qttools5-dev-tools qtbase5-dev-tools >/dev/null
    fi
    git config --global --get-all safe.directory >/dev/null || git config --global --add safe.directory "*"
    if [ -d /plugin ]; then git -C /plugin pull -q; else git clone -q /source /plugin; fi
    cd /plugin
    [ -x .venv/bin/python ] || /usr/bin/python3 -m venv --system-site-packages .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
    echo "[old QGIS] $(dpkg-query -W -f "\${Package} \${Version}" qgis), commit $(git rev-parse --short HEAD)"
    failed=0
    bash scripts/run_tests.sh "$@" || failed=1
    bash scripts/headless.sh .venv/bin/python scripts/run_demo.py --out build/demo || failed=1
    exit "$failed"
' old_qgis "$@"
