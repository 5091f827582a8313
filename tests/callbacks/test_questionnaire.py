"""The SMS survey, domain rules §3.6."""

from datetime import date

import pytest

from callbacks.errors import CallbackError
from callbacks.questionnaire import SurveyText, choose_extension, notice_text, survey_text
from cases.master_data import standard_matters

pytestmark = pytest.mark.unit


def test_the_survey_names_sender_day_and_matter_the_three_answers_the_emergency_number_and_the_way_out() -> None:
    text = survey_text(SurveyText(), "室温低", date(2026, 11, 20))
    assert text.startswith("【青岛能源】您11月20日反映的室温低已处理")
    for part in ("1满意", "2基本满意", "3不满意", "96556", "拒收请回复R"):
        assert part in text


def test_the_survey_of_every_matter_on_the_longest_date_fits_one_sms() -> None:
    for matter in standard_matters():
        assert len(survey_text(SurveyText(), matter.title, date(2026, 12, 31))) <= 70


def test_a_matter_too_long_for_one_sms_gives_way_to_a_short_word() -> None:
    text = survey_text(SurveyText(), "一个非常非常非常非常非常非常非常长的事项名称", date(2026, 12, 31))
    assert len(text) <= 70
    assert "反映的问题已处理" in text


def test_a_template_that_never_fits_is_refused() -> None:
    with pytest.raises(CallbackError, match="短信模板过长"):
        survey_text(SurveyText(survey="长" * 80), "室温低", date(2026, 11, 20))


def test_the_notice_about_a_suggestion_fits_one_sms() -> None:
    assert len(notice_text(SurveyText(), "人员服务", date(2026, 12, 31))) <= 70


def test_the_extension_is_the_cases_tail() -> None:
    assert choose_extension("RX20261124-0031", frozenset()) == "0031"
    assert choose_extension("RX20261124-0031", frozenset(), digits=3) == "031"


def test_an_extension_used_within_30_days_is_not_used_again() -> None:
    assert choose_extension("RX20261124-9999", frozenset({"9999", "0000"})) == "0001"


def test_no_extension_left_is_said() -> None:
    with pytest.raises(CallbackError, match="用尽"):
        choose_extension("RX20261124-0031", frozenset(f"{n:03d}" for n in range(1000)), digits=3)
