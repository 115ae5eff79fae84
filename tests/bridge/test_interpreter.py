# SPDX-License-Identifier: GPL-2.0-or-later
"""Which Python runs the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.interpreter import (
    PACKAGE_PARENT,
    candidates,
    engine_environment,
    find_interpreter,
)
from digital_citymgmt_plugin.core.errors import EngineError


def test_the_setting_wins_over_the_variable_over_qgis():
    assert find_interpreter(sys.executable, {"DCM_PYTHON": "/bin/false"}) == sys.executable
    assert find_interpreter("", {"DCM_PYTHON": sys.executable}, places=[]) == sys.executable
    assert find_interpreter(None, {}, places=["/no/python", sys.executable]) == sys.executable


def test_a_wrong_choice_is_told_and_not_passed_over():
    with pytest.raises(EngineError) as caught:
        find_interpreter("/no/such/python", {}, places=[sys.executable])
    assert caught.value.code == "engine.wrong_interpreter"
    assert caught.value.values == {"path": "/no/such/python"}


def test_nothing_found_names_what_was_tried():
    with pytest.raises(EngineError) as caught:
        find_interpreter(None, {}, places=["/a/python", "/b/python"])
    assert caught.value.code == "engine.no_interpreter"
    assert caught.value.values == {"tried": "/a/python, /b/python"}


def test_on_windows_it_comes_from_the_installation_and_never_from_qgis_itself():
    found = candidates("C:/QGIS/apps/Python312", "C:/QGIS/bin/qgis-ltr-bin.exe", "win32", (3, 12))
    assert [Path(path).name for path in found] == ["python.exe", "python3.exe"]
    assert all("apps" in path for path in found)


def test_on_macos_it_lies_in_the_installation_or_next_to_the_app():
    found = candidates("/Q.app/Contents/Frameworks", "/Q.app/Contents/MacOS/QGIS", "darwin", (3, 11))
    assert found[0] == "/Q.app/Contents/Frameworks/bin/python3.11"
    assert "/Q.app/Contents/MacOS/bin/python3" in found
    assert not any(path.endswith("QGIS") for path in found)


def test_the_python_of_this_process_is_found_and_has_its_version():
    found = find_interpreter(None, {})
    seen = subprocess.check_output([found, "-c", "import sys; print(sys.version_info[:2])"], text=True)
    assert seen.strip() == str(tuple(sys.version_info[:2]))


def test_pythonhome_is_kept_only_for_an_interpreter_inside_it(tmp_path):
    home = tmp_path / "apps" / "Python312"
    inside = str(home / "python.exe")
    assert engine_environment(inside, {"PYTHONHOME": str(home)})["PYTHONHOME"] == str(home)
    assert "PYTHONHOME" not in engine_environment("/usr/bin/python3", {"PYTHONHOME": str(home)})


def test_pythonpath_is_kept_behind_the_folder_of_the_package():
    paths = engine_environment("/usr/bin/python3", {"PYTHONPATH": os.pathsep.join(["/一 二", "/b"])})["PYTHONPATH"]
    assert paths.split(os.pathsep) == [str(PACKAGE_PARENT), "/一 二", "/b"]


def test_text_is_utf8_whatever_the_locale():
    env = engine_environment("/usr/bin/python3", {"LC_ALL": "zh_CN.GBK"})
    assert (env["PYTHONUTF8"], env["PYTHONIOENCODING"]) == ("1", "utf-8")
