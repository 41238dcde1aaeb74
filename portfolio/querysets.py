"""Who may see which initiatives, as filters."""

from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts import policy

if TYPE_CHECKING:
    from accounts.models import User
    from portfolio.models import Initiative  # noqa: F401


class InitiativeQuerySet(models.QuerySet["Initiative"]):
    """Initiatives by who may see them and by state."""

    def open_to(self, user: "User") -> Self:
        """All that the user may open whole: by role and unit, or by a part in it."""
        reach = policy.reach(user, "initiative.view")
        if reach.everywhere:
            return self
        part = Q(pk__in=[])
        for path in reach.paths:
            part |= Q(unit__path__startswith=path)
        for name in reach.parts - {"assessor"}:
            part |= Q(**{name: user})
        if "assessor" in reach.parts:
            assigned = apps.get_model("portfolio", "Appointment").objects.filter(
                initiative=OuterRef("pk"), person=user, part="assessor"
            )
            part |= Q(Exists(assigned))
        return self.filter(part)

    def listed_for(self, user: "User") -> Self:
        """All whose five public fields the user may read in the register."""
        if settings.REGISTER_IS_OPEN and not user.is_service_account:
            return self.filter(
                ~Q(stage="draft") | Q(pk__in=self.model._default_manager.open_to(user).values("pk"))
            )
        return self.open_to(user)

    def in_flight(self) -> Self:
        """Neither closed nor retired."""
        return self.filter(closed_kind="").exclude(stage="retired")
