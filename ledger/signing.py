"""Signing the head of the ledger with Ed25519; the key lies outside the database."""

import contextlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ledger.verifier import head_message


class NoSigningKey(RuntimeError):
    """The key can't be read; the sentence says what to do."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file, made at first use. Raises NoSigningKey if there is something else."""
    if not path.exists():
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise NoSigningKey(f"LEDGER_KEY_FILE {path} can't be read as a private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoSigningKey(f"LEDGER_KEY_FILE {path} holds another kind of key than Ed25519.")
    return key


def _make(path: Path) -> None:
    """A new key, readable by its owner only. Of two processes that make one at once, one wins."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    mine.touch(mode=0o600)
    mine.write_bytes(pem)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(mine)
    mine.unlink()


def signature_of(key: Ed25519PrivateKey, seq: int, hash_: str, at: str) -> str:
    """The signature of a head, as hexadecimal digits."""
    return key.sign(head_message(seq, hash_, at)).hex()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public key as auditors keep it."""
    return pem_of(public_bytes(key))


def pem_of(public: bytes) -> str:
    """A public key of 32 bytes in PEM."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
