"""Keys, signatures, and seals held against a journal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from journal_samples import START, enabled_events, lines_of
from keyrings_for_tests import keyring_of

from cbops.errors import InputError
from cbops.journal.codec import line_hash
from cbops.journal.keys import create_signer, load_signer, public_key
from cbops.journal.seals import seal_problem
from cbops.journal.signing import Signer, is_signed, new_signer, signer_of
from cbops.model.base import iso
from cbops.model.seal import Seal, seal_statement

HASHES = [line_hash(line) for line in lines_of(enabled_events())]
# RFC 8032, 7.1, test 2: the secret key, the public key, and the signature of the one byte 0x72.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def seal(signer: Signer, **changes: object) -> Seal:
    covers, last, at = 9, HASHES[8], iso(START)
    signature = signer.sign(seal_statement("tenant-a", covers, last, at, signer.public))
    made = Seal(
        rollout="tenant-a", covers=covers, hash=last, sealed_at=START, key=signer.public, signature=signature
    )
    return made.model_copy(update=changes)


def pem_of(secret: str) -> bytes:
    """A private key as openssl writes it: the DER head of RFC 8410 before the 32 bytes."""
    import base64  # noqa: PLC0415 - of this helper alone

    body = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420" + secret)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()


def test_a_signature_is_that_of_the_standard() -> None:
    signer = signer_of(pem_of(SECRET), "key.pem")
    assert (signer.public, signer.sign(b"\x72")) == (PUBLIC, SIGNATURE)
    assert is_signed(b"\x72", key=PUBLIC, signature=SIGNATURE)
    assert not is_signed(b"\x73", key=PUBLIC, signature=SIGNATURE)


def test_a_seal_fits_the_journal_that_it_was_made_of_and_any_that_goes_on_from_it() -> None:
    made = seal(new_signer())
    assert seal_problem(made, "tenant-a", HASHES[:9]) is None
    assert seal_problem(made, "tenant-a", HASHES) is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"covers": 8}, "its signature is not that of its key"),
        ({"hash": HASHES[3]}, "its signature is not that of its key"),
        ({"rollout": "tenant-b"}, "its signature is not that of its key"),
        ({"sealed_at": START.replace(hour=10)}, "its signature is not that of its key"),
        ({"key": PUBLIC}, "its signature is not that of its key"),
        ({"signature": SIGNATURE}, "its signature is not that of its key"),
        ({"key": "ff" * 32}, "its signature is not that of its key"),
    ],
)
def test_any_changed_field_of_a_seal_is_found(changes: dict[str, object], problem: str) -> None:
    assert problem in str(seal_problem(seal(new_signer(), **changes), "tenant-a", HASHES))


def test_a_chain_that_was_rewritten_whole_doesn_t_fit_its_seal() -> None:
    rewritten = [line_hash(line) for line in lines_of(enabled_events(), actor="eve")]
    assert "rewritten up to there" in str(seal_problem(seal(new_signer()), "tenant-a", rewritten))


def test_a_chain_that_was_cut_off_before_its_seal_says_how_much_is_lost() -> None:
    assert "ends with event 7: 2 lost" in str(seal_problem(seal(new_signer()), "tenant-a", HASHES[:7]))


def test_a_seal_of_another_rollout_is_none_of_this() -> None:
    assert "a seal of the rollout 'tenant-a'" in str(seal_problem(seal(new_signer()), "tenant-b", HASHES))


def test_a_new_key_is_for_its_owner_alone_and_is_read_back(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = create_signer("seal.key", tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "seal.key").stat().st_mode & 0o777 == 0o600
    assert load_signer("seal.key", tmp_path).public == made.public
    assert public_key("seal.key.pub", tmp_path) == made.public
    assert made.pem.decode().splitlines()[1] not in repr(made)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    made = create_signer("seal.key", tmp_path)
    with pytest.raises(InputError, match="exists already"):
        create_signer("seal.key", tmp_path)
    assert load_signer("seal.key", tmp_path).public == made.public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_signer("seal.key", tmp_path)
    (tmp_path / "seal.key").chmod(mode)
    with pytest.raises(InputError, match="others may read the private key") as caught:
        load_signer("seal.key", tmp_path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"secret words", pem_of(SECRET)[:60]])
def test_what_is_no_key_is_refused_without_repeating_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="holds no private key") as caught:
        load_signer("seal.key", tmp_path)
    assert "secret" not in str(caught.value)


def test_a_folder_or_nothing_at_all_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no file"):
        load_signer(".", tmp_path)
    with pytest.raises(InputError, match="No such file"):
        load_signer("seal.key", tmp_path)


def test_a_public_key_is_read_as_hex_from_the_line_from_a_file_and_from_pem(tmp_path: Path) -> None:
    import base64  # noqa: PLC0415 - of this test alone

    body = base64.b64encode(bytes.fromhex("302a300506032b6570032100" + PUBLIC)).decode()
    (tmp_path / "public.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    (tmp_path / "public.txt").write_text(f"{PUBLIC}\n")
    (tmp_path / "other.txt").write_text("nothing of the kind")
    for text in (PUBLIC, PUBLIC.upper(), "public.pem", "public.txt"):
        assert public_key(text, tmp_path) == PUBLIC
    with pytest.raises(InputError, match="holds no public key"):
        public_key("other.txt", tmp_path)


def test_a_key_in_the_system_s_keyring_is_made_once_and_read_back(tmp_path: Path) -> None:
    with keyring_of({}) as ring:
        made = create_signer("keyring:cbops/seal", tmp_path)
        assert load_signer("keyring:cbops/seal", tmp_path).public == made.public
        assert list(ring.held) == [("cbops", "seal")]
        with pytest.raises(InputError, match="keyring:cbops/seal exists already"):
            create_signer("keyring:cbops/seal", tmp_path)
        with pytest.raises(InputError, match="the system's keyring holds no 'cbops/other'"):
            load_signer("keyring:cbops/other", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["keyring:", "keyring:cbops", "keyring:/seal", "keyring:cbops/ "])
def test_a_place_in_the_keyring_has_a_service_and_a_name(place: str, tmp_path: Path) -> None:
    with keyring_of({}), pytest.raises(InputError, match=f"'{place}' names no entry of the keyring"):
        load_signer(place, tmp_path)


def test_a_keyring_that_is_locked_is_told_by_its_error_without_what_it_says(tmp_path: Path) -> None:
    with keyring_of({}) as ring:
        ring.fails = RuntimeError("planted-7d1e")
        for act in (load_signer, create_signer):
            with pytest.raises(
                InputError, match=r"the system's keyring can't be used \(RuntimeError\)"
            ) as raised:
                act("keyring:cbops/seal", tmp_path)
            assert "planted" not in raised.value.message
        ring.fails = None
        ring.refuses = PermissionError("planted-7d1e")
        with pytest.raises(InputError, match=r"can't be used \(PermissionError\)"):
            create_signer("keyring:cbops/seal", tmp_path)


def test_without_the_package_the_keyring_is_told_to_be_an_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InputError, match="the package keyring is missing") as raised:
        load_signer("keyring:cbops/seal", tmp_path)
    assert "cbops[keyring]" in str(raised.value.hint)


def test_a_private_key_of_another_kind_is_refused() -> None:
    key = x25519.X25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InputError, match="holds a key of another kind than Ed25519"):
        signer_of(pem, "seal.key")
