"""RTP ports."""

import socket

import pytest

from telephony.media.io.udp import PortPool

pytestmark = pytest.mark.unit


def test_only_even_ports_are_used_and_the_one_freed_last_comes_last() -> None:
    pool = PortPool("127.0.0.1", 43101, 43106)
    assert pool.free == 3
    sockets = [pool.bind() for _ in range(3)]
    assert [port for _, port in sockets] == [43102, 43104, 43106]
    with pytest.raises(OSError, match="no free RTP port"):
        pool.bind()
    for sock, _ in sockets:
        sock.close()
    pool.release(43104)
    pool.release(43102)
    sock, port = pool.bind()
    sock.close()
    assert port == 43104


def test_a_port_that_another_program_holds_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 43112))
        pool = PortPool("127.0.0.1", 43112, 43114)
        sock, port = pool.bind()
        sock.close()
    assert port == 43114
    assert pool.free == 1


def test_a_whole_block_of_another_program_is_passed_over_and_its_ports_come_last() -> None:
    others = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(120)]
    try:
        for index, other in enumerate(others):
            other.bind(("127.0.0.1", 43200 + 2 * index))
        pool = PortPool("127.0.0.1", 43200, 43444)
        first, second = pool.bind(), pool.bind()
        assert [first[1], second[1]] == [43440, 43442]
        first[0].close()
        second[0].close()
    finally:
        for other in others:
            other.close()


def test_when_other_programs_hold_every_port_the_leg_is_refused_and_none_is_lost() -> None:
    pool = PortPool("127.0.0.1", 43450, 43452)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 43450))
        two.bind(("127.0.0.1", 43452))
        with pytest.raises(OSError, match="no free RTP port"):
            pool.bind()
    assert pool.free == 2
    sock, port = pool.bind()
    sock.close()
    assert port == 43450


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(OSError):
        PortPool("192.0.2.1", 43120, 43122).bind()


def test_ipv6_is_bound_where_it_is_asked_for() -> None:
    assert PortPool("::1", 43130, 43132).family == socket.AF_INET6
