# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job and the first run by mouse and keyboard in a real window: every click has its effect in the store.

Nothing is timed here; all waits are generous, because other work may be on the machine.
"""

from __future__ import annotations

import os
import subprocess

import pytest

pytestmark = pytest.mark.qgis


def walk(root, out, *arguments):
    command = ["bash", str(root / "scripts" / "run_walkthrough.sh"), "--out", str(out), *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=2400, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_the_main_job_can_be_done_with_mouse_and_keyboard(root, tmp_path):
    assert "no code twice" in walk(root, tmp_path / "walk")


def test_the_first_run_needs_one_click_or_one_file(root, tmp_path):
    assert "stopped in the middle: nothing is left" in walk(root, tmp_path / "first", "--first")


def test_a_census_day_can_be_done_with_wrong_files_among_the_right_ones(root, tmp_path):
    assert "doubles: photos are shown" in walk(root, tmp_path / "census", "--census")


def test_grids_are_drafted_looked_at_and_adopted(root, tmp_path):
    assert "locked cells are kept" in walk(root, tmp_path / "grids", "--grids")


def test_a_vendors_grids_come_in_and_their_faults_are_mended(root, tmp_path):
    assert "what is left says why" in walk(root, tmp_path / "vendor", "--vendor")
