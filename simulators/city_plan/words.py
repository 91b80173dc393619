"""Names in the sample city: subdistricts, communities, lanes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subdistrict:
    """One subdistrict (街道).

    Attributes:
        unit: Code of its unit.
        street: Its three digits in cell codes.
        name_zh: 中文名称, without 街道.
        name_en: English name.
    """

    unit: str
    street: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Community:
    """One community (社区) of a subdistrict; `number` is its three digits."""

    subdistrict: Subdistrict
    number: str
    name_zh: str
    name_en: str


CHENGGUAN = Subdistrict("sd-chengguan", "001", "城关", "Chengguan")
XINQU = Subdistrict("sd-xinqu", "002", "新区", "Xinqu")
NANGUAN = Subdistrict("sd-nanguan", "003", "南关", "Nanguan")
DONGGUAN = Subdistrict("sd-dongguan", "004", "东关", "Dongguan")

COMMUNITIES = {
    (0, 3): Community(CHENGGUAN, "001", "西园", "Xiyuan"),
    (1, 3): Community(CHENGGUAN, "002", "站前", "Zhanqian"),
    (0, 2): Community(CHENGGUAN, "003", "文昌", "Wenchang"),
    (1, 2): Community(CHENGGUAN, "004", "鼓楼", "Gulou"),
    (2, 3): Community(XINQU, "001", "青年", "Qingnian"),
    (3, 3): Community(XINQU, "002", "东风", "Dongfeng"),
    (2, 2): Community(XINQU, "003", "县前", "Xianqian"),
    (3, 2): Community(XINQU, "004", "钟楼", "Zhonglou"),
    (0, 1): Community(NANGUAN, "001", "学府", "Xuefu"),
    (1, 1): Community(NANGUAN, "002", "南市", "Nanshi"),
    (0, 0): Community(NANGUAN, "003", "南园", "Nanyuan"),
    (1, 0): Community(NANGUAN, "004", "新华", "Xinhua"),
    (2, 1): Community(DONGGUAN, "001", "滨河", "Binhe"),
    (3, 1): Community(DONGGUAN, "002", "建设", "Jianshe"),
    (2, 0): Community(DONGGUAN, "003", "胜利", "Shengli"),
    (3, 0): Community(DONGGUAN, "004", "和平", "Heping"),
}
"""By column (from the west) and row (from the south) between arterials and river."""

LANES = [
    ("槐树巷", "Huaishu Lane"),
    ("书院巷", "Shuyuan Lane"),
    ("油坊巷", "Youfang Lane"),
    ("井儿巷", "Jing'er Lane"),
    ("盐店巷", "Yandian Lane"),
    ("柳荫巷", "Liuyin Lane"),
    ("石桥巷", "Shiqiao Lane"),
    ("粮仓巷", "Liangcang Lane"),
    ("绣楼巷", "Xiulou Lane"),
    ("马号巷", "Mahao Lane"),
    ("后河巷", "Houhe Lane"),
    ("三官巷", "Sanguan Lane"),
    ("竹竿巷", "Zhugan Lane"),
    ("药王巷", "Yaowang Lane"),
    ("木厂巷", "Muchang Lane"),
    ("甜水巷", "Tianshui Lane"),
]
"""Names of lanes, given in the order the lanes are drawn."""
