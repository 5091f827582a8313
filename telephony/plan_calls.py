"""Numbers that the dial plan answers by itself: a prompt for ever, a fixed phone, waiting."""

import asyncio

from telephony.dial_plan import PlanAction, PlanRow
from telephony.inbound_leg import InboundLeg
from telephony.live_call import LiveCall
from telephony.outbound_leg import OutboundLeg
from telephony.ports import Call, InboundHandler, LegEnded, LegState, SeatTarget


def plan_handler(row: PlanRow) -> InboundHandler:
    """What runs a call to a number of the plan.

    Raises:
        ValueError: the row needs a prompt or a seat and has none, or is the business's.
    """

    async def prompt(call: Call) -> None:
        assert row.prompt
        await call.first_leg.answer()
        await call.first_leg.play(row.prompt, repeat=True)

    async def wait(call: Call) -> None:
        await call.first_leg.answer()
        await call.first_leg.ended()

    async def seat(call: Call) -> None:
        await _ring_and_bridge(call, row)

    match row.action:
        case PlanAction.PROMPT if row.prompt:
            return prompt
        case PlanAction.WAIT:
            return wait
        case PlanAction.SEAT if row.seat:
            return seat
        case _:
            raise ValueError(f"a row of the dial plan for {row.action.value} is incomplete")


async def _ring_and_bridge(call: Call, row: PlanRow) -> None:
    """Ring the phone while the caller hears it ring, then join them until one of them goes."""
    caller = call.first_leg
    assert isinstance(call, LiveCall)
    assert isinstance(caller, InboundLeg)
    ringing = asyncio.create_task(
        call.originate(
            SeatTarget(row.seat),
            caller_id=caller.number.national if caller.number else "anonymous",
            ring_s=row.ring_s,
            progress=lambda callee: _pass_on(call, caller, callee),
        ),
        name=f"ring {row.seat} for call {call.id}",
    )
    gone = asyncio.create_task(caller.ended(), name=f"caller of call {call.id}")
    try:
        await asyncio.wait({ringing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            raise LegEnded(gone.result())
        callee = await ringing
    finally:
        ringing.cancel()
        gone.cancel()
        await asyncio.gather(ringing, gone, return_exceptions=True)
    await caller.answer()
    if row.record:
        await call.record(caller)
    bridge = await call.bridge(caller, callee)
    await bridge.ended()


def _pass_on(call: LiveCall, caller: InboundLeg, callee: OutboundLeg) -> None:
    """Let the caller hear that, and how, the other side rings: 180, or its early media by 183."""
    if caller.cause is not None or caller.talking:
        return
    if callee.state is LegState.EARLY and caller.open_early_media():
        call.join_early(caller, callee)
    elif caller.state is LegState.CALLING:
        caller.ring_now()
