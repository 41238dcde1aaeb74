"""What People brings."""

from dashboards.demo.story import Fate, Goal, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="pe-shifts",
        title="Shift plans that fit demand and wishes",
        summary=(
            "Proposes shift plans from expected volume, rules and wishes; the planner changes and signs them."
        ),
        problem=(
            "Planners fill 380 shifts a week by hand. Fairness is the first topic of every staff "
            "meeting, and overtime the second."
        ),
        process="Shift planning in hubs",
        goal=Goal("Overtime per month", "hours", "down", "14800", "9900"),
        benefit=("saving", "Overtime pay"),
        size="L",
        work="bought",
        depth="core",
        objective="people",
        tier="high",
        begun=24,
        supplier="Harrowmere Data",
    ),
    Story(
        key="pe-search",
        title="Applications sorted by what the job asks",
        summary=(
            "Shows recruiters for each application which demands of the job are met, with the place in "
            "the text; it ranks nobody."
        ),
        problem=(
            "Recruiters read 46,000 applications a year in 80 seconds each. Good drivers wait for weeks "
            "and go elsewhere."
        ),
        process="Recruiting of drivers and warehouse staff",
        goal=Goal("Days from application to first call", "days", "down", "16", "5"),
        benefit=("saving", "Fees for staffing agencies"),
        size="M",
        work="configured",
        depth="local",
        objective="people",
        tier="high",
    ),
    Story(
        key="pe-answers",
        title="Questions to the people desk answered in eleven languages",
        summary=(
            "Answers questions on pay, leave and contracts from the rules that hold for the person's "
            "site and agreement."
        ),
        problem=(
            "The people desk gets 9,000 questions a month. Drivers call in the break, reach nobody and "
            "call again."
        ),
        process="People desk",
        goal=Goal("Questions answered within an hour", "%", "up", "29", "75"),
        benefit=("saving", "Overflow desk of the provider ends"),
        size="M",
        work="bought",
        depth="core",
        objective="people",
        begun=20,
        supplier="Quellmark",
    ),
    Story(
        key="pe-leave",
        title="Leave calendars checked for gaps ahead",
        summary="Warns site managers six weeks before too many people of one skill are on leave.",
        problem="Every summer hubs find out in the same week that nobody with a forklift licence is there.",
        process="Leave planning",
        goal=Goal("Emergency orders of temporary workers", "a year", "down", "310", "140"),
        benefit=("saving", "Surcharges for short-notice temporary workers"),
        size="S",
        work="configured",
        depth="local",
        objective="people",
        tier="minimal",
    ),
    Story(
        key="pe-retention",
        title="People likely to resign",
        summary="Estimates which teams will lose people in the next half year and why.",
        problem="A third of new drivers leave within a year. Replacing one costs 6,500.",
        process="Retention of drivers",
        goal=Goal("Drivers who leave within a year", "%", "down", "34", "26"),
        benefit=("saving", "Recruiting and training"),
        size="L",
        work="built",
        depth="core",
        objective="people",
        tier="high",
        fate=Fate.REJECTED,
        begun=16,
        why=(
            "Rejected: the case needs data on named people for which there is no agreement, and the exit "
            "interviews already say why drivers leave."
        ),
    ),
    Story(
        key="pe-training",
        title="Training paths by job and gap",
        summary=(
            "Proposes the next training from job, skills and dates, and books it when manager and "
            "employee agree."
        ),
        problem="Compulsory training lapses in one case of six, and nobody sees which course helped.",
        process="Training administration",
        goal=Goal("Lapsed compulsory trainings", "%", "down", "17", "4"),
        benefit=("saving", "Fines and tours without a licensed driver"),
        size="M",
        work="bought",
        depth="local",
        objective="people",
    ),
    Story(
        key="pe-onboard",
        title="First weeks of new drivers accompanied by messages",
        summary="Sends new drivers the right hint on the right day in their language, and asks how it goes.",
        problem=(
            "New drivers get one long day of instructions and forget most of it. Mentors are there for "
            "every fourth."
        ),
        process="Induction of drivers",
        goal=Goal("Drivers who leave in the first month", "%", "down", "9", "6"),
        benefit=("saving", "Recruiting cost"),
        size="S",
        work="configured",
        depth="edge",
        objective="people",
        tier="minimal",
    ),
    Story(
        key="pe-safety",
        title="Accident reports read for what repeats",
        summary=(
            "Groups accident and near-miss reports by cause and place, and proposes where to look first."
        ),
        problem=(
            "There are 4,800 reports a year, and each is closed by itself. The same ramp appears in "
            "nineteen of them."
        ),
        process="Work safety",
        goal=Goal("Reportable accidents", "a year", "down", "212", "150"),
        benefit=("saving", "Days of absence and insurance"),
        size="L",
        work="built",
        depth="core",
        objective="resilience",
    ),
    Story(
        key="pe-absence",
        title="Absence forecast by site",
        summary="Forecasts absence by site and week, never by person, so that cover is planned in time.",
        problem="Absence moves between 4 and 13 %. Sites notice it on Monday morning.",
        process="Staff planning",
        goal=Goal("Error of the weekly absence forecast", "points", "down", "3.9", "1.8"),
        benefit=("saving", "Short-notice temporary workers"),
        size="M",
        work="built",
        depth="local",
        objective="people",
        tier="high",
        fate=Fate.REDESIGN,
        begun=4,
        why=(
            "The risk officer asks for a minimum size of group so that nobody can be recognised, and for "
            "a word of the works council."
        ),
    ),
    Story(
        key="pe-letters",
        title="Certificates and references drafted",
        summary="Drafts work certificates from job, time and rating; a person signs.",
        problem="The desk writes 260 certificates a month, each from the last similar one, with its errors.",
        process="Personnel administration",
        goal=Goal("Days for a certificate", "days", "down", "18", "4"),
        benefit=("productivity", "Time of personnel clerks"),
        size="S",
        work="configured",
        depth="edge",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="pe-minutes",
        title="Minutes of training reviews drafted",
        summary="Drafts minutes of review meetings from notes that the participants agreed to share.",
        problem="Minutes come two weeks late or not at all.",
        process="Training reviews",
        goal=Goal("Days until minutes are out", "days", "down", "13", "2"),
        benefit=("productivity", "Time of trainers"),
        size="N",
        work="configured",
        depth="edge",
        objective="people",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=11,
    ),
    Story(
        key="pe-interview",
        title="Video interviews scored",
        summary="Scores recorded interviews of applicants by content.",
        problem="Recruiters hold 300 first interviews a week.",
        process="Recruiting of drivers and warehouse staff",
        goal=Goal("First interviews per recruiter and week", "interviews", "down", "19", "9"),
        benefit=("saving", "Recruiters from the agency"),
        size="M",
        work="bought",
        depth="edge",
        objective="people",
        tier="high",
        fate=Fate.WITHDRAWN,
        begun=6,
        why="The tier is high, and we can't show that the score treats accents alike. We take it back.",
    ),
    Story(
        key="pe-skills",
        title="Skills of the workforce in one picture",
        summary="Reads licences, trainings and jobs into one list of skills that each person can correct.",
        problem=(
            "Nobody knows how many people may drive a 40-tonner and speak Polish. Projects hire outside "
            "what is there inside."
        ),
        process="Staff planning",
        goal=Goal("Posts filled from inside", "%", "up", "24", "40"),
        benefit=("saving", "Agency and advertising fees"),
        size="L",
        work="bought",
        depth="local",
        objective="growth",
        fate=Fate.ASSESSMENT_PART,
    ),
    Story(
        key="pe-pay",
        title="Pay gaps explained before the report",
        summary="Explains differences in pay by role, site and time, and lists those that nothing explains.",
        problem="The yearly report says how large the gap is, and nobody can say where it comes from.",
        process="Pay review",
        goal=Goal("Unexplained pay gap", "%", "down", "3.4", "1.5"),
        benefit=("risk_reduction", "Claims and fines avoided"),
        size="M",
        work="configured",
        depth="edge",
        objective="compliance",
        fate=Fate.SUBMITTED_READY,
    ),
    Story(
        key="pe-buddy",
        title="Practice talks for new team leaders",
        summary="Lets new team leaders practise difficult talks with a made-up colleague.",
        problem="Team leaders hold their first dismissal talk unprepared.",
        process="Leadership training",
        goal=Goal("Leaders who feel prepared", "%", "up", "31", "70"),
        benefit=("productivity", "Trainer days"),
        size="S",
        work="novel",
        depth="edge",
        objective="people",
        fate=Fate.DRAFT,
    ),
)
