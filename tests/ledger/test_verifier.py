"""The stand-alone verifier: it accepts an export, and finds and locates every tampering, without Keel."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Unit, User
from ledger import chain, facts, selectors, services, signing, tasks, verifier
from ledger.models import HeadPublication, LedgerEntry, SignedHead
from tests import factories
from tests.factories import SignIn

pytestmark = pytest.mark.django_db

TAMPERINGS = 1000
Lines = list[str]


@pytest.fixture
def key_file(tmp_path: Path, settings: Any) -> Path:
    """A key of this test's own."""
    settings.LEDGER_KEY_FILE = tmp_path / "key.pem"
    settings.LEDGER_PUBLISH_TO = [f"file:{tmp_path / 'kept'}"]
    return Path(settings.LEDGER_KEY_FILE)


@pytest.fixture
def export(content: dict[str, Any], unit: Unit, key_file: Path, tmp_path: Path) -> Path:
    """An exported ledger with some acts, in a file beside its public key."""
    factories.piloting(content, unit=unit)
    file = tmp_path / "ledger.jsonl"
    call_command("export_ledger", str(file))
    return file


def faults_of(lines: Lines, key: bytes, *heads: dict[str, Any]) -> list[verifier.Fault]:
    return list(verifier.verify(lines, key, heads))


def test_an_export_holds_in_a_python_that_has_nothing_else(export: Path) -> None:
    # -I and -S: no packages of this environment, no folder of ours on the path.
    program = [sys.executable, "-I", "-S", verifier.__file__, str(export), f"{export}.pem"]
    kept = sorted(str(path) for path in (export.parent / "kept").glob("*.json"))
    done = subprocess.run([*program, *kept], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "The ledger holds.\n"), done.stderr
    lines = export.read_text().splitlines(keepends=True)
    changed = lines[3].replace('"act":"', '"act":"x')
    export.write_text("".join([*lines[:3], changed, *lines[4:]]))
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("Entry 4 was changed")


def test_the_verifier_is_short_and_needs_nothing() -> None:
    source = Path(verifier.__file__).read_text()
    assert len(source.splitlines()) < 200
    imported = {
        line.split()[1].partition(".")[0]
        for line in source.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names


# Tampering -----------------------------------------------------------------------------------


def flip(lines: Lines, random: Random) -> tuple[Lines, int]:
    """Any byte of any entry."""
    place = random.randrange(len(lines))
    data = bytearray(lines[place].rstrip("\n").encode())
    data[random.randrange(len(data))] ^= 1 << random.randrange(7)
    text = data.decode("utf-8", "replace").replace("\n", "?").replace("\r", "?")
    return [*lines[:place], f"{text}\n", *lines[place + 1 :]], place + 1


def take_out(lines: Lines, random: Random) -> tuple[Lines, int]:
    place = random.randrange(len(lines) - 1)
    return lines[:place] + lines[place + 1 :], place + 1


def put_in(lines: Lines, random: Random) -> tuple[Lines, int]:
    """A made-up entry that even carries a right hash of its own."""
    place = random.randrange(1, len(lines))
    row = json.loads(lines[place]) | {"act": "funds.invented"}
    return [*lines[:place], sealed(row), *lines[place:]], place + 1


def swap(lines: Lines, random: Random) -> tuple[Lines, int]:
    place = random.randrange(len(lines) - 1)
    return [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]], place + 1


def cut(lines: Lines, random: Random) -> tuple[Lines, int]:
    kept = random.randrange(1, len(lines))
    return lines[:kept], kept + 1


def compute_anew(lines: Lines, random: Random) -> tuple[Lines, int]:
    """A change, and every hash after it computed anew: only the signature is missing."""
    place, previous = random.randrange(len(lines)), ""
    rows = [json.loads(line) for line in lines]
    rows[place]["act"] = "funds.invented"
    for row in rows[place:]:
        row["previous_hash"] = previous or row["previous_hash"]
        previous = json.loads(sealed(row))["hash"]
        row["hash"] = previous
    # A chain that is right in itself is wrong where it was signed.
    return [chain.canonical(row) + "\n" for row in rows], len(lines)


def sealed(row: dict[str, Any]) -> str:
    """The line of an entry with the hash that its content gives."""
    content = {name: value for name, value in row.items() if name not in {"kind", "hash"}}
    return chain.canonical(row | {"hash": chain.digest(chain.canonical(content | {"hash": None}))}) + "\n"


WAYS: list[Callable[[Lines, Random], tuple[Lines, int]]] = [flip, take_out, put_in, swap, cut, compute_anew]


def test_a_thousand_random_tamperings_are_found_where_they_are(export: Path) -> None:
    lines = export.read_text().splitlines(keepends=True)
    entries, heads = [line for line in lines if '"kind":"entry"' in line], lines[-1:]
    key = verifier.key_from_pem(Path(f"{export}.pem").read_text())
    assert faults_of(entries + heads, key) == []
    random, found = Random(7), Counter[str]()
    for number in range(TAMPERINGS):
        way = WAYS[number % len(WAYS)]
        tampered, where = way(entries, random)
        if tampered == entries:
            continue
        faults = faults_of(tampered + heads, key)
        assert faults, (number, way.__name__)
        assert faults[0].seq == where, (number, way.__name__, faults[:3])
        found[way.__name__] += 1
    assert sum(found.values()) > TAMPERINGS - 20
    assert set(found) == {way.__name__ for way in WAYS}


def test_a_head_that_was_kept_outside_finds_an_end_that_was_cut_with_its_heads(export: Path) -> None:
    lines = [line for line in export.read_text().splitlines(keepends=True) if '"kind":"entry"' in line]
    key = verifier.key_from_pem(Path(f"{export}.pem").read_text())
    (kept,) = (export.parent / "kept").glob("*.json") if tasks.publish_heads() else iter(())
    head = json.loads(kept.read_text())
    assert faults_of(lines, key, head) == []
    (fault,) = faults_of(lines[:-2], key, head)
    assert fault.seq == len(lines) - 1
    assert "are missing" in fault.sentence
    assert faults_of(lines, key)[0].sentence.startswith("No signed head")


def test_a_signature_of_another_key_is_no_signature(export: Path) -> None:
    other = signing.public_bytes(Ed25519PrivateKey.generate())
    (fault,) = faults_of(export.read_text().splitlines(keepends=True), other)
    assert "not signed with this key" in fault.sentence


def test_signatures_are_those_of_an_independent_implementation() -> None:
    random = Random(3)
    for length in range(60):
        key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        public, message = signing.public_bytes(key), random.randbytes(length)
        signature = key.sign(message)
        assert verifier.is_signed(public, message, signature)
        assert not verifier.is_signed(public, message + b"!", signature)
        broken = bytearray(signature)
        broken[random.randrange(64)] ^= 1 << random.randrange(8)
        assert not verifier.is_signed(public, message, bytes(broken))
    assert not verifier.is_signed(b"", b"", b"")


def test_what_is_no_ledger_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = tmp_path / "nothing"
    assert verifier.main([]) == 2
    assert verifier.main([str(nothing), str(nothing)]) == 2
    nothing.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    assert verifier.main([str(nothing), str(nothing)]) == 2
    assert "can't be read" in capsys.readouterr().out


# Signing and keeping -------------------------------------------------------------------------


def test_a_head_is_signed_once_and_kept_outside(group: Unit, key_file: Path) -> None:
    assert tasks.sign_head() == 1
    assert tasks.sign_head() == 0
    head = SignedHead.objects.get()
    assert (head.seq, head.hash) == LedgerEntry.objects.order_by("-seq").values_list("seq", "hash").first()
    (kept,) = (key_file.parent / "kept").glob("*.json")
    assert json.loads(kept.read_text())["signature"] == head.signature
    assert key_file.stat().st_mode & 0o077 == 0
    factories.make_unit("Another unit")
    assert tasks.sign_head() == 1
    assert SignedHead.objects.count() == 2


def test_a_place_that_fails_is_tried_again(group: Unit, key_file: Path, settings: Any) -> None:
    blocked = key_file.parent / "blocked"
    blocked.write_text("a file where a folder should be")
    settings.LEDGER_PUBLISH_TO = [f"file:{blocked}", "mailto:audit@example.com"]
    assert tasks.sign_head() == 1
    failing = HeadPublication.objects.get(published_at=None)
    assert failing.failures == 1
    assert failing.failure
    blocked.unlink()
    assert tasks.publish_heads() == 1
    assert not HeadPublication.objects.filter(published_at=None).exists()
    (message,) = mail.outbox
    assert message.to == ["audit@example.com"]
    assert message.attachments[0].filename.endswith(".json")


def test_the_database_refuses_to_change_a_signed_head(group: Unit, key_file: Path) -> None:
    tasks.sign_head()
    assert SignedHead._meta.db_table in facts.protected_tables()
    for statement in ("UPDATE ledger_signedhead SET hash = 'x'", "DELETE FROM ledger_signedhead"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def _unprotected() -> Iterator[None]:
    facts.lift(connection)
    yield
    facts.protect(connection)


@pytest.mark.usefixtures("_unprotected")
def test_the_product_finds_a_chain_that_was_computed_anew(group: Unit, key_file: Path) -> None:
    factories.make_unit("Another unit")
    tasks.sign_head()
    assert selectors.verify(state=False) == []
    heads: Any = SignedHead.objects.all()
    for field, value in (("signature", "0" * 128), ("hash", "1" * 64), ("at", "2020-01-01T00:00:00Z")):
        kept = SignedHead.objects.get()
        heads.update(**{field: value})
        assert [fault.seq for fault in selectors.verify(state=False)] == [kept.seq]
        heads.update(**{field: getattr(kept, field)})


def test_another_kind_of_key_is_refused_with_a_sentence(group: Unit, key_file: Path) -> None:
    key_file.write_text("no key")
    with pytest.raises(CommandError, match="LEDGER_KEY_FILE"):
        call_command("sign_ledger")
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    other = X25519PrivateKey.generate()
    key_file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(signing.NoSigningKey, match="another kind of key"):
        services.sign_head(key_file, [])


def test_an_auditor_takes_all_that_a_verification_needs(
    group: Unit, key_file: Path, auditor: User, sign_in: SignIn, outsider: User
) -> None:
    tasks.sign_head()
    client: Client = sign_in(auditor)
    lines = b"".join(client.get(reverse("ledger-lines")).streaming_content).decode()  # type: ignore[attr-defined]
    key = verifier.key_from_pem(client.get(reverse("ledger-key")).content.decode())
    assert faults_of(lines.splitlines(keepends=True), key) == []
    program = client.get(reverse("ledger-verifier"))
    assert program.content == Path(verifier.__file__).read_bytes()
    page = client.get(reverse("ledger")).content.decode()
    assert "The head is signed through record" in page
    for name in ("ledger-lines", "ledger-key", "ledger-verifier"):
        assert sign_in(outsider).get(reverse(name)).status_code == 403
