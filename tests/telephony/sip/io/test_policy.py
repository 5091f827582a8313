import pytest

from telephony.sip import AddressPolicy, Dropped, Hop, NeedsDigest, Trusted, TrustedAddress, WrongPasswordLimiter
from telephony.sip.core.message import Request, parse_message
from tests.fakes.sip_hotline import request
from tests.fakes.sip_network import Timeline

pytestmark = pytest.mark.unit

_parsed = parse_message(request().encode())
assert isinstance(_parsed, Request)
INVITE: Request = _parsed


def limiter(timeline: Timeline, **changes: object) -> WrongPasswordLimiter:
    return WrongPasswordLimiter(timeline.monotonic_s, **changes)  # type: ignore[arg-type]


def policy(*trusted: TrustedAddress) -> AddressPolicy:
    return AddressPolicy(list(trusted), lambda name: None, limiter(Timeline()))


def test_an_address_with_a_port_goes_before_one_without() -> None:
    rules = policy(TrustedAddress("any port", "10.0.0.2"), TrustedAddress("port 5070", "10.0.0.2", 5070))
    assert rules.judge(INVITE, Hop("10.0.0.2", 5070)) == Trusted("port 5070")
    assert rules.judge(INVITE, Hop("10.0.0.2", 5071)) == Trusted("any port")


def test_a_network_is_trusted_as_a_whole() -> None:
    rules = policy(TrustedAddress("carrier", "10.1.0.0/16", 5060))
    assert rules.judge(INVITE, Hop("10.1.2.3", 5060)) == Trusted("carrier")
    assert rules.judge(INVITE, Hop("10.1.2.3", 5061)) == NeedsDigest()
    assert rules.judge(INVITE, Hop("10.2.2.3", 5060)) == NeedsDigest()


def test_the_ban_comes_with_too_many_failures_in_the_window_and_goes_with_time() -> None:
    timeline = Timeline()
    limits = limiter(timeline, allowed=2, window_s=60, ban_s=300)
    assert not limits.failed("a")
    timeline.advance(61)
    assert not limits.failed("a")
    assert not limits.failed("a")
    assert limits.failed("a")
    assert limits.banned("a")
    assert not limits.banned("b")
    timeline.advance(301)
    assert not limits.banned("a")


def test_a_right_password_forgives_and_an_exempt_host_is_never_banned() -> None:
    limits = limiter(Timeline(), allowed=1, exempt=frozenset({"127.0.0.1"}))
    limits.failed("a")
    limits.succeeded("a")
    assert not limits.failed("a")
    assert not any(limits.failed("127.0.0.1") for _ in range(100))


def test_the_limiter_forgets_the_oldest_sources_when_it_is_full() -> None:
    limits = limiter(Timeline(), allowed=1, max_sources=2)
    for host in ("a", "b", "c"):
        limits.failed(host)
    assert not limits.failed("a")  # forgotten, so this is its first
    assert limits.failed("c")


def test_a_banned_source_is_dropped_unless_it_is_a_trunk() -> None:
    timeline = Timeline()
    limits = limiter(timeline, allowed=0)
    rules = AddressPolicy([TrustedAddress("t", "10.0.0.2")], lambda name: None, limits)
    rules.password_wrong(Hop("10.0.0.9", 1))
    rules.password_wrong(Hop("10.0.0.2", 1))
    assert rules.judge(INVITE, Hop("10.0.0.9", 2)) == Dropped("too many wrong passwords")
    assert rules.judge(INVITE, Hop("10.0.0.2", 1)) == Trusted("t")
