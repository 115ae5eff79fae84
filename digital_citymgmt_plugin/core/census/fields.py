# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of a component that an import understands, and the names under which tables are known to carry them."""

from __future__ import annotations

# The abbreviations are those of the old and the new field tables; the Chinese names are in general use.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "code": ("ObjID", "GLBJBSM", "标识码", "部件标识码", "管理部件标识码", "部件编码"),
    "class_code": ("class", "ClassCode", "小类代码", "部件类别", "类别代码", "ObjCode"),
    "class_name": ("小类名称", "部件小类", "小类"),
    "name": ("ObjName", "GLBJMC", "部件名称", "名称"),
    "manager_dept": ("DeptCode1", "ZGBMDM", "主管部门代码", "主管部门"),
    "owner_dept": ("DeptCode2", "QSDWDM", "权属单位代码", "权属单位", "owner"),
    "maintainer_dept": ("DeptCode3", "YHDWDM", "养护单位代码", "养护单位"),
    "state": ("ObjState", "GLBJZT", "部件状态", "状态"),
    "first_on": ("ORDate", "CSRQ", "初始日期"),
    "changed_on": ("CHDate", "BGRQ", "变更日期"),
    "source": ("DataSource", "SJLY", "数据来源"),
    "remark": ("Note", "BZ", "备注"),
    "accuracy": ("精度", "定位精度"),
    "photo_count": ("照片数",),
    "source_id": ("SRC_ID", "原编号", "gid", "object_id"),
    "uuid": (),
    "x": ("lon", "longitude", "经度", "X坐标", "coord_x"),
    "y": ("lat", "latitude", "纬度", "Y坐标", "coord_y"),
}
FIELDS = tuple(name for name in SYNONYMS if name not in ("x", "y"))
