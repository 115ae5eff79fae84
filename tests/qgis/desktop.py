# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a script inside the real QGIS desktop, under Xvfb, with a new profile; used by tests that need the desktop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """\
[qgis]
checkVersion=false
showTips=false
newsFeed\\enabled=false
[core]
NewsFeed\\http\\feedqgisorg\\disabled=true
"""
# The script's last words: its findings go to a file, and the process ends without asking anything. A dialog that waits
# for an answer would hold the script for ever: then its text is the finding.
FRAME = """\
import json, os, sys, traceback
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QLabel, QTextEdit
findings = {{}}
def finish():
    with open({out!r}, "w", encoding="utf-8") as target:
        json.dump(findings, target)
    os._exit(0)
def run():
    try:
        exec(compile(open({script!r}, encoding="utf-8").read(), {script!r}, "exec"), {{"findings": findings}})
    except BaseException:
        findings["error"] = traceback.format_exc()
    finish()
def give_up():
    window = QApplication.activeModalWidget()
    texts = [label.text() for label in window.findChildren(QLabel)] if window else []
    texts += [edit.toPlainText() for edit in window.findChildren(QTextEdit)] if window else []
    findings["error"] = f"not done after {patience} s; open dialog: {{window}} {{texts}}"
    finish()
QTimer.singleShot(1000, run)
QTimer.singleShot({patience} * 1000, give_up)
"""


def run_in_desktop(script: str, folder: Path, *, patience: int = 120) -> dict[str, Any]:
    """Run ``script`` in the desktop and return what it put into ``findings``; raises AssertionError when it failed."""
    profile = folder / "profiles" / "profiles" / "test"
    (profile / "QGIS").mkdir(parents=True)
    (profile / "QGIS" / "QGIS3.ini").write_text(SETTINGS, encoding="utf-8")
    (folder / "script.py").write_text(script, encoding="utf-8")
    out = folder / "findings.json"
    frame = FRAME.format(script=str(folder / "script.py"), out=str(out), patience=patience)
    (folder / "frame.py").write_text(frame, encoding="utf-8")
    run_time = folder / "run"
    run_time.mkdir(mode=0o700, exist_ok=True)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(run_time),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": site,
        "DCM_PYTHON": sys.executable,
    }
    # A real window and a profile of its own, unlike in the tests that run inside pytest-qgis.
    for name in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH", "QGIS_OPTIONS_PATH"):
        environment.pop(name, None)
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(folder / "profiles"), "--profile", "test", "--code", str(folder / "frame.py")]
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=patience + 60)
    finally:
        # Xvfb and QGIS, too, where they outlived xvfb-run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert out.exists(), f"QGIS ended with {process.returncode} before the script did:\n{output[-4000:].decode()}"
    findings = json.loads(out.read_text(encoding="utf-8"))
    assert "error" not in findings, findings["error"]
    return findings
