"""Every refusal of a room has a status and a Chinese sentence; none becomes a 500."""

import importlib
import inspect
from datetime import UTC, datetime

import pytest

from access import errors as access
from callbacks import errors as callbacks
from cases import errors as cases
from console.errors import ConsoleError
from console.refusals import translate
from seats import errors as seats
from seats.call_lists import ListEntryUnknown
from seats.missed_calls import AlreadyHandled
from seats.rescue_desk import CallsBackUsedUp
from store.errors import StoreUnavailable
from vocabulary import errors as vocabulary

pytestmark = pytest.mark.unit

SOON = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
EXPECTED: list[tuple[Exception, int]] = [
    (access.SignInRefused("no"), 401),
    (access.SignInRefused("no", again_after_s=30), 429),
    (access.TokenRefused("no"), 404),
    (access.NotAllowed("users:manage"), 403),
    (access.RevealRefused("no"), 403),
    (access.PasswordRefused("no"), 400),
    (access.UserUnknown("no"), 404),
    (access.UserExists("no"), 409),
    (cases.MoveRefused("ACCEPTED", "sign", "现在不能签收", "§2.2", ("unit",)), 409),
    (cases.CaseNotFound("no"), 404),
    (cases.IdentityWithheld("举报人信息只供人工回访使用"), 403),
    (seats.SeatUnknown("8001"), 404),
    (seats.SeatMoveRefused("offline", "break", "未签入,不能小休"), 409),
    (seats.EntryUnknown("no"), 409),
    (seats.OfferLapsed("no"), 409),
    (ListEntryUnknown("no"), 404),
    (AlreadyHandled("no"), 409),
    (CallsBackUsedUp("no"), 409),
    (callbacks.CallbackNotFound("no"), 404),
    (callbacks.CallbackMoveRefused("已完成", "领取"), 409),
    (callbacks.CallbackTaken("已由他人处理"), 409),
    (callbacks.SeatOccupied("话机正在通话"), 409),
    (callbacks.ContactLocked("ai", "bot", SOON), 409),
    (callbacks.ContactCapped("今日已联系 3 次", SOON), 409),
    (callbacks.OutsideWindow(SOON), 409),
    (callbacks.ResultIncomplete(["rating"]), 400),
    (callbacks.OutboundPaused("no"), 409),
    (vocabulary.InvalidValue("no such matter", field="matter"), 400),
    (vocabulary.InvalidPhoneNumber("3 characters"), 400),
    (vocabulary.ConcurrentChange("no"), 409),
    (vocabulary.AlreadyExists("no"), 409),
    (vocabulary.Unavailable("no"), 503),
    (StoreUnavailable("locked"), 503),
]


def refused(error: Exception) -> ConsoleError:
    found = translate(error)
    assert found is not None, type(error).__name__
    return found


@pytest.mark.parametrize(("error", "status"), EXPECTED, ids=lambda value: type(value).__name__)
def test_a_refusal_has_its_status_and_a_chinese_sentence(error: Exception, status: int) -> None:
    found = refused(error)
    assert found.status == status
    assert any("\u4e00" <= character <= "\u9fff" for character in found.detail)


@pytest.mark.parametrize("room", ["access", "cases", "seats", "callbacks"])
def test_no_refusal_of_a_room_is_forgotten(room: str) -> None:
    module = importlib.import_module(f"{room}.errors")
    own = {
        value
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not value.__subclasses__()
    }
    own -= {cases.MasterDataRefused}  # refuses the start, never a request
    assert own <= {type(error) for error, _ in EXPECTED}


def test_what_is_missing_is_named() -> None:
    assert [each.field for each in refused(EXPECTED[8][0]).fields] == ["unit"]
    assert [each.field for each in refused(callbacks.ResultIncomplete(["rating"])).fields] == ["rating"]


def test_when_it_is_allowed_again_is_said_in_local_time() -> None:
    assert "11-25 09:00" in refused(callbacks.OutsideWindow(SOON)).detail
    assert refused(access.SignInRefused("no", again_after_s=30)).retry_after_s == 30


def test_a_fault_is_no_refusal() -> None:
    assert translate(RuntimeError("bug")) is None
    assert translate(KeyError("bug")) is None
