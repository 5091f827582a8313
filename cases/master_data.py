"""The words of the trade: types, sources, urgency, roles and matters (domain rules §1).

Enumerations that rules decide by are code; names, matters and districts are data in ``data/master/*.toml``, so that
another utility's hotline edits files, not programs.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from cases.errors import MasterDataRefused

MASTER_FOLDER = Path(__file__).resolve().parent.parent / "data" / "master"


class CaseType(StrEnum):
    """来件类型, §1.1."""

    CONSULT = "CONSULT"
    HELP = "HELP"
    EMERGENCY = "EMERGENCY"
    COMPLAINT = "COMPLAINT"
    REPORT = "REPORT"
    PRAISE = "PRAISE"
    SUGGEST = "SUGGEST"
    OTHER = "OTHER"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return _TYPE_TITLES[self]


_TYPE_TITLES = {
    CaseType.CONSULT: "咨询",
    CaseType.HELP: "求助",
    CaseType.EMERGENCY: "抢险报修",
    CaseType.COMPLAINT: "投诉",
    CaseType.REPORT: "举报",
    CaseType.PRAISE: "表扬",
    CaseType.SUGGEST: "建议",
    CaseType.OTHER: "其他",
}

ANSWERED_DIRECTLY = frozenset({CaseType.CONSULT, CaseType.PRAISE, CaseType.OTHER})
"""Types that the desk may answer and close in the call, §2.2 answer_directly."""
NO_CALLBACK_TYPES = frozenset({CaseType.CONSULT, CaseType.PRAISE, CaseType.OTHER})
"""Types nobody is called back for: 办法第十一条(一) excepts 咨询 and 表扬; 无效件 by §3.1 rows 1 and 2."""


class Source(StrEnum):
    """来源, §1.2 (办法第五、十一条)."""

    PHONE = "PHONE"
    ONLINE = "ONLINE"
    PROV_HOTLINE = "PROV_HOTLINE"
    CITY_HOTLINE = "CITY_HOTLINE"
    DIGITAL_CITY = "DIGITAL_CITY"
    INDUSTRY = "INDUSTRY"
    MEDIA = "MEDIA"
    PATROL = "PATROL"
    LETTER = "LETTER"
    COMMUNITY = "COMMUNITY"
    SMS = "SMS"
    LEADER = "LEADER"

    @property
    def is_forwarded(self) -> bool:
        """Whether another body handed it to us and waits for our answer (转办件)."""
        return self in _FORWARDED

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return _SOURCE_TITLES[self]


_FORWARDED = frozenset(
    {Source.PROV_HOTLINE, Source.CITY_HOTLINE, Source.DIGITAL_CITY, Source.INDUSTRY, Source.MEDIA, Source.LEADER}
)
_SOURCE_TITLES = {
    Source.PHONE: "电话",
    Source.ONLINE: "线上",
    Source.PROV_HOTLINE: "省政务热线",
    Source.CITY_HOTLINE: "市政务热线",
    Source.DIGITAL_CITY: "数字城管",
    Source.INDUSTRY: "行业管理部门",
    Source.MEDIA: "网络媒体",
    Source.PATROL: "集团巡线",
    Source.LETTER: "来信来访",
    Source.COMMUNITY: "进社区",
    Source.SMS: "短信上行",
    Source.LEADER: "领导交办",
}


class Urgency(StrEnum):
    """紧急度, §1.4; P0 is the most urgent."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    def at_least(self, other: "Urgency") -> bool:
        """Whether this is as urgent as the other, or more."""
        return self.value <= other.value


class Business(StrEnum):
    """业务域, §1.3."""

    GAS = "GAS"
    HEAT = "HEAT"
    GENERAL = "GENERAL"


class Role(StrEnum):
    """角色, §1.5; SYSTEM stands for moves that rules make by themselves."""

    AGENT = "AGENT"
    SORTER = "SORTER"
    SPECIALIST = "SPECIALIST"
    UNIT_DISPATCH = "UNIT_DISPATCH"
    UNIT_STAFF = "UNIT_STAFF"
    INSPECTOR = "INSPECTOR"
    CALLBACK = "CALLBACK"
    SHIFT_LEAD = "SHIFT_LEAD"
    MANAGER = "MANAGER"
    CS_MANAGER = "CS_MANAGER"
    AUDITOR = "AUDITOR"
    RESCUE = "RESCUE"
    BOT = "BOT"
    SYSTEM = "SYSTEM"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return _ROLE_TITLES[self]


_ROLE_TITLES = {
    Role.AGENT: "受理席",
    Role.SORTER: "分拣",
    Role.SPECIALIST: "专业席",
    Role.UNIT_DISPATCH: "责任单位调度",
    Role.UNIT_STAFF: "办理人员",
    Role.INSPECTOR: "督查",
    Role.CALLBACK: "回访员",
    Role.SHIFT_LEAD: "班长",
    Role.MANAGER: "热线中心负责人",
    Role.CS_MANAGER: "客户服务分公司负责人",
    Role.AUDITOR: "数据专报",
    Role.RESCUE: "抢险调度",
    Role.BOT: "语音机器人",
    Role.SYSTEM: "系统",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """二级事项, §1.3.

    Attributes:
        code: stable, e.g. ``HEAT_LOW_TEMP``.
        title: as the desk says it, e.g. 室温低.
        business: the domain it belongs to.
    """

    code: str
    title: str
    business: Business


class Matters:
    """The tree of matters, in the order of its file."""

    def __init__(self, matters: list[Matter]) -> None:
        self._by_code = {matter.code: matter for matter in matters}
        if len(self._by_code) != len(matters):
            raise MasterDataRefused("matters: a code stands twice")

    def __iter__(self) -> Iterator[Matter]:
        return iter(self._by_code.values())

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str) -> Matter | None:
        """The matter under this code, or None."""
        return self._by_code.get(code)

    def title(self, code: str | None) -> str:
        """Its Chinese name; the code itself where the file no longer knows it, "" for None."""
        matter = self._by_code.get(code or "")
        return matter.title if matter else (code or "")

    @classmethod
    def parse(cls, text: str) -> "Matters":
        """Read ``matters.toml``: one table a business, code = title.

        Raises:
            MasterDataRefused: an unknown business, or a code that stands twice.
        """
        found: list[Matter] = []
        for business, entries in tomllib.loads(text).items():
            if business not in Business.__members__:
                raise MasterDataRefused(f"matters.toml: unknown business {business}")
            found += [Matter(code, str(title), Business(business)) for code, title in entries.items()]
        return cls(found)


@cache
def standard_matters() -> Matters:
    """The matters this installation ships with."""
    return Matters.parse((MASTER_FOLDER / "matters.toml").read_text("utf-8"))
