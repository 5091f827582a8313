"""Who works at the hotline, and what each of them may do.

The roles are those of the domain specification §1.5. A person may hold several; a token holds at most what its user
holds. What a role may do to one case at one step (a unit its own cases, nobody the complaint about himself) is decided
by ``cases``; a scope only opens the door.
"""

import enum
from collections.abc import Iterable


class Role(enum.Enum):
    """A post at the hotline."""

    AGENT = "AGENT"  # 受理席
    SORTER = "SORTER"  # 分拣
    SPECIALIST = "SPECIALIST"  # 专业席(审核)
    UNIT_DISPATCH = "UNIT_DISPATCH"  # 责任单位调度
    UNIT_STAFF = "UNIT_STAFF"  # 办理人员
    INSPECTOR = "INSPECTOR"  # 督查
    CALLBACK = "CALLBACK"  # 回访员
    SHIFT_LEAD = "SHIFT_LEAD"  # 班长
    MANAGER = "MANAGER"  # 热线中心负责人
    CS_MANAGER = "CS_MANAGER"  # 客户服务分公司负责人
    AUDITOR = "AUDITOR"  # 数据/专报
    RESCUE = "RESCUE"  # 抢险调度
    BOT = "BOT"  # 语音机器人/短信系统


class Scope(enum.Enum):
    """One door of the API."""

    CALLS_READ = "calls:read"
    SEATS_USE = "seats:use"
    """Sign one's own seat in, take a break, end wrap-up."""
    SEATS_MANAGE = "seats:manage"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    """Open cases and move them on; which moves, the role decides."""
    CALLBACKS_READ = "callbacks:read"
    CALLBACKS_WORK = "callbacks:work"
    """Claim from the human queue, click to dial, record a result."""
    MESSAGES_READ = "messages:read"
    MESSAGES_SEND = "messages:send"
    RECORDINGS_LISTEN = "recordings:listen"
    PHONES_REVEAL = "phones:reveal"
    REPORTS_READ = "reports:read"
    USERS_MANAGE = "users:manage"
    SETTINGS_MANAGE = "settings:manage"
    AUDIT_READ = "audit:read"
    SYSTEM_READ = "system:read"
    """Jobs, alerts, links."""


_DESK = frozenset({Scope.CALLS_READ, Scope.CASES_READ, Scope.CASES_WRITE, Scope.SEATS_USE})

SCOPES: dict[Role, frozenset[Scope]] = {
    Role.AGENT: _DESK | {Scope.PHONES_REVEAL, Scope.CALLBACKS_READ},
    Role.SORTER: _DESK,
    Role.SPECIALIST: _DESK | {Scope.RECORDINGS_LISTEN, Scope.PHONES_REVEAL},
    Role.UNIT_DISPATCH: frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.PHONES_REVEAL}),
    Role.UNIT_STAFF: frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.PHONES_REVEAL}),
    Role.INSPECTOR: frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.RECORDINGS_LISTEN, Scope.REPORTS_READ}),
    Role.CALLBACK: _DESK
    | {Scope.CALLBACKS_READ, Scope.CALLBACKS_WORK, Scope.MESSAGES_READ, Scope.PHONES_REVEAL, Scope.RECORDINGS_LISTEN},
    Role.SHIFT_LEAD: _DESK
    | {
        Scope.SEATS_MANAGE, Scope.CALLBACKS_READ, Scope.CALLBACKS_WORK, Scope.MESSAGES_READ, Scope.MESSAGES_SEND,
        Scope.RECORDINGS_LISTEN, Scope.PHONES_REVEAL, Scope.REPORTS_READ, Scope.SYSTEM_READ,
    },
    Role.MANAGER: frozenset(Scope) - {Scope.SEATS_USE},
    Role.CS_MANAGER: frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.REPORTS_READ, Scope.CALLBACKS_READ}),
    Role.AUDITOR: frozenset(
        {Scope.CASES_READ, Scope.CALLS_READ, Scope.CALLBACKS_READ, Scope.REPORTS_READ, Scope.AUDIT_READ}
    ),
    Role.RESCUE: _DESK | {Scope.PHONES_REVEAL, Scope.RECORDINGS_LISTEN},
    Role.BOT: frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.MESSAGES_SEND}),
}  # fmt: skip
"""What each role opens. The numbers of people behind a role do not matter; nights merge roles by giving several."""


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    """All that these roles open together."""
    return frozenset().union(*(SCOPES[role] for role in roles))
