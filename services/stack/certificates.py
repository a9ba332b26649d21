"""The stack's own certificates: a small authority that devices trust, and the broker's certificate signed by it.

For `riqing up` and the demo. In production the operator puts his own `server.crt` and `server.key` in place
(docs/operating.md); whoever has none can make them with `python -m services.stack.certificates FOLDER --name HOST`.
"""

import argparse
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.stack.errors import StackError

AUTHORITY_LASTS = timedelta(days=3650)
SERVER_LASTS = timedelta(days=397)
"""No longer than what strict clients accept."""
RENEWED_BEFORE = timedelta(days=60)
CLOCKS_DIFFER_BY = timedelta(days=1)
"""A terminal's clock may be behind: certificates are valid from so long ago."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the four files lie; the authority's key is needed only to sign the broker's next certificate."""

    authority: Path
    authority_key: Path
    server: Path
    server_key: Path

    @classmethod
    def at(cls, authority_folder: Path, server_folder: Path) -> "CertificateFiles":
        """Return the files by their usual names."""
        return cls(
            authority_folder / "ca.crt",
            authority_folder / "ca.key",
            server_folder / "server.crt",
            server_folder / "server.key",
        )


def local_names() -> tuple[str, ...]:
    """Return the names and addresses by which a client of the local stack may call the broker."""
    return ("localhost", "127.0.0.1", "::1", socket.gethostname())


def ensure_certificates(files: CertificateFiles, names: Sequence[str]) -> bool:
    """Make what is missing, renew what ends soon or bears other names; return whether anything was made.

    A server certificate without an authority's key beside it is the operator's own and is left alone. Devices
    that trust the authority go on trusting a renewed certificate.

    Raises:
        StackError: a file that is there is no certificate or key, or one cannot be written.

    """
    if files.server.exists() and not files.authority_key.exists():
        return False
    try:
        if _is_good(files, names):
            return False
        authority_key, authority = _authority(files)
        _write_server(files, authority_key, authority, names)
    except (ValueError, TypeError) as error:
        raise StackError(
            f"The certificates in {files.authority.parent} are damaged ({error}): "
            "remove that folder, and give the devices the new ca.crt that the next start makes."
        ) from error
    except OSError as error:
        raise StackError(f"The certificates cannot be written to {files.server.parent} ({error.strerror}).") from error
    return True


def _is_good(files: CertificateFiles, names: Sequence[str]) -> bool:
    if not all(path.exists() for path in (files.authority, files.authority_key, files.server, files.server_key)):
        return False
    authority, server = (x509.load_pem_x509_certificate(path.read_bytes()) for path in (files.authority, files.server))
    renewed_at = datetime.now(UTC) + RENEWED_BEFORE
    if min(authority.not_valid_after_utc, server.not_valid_after_utc) < renewed_at:
        return False
    found = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return server.issuer == authority.subject and list(found) == _alternative_names(names)


def _authority(files: CertificateFiles) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return the authority that is there while it lasts, else a new one."""
    if files.authority.exists() and files.authority_key.exists():
        key = serialization.load_pem_private_key(files.authority_key.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(files.authority.read_bytes())
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is none of ours")
        if certificate.not_valid_after_utc > datetime.now(UTC) + SERVER_LASTS:
            return key, certificate
    key = ec.generate_private_key(ec.SECP256R1())
    # Its own name each time: a client that still has an older one must not take the two for the same.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Riqing stack {os.urandom(4).hex()}")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _begin(name, name, key, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(files.authority_key, key)
    _write(files.authority, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return key, certificate


def _write_server(
    files: CertificateFiles,
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    names: Sequence[str],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        _begin(subject, authority.subject, key, SERVER_LASTS)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(files.server_key, key)
    _write(files.server, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER_BY)
        .not_valid_after(now + lasts)
    )


def _alternative_names(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, encoded, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, never readable by more than `mode` allows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    unfinished.replace(path)


def main() -> None:
    """Make certificates for a broker that devices call by the given names."""
    parser = argparse.ArgumentParser(description="Make ca.crt, which devices trust, and the broker's certificate.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", action="append", required=True, help="a host name or address; may be repeated")
    arguments = parser.parse_args()
    made = ensure_certificates(CertificateFiles.at(arguments.folder, arguments.folder), arguments.name)
    print(f"{arguments.folder}: {'made' if made else 'nothing to renew'}; give devices ca.crt, and nobody ca.key.")


if __name__ == "__main__":
    main()
