"""Addresses as people say them, brought to one written form (domain rules §11).

``三单元五零二`` and ``3单元502`` are the same door; 四方 is 市北 today. Pure text work, no gazetteer.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from cases.master_data import MASTER_FOLDER

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "幺": 1, "洞": 0, "拐": 7, "勾": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SPOKEN = "".join(_DIGITS) + "".join(_UNITS)
_MARK = "号楼|号院|单元|楼栋|栋|幢|座|门洞|门|层|楼|室|户|号|路|期|区"
_BEFORE_MARK = re.compile(rf"[{_SPOKEN}]+(?=(?:{_MARK}))")
_DOOR = re.compile(rf"(单元|号楼|[栋幢座层门])([{_SPOKEN}]{{2,}})")
_PLAIN_DOOR = re.compile(rf"[{''.join(_DIGITS)}]{{3,4}}(?![路街])(?=$|[,,。;;\s室户号])")
_LEAD_IN = re.compile(r"^(我们家|我家|我们|我|俺家|俺)?(家住|住在|住|在|地址是|地址)?[::,,]?(山东省)?(青岛市|青岛)?")
_KEEP = re.compile(r"[路街区期村]")


def number_of(spoken: str) -> str:
    """Chinese numerals as Arabic digits: 五零二 → 502, 十二 → 12, 一百零三 → 103."""
    if not any(c in _UNITS for c in spoken):
        return "".join(str(_DIGITS[c]) for c in spoken)
    total, digit = 0, 0
    for c in spoken:
        if c in _UNITS:
            total += (digit or (1 if total == 0 else 0)) * _UNITS[c]
            digit = 0
        else:
            digit = _DIGITS[c]
    return str(total + digit)


def normalised(text: str) -> str:
    """The address with house, unit and door numbers in digits, full-width forms narrowed and blanks removed.

    Names keep their numerals: 浮山后四小区 and 延安三路 stay, since that is how they are written.
    """
    narrow = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)
    narrow = re.sub(r"\s+", "", narrow)

    def before_mark(found: re.Match[str]) -> str:
        follows = narrow[found.end() : found.end() + 1]
        return found.group() if _KEEP.match(follows) else number_of(found.group())

    done = _BEFORE_MARK.sub(before_mark, narrow)
    done = _DOOR.sub(lambda found: found.group(1) + number_of(found.group(2)), done)
    return _PLAIN_DOOR.sub(lambda found: number_of(found.group()), done)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts that could be told apart; "" where one was not said.

    Attributes:
        district: today's name, e.g. 市北 for 四方.
        street: 街道; road: 路 with its number, e.g. 延吉路12号.
        community: 小区.
        building, unit, door: digits or letters.
        text: the whole in its written form.
    """

    district: str = ""
    street: str = ""
    road: str = ""
    community: str = ""
    building: str = ""
    unit: str = ""
    door: str = ""
    text: str = ""

    @property
    def community_key(self) -> str:
        """Where several households make a hot spot; "" if it cannot be told."""
        return (self.community or self.road)[:120]

    @property
    def door_key(self) -> str:
        """One household's door: 楼栋单元户; "" unless building or road number, and door, are known."""
        place = self.community or self.road
        if not place or not self.door:
            return ""
        return f"{place[:120]}|{self.building[:20]}|{self.unit[:20]}|{self.door}"


_PLACE = r"[一-龥A-Za-z0-9]"
_COMMUNITY = re.compile(
    rf"({_PLACE}{{2,14}}?(?:小区|花园|家园|新村|公寓|苑|园|城|府|湾|里|村|广场|大厦)(?:[一二三四五六七八九十0-9]+(?:期|区))?)"
)
_ROAD = re.compile(rf"({_PLACE}{{1,8}}?(?:路|街|道)(?:[0-9]+号)?)")
_STREET = re.compile(rf"({_PLACE}{{2,8}}?街道)")
_BUILDING = re.compile(r"([0-9]+|[A-Za-z])(?:号楼|楼栋|栋|幢|座|楼(?=[0-9]*单元|[0-9]+单元))")
_UNIT = re.compile(r"([0-9]+|[A-Za-z])单元")
_AFTER_UNIT = re.compile(r"单元([0-9]{2,4})")
_ROOM = re.compile(r"([0-9]{2,4})(?:室|户|号?$)")


@cache
def districts() -> dict[str, str]:
    """Every name a district is called by, old ones too, with today's name."""
    table = tomllib.loads((MASTER_FOLDER / "districts.toml").read_text("utf-8"))
    names = {str(name): str(name) for name in table["today"]}
    return names | {str(old): str(new) for old, new in table["formerly"].items()}


def parse_address(text: str) -> Address:
    """Take an address apart; what cannot be told stays ""."""
    whole = normalised(text)
    rest, district = whole, ""
    rest = _LEAD_IN.sub("", rest)
    for name, today in sorted(districts().items(), key=lambda item: -len(item[0])):
        if found := re.match(rf"{name}(区|市|新区)?", rest):
            district, rest = today, rest[found.end() :]
            break
    street, rest = _take(_STREET, rest)
    road, after_road = _take(_ROAD, rest)
    community, rest = _take(_COMMUNITY, after_road if road else rest)
    building = found.group(1) if (found := _BUILDING.search(rest)) else ""
    unit = found.group(1) if (found := _UNIT.search(rest)) else ""
    door = _AFTER_UNIT.search(rest) or _ROOM.search(rest)
    return Address(district, street, road, community, building, unit, door.group(1) if door else "", whole)


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.search(text)
    return (found.group(1), text[found.end() :]) if found else ("", text)
