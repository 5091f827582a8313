"""Malformed SIP and RTP, strangers, wrong passwords, unknown numbers and codecs, against the shipped program."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.journeys.installation import Phones, sections
from tests.journeys.phone import Phone, Refused
from tests.journeys.shipped_server import ShippedServer
from tests.journeys.talking import bridged

pytestmark = pytest.mark.fault
REGISTER = (
    "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5060;rport;branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n"
    "From: <sip:8001@127.0.0.1>;tag=a\r\nTo: <sip:8001@127.0.0.1>\r\nCall-ID: {n}\r\nCSeq: 1 REGISTER\r\n"
    "Contact: <sip:8001@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedServer]:
    server = ShippedServer(tmp_path_factory.mktemp("abused"), sections(reception={"greeting": False}))
    server.start()
    yield server
    assert server.stop() == 0, server.log()[-3000:]


@pytest.fixture
async def server(process: ShippedServer) -> AsyncIterator[ShippedServer]:
    """A traceback in its log fails the test."""
    before = len(process.tracebacks())
    yield process
    assert process.alive and not process.tracebacks()[before:], process.log()[-3000:]


@pytest.fixture
async def phone(server: ShippedServer) -> AsyncIterator[Phones]:
    async with Phones(server) as phones:
        yield phones


def mangled() -> Iterator[bytes]:
    """Datagrams that are no SIP: random bytes, and real requests cut, doubled, emptied and filled with rubbish."""
    dice = random.Random(4475)
    yield from (b"", b"\r\n\r\n", b"\0" * 40, b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n", "你好\r\n\r\n".encode())
    whole = REGISTER.format(n="spray").encode()
    lines = whole.split(b"\r\n")
    for n in range(len(lines)):
        yield b"\r\n".join(lines[:n] + lines[n + 1 :])
        yield b"\r\n".join([*lines[:n], b"X" * 300 + b"\xff\xfe", *lines[n + 1 :]])
    yield whole.replace(b"Content-Length: 0", b"Content-Length: 5000")
    yield whole.replace(b"Content-Length: 0", b"Content-Length: -1")
    yield whole.replace(b"CSeq: 1", b"CSeq: 99999999999999999999")
    yield whole.replace(b"sip:127.0.0.1 SIP", b"sip:\x00\x01 SIP")
    for _ in range(300):
        yield dice.randbytes(dice.randrange(1, 1200))
        cut = bytearray(whole[: dice.randrange(1, len(whole))])
        cut[dice.randrange(len(cut))] = dice.randrange(256)
        yield bytes(cut)


async def test_malformed_sip_and_rtp_are_counted_and_a_call_goes_on(server: ShippedServer, phone: Phones) -> None:
    pair = await bridged(server, phone, "user1")
    before = server.figures()["nuanxian_sip_malformed_total"]
    dice = random.Random(3550)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sprayer:
        for datagram in mangled():
            sprayer.sendto(datagram, ("127.0.0.1", server.sip_port))
        for port in range(server.rtp_ports[0], server.rtp_ports[1] + 1):
            for length in (0, 1, 11, 12, 13, 40, 172, 1400):
                sprayer.sendto(dice.randbytes(length), ("127.0.0.1", port))
                sprayer.sendto(b"\x80\x65" + dice.randbytes(length), ("127.0.0.1", port))
    await pair.until_both_hear(1.0)
    await pair.hang_up()
    assert server.figures()["nuanxian_sip_malformed_total"] >= before + 250
    await phone("user2")  # registers: the listener lives


async def test_rubbish_on_tcp_closes_that_connection_alone(server: ShippedServer, phone: Phones) -> None:
    for rubbish in (b"\0" * 2000, b"INVITE sip:x SIP/2.0\r\nContent-Length: abc\r\n\r\n", b"A" * 70_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sip_port)
        writer.write(rubbish)
        writer.write_eof()
        try:
            async with asyncio.timeout(10):
                while await reader.read(4096):
                    pass
        except ConnectionResetError:
            pass
        finally:
            writer.close()
    await phone("user2")


async def test_a_request_with_a_wrong_length_is_answered_400_with_what_is_wrong(server: ShippedServer) -> None:
    request = REGISTER.format(n="short").replace("Content-Length: 0", "Content-Length: 500")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(5)
        peer.sendto(request.encode(), ("127.0.0.1", server.sip_port))
        answer = (await asyncio.to_thread(peer.recv, 4096)).decode()
    assert answer.startswith("SIP/2.0 400 ") and "Content-Length" in answer


async def test_an_unknown_caller_is_challenged_and_gets_no_further(server: ShippedServer, phone: Phones) -> None:
    stranger = await phone("stranger", secret="", register=False)
    with pytest.raises(Refused) as challenged:
        await stranger.call("96556")
    assert challenged.value.status in {401, 407}
    with pytest.raises(Refused) as refused:
        await (await phone("stranger", secret="guessed-it", register=False)).call("96556")
    assert refused.value.status in {401, 403}


async def test_wrong_passwords_are_refused_and_then_met_with_silence(server: ShippedServer, phone: Phones) -> None:
    guesser = await phone("8001", secret="wrong-password", register=False, host="127.0.0.2")
    before = server.figures()["nuanxian_sip_wrong_passwords_total"]
    refused = 0
    with pytest.raises(TimeoutError):
        for _ in range(30):
            try:
                await asyncio.wait_for(guesser.register(), 2)
            except Refused as answer:
                assert answer.status in {401, 403}
                refused += 1
    assert 3 <= refused <= 15
    assert server.figures()["nuanxian_sip_wrong_passwords_total"] >= before + 3
    await phone("8002")  # from another address: served as before


async def test_an_unknown_number_is_refused_with_404(server: ShippedServer, phone: Phones) -> None:
    seat = await phone("8001")
    with pytest.raises(Refused) as refused:
        await seat.call("12399")
    assert refused.value.status == 404
    assert refused.value.answer.one("reason") or refused.value.answer.one("warning"), "nothing says why"


@pytest.mark.parametrize("media", ["m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000", "m=image 4000 udptl t38"])
async def test_an_offer_without_a_codec_of_ours_is_refused_with_488(
    server: ShippedServer, phone: Phones, media: str
) -> None:
    caller: Phone = await phone("user3", register=False)
    offer = f"v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}\r\n"
    with pytest.raises(Refused) as refused:
        await caller.call("96556", offer=offer)
    assert refused.value.status == 488 and refused.value.answer.one("warning")


async def test_api_passwords_are_rate_limited(server: ShippedServer) -> None:
    statuses = []
    for _ in range(20):
        status, _ = await asyncio.to_thread(
            server._fetch, "POST", "/api/v1/sign-in", {"name": "nobody", "password": "guessed-wrong"}
        )
        statuses.append(status)
        if status == 429:
            break
    assert statuses[0] == 401 and statuses[-1] == 429
