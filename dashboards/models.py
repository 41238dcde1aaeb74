"""Pages made of several rooms own no facts: only saved views."""

from django.db import models

from accounts.models import User
from ledger import clock


class SavedView(models.Model):
    """A filter of the register that somebody named."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_views_differ_by_name")]

    def __str__(self) -> str:
        return self.name
