"""The words of the trade are complete and carry their Chinese names."""

import pytest

from cases.errors import MasterDataRefused
from cases.master_data import Business, CaseType, Matters, Role, Source, Urgency, standard_matters

pytestmark = pytest.mark.unit


def test_every_word_has_a_chinese_name() -> None:
    for words in (CaseType, Source, Role):
        assert all(any("一" <= c <= "龥" for c in word.label) for word in words)


def test_six_sources_are_forwarded() -> None:
    forwarded = {source.value for source in Source if source.is_forwarded}
    assert forwarded == {"PROV_HOTLINE", "CITY_HOTLINE", "DIGITAL_CITY", "INDUSTRY", "MEDIA", "LEADER"}


def test_p0_is_the_most_urgent() -> None:
    assert [urgency.at_least(Urgency.P1) for urgency in Urgency] == [True, True, False, False]


def test_the_shipped_matters_stand_under_three_businesses() -> None:
    matters = standard_matters()
    assert {matter.business for matter in matters} == set(Business)
    assert len([matter for matter in matters if matter.business is Business.GAS]) == 10
    assert matters.title("HEAT_LOW_TEMP") == "室温低"
    assert (matters.title(None), matters.title("GONE")) == ("", "GONE")
    assert "GAS_LEAK" in matters and "MOON" not in matters


def test_a_wrong_file_is_refused_by_name() -> None:
    with pytest.raises(MasterDataRefused, match="WATER"):
        Matters.parse('[WATER]\nA = "水"')
    with pytest.raises(MasterDataRefused, match="twice"):
        Matters.parse('[GAS]\nA = "气"\n[HEAT]\nA = "热"')
