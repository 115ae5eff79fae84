# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of the algorithms' dialogs: shown in the user's language, handed over as words."""

from __future__ import annotations

import importlib

import pytest
from qgis.core import QgsProcessingContext

from digital_citymgmt_plugin.algorithms.parameters import choice
from digital_citymgmt_plugin.bridge.i18n import install_translator, remove_translator
from tests.qgis.desktop import ROOT

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def translator(tmp_path_factory, qgis_app):
    folder = tmp_path_factory.mktemp("i18n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        build = importlib.import_module("build_ts")
    source, _, _ = build.write_ts(folder)
    build.compile_qm(source, folder)
    made = install_translator("zh_CN", [folder])
    yield made
    remove_translator(made)


def test_a_choice_is_shown_in_chinese_and_stays_a_word(translator):
    pytest.importorskip("processing")
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = choice("DEPENDENTS", "Later actions", ("refuse", "undo"), "undo")
    wrapper = WidgetWrapperFactory.create_wrapper(definition, None)
    box = wrapper.createWrappedWidget(QgsProcessingContext())
    assert [box.itemText(at) for at in range(box.count())] == ["不撤回并列出 (refuse)", "一并撤回 (undo)"]
    assert wrapper.parameterValue() == "undo"
    wrapper.setParameterValue("refuse", QgsProcessingContext())
    assert wrapper.parameterValue() == "refuse" and definition.checkValueIsAcceptable("refuse")


def test_a_choice_without_words_of_its_own_is_shown_as_it_is(translator):
    pytest.importorskip("processing")
    from digital_citymgmt_plugin.gui.choice_widget import words_of

    assert words_of("EDITION", "2026") == "2026"
