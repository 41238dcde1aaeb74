"""Warnings of the executive page name the initiative, what is wrong and by how much."""

from typing import Any

import pytest

from accounts.models import User
from scoring.models import ReturnPosition
from scoring.positions import refresh_returns
from tests.factories import SignIn, piloting

pytestmark = pytest.mark.django_db


def test_a_red_initiative_is_named_with_its_reason(
    content: dict[str, Any], sign_in: SignIn, cfo: User
) -> None:
    initiative = piloting(content)
    refresh_returns()
    ReturnPosition.objects.filter(initiative=initiative).update(status="red", cost_overrun=0.4)
    page = sign_in(cfo).get("/portfolio/").content.decode()
    warnings = page.split("<h2>Warnings</h2>")[1]
    assert initiative.title in warnings
    assert initiative.reference in warnings
    assert "cost 40\u202f% over the baseline" in warnings
