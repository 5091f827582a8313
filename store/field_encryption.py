"""Fields that name a person are stored encrypted: AES-256-GCM, bound to the table and column they stand in.

Stored form: ``<key id>:<base64 of nonce, ciphertext and tag>``. The associated data is ``table.column``, so that a
ciphertext moved into another column does not open. Several keys may be held; new values use the newest.
"""

import base64
import binascii
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.errors import DecryptionFailed

_NONCE_BYTES = 12
"""NIST SP 800-38D §8.2.2: a random 96-bit nonce, good for 2^32 values under one key."""


class FieldCipher:
    """Encrypts and opens single fields.

    Args:
        keys: key id (letters and digits) to 32 bytes; ids sort by age, the last one encrypts.
    Raises:
        ValueError: no key, or a key of the wrong length.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != 32 or not key_id.isalnum() for key_id, key in keys.items()):
            raise ValueError("field encryption needs named keys of 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = max(keys)

    def encrypt(self, plain: str, *, place: str) -> str:
        """The stored form of a field.

        Args:
            plain: what to hide.
            place: ``table.column``, needed again to open it.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain.encode(), place.encode())
        return f"{self._newest}:{base64.b64encode(nonce + sealed).decode('ascii')}"

    def decrypt(self, stored: str, *, place: str) -> str:
        """What was hidden.

        Raises:
            DecryptionFailed: an unknown key, another place, or changed bytes.
        """
        key_id, _, body = stored.partition(":")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise DecryptionFailed(f"{place} was encrypted with a key that this installation does not hold")
        try:
            raw = base64.b64decode(body, validate=True)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise DecryptionFailed(
                f"{place} holds bytes that do not open: changed, or moved from another column"
            ) from error
