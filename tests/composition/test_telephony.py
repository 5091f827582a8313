"""Settings → telephony: trunks, the dial plan and who is trusted."""

import re
from pathlib import Path
from typing import Any

import pytest

from composition.foundation import Folders
from composition.telephony import telephony_config
from ivr.prompts import Prompts
from telephony.dial_plan import PlanAction
from telephony.switchboard import TelephonyConfig
from telephony.trunks import TrunkKind
from vocabulary.settings import Settings

pytestmark = pytest.mark.unit


def config(**sections: Any) -> TelephonyConfig:
    folders = Folders(Path("/data"), Path("/data/run"), Path("/data/spool"))
    settings = Settings.model_validate(sections)
    return telephony_config(settings, folders, {"8001": "secret"}, Prompts())


def action(made: TelephonyConfig, dialled: str, *, from_trunk: bool) -> PlanAction | None:
    row = made.plan.decide(dialled, from_trunk=from_trunk).row
    return row.action if row else None


def test_a_fresh_installation_binds_this_machine_and_bans_guessers() -> None:
    made = config()
    assert (made.bind_host, made.port, made.advertised_host) == ("127.0.0.1", 5060, "")
    assert made.never_banned == frozenset() and made.trunks == ()
    assert (made.rtp_port_low, made.rtp_port_high) == (20000, 23999)
    assert made.socket_path == Path("/data/run/media.sock") and made.spool == Path("/data/spool")
    assert "secret" not in repr(made)


@pytest.mark.parametrize("number", ["96556", "053296556"])
def test_the_hotlines_numbers_reach_it_from_outside_and_from_phones(number: str) -> None:
    made = config()
    assert action(made, number, from_trunk=True) is action(made, number, from_trunk=False) is PlanAction.HOTLINE


def test_codes_are_for_phones_alone_and_other_numbers_for_nobody() -> None:
    made = config()
    assert action(made, "*11", from_trunk=False) is PlanAction.PHONE_CODE
    assert action(made, "*11", from_trunk=True) is None
    assert action(made, "12345", from_trunk=False) is action(made, "12345", from_trunk=True) is None


def test_a_hotline_number_is_taken_literally() -> None:
    made = config(sip={"hotline_numbers": ["*96"]}, trunks=[{"name": "c", "host": "203.0.113.7"}])
    assert re.fullmatch(made.trunks[0].dialled, "*96") and not re.fullmatch(made.trunks[0].dialled, "96")


def test_rows_of_the_settings_go_before_the_hotlines() -> None:
    made = config(
        dial_plan=[
            {"number": "*55", "action": "wait"},
            {"number": "96556", "action": "prompt", "prompt": "music.hold"},
            {"number": "2000", "action": "seat", "seat": "127.0.0.1:5090", "record": False},
            {"number": "4000", "action": "queue"},
        ]
    )
    wanted = {"*55": PlanAction.WAIT, "96556": PlanAction.PROMPT, "2000": PlanAction.SEAT, "4000": PlanAction.HOTLINE}
    assert {number: action(made, number, from_trunk=True) for number in wanted} == wanted
    assert action(made, "955", from_trunk=True) is None
    seat = made.plan.decide("2000", from_trunk=True).row
    assert seat is not None and (seat.seat, seat.record) == ("127.0.0.1:5090", False)


def test_a_carrier_is_trusted_by_its_address_alone() -> None:
    made = config(trunks=[{"name": "unicom", "host": "203.0.113.7", "caller_ids": ["053296556"], "priority": 3}])
    (trunk,) = made.trunks
    assert (trunk.kind, trunk.networks, trunk.host) == (TrunkKind.ADDRESS, ("203.0.113.7/32",), "203.0.113.7")
    assert (trunk.callers, trunk.priority) == (("053296556",), 3)
    assert re.fullmatch(trunk.dialled, "96556") and not re.fullmatch(trunk.dialled, "12345")


def test_sources_replace_the_host_and_an_ipv6_address_is_one_address() -> None:
    made = config(trunks=[{"name": "c", "host": "sbc.example", "sources": ["2001:db8::7", "198.51.100.0/24"]}])
    assert made.trunks[0].networks == ("2001:db8::7/128", "198.51.100.0/24")


def test_a_line_we_register_on_keeps_its_secret_to_itself() -> None:
    made = config(
        trunks=[{"name": "t", "kind": "register", "host": "203.0.113.9", "username": "u", "password": "hush-hush"}]
    )
    assert (made.trunks[0].kind, made.trunks[0].password) == (TrunkKind.REGISTER, "hush-hush")
    assert "hush-hush" not in repr(made)


def test_simulated_users_have_numbers() -> None:
    made = config(
        accounts=[{"username": "user"}, {"username": "any"}],
        trunks=[
            {"name": "sim", "kind": "sim", "lines": [{"account": "user", "number": "13800001234"}, {"account": "any"}]}
        ],
    )
    numbers = {line.account: line.number.e164 if line.number else None for line in made.trunks[0].lines}
    assert numbers == {"user": "+8613800001234", "any": None}


def test_hosts_trusted_for_measuring_bring_calls_in_but_take_none_out() -> None:
    made = config(sip={"trusted_without_digest": ["127.0.0.1"], "ban_wrong_passwords": True})
    (trunk,) = made.trunks
    assert trunk.networks == ("127.0.0.1/32",) and not re.fullmatch(trunk.carries, "13800001234")
    assert made.never_banned == frozenset({"127.0.0.1"})
    assert config(sip={"ban_wrong_passwords": False}).never_banned is None
