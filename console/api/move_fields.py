"""What a move along the table of §2.2 may carry: each field with its type and the length that the store keeps."""

from typing import Annotated

from pydantic import Field, StringConstraints

from cases.commands import FieldValue
from cases.master_data import CaseType, Urgency
from console.endpoint import Shape
from console.inputs import Moment

Name = Annotated[str, StringConstraints(max_length=80)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Reference = Annotated[str, StringConstraints(max_length=26)]
References = Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=50)]


class MoveFields(Shape):
    """Only what is given is handed on; ``cases.case_moves`` says what each move needs."""

    # what the case is (save, classify, supplement)
    case_type: CaseType | None = None
    matter: Annotated[str, StringConstraints(max_length=40)] | None = None
    urgency: Urgency | None = None
    demand: Annotated[str, StringConstraints(max_length=4000)] | None = None
    person_name: Annotated[str, StringConstraints(max_length=60)] | None = None
    address: Annotated[str, StringConstraints(max_length=300)] | None = None
    phone: Annotated[str, StringConstraints(max_length=30)] | None = None
    household_no: Annotated[str, StringConstraints(max_length=40)] | None = None
    complained_staff: Name | None = None
    no_recording_reason: Text | None = None
    recording_id: Reference | None = None
    forward_number: Name | None = None
    forward_due_at: Moment | None = None
    is_anonymous: bool | None = None
    refuses_callback: bool | None = None
    is_key_item: bool | None = None
    in_dispute: bool | None = None
    is_duplicate: bool | None = None
    # what is done about it (answer, assign, dispatch, clarify, wait, extend)
    answer: Text | None = None
    unit: Name | None = None
    first_unit: Name | None = None
    co_units: Annotated[list[Name], Field(max_length=20)] | None = None
    handler: Name | None = None
    received_by: Name | None = None
    told_at: Moment | None = None
    repeated_back: bool | None = None
    unclear_items: Text | None = None
    contact_record: Text | None = None
    grounds: Text | None = None
    contacted_at: Moment | None = None
    arrived_at: Moment | None = None
    user_informed: bool | Text | None = None
    user_confirmed: bool | None = None
    approved_by: Name | None = None
    due_at: Moment | None = None
    # the feedback
    handled_at: Moment | None = None
    measures: Text | None = None
    result: Text | None = None
    contacted_user: bool | None = None
    visited: bool | None = None
    evidence: References | None = None
    attachments: References | None = None
    submit_anyway: bool | None = None
    # the callback and what follows from it
    channel: Annotated[str, StringConstraints(max_length=10)] | None = None
    rating: Annotated[str, StringConstraints(max_length=20)] | None = None
    words: Text | None = None
    call_id: Reference | None = None
    sms_id: Reference | None = None
    contacted: bool | None = None
    resolved: bool | None = None
    attempts: Annotated[int, Field(ge=0, le=100)] | None = None
    windows: Annotated[int, Field(ge=0, le=100)] | None = None
    sms_sent: bool | None = None
    supervision_number: Name | None = None
    assessment: Text | None = None
    explanation: Text | None = None

    def given(self) -> dict[str, FieldValue]:
        """What the request named, lists as tuples."""
        return {name: _value(getattr(self, name)) for name in sorted(self.model_fields_set)}


def _value(value: FieldValue | list[str]) -> FieldValue:
    return tuple(value) if isinstance(value, list) else value
