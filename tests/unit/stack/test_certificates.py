"""The stack's own certificates: what clients that trust the authority accept, and when they are made anew."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from services.stack import certificates
from services.stack.certificates import CertificateFiles, ensure_certificates
from services.stack.errors import StackError

NAMES = ("localhost", "127.0.0.1", "::1", "环卫.example".encode("idna").decode())


def files_in(folder: Path) -> CertificateFiles:
    """Return the files of a stack in a folder."""
    return CertificateFiles.at(folder / "certificates", folder / "broker")


def handshake(files: CertificateFiles, name: str) -> None:
    """Let a client that trusts the authority shake hands with a server that has the certificate."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(files.server, files.server_key)
    client_context = ssl.create_default_context(cafile=str(files.authority))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_a_client_that_trusts_the_authority_trusts_the_broker(tmp_path: Path) -> None:
    """Under each of its names, checked strictly; under another name it is refused."""
    files = files_in(tmp_path)
    assert ensure_certificates(files, NAMES)
    for name in NAMES:
        handshake(files, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(files, "elsewhere.example")


def test_keys_are_their_owner_s(tmp_path: Path) -> None:
    """Nobody else may read a key; everybody may read the authority's certificate."""
    files = files_in(tmp_path)
    ensure_certificates(files, NAMES)
    assert [path.stat().st_mode & 0o777 for path in (files.authority_key, files.server_key)] == [0o600, 0o600]
    assert files.authority.stat().st_mode & 0o444 == 0o444


def test_what_is_good_is_kept(tmp_path: Path) -> None:
    """A second start changes nothing, so that devices go on trusting what they were given."""
    files = files_in(tmp_path)
    ensure_certificates(files, NAMES)
    before = files.server.read_bytes()
    assert not ensure_certificates(files, NAMES)
    assert files.server.read_bytes() == before


def test_the_server_s_certificate_is_renewed_by_the_same_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For another name, or shortly before its end, it is made anew, and old clients accept it."""
    files = files_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "SERVER_LASTS", timedelta(days=30))
        ensure_certificates(files, NAMES)
    authority = files.authority.read_bytes()
    assert ensure_certificates(files, NAMES)
    assert ensure_certificates(files, ("another.example",))
    assert files.authority.read_bytes() == authority
    handshake(files, "another.example")
    server = x509.load_pem_x509_certificate(files.server.read_bytes())
    assert server.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


def test_the_operator_s_own_certificate_is_left_alone(tmp_path: Path) -> None:
    """Where there is no key of ours that could have signed it, it is his."""
    files = files_in(tmp_path)
    files.server.parent.mkdir()
    files.server.write_text("the operator's")
    assert not ensure_certificates(files, NAMES)
    assert files.server.read_text() == "the operator's"


def test_damaged_files_are_told_with_the_remedy(tmp_path: Path) -> None:
    """A certificate that is none stops the start with a sentence."""
    files = files_in(tmp_path)
    ensure_certificates(files, NAMES)
    files.authority.write_text("nonsense")
    with pytest.raises(StackError, match="damaged"):
        ensure_certificates(files, NAMES)
