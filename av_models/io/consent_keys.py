"""Who may sign consent: Ed25519 keys of issuers.

    CONFIGS/consent/issuers/NAME.pem   public keys that come with the product (the samples' issuer)
    MEDIA/keys/issuers/NAME.pem        public keys that this installation trusts: its own, and those put there by hand
    MEDIA/keys/consent-issuer.pem      the installation's own private key, made on first use, mode 0600

This guards against mistakes, edited files and lapsed consent. Who may write MEDIA/keys can also put
a key there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import ConsentError, UnderstudyError
from .disk import disk_errors, new_file
from .secret_files import make_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "is_signed",
    "key_name",
    "local_issuers",
    "new_key",
    "own_key",
    "public_hex",
    "read_key",
    "sign",
    "trusted_issuers",
    "write_issuer",
    "write_private",
]


def trusted_issuers(configs_dir: Path, media_dir: Path) -> dict[str, str]:
    """Name of every trusted issuer by its public key (64 hex digits)."""
    return _issuers_in(configs_dir / "consent" / "issuers") | local_issuers(media_dir)


def local_issuers(media_dir: Path) -> dict[str, str]:
    """As `trusted_issuers`, without those that come with the product: who may write this installation's ledgers."""
    return _issuers_in(media_dir / "keys" / "issuers")


def own_key(media_dir: Path) -> Ed25519PrivateKey:
    """The installation's own signing key; made, and its public half trusted, on first use."""
    path = media_dir / "keys" / "consent-issuer.pem"
    if not path.exists():
        write_private(path, new_key())
    key = read_key(path)
    public = media_dir / "keys" / "issuers" / f"{key_name(key)}.pem"
    if not public.exists():
        _write_public(public, key)
    return key


def new_key() -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private Ed25519 key from PEM. Raises ConsentError('issuer') when the file is not one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with disk_errors(path):
        data = path.read_bytes()
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise _bad_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad_key(path)
    return key


def write_private(path: Path, key: Ed25519PrivateKey) -> None:
    """Keep a private key where only its owner can read it; an existing file is left alone."""
    make_secret(path, _private_pem(key))


def write_issuer(configs_dir: Path, name: str, key: Ed25519PrivateKey) -> Path:
    """Publish the public half of `key` as an issuer that comes with a configuration."""
    path = configs_dir / "consent" / "issuers" / f"{name}.pem"
    _write_public(path, key)
    return path


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def key_name(key: Ed25519PrivateKey) -> str:
    """A short name for an installation's own key, from the key itself: a new key never hides an old one."""
    return f"local-{public_hex(key)[:12]}"


def sign(key: Ed25519PrivateKey, context: str, message: bytes) -> str:
    """Signature in hex. context: what kind of thing is signed, so that none passes for another."""
    return key.sign(context.encode() + b"\0" + message).hex()


def is_signed(public_key: str, signature: str, context: str, message: bytes) -> bool:
    """Whether `signature` (hex) is that of the holder of `public_key` (hex)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = bytes.fromhex(signature)
        if raw.hex() != signature:  # upper case and spaces would be a second way to write the same signature
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(raw, context.encode() + b"\0" + message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _issuers_in(folder: Path) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found: dict[str, str] = {}
    # Names that begin with a dot are another process's files that are still being written.
    for path in sorted(folder.glob("[!.]*.pem")) if folder.is_dir() else []:
        with disk_errors(path):
            data = path.read_bytes()
        try:
            key = load_pem_public_key(data)
        except ValueError:
            continue  # a damaged key is no issuer: its records are refused as coming from an unknown one
        if isinstance(key, Ed25519PublicKey):
            found[key.public_bytes_raw().hex()] = path.stem
    return found


def _write_public(path: Path, key: Ed25519PrivateKey) -> None:
    with new_file(path) as part:
        part.write_bytes(_public_pem(key))


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _bad_key(path: Path) -> UnderstudyError:
    return ConsentError("issuer", path.name, "it is no Ed25519 private key", "Put the right key back from a backup.")
