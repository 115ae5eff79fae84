# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiled translation in a QGIS application."""

from __future__ import annotations

import importlib

import pytest

from digital_citymgmt_plugin.bridge import i18n
from tests.qgis.desktop import ROOT

pytestmark = pytest.mark.qgis


@pytest.fixture
def build():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        return importlib.import_module("build_ts")


def test_the_compiled_translation_speaks_chinese(build, tmp_path, qgis_app):
    from digital_citymgmt_plugin.bridge.i18n import install_translator, remove_translator
    from digital_citymgmt_plugin.bridge.messages import read_sentences, sentence, template, templates

    source, _, _ = build.write_ts(tmp_path)
    build.compile_qm(source, tmp_path)
    translator = install_translator("zh_CN", [tmp_path])
    try:
        assert sentence("input.no_file", {"file": "甲.shp"}).startswith("甲.shp 既不是")
        # "Accepted" are rows (接收) and sheets (已验收): each code has its own Chinese.
        wanted = {code: chinese.replace("\\n", "\n") for code, (_, chinese) in read_sentences().items()}
        assert {code: template(code) for code in wanted} == wanted == templates()
    finally:
        remove_translator(translator)
    assert "neither" in sentence("input.no_file", {"file": "甲.shp"})


@pytest.mark.parametrize("locale", ["zh_CN", "zh-Hans", "zh_Hans_CN", "zh", "zh_TW"])
def test_every_chinese_locale_finds_the_translation(locale, tmp_path):
    file = tmp_path / f"{i18n.NAME}_zh_CN.qm"
    file.touch()
    assert i18n.find_translation(locale, [tmp_path / "none", tmp_path]) == file


@pytest.mark.parametrize("locale", ["en", "en_US", "de_DE", "", "C"])
def test_other_locales_find_none(locale, tmp_path):
    (tmp_path / f"{i18n.NAME}_zh_CN.qm").touch()
    assert i18n.find_translation(locale, [tmp_path]) is None
