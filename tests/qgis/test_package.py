# SPDX-License-Identifier: GPL-2.0-or-later
"""The built zip: same bytes from the same sources, nothing foreign in it, and QGIS's own installer takes it."""

from __future__ import annotations

import importlib
import zipfile

import pytest

from tests.qgis.desktop import ROOT, run_in_desktop

NAME = "digital_citymgmt_plugin"

INSTALL = """
import sys
import pyplugin_installer
import qgis.utils
from qgis.core import QgsApplication
from qgis.utils import iface

def ours():
    registry = QgsApplication.processingRegistry()
    return sorted(algorithm.id() for algorithm in registry.algorithms() if algorithm.id().startswith("dcm:"))

pyplugin_installer.instance().installFromZipFile({archive!r})
name = "digital_citymgmt_plugin"
findings["active"] = name in qgis.utils.active_plugins
findings["from"] = sys.modules[name].__file__ if name in sys.modules else None
findings["algorithms"] = ours()
findings["bar"] = [item.text() for item in iface.messageBar().items()]
qgis.utils.unloadPlugin(name)
findings["left"] = ours()
"""


@pytest.fixture(scope="module")
def package_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        return importlib.import_module("package")


@pytest.fixture(scope="module")
def archive(package_module, tmp_path_factory):
    return package_module.build(tmp_path_factory.mktemp("dist"))


def test_the_same_sources_give_the_same_bytes(package_module, archive, tmp_path):
    assert package_module.build(tmp_path).read_bytes() == archive.read_bytes()


def test_everything_lies_in_one_folder_of_the_plugins_name(archive):
    with zipfile.ZipFile(archive) as content:
        assert {name.split("/")[0] for name in content.namelist()} == {NAME}


def test_the_zip_holds_what_qgis_asks_for(archive):
    with zipfile.ZipFile(archive) as content:
        names = set(content.namelist())
    wanted = {"__init__.py", "plugin.py", "metadata.txt", "LICENSE", "resources/resources.rcc"}
    assert {f"{NAME}/{name}" for name in wanted} <= names


def test_the_zip_holds_no_tests_caches_or_translation_sources(archive):
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
    assert [name for name in names if name.endswith((".pyc", ".ts", "-wal", "-shm")) or "/tests/" in name] == []


def test_the_translation_is_compiled_into_the_zip(archive):
    with zipfile.ZipFile(archive) as content:
        compiled = content.read(f"{NAME}/resources/i18n/{NAME}_zh_CN.qm")
    # The first bytes of every .qm file.
    assert compiled.startswith(bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd"))


@pytest.mark.qgis
def test_install_from_zip_into_an_empty_profile_loads_the_plugin_and_unloads_it(archive, tmp_path):
    found = run_in_desktop(INSTALL.format(archive=str(archive)), tmp_path)
    assert found["active"], found["bar"]
    assert str(tmp_path) in found["from"]
    assert "dcm:createstore" in found["algorithms"]
    assert found["left"] == []
