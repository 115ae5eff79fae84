# SPDX-License-Identifier: GPL-2.0-or-later
"""Syntax trees of the plugin's files, and what the house tests ask of them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "digital_citymgmt_plugin"
PACKAGE = ROOT / NAME
SKIPPED = {".venv", "build", "dist", ".git", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """One Python file: path from the top of the repository, text and syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder inside the package, or the file's name for a file at its top."""
        return Path(self.path).parts[1]


@dataclass(frozen=True)
class Import:
    """One imported module; ``late`` inside a function, ``typing_only`` under ``if TYPE_CHECKING``."""

    module: str
    line: int
    late: bool
    typing_only: bool


@cache
def parse(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path)))


def plugin_sources() -> list[Source]:
    return [parse(path) for path in sorted(PACKAGE.rglob("*.py"))]


def files() -> list[Path]:
    """All files of the repository: what git tracks, or, outside a checkout, what lies there."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if path.is_file())


def imports(tree: ast.AST, late: bool = False, typing_only: bool = False) -> Iterator[Import]:
    """Yield every import of a tree. ``from package import name`` counts as package.name: it may be a module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, late, typing_only)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Import(f"{prefix}.{alias.name}", node.lineno, late, typing_only)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from imports(node, True, typing_only)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for part in node.body:
                yield from imports(ast.Module([part], []), late, True)
            for part in node.orelse:
                yield from imports(ast.Module([part], []), late, typing_only)
        else:
            yield from imports(node, late, typing_only)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield (last part of the called name, call)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


def strings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield (text, line) of every string literal that is no docstring."""
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(id(first.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value, node.lineno
