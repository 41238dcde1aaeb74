"""The builders of the other tests hold what they promise."""

from collections.abc import Callable
from typing import Any

import pytest

from portfolio.case import clean, missing
from portfolio.models import Initiative
from tests import factories


def test_the_content_lacks_nothing_for_the_first_four_gates(content: dict[str, Any]) -> None:
    cleaned, errors = clean(content)
    assert errors == {}
    assert {gate: missing(cleaned, gate) for gate in ("G0", "G2", "G3")} == {"G0": {}, "G2": {}, "G3": {}}


@pytest.mark.parametrize(
    ("build", "stage"),
    [
        (factories.draft, "draft"),
        (factories.submitted, "submitted"),
        (factories.in_assessment, "assessment"),
        (factories.in_decision, "decision"),
        (factories.piloting, "pilot"),
    ],
)
def test_each_builder_ends_at_its_stage(
    content: dict[str, Any], build: Callable[..., Initiative], stage: str
) -> None:
    assert build(content).stage == stage
