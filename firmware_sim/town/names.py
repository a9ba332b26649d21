"""Chinese names for the simulated town's streets, townships, villages and people."""

from collections.abc import Callable
from random import Random

Draw = Callable[[], str]
"""Draws a name at random."""

TOWN_NAME = "青石县"
RIVER_NAME = "清河"
RAILWAY_NAME = "徐青铁路"

MAIN_STREETS_NORTH = ("迎宾大道", "人民路", "解放路", "建设路", "青石大道")
"""The through streets that run north, from west to east."""

MAIN_STREETS_EAST = ("北环一路", "中山路", "文化路", "淮海路")
"""The through streets that run east, from north to south."""

_SECOND_ORDER = (
    "和平路", "健康路", "振兴路", "工农路", "团结路", "光明路", "学府路", "长江路", "黄河路", "泰山路",
    "胜利路", "友谊路", "民主路", "向阳路", "东方红路", "青年路", "公园路", "体育场路", "站前路", "商都路",
    "凤鸣路", "龙泉路", "永安路", "兴业路", "富强路", "科技路", "教育路", "锦绣路", "望河路", "石榴园路",
)  # fmt: skip

_FIRST = (
    "安福春德东凤富古广桂海和恒红后花怀惠吉嘉金锦景康兰乐莲柳龙梅民明"
    "南宁平前清泉仁瑞三尚石书松泰天桐万文西祥新兴杏秀学阳义银永玉裕云枣长正竹紫"
)
_SECOND = "安昌池德福富阁谷和恒华惠家井康里利林门明宁坪平桥庆泉荣顺泰堂塘庭文祥兴秀园源苑运泽寨庄"

TOWNSHIPS = ("石桥镇", "柳河镇", "双庙乡", "王集镇", "黄楼镇", "白塔乡", "高寨镇", "官庄镇")
_VILLAGE_FIRST = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_VILLAGE_SECOND = ("庄", "楼", "集", "寨", "营", "堂", "桥", "洼", "庙", "井", "口", "洼子", "老家", "小楼")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("建国", "秀英", "志强", "桂兰", "海涛", "红梅", "卫东", "春燕", "永刚", "玉华", "立新", "丽娟", "小军")


class NameBook:
    """Names drawn without ever giving one twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()
        self._second_order = list(_SECOND_ORDER)

    def street(self, highway: str) -> str:
        """Return a new name that suits the class of street."""
        if highway in ("primary", "secondary") and self._second_order:
            return self._second_order.pop(self._random.randrange(len(self._second_order)))
        endings = ("街", "路") if highway in ("secondary", "tertiary") else ("巷", "街", "胡同", "里弄", "支路")
        return self._new(lambda: self._pick(_FIRST) + self._pick(_SECOND) + self._random.choice(endings))

    def village(self) -> str:
        """Return a new name of a village."""
        return self._new(lambda: self._pick(_VILLAGE_FIRST) + self._random.choice(_VILLAGE_SECOND))

    def person(self) -> str:
        """Return a new name of a person."""
        return self._new(lambda: self._pick(_SURNAMES) + self._random.choice(_GIVEN))

    def _pick(self, characters: str) -> str:
        return self._random.choice(characters)

    def _new(self, draw: Draw) -> str:
        while (name := draw()) in self._given:
            pass
        self._given.add(name)
        return name
