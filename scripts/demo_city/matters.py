# SPDX-License-Identifier: GPL-2.0-or-later
"""What cases are about: event classes after GB/T 30428.2-2013 and conditions of components, with time limits.

Limits differ from city to city. Those of events are the limits of the plugin's filing standard of 2013 for a condition
of that class (it has none for 0409); those of components are made up within what cities publish. Shares are relative;
they put first what the report of Qidong names as frequent (cleanliness, advertisements, hawkers; of the components
those for telephone, drainage, fire fighting, electricity and traffic signs) and as coming again (``recurs``).
"""

from __future__ import annotations

from dataclasses import dataclass

RUNNING, HOURS, DAYS = "紧急工作时", "工作时", "工作日"
UNITS = (RUNNING, HOURS, DAYS)
UNIT_SECONDS = {RUNNING: 3_600, HOURS: 3_600, DAYS: 8 * 3_600}


@dataclass(frozen=True)
class Matter:
    """A thing that can be wrong: class code, class name, condition, limit, department, share."""

    code: str
    name: str
    condition: str
    limit: int
    unit: str
    department: str
    share: float
    recurs: bool = False
    place: str = "street"  # street, shop, green, water


M = Matter
EVENTS = (
    M("0101", "私搭乱建", "正在搭建", 2, DAYS, "D04", 1.5, place="shop"),
    M("0104", "建筑物外立面不洁", "乱贴", 1, DAYS, "D04", 2.0, place="shop"),
    M("0107", "沿街晾挂", "沿街吊挂、晾晒", 2, RUNNING, "D04", 3.0, place="shop"),
    M("0110", "暴露垃圾", "垃圾裸露", 4, HOURS, "D03", 17.0, True),
    M("0111", "积存垃圾渣土", "堆积建筑垃圾", 5, DAYS, "D03", 6.0),
    M("0112", "道路不洁", "散落垃圾、杂物", 2, HOURS, "D03", 8.0),
    M("0113", "道路破损", "路面坑凹", 5, DAYS, "D01", 4.0),
    M("0114", "道路遗撒", "渣土遗撒", 4, HOURS, "D03", 1.5),
    M("0117", "绿地脏乱", "绿地内有杂物", 4, HOURS, "D02", 3.0, place="green"),
    M("0118", "绿化弃料", "修剪枝叶未清", 4, HOURS, "D02", 1.0, place="green"),
    M("0125", "水域不洁", "水面漂浮垃圾", 2, DAYS, "D17", 2.5, place="water"),
    M("0128", "商业噪音", "经营噪音扰民", 2, RUNNING, "D18", 1.5, place="shop"),
    M("0129", "露天烧烤", "擅自露天烧烤", 2, RUNNING, "D04", 1.0, True, "shop"),
    M("0130", "乱倒乱排污水、废水", "污水", 2, DAYS, "D17", 1.5),
    M("0136", "乱堆物堆料", "占道堆放", 1, DAYS, "D04", 6.0, True),
    M("0201", "非法小广告", "张贴小广告", 1, DAYS, "D04", 9.0, True, "shop"),
    M("0203", "违规户外广告", "设置", 1, DAYS, "D04", 4.5, True, "shop"),
    M("0206", "违规牌匾标识", "违规设置", 2, DAYS, "D04", 1.5, place="shop"),
    M("0302", "施工占道", "施工占道", 1, DAYS, "D19", 1.5),
    M("0304", "工地扬尘", "工地扬尘", 2, HOURS, "D19", 1.0),
    M("0401", "无照经营游商", "游商占道", 2, RUNNING, "D04", 11.0, True),
    M("0405", "店外经营", "店外摆放、经营", 2, RUNNING, "D04", 11.0, True, "shop"),
    M("0406", "占道经营", "占道摆摊", 2, RUNNING, "D04", 7.0, True),
    M("0409", "机动车乱停放", "占用人行道停放", 2, HOURS, "D12", 6.0, True),
    M("0410", "非机动车乱停放", "乱停乱放", 2, HOURS, "D04", 4.0, True, "shop"),
    M("0506", "道路积水", "路面积水", 2, RUNNING, "D01", 1.0),
)

LASTING = ("0101", "0113", "0130", "0206", "0111")  # what is parked for want of money or an owner is no hawker
URGENT = ("移位", "倒伏", "路面积水")  # conditions that endanger people: the case is marked urgent

# Conditions of components by the first digits of the class: condition, limit, unit, share.
_COVER = (("移位", 2, RUNNING, 0.12), ("破损", 4, HOURS, 0.4), ("弹跳", 2, DAYS, 0.28), ("高低差", 5, DAYS, 0.2))
_OTHER = (("破损", 2, DAYS, 0.55), ("缺失", 1, DAYS, 0.2), ("不洁", 1, DAYS, 0.25))
_TREE = (("缺株", 5, DAYS, 0.4), ("倒伏", 4, RUNNING, 0.15), ("枯枝", 2, DAYS, 0.45))
COMPONENT_SHARES = {  # how often a class is the matter, per component
    "0101": 0.8, "0102": 2.4, "0103": 2.4, "0104": 2.6, "0105": 2.5, "0106": 0.9, "0107": 2.8, "0108": 1.5,
    "0113": 4.5, "0127": 3.5, "0128": 4.0, "0130": 0.8, "0131": 0.8, "0137": 0.45, "0204": 1.5, "0210": 3.4,
    "0212": 0.9, "0214": 1.5, "0217": 4.0, "0221": 1.0, "0301": 4.0, "0305": 0.9, "0402": 0.15, "0404": 0.4,
    "0306": 2.0, "0308": 0.8, "0407": 0.6, "0146": 0.8,
}  # fmt: skip


CONDITIONS = (_COVER, _OTHER, _TREE)


def condition_group(code: str) -> int:
    """Return the row of ``CONDITIONS`` under which a component of a class becomes a case."""
    if code in ("0402", "0403", "0404"):
        return 2
    return 0 if code < "0124" or code == "0126" else 1


SOURCES = (("监督员上报", 0.78), ("公众举报", 0.13), ("视频监控", 0.04), ("微信", 0.02), ("领导交办", 0.02),
           ("媒体曝光", 0.01))  # fmt: skip
STAGES = ("信息收集", "案件建立", "任务派遣", "任务处理", "处理反馈", "核查结案", "综合评价")
VOID, PARKED = "作废", "挂账"
