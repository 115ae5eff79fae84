# SPDX-License-Identifier: GPL-2.0-or-later
"""Build ``dist/digital_citymgmt_plugin-<version>.zip`` for *Install from ZIP*; the same sources give the same bytes.

The zip holds the package, ``metadata.txt``, ``LICENSE``, the compiled translations and resources, and the sample data.
``stage`` writes the same content into a folder; ``scripts/install_profile.py`` uses it for a development profile.
"""

from __future__ import annotations

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import build_ts

ROOT = Path(__file__).resolve().parents[1]
NAME = "digital_citymgmt_plugin"
TOOLS = Path("/usr/lib/qt5/bin")
# What lies in the package folder but is no part of the plugin: compiled code, sources of translations, editors' files.
LEFT_OUT = {".pyc", ".ts", ".qm", ".rcc", ".orig", ".rej", ".swp"}
EPOCH = (1980, 1, 1, 0, 0, 0)


def version(root: Path = ROOT) -> str:
    """Return the plugin's version as metadata.txt states it."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(root / "metadata.txt", encoding="utf-8")
    return metadata["general"]["version"]


def tool(name: str) -> str:
    """Return the path of a Qt 5 tool, which Debian keeps off the PATH."""
    path = TOOLS / name
    found = str(path) if path.exists() else shutil.which(name)
    if not found:
        raise SystemExit(f"{name} is missing: run 'make setup' (Debian package qtbase5-dev-tools)")
    return found


def sources(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Yield (path inside the plugin folder, file) of all that is copied as it is."""
    package = root / NAME
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix not in LEFT_OUT and "__pycache__" not in path.parts:
            yield path.relative_to(package).as_posix(), path
    for name in ("metadata.txt", "LICENSE"):
        yield name, root / name
    samples = root / "sample_data"
    for path in sorted(samples.rglob("*")) if samples.is_dir() else []:
        if path.is_file() and not path.name.endswith(("-wal", "-shm")):
            yield f"sample_data/{path.relative_to(samples).as_posix()}", path


def compile_into(folder: Path, root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Compile translations and resources into ``folder``; yield (path inside the plugin folder, file)."""
    source, lacking, _ = build_ts.write_ts(folder)
    if lacking:
        print(f"note: {len(lacking)} texts have no Chinese yet ('make i18n' names them)", file=sys.stderr)
    translation = build_ts.compile_qm(source, folder)
    yield f"resources/i18n/{translation.name}", translation
    target = folder / "resources.rcc"
    # Format 1 holds no time stamps.
    command = [tool("rcc"), "-binary", "-format-version", "1", str(root / "resources.qrc"), "-o", str(target)]
    subprocess.run(command, check=True)
    yield "resources/resources.rcc", target


def stage(target: Path, root: Path = ROOT) -> int:
    """Bring the folder ``target`` in step with the sources; return the number of files changed.

    A file in use elsewhere is replaced in one step, and one that has not changed is left alone: several QGIS processes
    may run from the folder meanwhile.
    """
    changed = 0
    wanted: set[Path] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in [*sources(root), *compile_into(Path(scratch), root)]:
            copy = target / name
            wanted.add(copy)
            content = path.read_bytes()
            if copy.is_file() and copy.read_bytes() == content:
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f".{copy.name}.{os.getpid()}")
            partial.write_bytes(content)
            partial.replace(copy)
            changed += 1
    for path in sorted(target.rglob("*")):
        if path.is_file() and path not in wanted and path.suffix != ".pyc" and not path.name.startswith("."):
            path.unlink(missing_ok=True)
            changed += 1
    return changed


def build(folder: Path, root: Path = ROOT) -> Path:
    """Write the zip into ``folder`` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{NAME}-{version(root)}.zip"
    partial = archive.with_suffix(".part")
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as out:
        for name, path in sorted([*sources(root), *compile_into(Path(scratch), root)]):
            entry = zipfile.ZipInfo(f"{NAME}/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            out.writestr(entry, path.read_bytes())
    partial.replace(archive)
    return archive


def main() -> None:
    """Build the zip and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip")
    archive = build(parser.parse_args().out)
    with zipfile.ZipFile(archive) as content:
        print(f"{archive}: {len(content.namelist())} files, {archive.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
