# SPDX-License-Identifier: GPL-2.0-or-later
"""Two scenarios of unit grids as layers of the project, each with its own line, what differs hatched."""

from __future__ import annotations

from qgis.core import QgsFillSymbol, QgsProject, QgsRuleBasedRenderer, QgsVectorLayer

from digital_citymgmt_plugin.core.errors import InputRefused

NAMES = ("scenario_1", "scenario_2")  # of the layers in the file
_LINES = (("#0072b2", "solid", "b_diagonal"), ("#e66100", "dash", "f_diagonal"))


def load(path: str, titles: tuple[str, str]) -> list[QgsVectorLayer]:
    """Load both layers of a comparison on top of the project's layers.

    Raises
    ------
    InputRefused
        ``input.not_loaded``.
    """
    made = []
    for name, title, (colour, line, hatch) in zip(NAMES, titles, _LINES):
        layer = QgsVectorLayer(f"{path}|layername={name}", title, "ogr")
        if not layer.isValid():
            raise InputRefused("input.not_loaded", file=path)
        outline = {"outline_color": colour, "outline_style": line, "outline_width": "0.5"}
        root = QgsRuleBasedRenderer.Rule(None)
        for style, rule in ((hatch, '"differs" = 1'), ("no", "ELSE")):
            symbol = QgsFillSymbol.createSimple({"style": style, "color": colour, **outline})
            root.appendChild(QgsRuleBasedRenderer.Rule(symbol, filterExp=rule))
        layer.setRenderer(QgsRuleBasedRenderer(root))
        made.append(layer)
    project = QgsProject.instance()
    for layer in made:
        project.addMapLayer(layer, False)
        project.layerTreeRoot().insertLayer(0, layer)
    return made
