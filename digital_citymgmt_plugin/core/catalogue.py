# SPDX-License-Identifier: GPL-2.0-or-later
"""What the class catalogue may hold. Without numpy: windows that open before the packages are there use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

GEOMETRIES = ("point", "line", "area", "")
ACCURACIES = ("A", "B", "C", "")
# Columns of a component that a class may demand, with their Chinese names.
REQUIRABLE: Mapping[str, str] = MappingProxyType(
    {
        "code": "编码", "name": "名称", "manager_dept": "主管部门", "owner_dept": "权属单位",
        "maintainer_dept": "养护单位", "grid_code": "单元网格", "state": "状态", "first_on": "初始日期",
        "changed_on": "变更日期", "source": "数据来源", "accuracy": "精度", "remark": "备注",
    }
)  # fmt: skip
MOST_PHOTOS = 99


def split_fields(text: str) -> tuple[str, ...]:
    """Return the column names in a text of several, however they are parted; each once."""
    return tuple(dict.fromkeys(part for part in re.split(r"[,，、;；\s]+", text) if part))
