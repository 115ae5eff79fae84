# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/qgis_process: the plugin is enabled, relative paths are the caller's, stdout stays clean for --json."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.qgis.desktop import ROOT

pytestmark = pytest.mark.qgis


@pytest.fixture
def qgis_process(tmp_path):
    """Run the wrapper in a folder with Chinese and a space in its name, in a profile of its own."""
    folder = tmp_path / "城 管"
    folder.mkdir()
    environment = {**os.environ, "DCM_PROFILE": str(tmp_path / "profile")}
    # The locale of a bare machine: the wrapper has to find a better one.
    environment.pop("LC_ALL", None)
    environment["LANG"] = "C"

    def run(*arguments, **variables):
        command = [str(ROOT / "scripts" / "qgis_process"), *arguments]
        env = {**environment, **variables}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)
        return done, folder

    return run


def test_an_algorithm_runs_from_any_folder_on_relative_paths(qgis_process):
    given = ["STORE=city.gpkg", "EDITION=2013", "COUNTY_CODE=320681", "COUNTY_NAME=启东市", "CRS=EPSG:4549"]
    done, folder = qgis_process("--json", "run", "dcm:createstore", "--", *given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["STORE"] == str(folder / "city.gpkg")
    assert (folder / "city.gpkg").is_file()


def test_a_refusal_ends_with_an_error_and_makes_nothing(qgis_process):
    given = ["STORE=city.gpkg", "EDITION=2013", "COUNTY_CODE=99", "COUNTY_NAME=x", "CRS=EPSG:4549"]
    done, folder = qgis_process("run", "dcm:createstore", "--", *given)
    assert done.returncode != 0
    assert "99" in done.stderr  # it was the algorithm that refused, not qgis_process
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("variables", [{"LANG": "zh_CN.UTF-8"}, {"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}], ids=str)
def test_it_speaks_chinese_to_a_chinese_user_even_without_the_locale_installed(qgis_process, variables):
    given = ["STORE=city.gpkg", "EDITION=2013", "COUNTY_CODE=99", "COUNTY_NAME=x", "CRS=EPSG:4549"]
    done, _ = qgis_process("run", "dcm:createstore", "--", *given, **variables)
    assert "区县代码" in done.stderr, done.stderr


def test_another_python_first_on_the_path_does_not_matter(qgis_process, tmp_path):
    """QGIS takes its Python's home from there: with conda or pyenv active it crashed."""
    home = tmp_path / "conda"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").write_text("#!/bin/sh\n", encoding="utf-8")
    (home / "bin" / "python3").chmod(0o755)
    library = home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (library / "lib-dynload").mkdir(parents=True)
    (library / "os.py").touch()
    done, _ = qgis_process("help", "dcm:createstore", PATH=f"{home / 'bin'}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "New city store" in done.stdout
