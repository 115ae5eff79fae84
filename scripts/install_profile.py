# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a QGIS profile of our own with the plugin in it, switched on, and without tips, news and version checks.

With ``--zip`` the built package is unpacked as QGIS's *Install from ZIP* does it; without, the present sources are
brought in (development, ``scripts/qgis_process``). Settings that are already in the profile stay.
"""

from __future__ import annotations

import argparse
import configparser
import os
import shutil
import zipfile
from pathlib import Path

from package import NAME, stage

SETTINGS = {
    "PythonPlugins": {NAME: "true"},
    "qgis": {"checkVersion": "false", "showTips": "false", "newsFeed\\enabled": "false"},
    "core": {"NewsFeed\\http\\feedqgisorg\\disabled": "true"},
}


def enable(profile: Path, locale: str | None = None, font: str | None = None) -> None:
    """Switch the plugin on in a profile; ``locale`` (QGIS names Chinese ``zh-Hans``) sets the language of QGIS.

    ``font`` is the size of all texts in points.
    """
    path = profile / "QGIS" / "QGIS3.ini"
    settings = configparser.RawConfigParser(strict=False)
    settings.optionxform = str  # type: ignore[assignment,method-assign]  # Qt's keys tell upper from lower case
    settings.read(path, encoding="utf-8")
    wanted = dict(SETTINGS)
    if locale:
        wanted["locale"] = {"userLocale": locale, "overrideFlag": "true"}
    if font:
        wanted["app"] = {"fontPointSize": font}
    changed = False
    for section, values in wanted.items():
        if not settings.has_section(section):
            settings.add_section(section)
        for key, value in values.items():
            if settings.get(section, key, fallback=None) != value:
                settings.set(section, key, value)
                changed = True
    if not changed:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as out:
        settings.write(out, space_around_delimiters=False)
    partial.replace(path)


def unpack(archive: Path, plugins: Path) -> None:
    """Replace the plugin in the folder ``plugins`` by the one in the zip."""
    shutil.rmtree(plugins / NAME, ignore_errors=True)
    plugins.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as content:
        content.extractall(plugins)


def main() -> None:
    """Make the profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("profile", type=Path, help="profile folder, e.g. build/profile/profiles/default")
    parser.add_argument("--zip", type=Path, help="install this package instead of the present sources")
    parser.add_argument("--locale", help="language of QGIS, e.g. zh-Hans")
    parser.add_argument("--font", help="size of all texts of QGIS in points")
    arguments = parser.parse_args()
    plugins = arguments.profile / "python" / "plugins"
    if arguments.zip:
        unpack(arguments.zip, plugins)
    else:
        stage(plugins / NAME)
    enable(arguments.profile, arguments.locale, arguments.font)


if __name__ == "__main__":
    main()
