"""Cases: open, read, move; the seven-step loop decides what is allowed."""

from typing import Literal

from pydantic import Field

from access.roles import Scope
from cases.case_states import CaseMove, CaseState
from cases.commands import MoveCommand, Moved, P0Dispatch
from cases.intake import ForwardedFrom, IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from cases.queries import CaseFilter, CaseQueries, as_unit_sees_it
from cases.services import CaseServices
from console.acting import acting_role, sees_as_unit
from console.api.case_views import CaseAnswer, CaseLine, case_answer
from console.api.move_fields import MoveFields
from console.endpoint import Ask, Endpoint, Nothing, Shape, as_model
from console.errors import BadRequest, FieldProblem, NotThere
from console.inputs import Moment
from vocabulary.errors import InvalidPhoneNumber
from vocabulary.identifiers import is_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber


class CaseListQuery(Shape):
    """Which cases; every given part must hold."""

    state: CaseState | None = None
    case_type: CaseType | None = None
    urgency: Urgency | None = None
    unit: str | None = Field(None, max_length=100)
    text: str = Field("", max_length=100, description="工单号、诉求或地址里的字")
    phone: str = Field("", max_length=30, description="完整号码")
    open: bool | None = Field(None, description="true 只看未归档的")
    cursor: str | None = Field(None, pattern=r"^[A-Z]{2}[0-9]{8}-[0-9]{4,9}$", description="上一页的 next_cursor")
    limit: int = Field(50, ge=1, le=200)


class CasePageAnswer(Shape):
    """Newest first; hand ``next_cursor`` in for the next page."""

    rows: list[CaseLine]
    next_cursor: str | None


class Forwarded(Shape):
    """来件单位、编号、时限、联系人."""

    body: str = Field(max_length=80)
    number: str = Field(max_length=80)
    due_at: Moment | None = None
    contact: str = Field("", max_length=80)


class NewCase(Shape):
    """A demand; ``command_id`` is made by the client, repeating it changes nothing."""

    command_id: str = Field(min_length=1, max_length=64)
    source: Source
    role: Role | None = None
    call_id: str | None = Field(None, max_length=26)
    phone: str | None = Field(None, max_length=30)
    person_name: str = Field("", max_length=60)
    address: str = Field("", max_length=300)
    demand: str = Field("", max_length=4000)
    household_no: str = Field("", max_length=40)
    case_type: CaseType | None = None
    matter: str | None = Field(None, max_length=40)
    urgency: Urgency | None = None
    is_anonymous: bool = False
    refuses_callback: bool = False
    forwarded: Forwarded | None = None


class IntakeAnswer(Shape):
    """What became of the demand."""

    case_number: str
    joined: bool
    duplicate_row: int
    reason: str
    related: list[str]
    repeated: bool
    is_emergency: bool


class Move(Shape):
    """One move along the table of §2.2; which fields it needs is said when they are missing."""

    event: CaseMove
    role: Role | None = None
    reason: str = Field("", max_length=2000)
    fields: MoveFields = Field(default_factory=MoveFields)
    expected_version: int | None = None
    command_id: str | None = Field(None, min_length=1, max_length=64)


class MovedAnswer(Shape):
    """Where the case stands now."""

    case_number: str
    from_state: CaseState
    to_state: CaseState
    version: int
    new_case: str | None
    reason: str


class Dispatch(Shape):
    """The rescue team was told by telephone and said it back."""

    unit: str = Field(min_length=1, max_length=80)
    received_by: str = Field(min_length=1, max_length=60)
    told_at: Moment
    repeated_back: Literal[True]
    role: Role | None = None
    call_id: str = Field("", max_length=26)
    expected_version: int | None = None


class CasesApi:
    """Rows of this part."""

    def __init__(self, cases: CaseServices, queries: CaseQueries, keyer: PhoneKeyer) -> None:
        self._cases, self._queries, self._keyer = cases, queries, keyer

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, read, write = "工单", Scope.CASES_READ, Scope.CASES_WRITE
        root = "/api/v1/cases"
        return [
            Endpoint("GET", root, "工单列表", tag, read, self.page, query=CaseListQuery, answers=CasePageAnswer),
            Endpoint("POST", root, "受理(建单或并入)", tag, write, self.open, NewCase, answers=IntakeAnswer, status=201),
            Endpoint("GET", root + "/{number}", "一件工单", tag, read, self.one, answers=CaseAnswer, problems=(404,)),
            Endpoint("POST", root + "/{number}/moves", "流转", tag, write, self.move, Move, answers=MovedAnswer, problems=(404, 409)),
            Endpoint("POST", root + "/{number}/p0-dispatch", "险情一步派抢修", tag, write, self.dispatch, Dispatch, answers=MovedAnswer, problems=(404, 409)),
        ]  # fmt: skip

    async def page(self, ask: Ask[Nothing, CaseListQuery]) -> CasePageAnswer:
        """A page of cases."""
        query = ask.query
        wanted = CaseFilter(
            states=(query.state,) if query.state else (),
            case_types=(query.case_type,) if query.case_type else (),
            urgencies=(query.urgency,) if query.urgency else (),
            units=(query.unit,) if query.unit else (),
            text=query.text,
            phone_key=self._keyer.key(_phone(query.phone)) if query.phone else None,
            is_open=query.open,
        )
        page = await self._queries.page(wanted, cursor=query.cursor, limit=query.limit)
        return CasePageAnswer(rows=[as_model(CaseLine, row) for row in page.rows], next_cursor=page.next_cursor)

    async def open(self, ask: Ask[NewCase, Nothing]) -> IntakeAnswer:
        """Take a demand in."""
        body = ask.body
        if body.call_id is not None and not is_id(body.call_id):
            raise BadRequest("通话号不对", fields=[FieldProblem("call_id", "26 位标识")])
        forwarded = body.forwarded
        intake = await self._cases.open(
            IntakeCommand(
                command_id=body.command_id,
                source=body.source,
                by=ask.by.name,
                role=acting_role(ask.by, body.role),
                call_id=body.call_id,
                caller=_phone(body.phone) if body.phone else None,
                person_name=body.person_name,
                address=body.address,
                demand=body.demand,
                household_no=body.household_no,
                case_type=body.case_type,
                matter=body.matter,
                urgency=body.urgency,
                is_anonymous=body.is_anonymous,
                refuses_callback=body.refuses_callback,
                forwarded=ForwardedFrom(forwarded.body, forwarded.number, forwarded.due_at, forwarded.contact)
                if forwarded
                else None,
            )
        )
        return IntakeAnswer(
            case_number=intake.case_number,
            joined=intake.joined,
            duplicate_row=intake.duplicate_row,
            reason=intake.reason,
            related=list(intake.related),
            repeated=intake.repeated,
            is_emergency=intake.is_emergency,
        )

    async def one(self, ask: Ask[Nothing, Nothing]) -> CaseAnswer:
        """A whole case."""
        view = await self._queries.one(ask.path["number"])
        if view is None:
            raise NotThere("没有这件工单,或不属于您")
        return case_answer(as_unit_sees_it(view) if sees_as_unit(ask.by) else view)

    async def move(self, ask: Ask[Move, Nothing]) -> MovedAnswer:
        """One move."""
        body = ask.body
        moved = await self._cases.move(
            MoveCommand(
                ask.path["number"],
                body.event,
                ask.by.name,
                acting_role(ask.by, body.role),
                body.reason,
                body.fields.given(),
                body.expected_version,
                body.command_id,
            )
        )
        return _moved(moved)

    async def dispatch(self, ask: Ask[Dispatch, Nothing]) -> MovedAnswer:
        """Send the rescue team."""
        body = ask.body
        dispatch = P0Dispatch(
            case_number=ask.path["number"],
            unit=body.unit,
            received_by=body.received_by,
            told_at=body.told_at,
            repeated_back=body.repeated_back,
            by=ask.by.name,
            role=acting_role(ask.by, body.role),
            call_id=body.call_id,
            expected_version=body.expected_version,
        )
        return _moved(await self._cases.p0_dispatch(dispatch))


def _phone(text: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text)
    except InvalidPhoneNumber as error:
        raise BadRequest("电话号码不对", fields=[FieldProblem("phone", "手机或带区号的固话")]) from error


def _moved(moved: Moved) -> MovedAnswer:
    return MovedAnswer(
        case_number=moved.case_number,
        from_state=moved.from_state,
        to_state=moved.to_state,
        version=moved.version,
        new_case=moved.new_case,
        reason=moved.reason,
    )
