# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of briefs: bars, gaps of a line, areas within holes of others; names fit; no font, no picture."""

from __future__ import annotations

import io

import pytest
import shapely

from digital_citymgmt_plugin.core.assessment.brief import BARS, LINE, MAP, Chart
from digital_citymgmt_plugin.storage import brief_pictures, fonts

LONG = "启东市住房和城乡建设局市政公用设施综合养护管理服务中心（第二养护大队）"
needs_font = pytest.mark.skipif(fonts.chinese_font() is None, reason="no font with Chinese letters is installed")


def opened(chart: Chart):
    from PIL import Image

    return Image.open(io.BytesIO(brief_pictures.draw(chart) or b"")).convert("RGB")


@needs_font
def test_a_long_name_leaves_room_for_its_bar():
    image = opened(Chart(BARS, "综合得分", (LONG, "乙"), (50.0, 100.0), 2))
    assert brief_pictures.text_wide(brief_pictures.fitted(LONG, 300)) <= 300
    row = [image.getpixel((x, 120)) for x in range(image.width)]
    assert row.count(brief_pictures._BAR) > 600
    assert all(image.getpixel((image.width - 1, y)) == (255, 255, 255) for y in range(image.height))


@needs_font
def test_a_value_that_is_not_known_is_no_zero():
    line = Chart(LINE, "结案率", ("一月", "二月", "三月"), (90.0, None, 95.0), 2, "%")
    assert opened(line).size == (1600, 620)


@needs_font
def test_an_area_in_the_hole_of_another_has_its_own_colour():
    inner = shapely.box(40, 40, 60, 60)
    ring = shapely.box(0, 0, 100, 100).difference(inner)
    for shapes, values in (((inner, ring), (1.0, 2.0)), ((ring, inner), (2.0, 1.0))):
        image = opened(Chart(MAP, "综合得分", ("", ""), values, 2, shapes=shapes, edges=(1.0, 1.0, 2.0)))
        assert image.getpixel((600, 600)) == brief_pictures.RAMP[0]
        assert image.getpixel((300, 300)) == brief_pictures.RAMP[-1]


def test_without_a_font_there_is_no_picture(monkeypatch):
    monkeypatch.setattr(brief_pictures, "font", lambda size: None)
    assert brief_pictures.draw(Chart(BARS, "综合得分", ("甲",), (1.0,))) is None
