"""The audit pack: complete lists with count, gaps and hash, now and as of then, equal to the facts."""

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role, RoleGrant, User
from dashboards import populations
from governance import services
from governance.models import Decision, ReleaseLine, Signature
from ledger.facts import fact_models
from ledger.models import LedgerEntry
from ledger.services import last_seq
from portfolio.models import Initiative
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, first_tranche, in_pilot

PATH = "/reports/audit/"


@pytest.fixture
def released(cast: Cast) -> Initiative:
    """Funded, with its first tranche released."""
    initiative = in_pilot(cast)
    services.release_tranche(first_tranche(initiative), reason="Due", actor=cast.finance)
    return initiative


def taken(client: Any, path: str = PATH, **values: str) -> bytes:
    """The file that a POST gives."""
    answer = client.post(path, values)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="keel-')
    return b"".join(answer.streaming_content)


def rows_of(content: bytes) -> list[dict[str, str]]:
    """A list as rows."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_pack_is_complete_and_equals_the_facts(
    released: Initiative, auditor: User, sign_in: SignIn
) -> None:
    seq = last_seq()
    pack = zipfile.ZipFile(io.BytesIO(taken(sign_in(auditor))))
    manifest = json.loads(pack.read("manifest.json"))
    assert manifest["as_of"] == seq
    assert manifest["facts_in_the_ledger"] == manifest["facts_in_the_tables"] > 50
    assert rows_of(pack.read("manifest.csv"))[0]["file"] == manifest["lists"][0]["file"]
    for listed in manifest["lists"]:
        content = pack.read(listed["file"])
        assert hashlib.sha256(content).hexdigest() == listed["sha256"]
        assert len(rows_of(content)) == listed["count"], listed["file"]
    by_file = {listed["file"]: listed for listed in manifest["lists"]}
    assert by_file["governance-decision.csv"]["count"] == Decision.objects.count()
    assert by_file["accounts-rolegrant.csv"]["count"] == RoleGrant.objects.count()
    assert by_file["ledger-ledgerentry.csv"]["count"] == seq
    assert by_file["ledger-ledgerentry.csv"]["gaps"] == 0
    lines = rows_of(pack.read("governance-releaseline.csv"))
    assert sum(Decimal(row["amount"]) for row in lines) == sum(
        line.amount for line in ReleaseLine.objects.all()
    )
    signatures = rows_of(pack.read("governance-signature.csv"))
    assert [row["by_id"] for row in signatures] == [
        str(row.by_id) for row in Signature.objects.order_by("pk")
    ]
    assert "password" not in rows_of(pack.read("accounts-user.csv"))[0]


def test_every_fact_of_rights_and_decisions_is_in_the_pack() -> None:
    listed = {each.model for each in populations.populations()}
    for model in fact_models():
        if model._meta.app_label in populations.WHOLE_ROOMS:
            assert model in listed
    ratings = {"Scorecard", "ScorecardRating", "RatingRevision"}
    assert not ratings & {model.__name__ for model in listed}
    keys = [each.key for each in populations.populations()]
    assert len(keys) == len(set(keys))


def test_it_is_the_same_as_of_a_past_point(released: Initiative, cast: Cast, sign_in: SignIn) -> None:
    seq = last_seq()
    browser = sign_in(cast.cfo)
    before = taken(browser, list="governance-decision")
    granted = taken(browser, list="accounts-rolegrant")
    factories.grant(factories.make_user("Newly Come"), Role.CONTRIBUTOR, cast.unit)
    services.stop(released, reason="Enough", actor=cast.ceo)
    assert taken(browser, f"/as-of/{seq}{PATH}", list="governance-decision") == before
    assert taken(browser, f"/as-of/{seq}{PATH}", list="accounts-rolegrant") == granted
    assert taken(browser, list="accounts-rolegrant") != granted
    pack = zipfile.ZipFile(io.BytesIO(taken(browser, f"/as-of/{seq}{PATH}")))
    manifest = json.loads(pack.read("manifest.json"))
    assert manifest["as_of"] == seq
    assert manifest["facts_in_the_ledger"] == manifest["facts_in_the_tables"]


def test_taking_it_stands_in_the_ledger(group: Any, auditor: User, sign_in: SignIn) -> None:
    content = taken(sign_in(auditor), list="accounts-user")
    entry = LedgerEntry.objects.latest("seq")
    assert entry.act == "audit.exported"
    assert hashlib.sha256(content).hexdigest() in entry.body


def test_a_gap_is_named_with_its_reason(auditor: User, sign_in: SignIn) -> None:
    User.objects.filter(pk=factories.make_user("Went Away").pk).delete()
    factories.make_user("Came Later")
    each = populations.population("accounts-user")
    assert each is not None
    found = populations.examine(each, last_seq())
    assert found.extent.gaps >= 1
    assert found.missing
    assert "stay unused" in found.why
    assert found.why in sign_in(auditor).get(PATH).content.decode()


def test_who_may_take_it(
    sign_in: SignIn,
    auditor: User,
    outsider: User,
    finance: User,
    unit: Any,
    django_assert_max_num_queries: Any,
) -> None:
    with django_assert_max_num_queries(len(populations.populations()) * 2 + len(fact_models()) + 25):
        assert sign_in(auditor).get(PATH).status_code == 200
    assert sign_in(outsider).get(PATH).status_code == 403
    assert sign_in(finance).post(PATH).status_code == 403
    of_a_part = factories.make_person("Part Auditor", Role.AUDITOR, unit)
    assert sign_in(of_a_part).post(PATH).status_code == 403
    assert sign_in(auditor).post(PATH, {"list": "secrets"}).status_code == 422
    assert sign_in(auditor).put(PATH).status_code == 405
    assert not LedgerEntry.objects.filter(act="audit.exported").exists()
