# SPDX-License-Identifier: GPL-2.0-or-later
"""What a missing package switches off is told alike by the code, both READMEs and the requirements."""

from __future__ import annotations

import json
import re

import pytest

from digital_citymgmt_plugin import dependencies
from digital_citymgmt_plugin.dependencies import FEATURES, PACKAGES, install_command, is_enough, report, version_key
from tests.house.trees import ROOT


@pytest.mark.parametrize(
    ("found", "minimum", "enough"),
    [
        ("2.0.1", "2.0", True),
        ("2.0", "2.0.1", False),
        ("10.0", "9.9", True),
        ("2.1rc1", "2.0", True),
        ("?", "2.0", True),
        (None, "2.0", False),
    ],
)
def test_a_version_is_compared_by_its_numbers(found, minimum, enough):
    assert is_enough(found, minimum) is enough


def test_a_version_without_numbers_is_the_lowest():
    assert version_key("dev") < version_key("0.1")


def test_a_missing_package_switches_off_its_features(monkeypatch):
    monkeypatch.setattr(dependencies, "found_version", lambda name: None if name == "openpyxl" else "99")
    assert report()["missing"] == ["openpyxl"]
    assert report()["off"] == ["workbooks"]


def test_a_package_that_is_too_old_counts_as_missing(monkeypatch):
    monkeypatch.setattr(dependencies, "found_version", lambda name: "1.8.5" if name == "shapely" else "99")
    assert report()["missing"] == ["shapely"]


def test_a_package_that_is_not_there_is_found_missing_without_importing():
    assert dependencies.found_version("no_such_package_anywhere") is None


def test_the_report_travels_as_json():
    assert json.loads(json.dumps(report())) == report()


def test_the_command_names_the_interpreter_and_the_oldest_version():
    assert install_command(["openpyxl"], "/x y/python") == '"/x y/python" -m pip install --user "openpyxl>=3.1"'


def test_every_feature_has_its_words_and_every_word_its_feature():
    assert {feature for package in PACKAGES for feature in package.features} == set(FEATURES)


@pytest.mark.parametrize("name", ["README.md", "README.zh_CN.md"])
def test_the_readme_tells_for_each_package_what_its_lack_switches_off(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    table = text.split("<!-- dependencies -->")[1].split("<!-- /dependencies -->")[0]
    rows = re.findall(r"^\| ([\w-]+) ≥ ([\d.]+) \| (.+) \|$", table, re.MULTILINE)
    assert [(package, minimum) for package, minimum, _ in rows] == [(p.name, p.minimum) for p in PACKAGES]
    if name == "README.md":
        assert [words for *_, words in rows] == ["; ".join(FEATURES[key] for key in p.features) for p in PACKAGES]


def test_the_requirements_ask_for_the_same_packages():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [f"{p.name}>={p.minimum}" for p in PACKAGES]
