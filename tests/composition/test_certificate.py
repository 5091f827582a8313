"""The certificate of the local network."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from composition.certificate import local_address, local_certificate
from vocabulary.clock import SystemClock

pytestmark = pytest.mark.unit


def test_it_names_this_machine_and_is_valid_now(tmp_path: Path) -> None:
    chain, _ = local_certificate(tmp_path)
    made = x509.load_pem_x509_certificate(chain.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(each) for each in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", local_address()} == addresses
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert made.not_valid_before_utc <= SystemClock().now() <= made.not_valid_after_utc
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days <= 826, "browsers refuse longer ones"


def test_its_key_is_readable_for_the_owner_alone_and_fits(tmp_path: Path) -> None:
    chain, key = local_certificate(tmp_path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(chain, key)


def test_it_is_made_once(tmp_path: Path) -> None:
    chain, key = local_certificate(tmp_path)
    before = chain.read_bytes(), key.read_bytes()
    assert local_certificate(tmp_path) == (chain, key)
    assert (chain.read_bytes(), key.read_bytes()) == before


def test_a_missing_half_makes_both_anew(tmp_path: Path) -> None:
    chain, key = local_certificate(tmp_path)
    key.unlink()
    before = chain.read_bytes()
    local_certificate(tmp_path)
    assert chain.read_bytes() != before
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(chain, key)
