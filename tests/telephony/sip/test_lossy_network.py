"""Both our sides against each other over a network that loses, doubles and reorders."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.sip import Hop, Provisional, Request, SessionTimerRules, WrongPasswordLimiter, answer_offer, make_offer
from tests.fakes.sip_hotline import LOCAL, TRUNK, Line, Notes, Owner
from tests.fakes.sip_network import SipNetwork, Timeline

pytestmark = pytest.mark.unit


class Pair:
    """The hotline at 10.0.0.1 (accepts at once), a carrier at 10.0.0.2 that calls it."""

    def __init__(self, network: SipNetwork, *, reliable: bool = False) -> None:
        self.line = Line.__new__(Line)
        line = self.line
        line.network = network
        line.timeline = network.timeline
        line.owner = Owner(accept_at_once=True)
        line.limiter = WrongPasswordLimiter(network.timeline.monotonic_s)
        session = SessionTimerRules(120, 90)
        trunks = frozenset({"carrier"} if reliable else ())
        line.endpoint = line.new_endpoint("10.0.0.1", line.owner, session=session, reliable_trunks=trunks)
        self.carrier = line.new_endpoint(TRUNK, Owner(), session=session, reliable_trunks=trunks)

    async def start(self) -> None:
        await self.line.endpoint.start()
        await self.carrier.start()

    def dial(self) -> tuple[Notes, object]:
        notes = Notes()
        call = self.carrier.invite(
            "sip:96556@10.0.0.1", caller="13800001234", events=notes, sdp=make_offer(LOCAL), hop=Hop("10.0.0.1", 5060),
            trunk="carrier",
        )  # fmt: skip
        return notes, call

    def leftovers(self) -> list[int]:
        left = []
        for endpoint in (self.line.endpoint, self.carrier):
            stats = endpoint.stats()
            left += [stats.server_transactions, stats.client_transactions, stats.dialogs, stats.timers]
        return left


@pytest.mark.parametrize("seed", range(20))
async def test_calls_are_set_up_and_ended_at_ten_percent_loss(seed: int) -> None:
    network = SipNetwork(Timeline(), loss=0.1, doubling=0.1, reordering=True, seed=seed)
    pair = Pair(network)
    await pair.start()
    calls = [pair.dial() for _ in range(5)]
    network.timeline.advance(30)
    assert [notes.names.count("answered") for notes, _ in calls] == [1] * 5
    assert len(pair.line.owner.invites) == 5
    assert all(notes.names == ["acked"] for notes in pair.line.owner.notes)
    for _, call in calls:
        call.bye()  # type: ignore[attr-defined]
    network.timeline.advance(30)
    assert all(notes.names == ["acked", "DialogEnd"] for notes in pair.line.owner.notes)
    network.timeline.advance(100)
    assert pair.leftovers() == [0] * 8


@pytest.mark.parametrize("seed", range(10))
async def test_calls_stay_up_for_half_an_hour_of_refreshes_at_ten_percent_loss(seed: int) -> None:
    network = SipNetwork(Timeline(), loss=0.1, doubling=0.1, reordering=True, seed=seed)
    pair = Pair(network)
    await pair.start()
    calls = [pair.dial() for _ in range(3)]
    network.timeline.advance(1800)
    assert [notes.names[-1] for notes, _ in calls] == ["answered"] * 3
    updates = [message for _, _, message in network.log if isinstance(message, Request) and message.method == "UPDATE"]
    refreshes = {(message.call_id, message.cseq.number) for message in updates}
    assert len(refreshes) >= 3 * 28
    for _, call in calls:
        call.bye()  # type: ignore[attr-defined]
    network.timeline.advance(100)
    assert pair.leftovers() == [0] * 8


async def test_a_call_whose_line_is_cut_is_over_on_both_sides_within_the_interval() -> None:
    network = SipNetwork(Timeline())
    pair = Pair(network)
    await pair.start()
    notes, _ = pair.dial()
    network.timeline.advance(10)
    network.loss = 1.0
    network.timeline.advance(120)
    assert notes.names[-1] == "DialogEnd"
    assert pair.line.owner.notes[0].names[-1] == "DialogEnd"
    network.timeline.advance(100)
    assert pair.leftovers() == [0] * 8


@pytest.mark.parametrize("seed", range(20))
async def test_reliable_early_media_and_answer_get_through_at_ten_percent_loss(seed: int) -> None:
    network = SipNetwork(Timeline(), loss=0.1, doubling=0.1, reordering=True, seed=seed)
    pair = Pair(network, reliable=True)
    pair.line.owner.accept_at_once = False
    await pair.start()
    notes, call = pair.dial()
    network.timeline.advance(5)
    invite = pair.line.owner.invites[0]
    answer = answer_offer(invite.sdp or "", LOCAL).sdp
    invite.progress(180)
    invite.progress(183, answer)
    network.timeline.advance(20)
    invite.accept(answer)
    network.timeline.advance(20)
    assert notes.names[-1] == "answered"
    early = [event.status for event in notes.events if isinstance(event, Provisional)]
    assert early == [180, 183]
    assert pair.line.owner.notes[0].names == ["acked"]
    call.bye()  # type: ignore[attr-defined]
    network.timeline.advance(100)
    assert pair.leftovers() == [0] * 8


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    loss=st.floats(0, 0.6),
    doubling=st.floats(0, 0.5),
    reliable=st.booleans(),
    acts=st.lists(st.tuples(st.sampled_from(["dial", "cancel", "bye", "their bye"]), st.floats(0, 3)), max_size=12),
)
def test_whatever_happens_every_transaction_ends_and_no_timer_is_left(
    seed: int, loss: float, doubling: float, reliable: bool, acts: list[tuple[str, float]]
) -> None:
    import asyncio

    async def run() -> None:
        network = SipNetwork(Timeline(), loss=loss, doubling=doubling, reordering=True, seed=seed)
        pair = Pair(network, reliable=reliable)
        await pair.start()
        calls = [pair.dial()]
        for act, wait_s in acts:
            network.timeline.advance(wait_s)
            if act == "dial":
                calls.append(pair.dial())
            elif act == "cancel":
                calls[-1][1].cancel()  # type: ignore[attr-defined]
            elif act == "bye":
                calls[-1][1].bye()  # type: ignore[attr-defined]
            elif pair.line.owner.invites:
                pair.line.owner.invites[-1].bye()
        network.timeline.advance(60)
        for _, call in calls:
            call.bye()  # type: ignore[attr-defined]
        for invite in pair.line.owner.invites:
            invite.bye()
        network.timeline.advance(200)
        assert pair.leftovers() == [0] * 8
        for notes, _ in calls:  # each call is told its end exactly once
            ends = [name for name in notes.names if name in ("InviteFailed", "DialogEnd")]
            assert len(ends) == 1
        assert network.timeline.waiting == 0

    asyncio.run(run())
