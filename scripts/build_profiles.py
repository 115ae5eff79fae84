# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the tables of resources/profiles from a folder of standards tables (developer's tool, run by hand).

Usage: build_profiles.py STANDARDS_FOLDER [OUTPUT_FOLDER]

Reads component_classes.csv, event_classes.csv, component_geometry_proposal.csv, time_limits.csv and
count_definitions.csv; writes classes_*.csv, filing_standard_*.csv and counts.csv. Every row keeps its confidence.
departments.csv and indicators.csv are kept by hand. The managing department of a class is a default of the plugin: the
first keyword below that the class name holds.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "digital_citymgmt_plugin" / "resources" / "profiles"
STANDARDS = {"2007": "CJ/T 214-2007", "2013": "GB/T 30428.2-2013", "2026": "GB/T 47678.5-2026"}
GEOMETRY = {"点": "point", "线": "line", "面": "area", "": ""}
UNITS = {"紧急工作时": "emergency_hour", "工作时": "work_hour", "工作日": "work_day", "紧急工作日": "emergency_day"}
KINDS = {"部件": "component", "事件": "event"}
PROPOSED = "proposed default, not from a standard"

# In this order: the first department with a keyword in the class name manages the class.
KEYWORDS = (
    ("D14", "消防"),
    ("D01", "道路破损 路缘石 盲道 台阶 坡道 路面塌陷 公共设施"),
    ("D13", "公安 治安 监控电子眼 警点 门（楼号）牌 重大危险源"),
    (
        "D12",
        "交通信号 交通标志 交通护栏 交通岗亭 信号灯 道路信息 停车 立体车库 交通反视镜 减速带 防撞桶 安全岛 限高 "
        "柔性隔离 存车支架 交通标线 机动车 黑车 畜力车 履带车 违规上路",
    ),
    ("D15", "公交 出租车 轨道交通 自行车租赁 共享单车 铁道口 铁路 港监 公路隧道 栈桥"),
    ("D16", "路灯 地灯 景观灯"),
    ("D09", "电视"),
    ("D08", "通信 通讯 网络 电话 信息亭"),
    ("D10", "燃气 输油 加油 油（气）"),
    ("D11", "热力 供热"),
    ("D07", "电力 高压线 变压器 电缆 充电 架空线缆 架设管线"),
    ("D06", "污水井 雨水 雨污水 排水 防汛监测 道路积水"),
    ("D05", "上水 供水 中水 水井 水塔 水鹤"),
    ("D17", "水域 河道 防汛墙 河堤 堤岸 河）滩 防蚊闸"),
    ("D18", "环保监测 污水口 污水监测 噪声 油烟 商业噪音 乱倒乱排"),
    ("D23", "气象"),
    ("D22", "邮筒 快递"),
    ("D21", "路名牌 地名牌 救助站 流浪乞讨"),
    ("D20", "健身 文物 景区"),
    ("D19", "工地 施工 公房 人防 违章接坡 装修 掘路 无证建设 预埋件"),
    ("D03", "焚烧"),
    ("D02", "园林 树 绿地 绿化 花架 花钵 雕塑 座椅 坐椅 喷泉 高架挂箱 林地 病虫害 公园 占绿"),
    (
        "D03",
        "公厕 厕所 化粪池 垃圾 环卫 宠物 烟头 旧衣物 不洁 遗撒 动物尸体 废弃车辆 家具 渣土 医疗废物 沿街晾挂 堆",
    ),
    ("D04", "广告 牌匾 宣传 灯箱 标语 报刊亭 售货 私搭 经营 摊 占道 晾衣 晒衣 市管理 市秩序 门前三包 屠宰"),
)
DEFAULT_DEPARTMENT = {"component": "D01", "event": "D04"}

COUNTS = {
    "report_num": ("reported", "Cases reported, each once; cases disposed of by their finder are counted apart"),
    "valid_report_num": ("valid_reported", "Reported cases past filing that were not voided"),
    "inst_num": ("filed", "Cases past filing"),
    "intime_inst_num": ("filed_on_time", "Cases whose last step of filing was not later than that stage's deadline"),
    "need_dispatch_num": ("to_be_dispatched", "Cases filed"),
    "dispatch_num": ("dispatched", "Cases past dispatch"),
    "intime_dispatch_num": ("dispatched_on_time", "Cases whose last dispatch was not later than its deadline"),
    "need_dispose_num": ("to_be_disposed", "Cases past dispatch"),
    "dispose_num": ("disposed", "Cases past disposal"),
    "intime_dispose_num": ("disposed_on_time", "Cases whose last disposal ended by the deadline moved by extensions"),
    "overtime_dispose_num": ("disposed_late", "Disposed less disposed on time"),
    "to_dispose_num": ("in_disposal", "Cases in disposal now"),
    "intime_to_dispose_num": ("in_disposal_on_time", "Cases in disposal now, deadline not passed"),
    "overtime_to_dispose_num": ("in_disposal_late", "Cases in disposal now, deadline passed"),
    "need_archive_num": ("to_be_closed", "Cases disposed and cases still in disposal after their deadline"),
    "archive_num": ("closed", "Cases closed"),
    "intime_archive_num": ("closed_on_time", "Cases closed that were disposed on time: disposal counts, not closing"),
    "overtime_archive_num": ("closed_late", "Cases closed that were disposed late"),
    "rework_num": ("reworked", "Cases that one department disposed of again after a check and a new dispatch"),
    "multi_rework_num": ("rework_times", "How often cases were disposed of again after a check and a new dispatch"),
    "postpone_num": ("extended", "Cases with an extension in force that the disposing department asked for"),
    "hang_num": ("parked", "Cases parked now"),
    "his_hang_num": ("ever_parked", "Cases that were ever parked"),
    "not_operate_num": ("not_accepted", "Cases voided at acceptance"),
    "not_inst_num": ("not_filed", "Cases voided at filing"),
    "cancel_num": ("voided", "Cases voided at any other stage"),
    "need_send_verify_num": ("to_be_checked_before_filing", "Cases from the public and other sources than collectors"),
    "intime_verify_num": ("checked_before_filing_on_time", "Pre-filing checks within their limit of working minutes"),
    "intime_check_num": ("checked_after_disposal_on_time", "Post-disposal checks within their limit"),
}


# Counts that the list of one vendor does not have: code, name, definition, definition in Chinese, confidence.
OWN_COUNTS = (
    (
        "to_be_closed_not_parked", "应结案数（不含挂账）", "To be closed less the cases parked now",
        "应结案数-当前挂账的案件", "practice of published reports",
    ),
    (
        "missed", "漏报数", "Filed cases of others in a beat that its collector had walked before and not reported",
        "监督员巡查过、未上报而由公众等其他来源上报并立案的案件", "one source; the plugin's reading",
    ),
)  # fmt: skip


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """Read one table of the standards folder."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, name: str, rows: list[dict[str, str]]) -> None:
    """Write one table of the product; line ends are LF on every system."""
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


def department(kind: str, name: str) -> str:
    """Return the default managing department of a class."""
    for code, words in KEYWORDS:
        if any(word in name for word in words.split()):
            return code
    return DEFAULT_DEPARTMENT[kind]


def classes(folder: Path, edition: str) -> list[dict[str, str]]:
    """Return the classes of one edition, components first."""
    standard = STANDARDS[edition]
    proposal = {
        (row["major_code"], row["minor_code"]): row
        for row in read(folder, "component_geometry_proposal.csv")
        if row["standard"] == standard
    }
    rows = []
    for kind in ("component", "event"):
        for row in read(folder, f"{kind}_classes.csv"):
            if row["standard"] != standard:
                continue
            key = (row["major_code"], row["minor_code"])
            shape = proposal.get(key, {}) if kind == "component" else {}
            rows.append(
                {
                    "kind": kind,
                    "code": "".join(key),
                    "major_code": key[0],
                    "major_name": row["major_name"],
                    "minor_code": key[1],
                    "name": row["minor_name"],
                    "geometry": GEOMETRY[shape.get("proposed_geometry", "")],
                    "accuracy": shape.get("proposed_accuracy_class", ""),
                    "department_code": department(
                        "component" if row.get("derived_from_component") else kind, row["minor_name"]
                    ),
                    "confidence": row["confidence"],
                    "geometry_confidence": PROPOSED if shape else "",
                    "note": re.sub(r"\bS\d+ writes", "another source writes", row["note"]).replace(" (S2)", ""),
                }
            )
    return rows


def filing_standard(folder: Path, edition: str, held: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    """Return the filing rules of one edition: local examples for 2013, elsewhere the same for classes of equal name."""
    names = {(row["kind"], row["code"]): row["name"] for row in held["2013"]}
    codes = {(row["kind"], row["name"]): row["code"] for row in held[edition]}
    rows = []
    for row in read(folder, "time_limits.csv"):
        kind = KINDS[row["kind"]]
        name = names.get((kind, row["major_code"] + row["minor_code"]))
        code = codes.get((kind, name)) if name else None
        # Conditions from 101 up are one other district's: two cities' limits are not mixed in one profile.
        if code is None or int(row["condition_no"]) > 100 or "another" in row["confidence"]:
            continue
        rows.append(
            {
                "class_code": code,
                "kind": kind,
                "condition_no": row["condition_no"],
                "condition": row["condition_keywords"],
                "limit_value": row["limit_value"],
                "limit_unit": UNITS[row["limit_unit"]],
                "closing_condition": row["closing_condition"],
                "confidence": row["confidence"]
                if edition == "2013"
                else f"proposed: rule of the 2013 class of the same name; {row['confidence']}",
            }
        )
    return rows


def counts(folder: Path) -> list[dict[str, str]]:
    """Return the named counts with a line of English each."""
    rows = [
        {
            "code": COUNTS[row["field"]][0],
            "name": row["count_name"],
            "definition": COUNTS[row["field"]][1],
            "definition_zh": row["definition"],
            "confidence": row["confidence"],
        }
        for row in read(folder, "count_definitions.csv")
        if row["field"] in COUNTS
    ]
    return [*rows, *(dict(zip(rows[0], own)) for own in OWN_COUNTS)]


def main() -> None:
    """Make all tables."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = Path(sys.argv[1])
    target = Path(sys.argv[2]) if len(sys.argv) == 3 else HERE
    target.mkdir(parents=True, exist_ok=True)
    held = {edition: classes(source, edition) for edition in STANDARDS}
    for edition, rows in held.items():
        write(target, f"classes_{edition}.csv", rows)
        write(target, f"filing_standard_{edition}.csv", filing_standard(source, edition, held))
    write(target, "counts.csv", counts(source))


if __name__ == "__main__":
    main()
