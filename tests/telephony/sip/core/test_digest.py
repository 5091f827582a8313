import pytest

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.digest import (
    Challenge,
    DigestClient,
    account_hash,
    digest_hash,
    digest_response,
    read_challenges,
    read_digest,
)

pytestmark = pytest.mark.unit

# RFC 7616 §3.9.1
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = Credentials("Mufasa", "Circle of Life")
REALM = "http-auth@example.org"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, expected: str) -> None:
    ha1 = account_hash(MUFASA, REALM, algorithm)
    assert ha1 is not None
    got = digest_response(algorithm, ha1, "GET", "/dir/index.html", NONCE, qop="auth", nc="00000001", cnonce=CNONCE)
    assert got == expected


def test_the_vector_of_rfc_2617_and_the_form_without_qop() -> None:
    ha1 = digest_hash("MD5", "Mufasa:testrealm@host.com:Circle Of Life")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    got = digest_response("MD5", ha1, "GET", "/dir/index.html", nonce, qop="auth", nc="00000001", cnonce="0a4f113b")
    assert got == "6629fae49393a05397450978507c4ef1"
    assert digest_response("MD5", ha1, "GET", "/dir/index.html", nonce) == "670fd8c2df070c60b045671b8b24ff02"


def test_a_kept_hash_serves_as_well_as_the_password() -> None:
    ha1 = digest_hash("SHA-256", f"Mufasa:{REALM}:Circle of Life")
    assert account_hash(Credentials("Mufasa", ha1={"SHA-256": ha1}), REALM, "SHA-256") == ha1
    assert account_hash(Credentials("Mufasa", ha1={"SHA-256": ha1}), REALM, "MD5") is None


def test_a_password_is_not_printed() -> None:
    assert "Circle" not in repr(MUFASA)


def test_parameters_are_read_with_quotes_and_escapes() -> None:
    params = read_digest('Digest username="a\\"b", realm="x, y", nc=00000001 , qop=auth')
    assert params == {"username": 'a"b', "realm": "x, y", "nc": "00000001", "qop": "auth"}
    assert read_digest("Basic abc") is None
    assert read_digest("Digest broken") is None


def test_the_servers_first_challenge_that_we_know_is_answered() -> None:
    values = [
        'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth-int"',
        'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth-int,auth"',
        'Digest realm="r", nonce="4"',
    ]
    assert read_challenges(values) == [Challenge("r", "3", "SHA-256", "auth"), Challenge("r", "4", "MD5", "")]


def test_the_client_counts_the_uses_of_a_nonce() -> None:
    client = DigestClient(MUFASA, CNONCE)
    assert client.proof("GET", "/dir/index.html") is None
    challenge = Challenge(REALM, NONCE, "MD5", "auth", "opaque")
    assert client.challenged(401, [challenge], answered_before=False)
    name, first = client.proof("GET", "/dir/index.html") or ("", "")
    assert name == "Authorization"
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in first
    assert 'opaque="opaque"' in first
    assert "nc=00000002" in (client.proof("GET", "/dir/index.html") or ("", ""))[1]


def test_the_client_gives_up_when_the_password_is_wrong_but_not_when_the_nonce_is_stale() -> None:
    client = DigestClient(MUFASA, CNONCE)
    assert not client.challenged(407, [Challenge(REALM, NONCE, "MD5", "auth")], answered_before=True)
    assert client.challenged(407, [Challenge(REALM, NONCE, "MD5", "auth", stale=True)], answered_before=True)
    assert (client.proof("GET", "/") or ("", ""))[0] == "Proxy-Authorization"


def test_the_client_keeps_to_its_own_realm() -> None:
    client = DigestClient(Credentials("u", "p", realm="ours"), "c")
    assert not client.challenged(401, [Challenge("theirs", "n", "MD5", "auth")], answered_before=False)
