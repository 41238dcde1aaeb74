"""The questions behind a risk tier, version 1, and the numbers of the law that each stands for.

Plain words of ours; the references are numbers of articles. `since` is the day from which the rule applies,
where it is later than the regulation as a whole: such dates have moved before and may move again.
"""

from datetime import date
from typing import NamedTuple

VERSION = 1
VALID_FROM = date(2026, 11, 22)
SOURCE = (
    "Regulation (EU) 2024/1689, Articles 5, 6 and 50 and Annex III, with the amendments adopted in June "
    "2026; OMB memorandum M-25-21."
)
ANNEX_III_FROM = date(2027, 12, 2)
AREAS: dict[int, str] = {
    1: "Biometrics",
    2: "Critical infrastructure",
    3: "Education and training",
    4: "Employment and workers",
    5: "Essential services",
    6: "Law enforcement",
    7: "Migration and borders",
    8: "Justice and democracy",
}


class Question(NamedTuple):
    """One question: what a yes implies, where it is written, and from when."""

    key: str
    group: str
    text: str
    reference: str
    implies: str  # prohibited, high, transparency, exempt, profiling, impact, or a fact of its own
    area: int = 0
    since: date | None = None


PROHIBITED = "Uses that are banned"
PRODUCT = "Products under safety law"
LISTED = "Areas in which decisions weigh heavily on people"
NARROW = "How much it decides"
OPEN = "Whether people know"
IMPACT = "High impact (US federal)"
ABOUT = "What it works with"


def _banned(key: str, letter: str, text: str, since: date | None = None) -> Question:
    return Question(key, PROHIBITED, text, f"Art 5(1){letter}", "prohibited", since=since)


def _listed(area: int, key: str, text: str) -> Question:
    return Question(key, LISTED, text, f"Annex III, area {area}", "high", area, ANNEX_III_FROM)


QUESTIONS: tuple[Question, ...] = (
    _banned("manipulates", "(a)", "Does it steer people without their noticing, or by deceiving them?"),
    _banned("exploits_weakness", "(b)", "Does it use age, disability or hardship of people against them?"),
    _banned("social_scoring", "(c)", "Does it rate people by their conduct and treat them worse elsewhere?"),
    _banned("predicts_crime", "(d)", "Does it predict from a profile alone that somebody commits a crime?"),
    _banned("scrapes_faces", "(e)", "Does it collect faces from the net or cameras to recognise people?"),
    _banned("reads_emotions", "(f)",
            "Does it read emotions of workers or pupils, other than for health or safety?"),
    _banned("sorts_by_body", "(g)", "Does it infer belief, origin or the like from faces, voices or bodies?"),
    _banned("live_recognition", "(h)", "Does it recognise people live in public places for policing?"),
    _banned("intimate_images", ", added 2026", "Can it make intimate images of people without their consent?",
            date(2026, 12, 2)),
    Question("safety_part", PRODUCT,
             "Is it a safety part of a machine, vehicle, lift, toy or medical device, or one of them itself?",
             "Art 6(1)", "high", since=date(2028, 8, 2)),
    _listed(1, "biometrics", "Does it recognise, sort or read the feelings of people by their bodies?"),
    _listed(2, "infrastructure",
            "Does it help to run traffic, water, gas, heat, power or digital networks safely?"),
    _listed(3, "education", "Does it decide on admission, marks or conduct in schools or training?"),
    _listed(4, "employment",
            "Does it choose applicants, or decide on tasks, pay, promotion or dismissal of workers?"),
    _listed(5, "services",
            "Does it decide on benefits, credit, life or health insurance, or the order of emergency calls?"),
    _listed(6, "policing", "Does it help the police to judge people, evidence or risks?"),
    _listed(7, "borders", "Does it help to decide on visas, asylum or border checks?"),
    _listed(8, "justice", "Does it help judges to decide, or can it sway elections?"),
    Question("narrow_task", NARROW,
             "Does it only prepare, tidy up or check work that people judge and decide themselves?",
             "Art 6(3)", "exempt"),
    Question("profiles_people", NARROW, "Does it build profiles of individual people?", "Art 6(3), last part",
             "profiling"),
    Question("talks", OPEN, "Do people talk or write to it directly?", "Art 50(1)", "transparency"),
    Question("makes_content", OPEN, "Does it make texts, images, sound or video that others receive?",
             "Art 50(2) and (4)", "transparency"),
    Question("high_impact", IMPACT,
             "Is its output a main basis for decisions with legal or similarly serious effect on people, "
             "safety or critical assets?", "M-25-21, section 4", "impact"),
    Question("personal_data", ABOUT, "Does it use personal data?", "Art 26(9)", "personal_data"),
    Question("third_party", ABOUT, "Does it rest on a model or service of a supplier?", "Art 25",
             "third_party"),
    Question("pilot_people", ABOUT, "Will the pilot affect real people?", "Art 26", "pilot_people"),
)  # fmt: skip
YES, NO, UNKNOWN = "yes", "no", "unknown"
CHOICES: dict[str, str] = {YES: "Yes", NO: "No", UNKNOWN: "Not known yet"}
