# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the Qt translation file from what stands in the sources; fail when a text has no Chinese.

Texts come from ``tr("…")`` and ``translate("Context", "…")`` (syntax trees), from the tables of texts named below, and
from ``resources/i18n/sentences.tsv``; the Chinese from that file and from ``resources/i18n/zh_CN.tsv`` (context,
English, Chinese; ``*`` for any context; backslash n for a line end). These two are edited by hand, the ``.ts`` and
``.qm`` files never are.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "digital_citymgmt_plugin"
I18N = PACKAGE / "resources" / "i18n"
NAME = f"{PACKAGE.name}_zh_CN"
MESSAGES = "Messages"
# Tables whose texts are translated when they are shown: file, and names of constants (all their texts but the keys of
# dictionaries), ``NAME[n]`` (text n of each of its tuples) or ``Class:n`` (argument n of every call).
TABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bridge/captions.py", ("COLUMNS", "VALUES", "TABLES")),
    ("bridge/layers.py", ("LayerSpec:1",)),
    ("bridge/base_styles.py", ("SIGNS[0]", "_STATES[0]")),
    ("gui/models/pair.py", ("REASONS", "MARKS")),
    ("bridge/layouts.py", ("Template:1",)),
    ("bridge/palette.py", ("MAJORS[1]", "OTHER[1]", "STAGES[0]", "LATE", "NEAR", "NO_STAGE", "PLACES", "TITLES")),
    ("gui/map_tools/pens.py", ("Tool:1", "Tool:2", "Tool:4")),
    ("gui/models/redraw.py", ("MEASURES[1]",)),
    ("gui/models/scenarios.py", ("TOTALS[1]",)),
    ("gui/models/health.py", ("HealthItem:1", "HealthItem:3", "LEVELS")),
    ("gui/models/steps.py", ("Step:1",)),
    ("gui/wizard/state.py", ("ROLE_WORDS", "STEP_WORDS", "FAULT_WORDS")),
)


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (context, English) of every text that a module translates."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    context = own_context(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if name == "translate" and len(texts) == 2:
            yield texts[0], texts[1]
        elif name.startswith("tr") and name in translators(tree) and len(texts) == 1:
            yield translators(tree)[name] or context or "", texts[0]


def own_context(tree: ast.Module) -> str | None:
    """Return the context that a module's own ``tr`` uses."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "tr":
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                    return str(call.args[0].value)
    return None


def translators(tree: ast.Module) -> dict[str, str | None]:
    """Return the names under which a module knows ``tr`` functions, with the context of each."""
    found: dict[str, str | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "tr" and node.module:
                    source = ROOT / (node.module.replace(".", "/") + ".py")
                    found[alias.asname or "tr"] = own_context(ast.parse(source.read_text(encoding="utf-8")))
        elif isinstance(node, ast.FunctionDef) and node.name == "tr":
            found["tr"] = own_context(tree)
    return found


def texts_of_table(path: Path, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (context, English) of the texts in named constants or calls."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    context = own_context(tree) or ""
    for name in names:
        found = list(texts_of_calls(tree, name) if ":" in name else texts_of_constant(tree, name))
        if not found:
            raise SystemExit(f"{path.name} has no texts in {name}: correct TABLES")
        yield from ((context, text) for text in found if text)


def texts_of_calls(tree: ast.Module, name: str) -> Iterator[str]:
    """Yield argument n of every call, for ``Class:n``."""
    kind, place = name.split(":")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == kind and len(node.args) > int(place):
            yield from strings_in(node.args[int(place)])


def texts_of_constant(tree: ast.Module, name: str) -> Iterator[str]:
    """Yield the texts of a constant of the module, for ``NAME`` and ``NAME[n]``."""
    kind, _, place = name.rstrip("]").partition("[")
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == kind for target in targets):
            yield from strings_in(node.value, int(place) if place else None)


def strings_in(node: ast.expr, place: int | None = None) -> Iterator[str]:
    """Yield the texts of a literal but the keys of dictionaries; of tuples of texts number ``place`` alone."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from strings_in(value, place)
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        flat = not any(isinstance(value, (ast.Tuple, ast.List, ast.Dict)) for value in node.elts)
        for value in [node.elts[place]] if place is not None and flat else node.elts:
            yield from strings_in(value, place)


def collect() -> list[tuple[str, str]]:
    """Return (context, English) of all texts, each once, in order."""
    found: dict[tuple[str, str], None] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(dict.fromkeys(texts_of(path)))
    for name, constants in TABLES:
        found.update(dict.fromkeys(texts_of_table(PACKAGE / name, constants)))
    found.update(dict.fromkeys((MESSAGES, english) for _, english, _ in rows(I18N / "sentences.tsv")))
    return sorted(found)


def rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the three columns of a file of texts."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("\t")]
        if len(parts) != 3:
            raise SystemExit(f"{path.name}, line {number}: three columns are needed, parted by tabs")
        yield parts[0], parts[1].replace("\\n", "\n"), parts[2].replace("\\n", "\n")


def chinese(texts: list[tuple[str, str]]) -> tuple[dict[tuple[str, str], str], list[tuple[str, str]]]:
    """Return (context, English) → Chinese of the texts that have it, and the translations that no text uses."""
    known = {(MESSAGES, english): translation for _, english, translation in rows(I18N / "sentences.tsv")}
    known.update({(context, english): translation for context, english, translation in rows(I18N / "zh_CN.tsv")})
    found: dict[tuple[str, str], str] = {}
    used: set[tuple[str, str]] = set()
    for context, english in texts:
        for key in ((context, english), ("*", english)):
            if known.get(key):
                found[context, english] = known[key]
                used.add(key)
                break
    return found, sorted(set(known) - used)


def told_apart() -> dict[str, list[tuple[str, str]]]:
    """Return the sentences that English says alike and Chinese does not: English → code and Chinese of each."""
    found: dict[str, list[tuple[str, str]]] = {}
    for code, english, translation in rows(I18N / "sentences.tsv"):
        found.setdefault(english, []).append((code, translation))
    return {english: listed for english, listed in found.items() if len({chinese for _, chinese in listed}) > 1}


def write_ts(folder: Path) -> tuple[Path, list[tuple[str, str]], list[tuple[str, str]]]:
    """Write the ``.ts`` file into a folder; return its path, the texts without Chinese, the translations not used."""
    texts = collect()
    known, unused = chinese(texts)
    apart = told_apart()
    root = ET.Element("TS", version="2.1", language="zh_CN", sourcelanguage="en")
    sections: dict[str, ET.Element] = {}
    for context, english in texts:
        if context not in sections:
            sections[context] = ET.SubElement(root, "context")
            ET.SubElement(sections[context], "name").text = context
        for code, translated in apart.get(english, []) if context == MESSAGES else []:
            message = ET.SubElement(sections[context], "message")
            ET.SubElement(message, "source").text = english
            ET.SubElement(message, "comment").text = code
            ET.SubElement(message, "translation").text = translated
        message = ET.SubElement(sections[context], "message")
        ET.SubElement(message, "source").text = english
        translation = ET.SubElement(message, "translation")
        if (context, english) in known:
            translation.text = known[context, english]
        else:
            translation.set("type", "unfinished")
    ET.indent(root)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.ts"
    path.write_bytes(b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n' + ET.tostring(root, "utf-8") + b"\n")
    return path, [text for text in texts if text not in known], unused


def compile_qm(source: Path, folder: Path) -> Path:
    """Compile a ``.ts`` file with Qt's lrelease."""
    tool = shutil.which("lrelease") or shutil.which("lrelease", path="/usr/lib/qt5/bin")
    if tool is None:
        raise SystemExit("lrelease is missing: run 'make setup'")
    target = folder / f"{NAME}.qm"
    subprocess.run([tool, "-silent", str(source), "-qm", str(target)], check=True)
    return target


def main() -> int:
    """Build and say what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "i18n", help="folder for the .ts and .qm files")
    parser.add_argument("--missing", action="store_true", help="print what lacks a translation as lines for zh_CN.tsv")
    arguments = parser.parse_args()
    path, lacking, unused = write_ts(arguments.out)
    for context, english in lacking:
        line = "{}\t{}\t".format(context, english.replace("\n", "\\n"))
        print(line, file=sys.stdout if arguments.missing else sys.stderr)
    for context, english in unused:
        print(f"no longer used: {context}: {english}", file=sys.stderr)
    if lacking:
        print(f"{len(lacking)} texts have no Chinese: add them to {I18N.relative_to(ROOT)}/zh_CN.tsv", file=sys.stderr)
        return 1
    print(compile_qm(path, arguments.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
