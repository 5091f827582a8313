"""The rooms' errors as problem details: one place knows which status each becomes, and its sentence in Chinese."""

from datetime import datetime

from access import errors as access
from access.credentials import SHORTEST_PASSWORD
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
from seats.missed_calls import AlreadyHandled
from seats.rescue_desk import CallsBackUsedUp
from vocabulary.clock import SHANGHAI
from vocabulary.errors import AlreadyExists, ConcurrentChange, InvalidPhoneNumber, InvalidValue
from vocabulary.errors import Unavailable as PartUnavailable


def translate(error: Exception) -> ConsoleError | None:
    """A room's refusal as people read it; None for what is no refusal but a fault."""
    return _of_access(error) or _of_work(error) or _of_all(error)


def _of_access(error: Exception) -> ConsoleError | None:
    match error:
        case access.SignInRefused() if error.again_after_s:
            return TooMany("尝试过于频繁,请稍后再试", retry_after_s=error.again_after_s)
        case access.SignInRefused():
            return NotSignedIn("用户名或密码不对")
        case access.TokenRefused():
            return NotThere("没有这个令牌")
        case access.NotAllowed():
            return NotAllowed(f"缺少权限 {error.scope}")
        case access.RevealRefused():
            return NotAllowed("没有显示号码:须写明理由,且短时间内查看过多会停止并通知班长")
        case access.PasswordRefused():
            return BadRequest("新密码太弱", fields=[FieldProblem("new", f"至少 {SHORTEST_PASSWORD} 个字符")])
        case access.UserUnknown():
            return NotThere("没有这个人员")
        case access.UserExists():
            return Contradicted("这个用户名已经有人用")
        case _:
            return None


def _of_work(error: Exception) -> ConsoleError | None:
    match error:
        case cases.MoveRefused():
            return Contradicted(str(error), fields=[FieldProblem(name, "必填") for name in error.missing])
        case cases.IdentityWithheld():
            return NotAllowed(str(error))
        case seats.SeatMoveRefused():
            return Contradicted(error.sentence)
        case seats.OfferLapsed() | seats.EntryUnknown():
            return Contradicted("这通电话已不在排队")
        case AlreadyHandled():
            return Contradicted("已有人处理")
        case CallsBackUsedUp():
            return Contradicted("回拨次数已满 6 次,或已超过 30 分钟")
        case callbacks.ResultIncomplete():
            return BadRequest(
                "回访记录不完整", fields=[FieldProblem(name, "必填,或与结果不符") for name in error.missing]
            )
        case callbacks.OutsideWindow():
            return Contradicted(f"{error},{_local(error.opens_at)} 起可以")
        case callbacks.ContactCapped():
            return Contradicted(f"{error},{_local(error.not_before)} 起可以")
        case callbacks.OutboundPaused():
            return Contradicted("外呼已暂停")
        case cases.CaseNotFound() | seats.SeatUnknown() | callbacks.CallbackNotFound() | ListEntryUnknown():
            return NotThere("没有找到,或不属于您")
        case (
            callbacks.CallbackMoveRefused()
            | callbacks.CallbackTaken()
            | callbacks.ContactLocked()
            | callbacks.SeatOccupied()
        ):
            return Contradicted(str(error))
        case _:
            return None


def _of_all(error: Exception) -> ConsoleError | None:
    match error:
        case AlreadyExists():
            return Contradicted("已经存在")
        case ConcurrentChange():
            return Contradicted("别人刚刚改过,请刷新后再试")
        case InvalidPhoneNumber():
            return BadRequest("电话号码不对", fields=[FieldProblem(error.field or "phone", "手机或带区号的固话")])
        case InvalidValue():
            field = error.field or ""
            return BadRequest(f"内容不对:{field or '见 errors'}", fields=[FieldProblem(field, str(error))])
        case PartUnavailable():
            return Unavailable("数据库或所需的部分暂时不可用,请重试;未保存", retry_after_s=2)
        case _:
            return None


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}"
