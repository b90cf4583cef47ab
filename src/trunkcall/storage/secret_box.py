"""How secrets of access keys rest in the store: encrypted and authenticated, bound to the key's id.

Decides the cipher (AES-256-GCM, NIST SP 800-38D) and the key file. It must not know what a secret is for.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trunkcall.domain.errors import SettingsError

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretBox:
    """Encrypts and decrypts with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._key = key

    def seal(self, secret: str, bound_to: str) -> bytes:
        """Encrypt a secret for the thing that it belongs to."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Decrypt. Raises SettingsError when the key is not the one that the secret was sealed with."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode()).decode()
        except (InvalidTag, ValueError) as error:  # too short to be a nonce: the store is damaged there
            raise SettingsError(
                "The secret key file is not the one that this store's access keys were encrypted with."
            ) from error

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose (HKDF, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)


def load_secret_key(path: Path) -> bytes:
    """The key in the file; a new file, mode 0600, when there is none. Raises SettingsError for a file that holds no
    key, or can be neither read nor made."""
    try:
        if not path.exists():
            _make_key_file(path)
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise SettingsError(
            f"The secret key file {path} can be neither read nor made: {error.strerror}. Name a file in a directory "
            "that exists with --secret-key-file."
        ) from error
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"The secret key file {path} must hold 64 hexadecimal digits and nothing else.")
    return key


def _make_key_file(path: Path) -> None:
    """Make the file, whole from its first moment: a server and a carrier may start together."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(os.urandom(_KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
