"""The page that asks whether the scores told how it would end."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.http import PortalRequest, acts
from ledger import clock
from portfolio.templatetags import figures as written
from scoring import calibration, calibration_selectors
from scoring.calibration import FAILED, MET, PARTLY_MET, Band
from scoring.permissions import may_see_calibration

# What each outcome is called and how it is drawn, the same as on the executive page.
OUTCOMES = {MET: ("Met", "#009E73"), PARTLY_MET: ("Partly met", "#E69F00"), FAILED: ("Failed", "#D55E00")}


@acts("calibration.view")
@require_GET
def model_calibration(request: PortalRequest) -> HttpResponse:
    """Predicted against realised, what own outcomes taught, and how units forecast."""
    user = request.user
    may_see_calibration(user).or_deny()
    found = calibration_selectors.calibrated(user)
    context = {
        "found": found,
        "enough": calibration.ENOUGH,
        "chart": _bands_chart(found.bands) if found.is_enough else None,
        "classes": calibration_selectors.class_experience(),
        "records": calibration_selectors.forecasting_records(user),
        "fewest": calibration_selectors.FEWEST_FOR_A_RECORD,
        "days_to_itself": calibration_selectors.DAYS_TO_ITSELF,
    }
    return render(request, "scoring/model_calibration.html", context)


def _bands_chart(bands: Sequence[Band]) -> dict[str, Any]:
    """How each score band ended, as shares of the band, with the table of its numbers."""
    names = [f"{band.low:.0f} to {band.high:.0f}" for band in bands]
    return {
        "id": "bands",
        "finding": _finding(bands),
        "words": "Each bar is one band of scores at the low end; its parts are how those initiatives ended.",
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": label,
                    "y": names,
                    "x": [
                        round(100 * band.outcomes[key] / band.met.number, 2) if band.met.number else 0
                        for band in bands
                    ],
                    "customdata": [f"{band.outcomes[key]} of {band.met.number}" for band in bands],
                    "marker": {"color": colour},
                    "hovertemplate": "%{customdata}",
                }
                for key, (label, colour) in OUTCOMES.items()
            ],
            "layout": {
                "barmode": "stack",
                "xaxis": {"ticksuffix": " %", "range": [0, 100]},
                "showlegend": True,
            },
        },
        "columns": [
            {"label": "Score", "figures": False},
            *({"label": label, "figures": True} for label, _ in OUTCOMES.values()),
            {"label": "Share met", "figures": True},
            {"label": "95 % interval", "figures": True},
        ],
        "rows": [
            [
                name,
                *(band.outcomes[key] for key in OUTCOMES),
                written.percent(band.met.value),
                f"{written.percent(band.met.low)} to {written.percent(band.met.high)}"
                if band.met.number
                else written.percent(None),
            ]
            for name, band in zip(names, bands, strict=True)
        ],
        "source": "scores that are out and outcomes that were set",
        "as_of": clock.today(),
    }


def _finding(bands: Sequence[Band]) -> str:
    """What the highest and the lowest band with an initiative say."""
    held = [band for band in bands if band.met.number]
    if len(held) < 2:
        return "All finished initiatives lie in one band of scores"
    lowest, highest = held[0], held[-1]
    return (
        f"{_met(highest)} from {highest.low:.0f} points up met their case, "
        f"{_met(lowest)} under {lowest.high:.0f}"
    )


def _met(band: Band) -> str:
    return f"{band.met.count} of {band.met.number}"
