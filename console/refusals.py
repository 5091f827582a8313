"""The rooms' errors as problem details: one place knows which status each becomes, and its sentence in Chinese."""

from access import errors as access
from callbacks import errors as callbacks
from cases import errors as cases
from console.errors import (
    BadRequest,
    ConsoleError,
    Contradicted,
    FieldProblem,
    NotAllowed,
    NotSignedIn,
    NotThere,
    TooMany,
    Unavailable,
)
from seats import errors as seats
from seats.call_lists import ListEntryUnknown
from vocabulary.errors import AlreadyExists, ConcurrentChange, InvalidValue

_NOT_THERE = (
    cases.CaseNotFound,
    seats.SeatUnknown,
    callbacks.CallbackNotFound,
    access.UserUnknown,
    ListEntryUnknown,
)
_CONTRADICTED = (
    cases.MoveRefused,
    seats.SeatMoveRefused,
    seats.OfferLapsed,
    callbacks.CallbackMoveRefused,
    callbacks.CallbackTaken,
    callbacks.ContactLocked,
    callbacks.ContactCapped,
    callbacks.OutsideWindow,
    callbacks.OutboundPaused,
)


def translate(error: Exception) -> ConsoleError | None:
    """A room's refusal as people read it; None for what is no refusal but a fault."""
    match error:
        case access.SignInRefused() if error.again_after_s:
            return TooMany("尝试过于频繁,请稍后再试", retry_after_s=error.again_after_s)
        case access.SignInRefused():
            return NotSignedIn("用户名或密码不对")
        case access.TokenRefused():
            return NotThere("没有这个令牌")
        case access.NotAllowed() | cases.IdentityWithheld():
            return NotAllowed(str(error))
        case access.RevealRefused() | access.PasswordRefused():
            return BadRequest(str(error))
        case access.UserExists() | AlreadyExists():
            return Contradicted("已经存在")
        case ConcurrentChange():
            return Contradicted("别人刚刚改过,请刷新后再试")
        case callbacks.ResultIncomplete():
            return BadRequest(str(error), fields=[FieldProblem(name, "必填") for name in error.missing])
        case InvalidValue():
            return BadRequest(str(error), fields=[FieldProblem(error.field or "", str(error))])
        case _ if isinstance(error, _NOT_THERE):
            return NotThere("没有找到,或不属于您")
        case _ if isinstance(error, _CONTRADICTED):
            return Contradicted(str(error))
        case _ if type(error).__name__ == "StoreUnavailable":  # the store is not imported here
            return Unavailable("数据库暂时不可用,请重试;未保存")
        case _:
            return None
