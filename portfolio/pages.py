"""What pages about one initiative share."""

from django.shortcuts import get_object_or_404

from accounts.http import PortalRequest
from portfolio.models import Initiative


def initiative_of(request: PortalRequest, pk: int) -> Initiative:
    """The initiative that the reader may open whole, with its unit, case and people, or 404."""
    found = Initiative.objects.open_to(request.user).select_related(
        "unit", "current_case", "owner", "sponsor", "benefit_owner"
    )
    return get_object_or_404(found, pk=pk)
