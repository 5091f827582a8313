import pytest

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import (
    canonical_name,
    header_tag,
    parse_cseq,
    parse_name_addr,
    parse_via,
    quoted_name,
    split_outside_quotes,
)

pytestmark = pytest.mark.unit


def test_names_have_one_spelling() -> None:
    assert [canonical_name(name) for name in ("call-id", "i", "I", "CSEQ", "p-asserted-identity", "x-foo")] == [
        "Call-ID",
        "Call-ID",
        "Call-ID",
        "CSeq",
        "P-Asserted-Identity",
        "X-Foo",
    ]


def test_a_via_is_read_in_every_spelling() -> None:
    via = parse_via("SIP / 2.0 / UDP  [2001:db8::1]:5070 ;branch=z9hG4bK1;rport;received=1.2.3.4")
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "2001:db8::1", 5070, "z9hG4bK1")
    assert via.params["rport"] == ""
    assert parse_via("sip/2.0/tcp host").sent_by == "host:5060"


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "SIP/2.0/UDP ;branch=1", "HTTP/1.1 host"])
def test_a_broken_via_is_refused(text: str) -> None:
    with pytest.raises(MessageMalformed):
        parse_via(text)


def test_addresses_are_read_with_and_without_brackets_and_names() -> None:
    quoted = parse_name_addr('"Li \\"Lei\\", <x>" <sip:a@b;lr>;tag=1;q="0,5"')
    assert (quoted.display, quoted.uri_text, quoted.tag) == ('Li "Lei", <x>', "sip:a@b;lr", "1")
    bare = parse_name_addr("sip:a@b;tag=2")
    assert (bare.uri_text, bare.tag) == ("sip:a@b", "2")
    assert parse_name_addr("Li Lei <sip:a@b>").display == "Li Lei"


def test_a_tag_inside_the_uri_is_not_the_headers_tag() -> None:
    assert header_tag("<sip:a@b;tag=no>;x=1") == ""
    assert header_tag("<sip:a@b;tag=no>;Tag=yes") == "yes"
    assert header_tag("sip:a@b;tag=short") == "short"


@pytest.mark.parametrize("text", ["1", "x INVITE", "1 2 INVITE", "-1 INVITE", "٣ INVITE"])
def test_a_broken_cseq_is_refused(text: str) -> None:
    with pytest.raises(MessageMalformed):
        parse_cseq(text)


def test_lists_are_split_only_outside_quotes_and_brackets() -> None:
    assert split_outside_quotes('a, "b, \\" c", <d,e>,, f') == ["a", '"b, \\" c"', "<d,e>", "f"]


def test_a_display_name_cannot_leave_its_quotes() -> None:
    assert quoted_name('a"\r\nEvil: 1') == '"a\\"  Evil: 1" '
    assert quoted_name("") == ""
