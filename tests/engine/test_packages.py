# SPDX-License-Identifier: GPL-2.0-or-later
"""An interpreter without what the engine needs: every request is answered with what is missing and how to get it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin import dependencies
from digital_citymgmt_plugin.engine.start import packages_error

ROOT = Path(__file__).resolve().parents[2]
START = "from digital_citymgmt_plugin.engine.__main__ import main; sys.exit(main())"


def refusal(before):
    """Run an engine whose interpreter was changed by ``before``; return the values of what it says to a request."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {before}; {START}"], input=b'{"id": 1, "method": "health"}\n',
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    _, answer = [json.loads(line) for line in done.stdout.splitlines()]
    assert answer["error"]["code"] == "engine.packages"
    return answer["error"]["values"]


@pytest.mark.parametrize("name", ["numpy", "shapely", "pyproj"])
def test_a_missing_package_is_named_with_the_way_to_get_it(name):
    values = refusal(f"sys.modules[{name!r}] = None")
    assert values["packages"] == name
    assert f'"{name}>=' in values["command"]


def test_an_old_shapely_is_refused_at_once_not_in_the_middle_of_an_action():
    values = refusal("import importlib.metadata as m; real = m.version; "
                     "m.version = lambda name: '1.8.5' if name == 'shapely' else real(name)")  # fmt: skip
    assert values["reason"] == "shapely 1.8.5 < 2.0.1"


def test_a_package_of_one_feature_is_named_too():
    error = packages_error(ModuleNotFoundError("No module named 'openpyxl'", name="openpyxl.styles"))
    assert error.values["packages"] == "openpyxl"


def test_where_the_system_keeps_pip_out_an_environment_is_the_way(monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.engine.start.is_managed", lambda: True)
    error = packages_error(ModuleNotFoundError("No module named 'shapely'", name="shapely"))
    assert error.code == "engine.packages_managed"
    assert "-m venv --system-site-packages" in error.values["command"]
    assert "--user" not in error.values["command"]
    assert error.values["python"] in error.values["command"]


@pytest.mark.parametrize(("there", "kept"), [("1.24.2", True), ("2.1.0", False), (None, False)])
def test_an_interpreter_with_numpy_1_keeps_it(monkeypatch, there, kept):
    monkeypatch.setattr(dependencies, "found_version", lambda name: there)
    assert ('"numpy<2"' in dependencies.install_command(["shapely"])) is kept
    assert '"numpy<2"' not in dependencies.install_command(["openpyxl"])


def test_an_environment_of_ones_own_is_not_managed(monkeypatch):
    monkeypatch.setattr(dependencies.sys, "prefix", "/elsewhere")
    assert not dependencies.is_managed()
