"""A telephone number: E.164 inside, masked wherever it is printed, found again by a keyed hash."""

import hashlib
import hmac
import re
from dataclasses import dataclass

import phonenumbers

from vocabulary.errors import InvalidPhoneNumber

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE_NUMBER = re.compile(r"(1[0-9]{2}|9[0-9]{4,5}|1[0-9]{4})")


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """A dialable number in E.164 form, e.g. ``+8613800001234``; prints masked.

    Raises:
        InvalidPhoneNumber: not E.164.
    """

    e164: str

    def __post_init__(self) -> None:
        if not _E164.fullmatch(self.e164):
            raise InvalidPhoneNumber(f"{len(self.e164)} characters, not E.164")

    @classmethod
    def parse(cls, dialled: str, *, area_code: str = "532") -> "PhoneNumber":
        """Read a number as people and carriers in China write it.

        Args:
            dialled: ``13800001234``, ``0532-85551234``, ``85551234`` (local: the area code is added),
                ``8613800001234``, ``+86…``, ``0086…``; blanks, dashes and brackets are ignored.
            area_code: without its trunk 0, for local numbers of 7 or 8 digits.
        Raises:
            InvalidPhoneNumber: not a number a user can be called back on (service numbers such as 96556 are not).
        """
        text = re.sub(r"[\s\-()()]", "", dialled)
        if re.fullmatch(r"[2-8][0-9]{6,7}", text):
            text = f"0{area_code}{text}"
        if re.fullmatch(r"86(1[3-9][0-9]{9}|[1-9][0-9]{9,10})", text):
            text = f"+{text}"
        elif text.startswith("00"):
            text = f"+{text[2:]}"
        try:
            number = phonenumbers.parse(text, "CN")
        except phonenumbers.NumberParseException as error:
            raise InvalidPhoneNumber(f"{len(dialled)} characters, not a telephone number") from error
        if not phonenumbers.is_possible_number(number) or _SERVICE_NUMBER.fullmatch(text):
            raise InvalidPhoneNumber(f"{len(dialled)} characters, not a number a user can be called on")
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def national(self) -> str:
        """As dialled inside China: ``13800001234``, ``053285551234``."""
        if not self.e164.startswith("+86"):
            return "00" + self.e164[1:]
        digits = self.e164[3:]
        return digits if self.is_mobile else f"0{digits}"

    @property
    def is_mobile(self) -> bool:
        """Whether it is a Chinese mobile number, which can be sent an SMS."""
        return re.fullmatch(r"\+861[3-9][0-9]{9}", self.e164) is not None

    @property
    def masked(self) -> str:
        """As shown on screens and in logs: ``138****1234``."""
        shown = self.national
        return f"{shown[:3]}****{shown[-4:]}" if len(shown) >= 10 else f"****{shown[-2:]}"

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"

    def __str__(self) -> str:
        return self.masked


class PhoneKeyer:
    """Turns a number into the keyed hash under which persons, contact locks and logs know it.

    Args:
        secret: at least 32 bytes, kept with the installation; a lost secret makes old hashes unfindable.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the phone key needs at least 32 bytes")
        self._secret = secret

    def key(self, number: PhoneNumber) -> str:
        """HMAC-SHA256 of the E.164 form: 64 hexadecimal characters."""
        return hmac.new(self._secret, number.e164.encode("ascii"), hashlib.sha256).hexdigest()
