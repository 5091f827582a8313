"""Names and passwords of accounts and trunks."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """One digest identity. A password, or the hashes H(username:realm:password) in hexadecimal.

    Attributes:
        username: digest user name.
        password: plain; None when only hashes are kept.
        ha1: algorithm name ("SHA-256", "MD5") → hash.
        realm: outbound only: the one realm these are ever used for; "" means any realm of the trunk's own address.
    """

    username: str
    password: str | None = field(default=None, repr=False)
    ha1: dict[str, str] = field(default_factory=dict, repr=False)
    realm: str = ""
