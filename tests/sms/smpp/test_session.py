"""The promises of one SMPP link, without a socket.

1. Nothing is submitted before the gateway accepted the bind, nor beyond the window.
2. Every submit is settled exactly once: accepted, refused or unknown.
3. A delivered message is handed over before it is acknowledged.
4. A silent link is probed, then given up.
"""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.smpp.pdu import Command, Pdu, PduReader, ShortMessage, Status
from sms.smpp.session import (
    Accepted,
    Action,
    Bound,
    Closed,
    Delivered,
    LinkState,
    Refused,
    Send,
    SmppSession,
    Timer,
    Unknown,
)

pytestmark = pytest.mark.unit
TEXT = ShortMessage("10690096556", "8613800000001", "您好".encode("utf-16-be"))


def bound(window: int = 3) -> SmppSession:
    session = SmppSession("nuanxian", "secret", window=window)
    session.open()
    assert Bound() in session.receive(Pdu(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"SMSC\0").encode())
    return session


def sent(actions: list[Action]) -> list[Pdu]:
    return PduReader().feed(b"".join(action.data for action in actions if isinstance(action, Send)))


def test_nothing_may_be_submitted_before_the_bind_is_accepted() -> None:
    session = SmppSession("nuanxian", "secret")
    session.open()
    assert session.room == 0
    with pytest.raises(RuntimeError):
        session.submit("a", TEXT, 0.0)


def test_a_refused_bind_closes_the_link_with_its_status() -> None:
    session = SmppSession("nuanxian", "wrong")
    session.open()
    actions = session.receive(Pdu(Command.BIND_TRANSCEIVER_RESP, Status.INVALID_PASSWORD, 1).encode())
    assert Closed("bind refused, status 0x0000000e") in actions


def test_the_window_limits_what_is_unanswered_and_an_answer_makes_room() -> None:
    session = bound(window=1)
    (submit,) = sent(session.submit("a", TEXT, 0.0))
    assert session.room == 0
    answer = Pdu(Command.SUBMIT_SM_RESP, 0, submit.sequence, b"0001\0").encode()
    assert Accepted("a", "0001") in session.receive(answer)
    assert session.room == 1
    assert Accepted("a", "0001") not in session.receive(answer)


def test_throttling_is_a_temporary_refusal() -> None:
    session = bound()
    (submit,) = sent(session.submit("a", TEXT, 0.0))
    assert Refused("a", Status.THROTTLED, temporary=True) in session.receive(
        Pdu(Command.SUBMIT_SM_RESP, Status.THROTTLED, submit.sequence).encode()
    )


def test_a_submit_without_an_answer_becomes_unknown_after_its_time() -> None:
    session = bound()
    session.submit("a", TEXT, 100.0)
    assert session.overdue(129.9) == []
    assert session.overdue(130.0) == [Unknown("a")]


def test_a_lost_link_leaves_its_submits_unknown() -> None:
    session = bound()
    session.submit("a", TEXT, 0.0)
    session.submit("b", TEXT, 0.0)
    actions = session.lost("reset")
    assert [a for a in actions if isinstance(a, Unknown)] == [Unknown("a"), Unknown("b")]
    assert session.lost("again") == []


def test_a_reply_is_handed_over_before_it_is_acknowledged() -> None:
    session = bound()
    reply = ShortMessage("8613800000001", "10690096556", "满意".encode("utf-16-be"))
    actions = session.receive(Pdu(Command.DELIVER_SM, 0, 9, reply.encode()).encode())
    kinds = [type(action) for action in actions if isinstance(action, Delivered | Send)]
    assert kinds == [Delivered, Send]
    assert sent(actions) == [Pdu(Command.DELIVER_SM_RESP, 0, 9, b"\0")]


def test_a_malformed_delivery_is_refused_and_the_link_lives_on() -> None:
    session = bound()
    actions = session.receive(Pdu(Command.DELIVER_SM, 0, 9, b"\x01").encode())
    assert sent(actions)[0].status != 0
    assert session.state is LinkState.BOUND


def test_a_silent_link_is_probed_and_then_given_up() -> None:
    session = bound()
    assert sent(session.expired(Timer.QUIET))[0].command == Command.ENQUIRE_LINK
    assert Closed("no answer to enquire_link") in session.expired(Timer.ENQUIRE)


def test_an_unknown_command_is_refused_by_name() -> None:
    assert sent(bound().receive(Pdu(0x00000103, 0, 5).encode())) == [
        Pdu(Command.GENERIC_NACK, Status.INVALID_COMMAND, 5)
    ]


@given(st.data())
def test_every_submit_is_settled_exactly_once(data: st.DataObject) -> None:
    session = bound(window=4)
    settled: Counter[object] = Counter()
    submitted, sequences, now_s = 0, [], 0.0

    def note(actions: list[Action]) -> None:
        settled.update(a.token for a in actions if isinstance(a, Accepted | Refused | Unknown))

    for act in data.draw(st.lists(st.sampled_from(["submit", "answer", "refuse", "wait", "noise"]), max_size=40)):
        now_s += 7.0
        if act == "submit" and session.room:
            sequences += [unit.sequence for unit in sent(session.submit(submitted, TEXT, now_s))]
            submitted += 1
        elif act in ("answer", "refuse") and sequences:
            sequence = data.draw(st.sampled_from(sequences))
            status = Status.THROTTLED if act == "refuse" else 0
            note(session.receive(Pdu(Command.SUBMIT_SM_RESP, status, sequence, b"id\0").encode()))
        elif act == "wait":
            note(session.overdue(now_s))
        elif act == "noise":
            note(session.receive(Pdu(Command.SUBMIT_SM_RESP, 0, 0x7000000, b"id\0").encode()))
    note(session.lost("end"))
    assert settled == Counter(range(submitted))
