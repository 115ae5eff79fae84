# SPDX-License-Identifier: GPL-2.0-or-later
"""What every file must hold and what none may: licence line, length, no path of a machine, nothing generated."""

from __future__ import annotations

import configparser
import re
import subprocess

import pytest

from tests.house.trees import NAME, PACKAGE, ROOT, files

LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"
LONGEST = 500
TEXTS = {
    ".py",
    ".sh",
    ".md",
    ".toml",
    ".txt",
    ".qrc",
    ".ts",
    ".sql",
    ".json",
    ".cfg",
    ".ini",
    ".qml",
    ".ui",
    ".csv",
} | {""}
# A folder of one machine; the folders of Debian (/usr, /etc, /tmp) are the same everywhere.
MACHINE = re.compile(r"(?<![\w.~}])/(?:work|root|home|Users|mnt)/\w")
GENERATED = {".qm", ".rcc", ".pyc", ".whl"}

ALL = files()
SCRIPTS = [
    path
    for path in ALL
    if path.suffix in {".py", ".sh"} or (not path.suffix and path.read_bytes()[:2] == b"#!" and path.is_file())
]


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_states_its_licence_at_the_top(path):
    assert any(LICENCE in line for line in path.read_text(encoding="utf-8").splitlines()[:2])


@pytest.mark.parametrize("path", [path for path in SCRIPTS if path.suffix == ".py"], ids=name)
def test_a_python_file_is_not_too_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", [path for path in ALL if path.suffix in TEXTS], ids=name)
def test_no_file_names_a_folder_of_one_machine(path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    assert [(number, line) for number, line in lines if MACHINE.search(line)] == []


def test_nothing_generated_is_committed():
    assert [name(path) for path in ALL if path.suffix in GENERATED or "__pycache__" in path.parts] == []


def test_no_link_is_committed():
    """A link named like a folder that git ignores takes that folder's place wherever it is checked out."""
    try:
        listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no checkout of git: which files are committed cannot be asked")
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []


def test_the_versions_in_metadata_and_code_are_the_same():
    from digital_citymgmt_plugin.core.version import VERSION

    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    assert metadata["general"]["version"] == VERSION


def test_every_icon_stands_in_the_resource_file():
    listed = set(re.findall(r">([^<>]+\.svg)<", (ROOT / "resources.qrc").read_text(encoding="utf-8")))
    assert listed == {name(path) for path in (PACKAGE / "resources" / "icons").glob("*.svg")}


def test_metadata_names_an_icon_that_is_there():
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    assert (ROOT / NAME / metadata["general"]["icon"]).is_file()


@pytest.mark.parametrize("text", ["cd /" + "home/someone/x", "'/" + "root/cache'"])
def test_the_check_finds_a_machine_path(text):
    assert MACHINE.search(text)
