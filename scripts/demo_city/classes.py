# SPDX-License-Identifier: GPL-2.0-or-later
"""Component classes of the demo city: code and name after GB/T 30428.2-2013, where they stand and how many there are.

Only part of the 2013 table could be confirmed from public sources; other names were inferred from the 2026 table, where
the numbers stayed (the plugin's class table says which). The shares are per 10,000 components, made up after what a
Chinese town of this size has.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ComponentClass:
    """A class and the rule by which it is placed.

    Rules: ``carriage``, ``gutter``, ``kerb``, ``tree``, ``pavement`` are rows along streets at ``spacing`` metres;
    ``junction`` corners; ``compound``, ``village``, ``green``, ``bank``, ``shop``, ``gate`` are places of that kind;
    lines and areas have rules of their own.
    """

    code: str
    name: str
    rule: str
    share: int
    manager: str
    owner: str
    spacing: float = 40.0
    ranks: tuple[int, ...] = (1, 2, 3)


_ALL = (1, 2, 3, 4)
_SMALL = (3, 4)
_BIG = (1, 2)
C = ComponentClass

POINTS = (
    C("0101", "上水井盖", "carriage", 420, "D01", "D05", 55.0, _ALL),
    C("0102", "污水井盖", "carriage", 640, "D01", "D06", 40.0, _ALL),
    C("0103", "雨水井盖", "carriage", 700, "D01", "D01", 38.0, _ALL),
    C("0104", "雨水箅子", "gutter", 900, "D01", "D01", 30.0, _ALL),
    C("0105", "电力井盖", "pavement", 240, "D07", "D07", 60.0),
    C("0106", "路灯井盖", "kerb", 330, "D16", "D16", 35.0),
    C("0107", "通信井盖", "pavement", 420, "D08", "D08", 50.0, _ALL),
    C("0108", "电视井盖", "pavement", 90, "D09", "D09", 70.0),
    C("0109", "网络井盖", "pavement", 60, "D31", "D31", 80.0),
    C("0111", "燃气井盖", "carriage", 140, "D10", "D10", 90.0),
    C("0112", "公安井盖", "junction", 40, "D13", "D13"),
    C("0113", "消防设施", "pavement", 180, "D14", "D05", 110.0),
    C("0114", "园林井盖", "green", 40, "D02", "D02"),
    C("0115", "信号灯电源井盖", "junction", 40, "D12", "D12", ranks=_BIG),
    C("0117", "电缆井盖", "pavement", 50, "D07", "D07", 80.0),
    C("0118", "化粪池井盖", "compound", 120, "D03", "D19"),
    C("0122", "特殊井盖", "pavement", 12, "D01", "", 150.0),
    C("0123", "不明井盖", "pavement", 35, "D01", "", 150.0, _ALL),
    C("0124", "民用水井", "village", 20, "D41", ""),
    C("0125", "供水器", "compound", 10, "D05", "D05"),
    C("0126", "沟槽盖板", "gutter", 30, "D01", "D01", 60.0, _SMALL),
    C("0127", "通讯交接箱", "pavement", 120, "D08", "D08", 90.0),
    C("0128", "电力设施", "pavement", 90, "D07", "D07", 110.0),
    C("0129", "电力设施标识牌", "pavement", 30, "D07", "D07", 110.0),
    C("0130", "电力立杆", "kerb", 260, "D07", "D07", 42.0, _SMALL),
    C("0131", "通信立杆", "kerb", 180, "D08", "D32", 45.0, _SMALL),
    C("0132", "公交立杆", "kerb", 30, "D33", "D33", 420.0, _BIG),
    C("0133", "特殊立杆", "kerb", 14, "D04", "", 150.0),
    C("0134", "不明立杆", "kerb", 16, "D04", "", 150.0, _SMALL),
    C("0135", "旗杆", "gate", 12, "D19", "D19"),
    C("0137", "路灯", "kerb", 850, "D16", "D16", 30.0, _ALL),
    C("0138", "地灯", "green", 60, "D02", "D02"),
    C("0139", "景观灯", "green", 70, "D02", "D02"),
    C("0140", "报刊亭", "pavement", 8, "D22", "D22", 260.0, _BIG),
    C("0141", "电话亭", "pavement", 14, "D08", "D08", 200.0, _BIG),
    C("0142", "邮筒", "pavement", 10, "D22", "D22", 260.0, _BIG),
    C("0143", "信息亭", "pavement", 4, "D20", "D08", 300.0, _BIG),
    C("0144", "售货亭", "pavement", 6, "D04", "D04", 260.0, _BIG),
    C("0145", "自动售货机", "shop", 8, "D34", ""),
    C("0146", "户外健身设施", "compound", 60, "D20", "D20"),
    C("0147", "高压线铁塔", "bank", 8, "D07", "D07"),
    C("0148", "变压器（箱）", "compound", 70, "D07", "D07"),
    C("0149", "燃气调压站（箱）", "compound", 45, "D10", "D10"),
    C("0150", "监控电子眼", "junction", 90, "D13", "D13"),
    C("0151", "治安岗亭", "junction", 10, "D13", "D13", ranks=_BIG),
    C("0152", "休息亭", "green", 6, "D02", "D02"),
    C("0153", "自助缴费机", "shop", 4, "D07", "D07"),
    C("0154", "充电站", "compound", 4, "D07", "D07"),
    C("0203", "停车计费设备", "kerb", 20, "D04", "D04", 24.0, _BIG),
    C("0204", "公交站亭", "kerb", 44, "D33", "D33", 350.0, _BIG),
    C("0205", "出租车停靠站", "kerb", 6, "D15", "D15", 500.0, _BIG),
    C("0210", "交通标志牌及标线", "junction", 260, "D12", "D12"),
    C("0211", "限高架", "kerb", 4, "D12", "D01", 400.0, _SMALL),
    C("0212", "路名牌", "junction", 140, "D21", "D21"),
    C("0213", "地名牌", "gate", 20, "D21", "D21"),
    C("0214", "交通信号灯", "junction", 96, "D12", "D12", ranks=_BIG),
    C("0215", "交通信号设施", "junction", 24, "D12", "D12", ranks=_BIG),
    C("0216", "交通岗亭", "junction", 3, "D12", "D12", ranks=_BIG),
    C("0218", "防撞桶", "kerb", 30, "D12", "D12", 120.0, _BIG),
    C("0219", "安全岛", "junction", 8, "D01", "D01", ranks=_BIG),
    C("0220", "人行横道桩", "junction", 40, "D01", "D01", ranks=_BIG),
    C("0221", "便道桩", "junction", 150, "D01", "D01"),
    C("0222", "柔性隔离体", "gutter", 60, "D12", "D12", 6.0, _BIG),
    C("0223", "道路信息显示屏", "kerb", 4, "D12", "D12", 600.0, _BIG),
    C("0226", "自行车租赁点", "pavement", 12, "D04", "D04", 400.0, _BIG),
    C("0227", "存车支架", "shop", 20, "D04", ""),
    C("0230", "水域标示牌", "bank", 20, "D17", "D17"),
    C("0301", "公共厕所", "green", 12, "D03", "D03"),
    C("0302", "公厕指示牌", "junction", 16, "D03", "D03"),
    C("0303", "化粪池", "compound", 40, "D03", "D19"),
    C("0304", "垃圾间（楼）", "compound", 10, "D03", "D03"),
    C("0305", "垃圾箱", "kerb", 420, "D03", "D03", 60.0, _ALL),
    C("0306", "户外广告", "shop", 70, "D04", ""),
    C("0307", "牌匾标识", "shop", 500, "D04", ""),
    C("0308", "宣传栏", "gate", 60, "D20", "D41"),
    C("0309", "气象监测站", "green", 1, "D18", "D18"),
    C("0310", "环保监测站", "green", 2, "D18", "D18"),
    C("0312", "污水监测器", "bank", 3, "D18", "D18"),
    C("0401", "古树名木", "village", 6, "D02", "D02"),
    C("0402", "行道树", "tree", 1_900, "D02", "D02", 7.0),
    C("0403", "独立树", "green", 40, "D02", "D02"),
    C("0404", "护树设施", "tree", 160, "D02", "D02", 7.0),
    C("0405", "花架花钵", "pavement", 90, "D02", "D02", 12.0, _BIG),
    C("0406", "雕塑", "green", 8, "D02", "D02"),
    C("0407", "街头座椅", "pavement", 60, "D02", "D02", 40.0, _BIG),
    C("0409", "绿地附属设施", "green", 30, "D02", "D02"),
    C("0410", "喷泉", "green", 3, "D02", "D02"),
    C("0503", "车辆加油（气、电）站", "gate", 2, "D15", ""),
)
LINES = (
    C("0156", "跨河管道", "pipe_bridge", 4, "D10", "D10"),
    C("0157", "露天燃气管道", "pipe", 25, "D10", "D10"),
    C("0217", "交通护栏", "rail", 60, "D12", "D12", 70.0, (1,)),
    C("0224", "道路隔音屏", "rail", 3, "D01", "D01", 120.0, (1,)),
    C("0408", "绿地护栏", "fence", 60, "D02", "D02"),
    C("0507", "水域护栏", "bank_rail", 46, "D17", "D17", 60.0),
    C("0508", "防汛墙", "bank_rail", 10, "D17", "D17", 110.0),
)
AREAS = (
    C("0201", "停车场", "parking", 40, "D04", ""),
    C("0209", "跨河桥", "bridge", 40, "D01", "D01"),
    C("0225", "非机动车停放点", "cycles", 50, "D04", "D04", 130.0, _BIG),
    C("0506", "水域附属设施", "quay", 8, "D17", "D17"),
)
BALANCE = "0402"  # this class makes the total come out at the number asked for
