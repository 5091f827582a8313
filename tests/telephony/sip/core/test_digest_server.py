import pytest

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.digest_server import DigestServer, ProofState
from telephony.sip.core.message import Request, parse_message
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

PHONE = Credentials("6001", "secret")


def server(**changes: object) -> DigestServer:
    return DigestServer("nuanxian", b"key", {"6001": PHONE}.get, **changes)  # type: ignore[arg-type]


def register(proof: str | None) -> Request:
    message = parse_message(request("REGISTER", headers=(f"Authorization: {proof}",) if proof else ()).encode())
    assert isinstance(message, Request)
    return message


def client_for(
    digest: DigestServer, credentials: Credentials = PHONE, *, now_s: float = 0, pick: int = 0
) -> DigestClient:
    client = DigestClient(credentials, "cnonce")
    challenges = read_challenges([value for _, value in digest.challenge(now_s)])
    assert client.challenged(401, [challenges[pick]], answered_before=False)
    return client


def proof_of(client: DigestClient) -> str:
    proof = client.proof("REGISTER", "sip:10.0.0.1")
    assert proof is not None
    return proof[1]


@pytest.mark.parametrize("pick", [0, 1])
def test_the_right_password_is_accepted_in_both_algorithms(pick: int) -> None:
    digest = server()
    proof = digest.verify(register(proof_of(client_for(digest, pick=pick))), 1)
    assert (proof.state, proof.account) == (ProofState.RIGHT, "6001")


def test_the_strongest_algorithm_is_challenged_first() -> None:
    values = [value for _, value in server().challenge(0)]
    assert [challenge.algorithm for challenge in read_challenges(values)] == ["SHA-256", "MD5"]


def test_no_proof_and_one_for_another_realm_are_missing() -> None:
    digest = server()
    assert digest.verify(register(None), 0).state is ProofState.MISSING
    other = proof_of(client_for(digest)).replace('realm="nuanxian"', 'realm="other"')
    assert digest.verify(register(other), 0).state is ProofState.MISSING


def test_unknown_accounts_and_wrong_passwords_look_the_same() -> None:
    digest = server()
    wrong = digest.verify(register(proof_of(client_for(digest, Credentials("6001", "guess")))), 0)
    unknown = digest.verify(register(proof_of(client_for(digest, Credentials("6009", "guess")))), 0)
    assert (wrong.state, wrong.why) == (unknown.state, unknown.why) == (ProofState.WRONG, wrong.why)


def test_a_used_count_is_stale_and_a_higher_one_is_right() -> None:
    digest = server()
    client = client_for(digest)
    first, second = proof_of(client), proof_of(client)
    assert digest.verify(register(second), 1).state is ProofState.RIGHT
    assert digest.verify(register(second), 1).state is ProofState.STALE
    assert digest.verify(register(first), 1).state is ProofState.STALE
    assert digest.verify(register(proof_of(client)), 1).state is ProofState.RIGHT


def test_a_nonce_grows_old() -> None:
    digest = server(nonce_life_s=300)
    client = client_for(digest, now_s=0)
    assert digest.verify(register(proof_of(client)), 299).state is ProofState.RIGHT
    assert digest.verify(register(proof_of(client)), 302).state is ProofState.STALE


def test_a_nonce_that_the_table_forgot_cannot_be_replayed() -> None:
    digest = server(max_used=2)
    proofs = [proof_of(client_for(digest)) for _ in range(4)]
    assert [digest.verify(register(proof), 1).state for proof in proofs] == [ProofState.RIGHT] * 4
    assert [digest.verify(register(proof), 1).state for proof in proofs] == [ProofState.STALE] * 4


def test_a_made_up_nonce_is_stale_not_an_error() -> None:
    digest = server()
    from telephony.sip.core.digest import Challenge

    for nonce in ("x", "1.2.3", "zz.zz.zz", "..", ""):
        client = DigestClient(PHONE, "c")
        client.challenged(401, [Challenge("nuanxian", nonce or "n", "SHA-256", "auth")], answered_before=False)
        assert digest.verify(register(proof_of(client)), 0).state is ProofState.STALE


def test_old_phones_without_qop_may_use_a_nonce_once() -> None:
    digest = server()
    from telephony.sip.core.digest import Challenge

    nonce = read_challenges([digest.challenge(0)[1][1]])[0].nonce
    client = DigestClient(PHONE, "c")
    client.challenged(401, [Challenge("nuanxian", nonce, "MD5", "")], answered_before=False)
    proof = proof_of(client)
    assert "qop" not in proof
    assert digest.verify(register(proof), 1).state is ProofState.RIGHT
    assert digest.verify(register(proof), 1).state is ProofState.STALE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nc=00000001", "nc=1"),
        (', cnonce="cnonce"', ""),
        ("qop=auth", "qop=auth-int"),
        ("SHA-256", "SHA-1"),
        ("uri=", "u="),
    ],
)
def test_contradictory_parameters_are_broken(old: str, new: str) -> None:
    digest = server()
    proof = proof_of(client_for(digest))
    assert old in proof
    assert digest.verify(register(proof.replace(old, new)), 0).state is ProofState.BROKEN
