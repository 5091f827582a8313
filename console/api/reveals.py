"""Plain numbers: asked for with a reason, written down before they are shown, and not in a row."""

from access.reveals import RevealServices
from access.roles import Scope
from cases.master_data import Role
from console.acting import acting_role
from console.endpoint import Ask, Endpoint, Nothing, Shape
from console.errors import NotThere
from console.inputs import ReasonText
from console.ports import PlainNumbers
from vocabulary.phone_number import PhoneNumber


class Look(Shape):
    """Why, and in which post if the asker holds several."""

    reason: ReasonText
    role: Role | None = None


class PlainPhone(Shape):
    """A number as it is dialled; this look stands in the audit."""

    phone: str


class RevealsApi:
    """Rows of this part."""

    def __init__(self, reveals: RevealServices, numbers: PlainNumbers) -> None:
        self._reveals, self._numbers = reveals, numbers

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, show = "完整号码", Scope.PHONES_REVEAL
        return [
            Endpoint("POST", "/api/v1/cases/{number}/phone", "工单用户的完整号码(须写理由,留痕)", tag, show, self.of_case, Look, answers=PlainPhone, problems=(404,)),
            Endpoint("POST", "/api/v1/missed-calls/{id}/phone", "没接住的来电的完整号码(须写理由,留痕)", tag, show, self.of_missed_call, Look, answers=PlainPhone, problems=(404,)),
            Endpoint("POST", "/api/v1/rescue-desk/{id}/phone", "抢险来电的完整号码(须写理由,留痕)", tag, show, self.of_rescue_call, Look, answers=PlainPhone, problems=(404,)),
        ]  # fmt: skip

    async def of_case(self, ask: Ask[Look, Nothing]) -> PlainPhone:
        """The user's; a reporter's only to those who ask reporters afterwards."""
        number, reason = ask.path["number"], ask.body.reason
        role = acting_role(ask.by, ask.body.role)
        found = await self._numbers.of_case(number, by=ask.by.name, role=role, reason=reason)
        return await self._shown(ask, found, f"case {number}")

    async def of_missed_call(self, ask: Ask[Look, Nothing]) -> PlainPhone:
        """Of a caller nobody served, to be called back."""
        return await self._shown(
            ask, await self._numbers.of_missed_call(ask.path["id"]), f"missed call {ask.path['id']}"
        )

    async def of_rescue_call(self, ask: Ask[Look, Nothing]) -> PlainPhone:
        """Of a leak caller who hung up, to be called back at once."""
        return await self._shown(
            ask, await self._numbers.of_rescue_call(ask.path["id"]), f"rescue call {ask.path['id']}"
        )

    async def _shown(self, ask: Ask[Look, Nothing], number: PhoneNumber | None, subject: str) -> PlainPhone:
        if number is None:
            raise NotThere("没有找到,或没有电话号码")
        return PlainPhone(phone=await self._reveals.phone(ask.by, number, subject=subject, reason=ask.body.reason))
