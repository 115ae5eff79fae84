# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the bridge's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.engine_client import EngineClient

FAKE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture
def fake_client(tmp_path):
    """Make clients of the fake engine; all are closed at the end."""
    made = []

    def make(mode="", **options):
        env = {**os.environ, "DCM_FAKE": mode, "DCM_FAKE_JOURNAL": str(tmp_path / "journal.txt")}
        options.setdefault("log_path", str(tmp_path / f"engine-{len(made)}.log"))
        client = EngineClient(sys.executable, env, command=[str(FAKE)], **options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close(timeout=1)


@pytest.fixture
def journal(tmp_path):
    """Return what the fake engines of this test have noted: (pid, text)."""

    def read():
        path = tmp_path / "journal.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]

    return read
