import re

import pytest

from telephony.sip import Credentials, Hop
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.message import Response
from tests.fakes.sip_hotline import SERVER, Line, ack_of, request

pytestmark = pytest.mark.unit

WRONG = 'Authorization: Digest username="6001", realm="nuanxian", nonce="n", uri="sip:x", response="0", algorithm=MD5'


def proof(challenged: Response, method: str, credentials: Credentials) -> str:
    client = DigestClient(credentials, "cnonce")
    challenges = read_challenges(challenged.fields["WWW-Authenticate"])
    assert client.challenged(401, challenges, answered_before=False)
    header = client.proof(method, "sip:10.0.0.1")
    assert header is not None
    return f"{header[0]}: {header[1]}"


class Phone:
    """A phone at 10.0.0.3 that registers and calls with a password."""

    def __init__(self, line: Line, password: str = "secret", user: str = "6001") -> None:
        self.line = line
        self.user = user
        self.credentials = Credentials(user, password)
        self.number = 0

    def send(
        self, method: str, *headers: str, expires_s: int = 60, call_id: str = "reg", to_user: str = ""
    ) -> Response:
        self.number += 1
        lines = (f"Expires: {expires_s}", *headers) if method == "REGISTER" else headers
        self.line.phone_sends(
            request(
                method, number=self.number, host="10.0.0.3", user=self.user, to_user=to_user or self.user,
                call_id=call_id, headers=lines,
            )
        )  # fmt: skip
        return self.line.phone.last_response()

    def register(self, **changes: object) -> Response:
        challenged = self.send("REGISTER", **changes)  # type: ignore[arg-type]
        if challenged.status != 401:
            return challenged
        return self.send("REGISTER", proof(challenged, "REGISTER", self.credentials), **changes)  # type: ignore[arg-type]


async def test_a_phone_registers_after_a_challenge_and_the_owner_is_told(line: Line) -> None:
    reply = Phone(line).register()
    assert reply.status == 200
    (contact,) = line.endpoint.contacts("6001")
    assert contact.flow == ("10.0.0.3", 5060, "udp")
    assert line.owner.registrations == [("6001", 1)]


async def test_a_registration_runs_out_by_itself_and_the_owner_is_told(line: Line) -> None:
    Phone(line).register(expires_s=60)
    line.advance(61)
    assert line.endpoint.contacts("6001") == ()
    assert line.owner.registrations == [("6001", 1), ("6001", 0)]
    line.advance(60)
    assert line.quiet()


async def test_a_phone_unregisters(line: Line) -> None:
    phone = Phone(line)
    phone.register()
    phone.register(expires_s=0)
    assert line.owner.registrations == [("6001", 1), ("6001", 0)]
    assert line.endpoint.registrations() == {}


async def test_an_administrator_drops_a_phone(line: Line) -> None:
    Phone(line).register()
    line.endpoint.unregister("6001")
    assert line.owner.registrations[-1] == ("6001", 0)


async def test_known_and_unknown_names_with_a_wrong_password_are_answered_alike(line: Line) -> None:
    wrong = Phone(line, password="guess").register(call_id="a")
    unknown = Phone(line, password="guess", user="7777").register(call_id="b")

    def shape(response: Response) -> str:
        text = response.to_bytes().decode()
        for volatile in (r"nonce=\"[^\"]*\"", r"tag=\S+", r"branch=\S+", "6001", "7777", "Call-ID: .*", "CSeq: .*"):
            text = re.sub(volatile, "", text)
        return text

    assert wrong.status == unknown.status == 401
    assert shape(wrong) == shape(unknown)
    assert line.endpoint.stats().wrong_passwords == 2


async def test_too_many_wrong_passwords_from_one_source_meet_silence_and_others_do_not(line: Line) -> None:
    for attempt in range(4):
        Phone(line, password="guess").register(call_id=f"guess-{attempt}")
    line.phone.heard.clear()
    for method in ("REGISTER", "INVITE", "OPTIONS", "BYE"):
        line.phone_sends(request(method, host="10.0.0.3", call_id=f"later {method}".replace(" ", "-")))
    assert line.phone.heard == []
    assert line.endpoint.stats().dropped == 4
    assert line.endpoint.stats().server_transactions == 0
    line.trunk_sends(request("OPTIONS"))
    assert line.trunk.statuses == [200]
    line.advance(301)
    assert Phone(line).register(call_id="after the ban").status == 200


async def test_an_account_cannot_register_for_another(line: Line) -> None:
    assert Phone(line).register(to_user="6002").status == 403
    assert line.endpoint.contacts("6002") == ()


async def test_a_register_is_challenged_even_from_a_trunk(line: Line) -> None:
    line.trunk_sends(request("REGISTER"))
    assert line.trunk.statuses == [401]


async def test_a_call_from_a_phone_is_challenged_and_then_carries_its_account(line: Line) -> None:
    first = request(host="10.0.0.3", user="6001")
    line.phone_sends(first)
    challenged = line.phone.last_response()
    assert challenged.status == 401
    line.phone_sends(ack_of(first, challenged.to_tag, refused=True))
    header = proof(challenged, "INVITE", Credentials("6001", "secret"))
    line.phone_sends(request(host="10.0.0.3", user="anything", number=2, headers=(header,)))
    assert (line.invite.account, line.invite.caller, line.invite.trunk) == ("6001", "6001", None)


async def test_a_broken_proof_is_answered_400(line: Line) -> None:
    line.phone_sends(request(host="10.0.0.3", headers=('Authorization: Digest realm="nuanxian", nonce="1"',)))
    assert line.phone.statuses == [400]


async def test_too_short_a_registration_is_refused_with_the_least_one(line: Line) -> None:
    reply = Phone(line).register(expires_s=5)
    assert (reply.status, reply.get("Min-Expires")) == (423, "30")
    assert "too short" in (reply.get("Warning") or "")


@pytest.mark.parametrize(
    ("agent", "algorithms"),
    [
        ("Yealink SIP-T46U", ["SHA-256", "MD5"]),
        ("baresip v1.0.0 (x86_64/linux)", ["MD5"]),
        ("baresip v3.1.0", ["SHA-256", "MD5"]),
        ("", ["MD5"]),
    ],
)
async def test_phones_that_give_up_at_sha_256_are_challenged_with_md5_alone(
    line: Line, agent: str, algorithms: list[str]
) -> None:
    headers = (f"User-Agent: {agent}",) if agent else ()
    line.phone_sends(request("REGISTER", host="10.0.0.3", headers=headers))
    challenges = read_challenges(line.phone.last_response().fields["WWW-Authenticate"])
    assert [challenge.algorithm for challenge in challenges] == algorithms


async def test_contacts_that_run_out_one_after_the_other_are_each_told(line: Line) -> None:
    Phone(line).register(expires_s=60)
    Phone(line, password="other", user="6002").register(expires_s=61, call_id="two")
    line.advance(65)
    assert line.owner.registrations == [("6001", 1), ("6002", 1), ("6001", 0), ("6002", 0)]


async def test_a_phone_whose_connection_breaks_is_not_rung_any_more_and_the_owner_is_told(line: Line) -> None:
    line.phone = line.network.peer("10.0.0.3", 40000, "tcp")
    Phone(line).register()
    line.phone = line.network.peer("10.0.0.4", 40000, "tcp")
    second = Phone(line)
    second.number = 10
    second.register(call_id="other")
    assert next(contact.flow.host for contact in line.endpoint.contacts("6001")) == "10.0.0.4"
    line.network.hang_up(line.phone.at, SERVER)
    assert line.endpoint.contacts("6001") == ()
    assert line.owner.registrations[-1] == ("6001", 0)


async def test_a_broken_connection_of_somebody_else_changes_nothing(line: Line) -> None:
    Phone(line).register()
    line.network.hang_up(Hop("10.0.0.3", 5060, "tcp"), SERVER)  # the phone registered over UDP
    assert len(line.endpoint.contacts("6001")) == 1


async def test_a_flood_of_wrong_passwords_writes_ten_lines(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        for number in range(30):
            line.trunk_sends(request("REGISTER", number=number + 1, headers=(WRONG,)))
    assert line.endpoint.stats().wrong_passwords > 10
    assert len([record for record in caplog.records if record.message == "wrong password"]) <= 10
