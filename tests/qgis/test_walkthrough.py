# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job by mouse and keyboard in a real window: every click has its effect in the store."""

from __future__ import annotations

import os
import subprocess

import pytest

pytestmark = pytest.mark.qgis


def test_the_main_job_can_be_done_with_mouse_and_keyboard(root, tmp_path):
    command = ["bash", str(root / "scripts" / "run_walkthrough.sh"), "--out", str(tmp_path / "walk")]
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=900, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "no code twice" in done.stdout
