"""The certificate with which this installation signs its files: its own, made on first use, on nobody's trust list.

C2PA refuses a self-signed leaf, so there is a root and a leaf (ECDSA P-256). The root's key is thrown away once the
leaf is signed: a new chain is made when the leaf nears its end.

    KEYS/c2pa-signer.pem   private key, leaf, root; mode 0600
    KEYS/c2pa-root.pem     the root alone, for people who want to trust this installation
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import InputError
from .disk import disk_errors, new_file
from .secret_files import make_secret

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["SigningChain", "signing_chain"]

_LIFE = timedelta(days=5 * 365)
_RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SigningChain:
    """PEM: the leaf's private key; leaf and root certificates; the root alone."""

    key: bytes
    certificates: bytes
    root: bytes


def signing_chain(key_dir: Path) -> SigningChain:
    """The chain under `key_dir`, made when there is none or when it has less than 30 days left."""
    path = key_dir / "c2pa-signer.pem"
    chain = _read(path) if path.exists() else None
    if chain is None:
        make_secret(path, _new_chain())
        chain = _read(path)
        if chain is None:
            raise InputError(f"{path} cannot be made anew.", "Move it away and run again.")
        with new_file(key_dir / "c2pa-root.pem") as part:
            part.write_bytes(chain.root)
    return chain


def _read(path: Path) -> SigningChain | None:
    """The chain in a file; None, and the file removed, when it is about to expire."""
    from cryptography import x509

    with disk_errors(path):
        data = path.read_bytes()
    try:
        key, first, second = _split(data)
        end = x509.load_pem_x509_certificate(first).not_valid_after_utc
    except ValueError as error:
        raise InputError(
            f"{path} holds no signing key and certificates.", "Move it away: a new one is made on the next run."
        ) from error
    if end - datetime.now(UTC) < _RENEW_BEFORE:
        with disk_errors(path):
            path.unlink(missing_ok=True)
        return None
    return SigningChain(key, first + second, second)


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    begin = b"-----BEGIN"
    parts = [begin + part for part in data.split(begin)[1:]]
    if len(parts) != 3:
        raise ValueError("not three PEM blocks")
    return parts[0], parts[1], parts[2]


def _new_chain() -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _root_builder(root_key).sign(root_key, hashes.SHA256())
    leaf = _leaf_builder(leaf_key, root_key).sign(root_key, hashes.SHA256())
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))


def _root_builder(root_key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        _builder("Understudy local root", root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )


def _leaf_builder(leaf_key: EllipticCurvePrivateKey, root_key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """A leaf as C2PA asks for: digital signature, e-mail protection, not a CA, issuer identified."""
    from cryptography import x509

    return (
        _builder("Understudy local signer", leaf_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    )


def _builder(subject: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Understudy local root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    from cryptography import x509

    organisation = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Understudy installation (self-made certificate)")
    return x509.Name([organisation, x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
