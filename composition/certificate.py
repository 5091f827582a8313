"""A certificate of our own for the local network, and the address under which this machine is seen there."""

import ipaddress
import os
import socket
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vocabulary.clock import SystemClock

VALID = timedelta(days=825)


def local_address() -> str:
    """The address of the interface that leads outwards; the loopback's when there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: a documentation address; connect() of UDP sends nothing
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def local_certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key (mode 0600) in the folder; made when missing."""
    chain, key_file = folder / "local.crt", folder / "local.key"
    if chain.exists() and key_file.exists():
        return chain, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nuanxian local")])
    now = SystemClock().now()
    addresses = {"127.0.0.1", local_address()}
    names = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(
            x509.SubjectAlternativeName([*names, *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return chain, key_file
