"""What a responsible unit does not see before the archive (invariant ⑦)."""

from dataclasses import replace

import pytest

from cases.case_states import CaseState
from cases.master_data import CaseType, Source, Urgency
from cases.queries import CaseRow, CaseView, EventRow, TimerRow, as_unit_sees_it
from tests.fakes.cases_made import NOW

pytestmark = pytest.mark.unit

ROW = CaseRow("RX20261124-0001", 9, CaseState.RETURNED, CaseType.HELP, Source.PHONE, "HEAT_NONE", Urgency.P2, "不热",
              "延吉路12号", "138****1234", "王女士", "甲", 0, NOW, None, NOW)  # fmt: skip
VIEW = CaseView(
    ROW, None, None, None, "", "li", None, (), False, "", False, "", "", None, (), ({"channel": "human"},), "不满意",
    "没人来过", {}, (
        EventRow(1, NOW, "wu", "INSPECTOR", "precheck_ok", "CHECKING", "CALLBACK_DUE", "", {}),
        EventRow(2, NOW, "qian", "CALLBACK", "cb_mismatch", "CALLBACK_DUE", "RETURNED", "未到场", {"rating": "不满意"}),
    ), timers=(TimerRow("T_callback", NOW, NOW, ""), TimerRow("T_close", NOW, None, "")),
    flags={"sms_dissatisfied": True, "needs_person": True},
)  # fmt: skip


def test_channel_time_and_rating_are_hidden_and_the_reason_stays() -> None:
    seen = as_unit_sees_it(VIEW)
    assert (seen.rating, seen.user_words, seen.callbacks, seen.flags) == ("", "", (), {"needs_person": True})
    assert [timer.name for timer in seen.timers] == ["T_close"]
    event = seen.history[1]
    assert (event.reason, event.by, event.detail, event.at == NOW) == ("未到场", "", {}, False)
    assert seen.history[0] == VIEW.history[0]


def test_after_the_archive_everything_is_shown() -> None:
    archived = replace(VIEW, row=replace(ROW, state=CaseState.ARCHIVED))
    assert as_unit_sees_it(archived) is archived
