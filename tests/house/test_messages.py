# SPDX-License-Identifier: GPL-2.0-or-later
"""Every code has a sentence, and every sentence a finished Chinese translation."""

from __future__ import annotations

import ast
import importlib
import re
import string

import pytest

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.assessment.words import CHINESE
from tests.house.trees import NAME, PACKAGE, ROOT, Source, calls, plugin_sources, strings

MESSAGES = PACKAGE / "bridge" / "messages.py"
CODE = re.compile(r"[a-z]+(?:\.[a-z0-9_]+)+")
# Families of codes that no error class names: reasons of reject lists and what an action says while it runs.
FAMILIES = {"reject", "progress"}
FILE_ENDINGS = ("svg", "gpkg", "json", "qm", "py", "txt", "qml", "ui", "csv", "xlsx", "sql", "qgz", "png")


def error_classes() -> set[str]:
    """Names of CityError and all classes derived from it, anywhere in the package."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for source in plugin_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"CityError"}
    while True:
        more = {name for name, parents in bases.items() if parents & found} - found
        if not more:
            return found
        found |= more


def codes_used() -> dict[str, str]:
    """Code → where it is first used: codes of errors, and literals of the same families."""
    classes = error_classes()
    sources = [source for source in plugin_sources() if source.path != MESSAGES.relative_to(PACKAGE.parent).as_posix()]
    found: dict[str, str] = {}
    for source in sources:
        for name, call in calls(source.tree):
            first = call.args[0] if call.args else None
            if name in classes and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.setdefault(first.value, f"{source.path}:{call.lineno}")
    families = FAMILIES | {code.split(".")[0] for code in found}
    for source in sources:
        for text, line in strings(source.tree):
            if CODE.fullmatch(text) and text.split(".")[0] in families and not text.endswith(FILE_ENDINGS):
                found.setdefault(text, f"{source.path}:{line}")
    return found


def test_every_code_has_a_sentence():
    assert {code: where for code, where in codes_used().items() if code not in SENTENCES} == {}


def test_every_code_is_dotted():
    assert [code for code in codes_used() if not CODE.fullmatch(code)] == []


def test_every_sentence_is_a_template_that_can_be_filled():
    for code, sentence in SENTENCES.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None]
        assert all(field.isidentifier() for field in fields), code


def fields_of(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def is_translation(name: str) -> bool:
    return name in {"tr", "translate", "QT_TRANSLATE_NOOP"}


def tr_faults(source: Source) -> list[str]:
    """Find f-strings and ready-filled templates inside tr(): their text never stands in a translation."""
    found = []
    for name, call in calls(source.tree):
        of = getattr(getattr(call.func, "value", None), "id", "")
        if is_translation(name) and not (name == "translate" and of.endswith("painter")):  # QPainter's moves the origin
            for argument in call.args:
                formatted = isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") == "format"
                if isinstance(argument, (ast.JoinedStr, ast.BinOp)) or formatted:
                    found.append(f"{source.path}:{call.lineno}")
    return found


@pytest.mark.parametrize("source", plugin_sources(), ids=lambda source: source.path)
def test_nothing_is_filled_in_inside_tr(source):
    assert tr_faults(source) == []


@pytest.mark.parametrize("text", ["tr(f'a {b}')", "self.tr('a {b}'.format(b=1))", "tr('a' + b)"])
def test_the_check_finds(text):
    assert len(tr_faults(Source(f"{NAME}/gui/x.py", text, ast.parse(text)))) == 1


@pytest.fixture(scope="module")
def build_ts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        return importlib.import_module("build_ts")


def source_texts() -> dict[str, str]:
    """Every literal inside tr(): text → where."""
    found = {}
    for source in plugin_sources():
        for name, call in calls(source.tree):
            if is_translation(name) and call.args:
                # tr(text) or translate(context, text)
                argument = call.args[0] if name == "tr" or len(call.args) == 1 else call.args[1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.setdefault(argument.value, f"{source.path}:{call.lineno}")
    return found


def test_every_text_shown_has_a_chinese_translation_and_every_translation_its_text(build_ts, tmp_path):
    _, lacking, unused = build_ts.write_ts(tmp_path)
    assert (lacking, unused) == ([], [])


def test_every_literal_inside_tr_is_collected(build_ts):
    collected = {text for _, text in build_ts.collect()}
    assert {text: where for text, where in source_texts().items() if text not in collected} == {}


def test_every_translation_fills_in_the_same_values(build_ts):
    known, _ = build_ts.chinese(build_ts.collect())
    assert [text for (_, text), translated in known.items() if fields_of(text) != fields_of(translated)] == []


def test_every_kind_of_action_has_a_name():
    kinds = {
        call.args[0].value
        for source in plugin_sources()
        for _, call in calls(source.tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "action" and call.args
        and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    assert len(kinds) > 10
    assert sorted(kind for kind in kinds if f"operation.{kind}" not in SENTENCES) == []


def test_the_words_of_tables_are_the_chinese_ones_where_nobody_gives_a_language():
    """Briefs are written in them; a sentence that is lacking would end the brief."""
    rows = [line.split("\t") for line in (PACKAGE / "resources/i18n/sentences.tsv").read_text("utf-8").splitlines()]
    assert {row[0]: row[2] for row in rows if row[0] in CHINESE} == dict(CHINESE)
    used: set[str] = set()
    for folder in ("core/assessment", "services/assessment"):
        for path in (PACKAGE / folder).glob("*.py"):
            used.update(re.findall(r'"(table\.[a-z_]+)"', path.read_text("utf-8")))
    assert len(used) > 10 and used <= set(CHINESE)
