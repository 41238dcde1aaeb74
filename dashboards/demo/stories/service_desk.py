"""What IT Service Desk brings."""

from dashboards.demo.story import Fate, Goal, Kin, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="sd-triage",
        title="Ticket triage from the first message",
        summary=(
            "Reads each new ticket, proposes resolver group and urgency, and leaves the last word to the "
            "dispatcher."
        ),
        problem=(
            "Dispatchers read 1,900 tickets a day and send a third of them to the wrong group first. "
            "Each wrong turn costs half a day, and the user who waits calls a second time."
        ),
        process="Incident management, from logging to assignment",
        goal=Goal("Tickets routed right the first time", "%", "up", "64", "85"),
        benefit=("saving", "Two dispatch shifts of the contractor end"),
        size="L",
        work="bought",
        depth="core",
        objective="cost",
        begun=31,
        supplier="Harrowmere Data",
    ),
    Story(
        key="sd-answers",
        title="Answers from the knowledge base in the support chat",
        summary=(
            "Answers how-to questions in the support chat from approved articles and hands over to a "
            "person with the whole thread."
        ),
        problem=(
            "Four out of ten contacts ask something that an article already explains. Agents paste the "
            "same paragraphs all day while outages wait in the same queue."
        ),
        process="Request fulfilment in the support chat",
        goal=Goal("Contacts solved without an agent", "%", "up", "11", "34"),
        benefit=("saving", "Fewer hours bought from the overflow call centre"),
        size="L",
        work="bought",
        depth="core",
        objective="customer",
        begun=27,
        supplier="Quellmark",
    ),
    Story(
        key="sd-duplicates",
        title="Duplicate incidents found while typing",
        summary=(
            "Shows the agent open incidents that look the same, so that one outage makes one ticket with "
            "many callers."
        ),
        problem=(
            "In every larger outage the desk opens up to 140 tickets for one cause. Closing and "
            "answering them one by one takes the next two days."
        ),
        process="Incident logging",
        goal=Goal("Duplicate tickets per major incident", "tickets", "down", "96", "25"),
        benefit=("productivity", "Hours of agents during and after outages"),
        size="S",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="sd-summary",
        title="Handover notes written at the end of a shift",
        summary=(
            "Drafts the handover of open incidents from the tickets, for the shift leader to correct and "
            "sign."
        ),
        problem=(
            "Shift leaders spend 40 minutes on a handover that the next shift barely reads. What is "
            "missing in it comes back as a complaint."
        ),
        process="Shift handover at the service desk",
        goal=Goal("Minutes for one handover", "minutes", "down", "41", "12"),
        benefit=("productivity", "Time of shift leaders"),
        size="S",
        work="configured",
        depth="local",
        objective="people",
        tier="minimal",
        fate=Fate.DRAFT,
    ),
    Story(
        key="sd-major",
        title="Early sign of a major incident",
        summary=(
            "Watches calls, chats and tickets for a common cause and alerts the incident manager before "
            "monitoring does."
        ),
        problem=(
            "Users notice seven out of ten service failures before any monitor. On average 38 minutes "
            "pass until somebody sees that thirty calls are one incident."
        ),
        process="Major incident management",
        goal=Goal("Minutes until a major incident is declared", "minutes", "down", "38", "12"),
        benefit=("saving", "Shorter outages of the depot systems: fewer overtime hours to catch up"),
        size="L",
        work="built",
        depth="core",
        objective="resilience",
    ),
    Story(
        key="sd-joiner",
        title="Joiners ready to work on day one",
        summary=(
            "Predicts accounts, rights and devices of a new employee from role and site, and orders them "
            "once the manager confirms."
        ),
        problem=(
            "A new colleague waits 4.2 days for the last missing right. Managers order from memory, and "
            "half of the orders are corrected twice."
        ),
        process="Joiner, mover and leaver process",
        goal=Goal("Days until a joiner has everything", "days", "down", "4.2", "1.0"),
        benefit=("saving", "Fewer paid days without tools and fewer rush deliveries of devices"),
        size="M",
        work="bought",
        depth="core",
        objective="people",
    ),
    Story(
        key="sd-voice",
        title="Voice assistant on the support line",
        summary=(
            "Takes the call, resets a password or logs the incident, and passes on whoever wants a person."
        ),
        problem=(
            "Callers wait six minutes in the morning peak, mostly for password resets that need no judgement."
        ),
        process="Telephone support in the morning peak",
        goal=Goal("Calls handled to the end by the assistant", "%", "up", "0", "30"),
        benefit=("saving", "Fewer peak-hour agents from the staffing agency"),
        size="M",
        work="bought",
        depth="local",
        objective="customer",
        fate=Fate.STOPPED_EARLY,
        begun=14,
        supplier="Tindralyn Voice",
        kin=(
            Kin(
                "cs-voice",
                "differentiate",
                "The support line has its own callers and words; we share the supplier's terms.",
            ),
        ),
        why=(
            "In the depots the noise makes recognition fail in every third call, and drivers hung up. "
            "Stopped after eleven weeks and a fifth of the money."
        ),
    ),
    Story(
        key="sd-change",
        title="Risk of a change read from earlier changes",
        summary=(
            "Gives the change board the five most similar earlier changes, with what went wrong in them."
        ),
        problem=(
            "The board approves 60 changes in 50 minutes. One in fourteen causes an incident, and in two "
            "thirds of these the same thing had happened before."
        ),
        process="Change enablement, weekly change board",
        goal=Goal("Changes that cause an incident", "%", "down", "7.1", "4.0"),
        benefit=("saving", "Less overtime for rolling back"),
        size="M",
        work="configured",
        depth="local",
        objective="resilience",
    ),
    Story(
        key="sd-licences",
        title="Unused licences found and returned",
        summary=(
            "Compares what is installed with what is used, and asks the holder whether a licence can go back."
        ),
        problem=(
            "The firm pays for 3,100 seats of design and analysis software. Samples show that a quarter "
            "has not been opened for half a year."
        ),
        process="Software asset management",
        goal=Goal("Licences without use for 90 days", "licences", "down", "780", "200"),
        benefit=("saving", "Licences not renewed"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
        fate=Fate.DRAFT_FULL,
    ),
    Story(
        key="sd-remote",
        title="Remote repair of scanners and printers",
        summary=(
            "Diagnoses handheld scanners and label printers from their logs, and repairs the ten "
            "commonest faults without a visit."
        ),
        problem=(
            "Field technicians drive 1,200 times a month to depots. In four cases out of ten a restart "
            "or a setting was all that was needed."
        ),
        process="Field support of depot devices",
        goal=Goal("Site visits per month", "visits", "down", "1210", "800"),
        benefit=("saving", "Fewer visits billed by the field service partner"),
        size="M",
        work="bought",
        depth="core",
        objective="cost",
        fate=Fate.EXPIRED,
        begun=17,
        supplier="Ostervik Systems",
    ),
    Story(
        key="sd-survey",
        title="Free-text answers of the satisfaction survey sorted",
        summary=(
            "Groups the monthly survey comments by topic for the service review, with the words quoted "
            "as written."
        ),
        problem="Two people read 900 comments a month by hand and sort them into a sheet, two weeks late.",
        process="Monthly service review",
        goal=Goal("Days until comments are sorted", "days", "down", "14", "1"),
        benefit=("productivity", "Time of the service managers"),
        size="N",
        work="configured",
        depth="edge",
        objective="customer",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=8,
    ),
    Story(
        key="sd-problem",
        title="Common causes behind repeating incidents",
        summary=(
            "Groups incidents by likely cause over months and proposes candidates for problem management "
            "with their cost."
        ),
        problem=(
            "Problem management looks at what was loud last week. Incidents that return every few weeks "
            "in small numbers take 9,000 hours a year and are never on the list."
        ),
        process="Problem management, monthly candidate list",
        goal=Goal("Hours lost to repeating incidents", "hours a month", "down", "760", "450"),
        benefit=("saving", "Fewer second-level hours bought"),
        size="M",
        work="built",
        depth="local",
        objective="resilience",
        fate=Fate.ASSESSMENT_READY,
    ),
    Story(
        key="sd-agent",
        title="Agent that fulfils standard requests end to end",
        summary=(
            "Carries out the forty commonest requests through approved scripts, asks before anything "
            "that can't be undone, and logs each step."
        ),
        problem=(
            "Of 310,000 requests a year two thirds follow a fixed recipe with four to nine manual steps. "
            "The backlog is six days long, and the recipes are done differently by each team."
        ),
        process="Request fulfilment for standard services",
        goal=Goal("Standard requests closed without manual work", "%", "up", "6", "55"),
        benefit=("saving", "Second-level posts not refilled and contractor hours ended"),
        size="X",
        work="novel",
        depth="core",
        objective="cost",
        fate=Fate.DECISION_LAST_VOTE,
        supplier="Velquist",
    ),
    Story(
        key="sd-screens",
        title="Screenshots read in place of long descriptions",
        summary="Reads error text, program and version from a screenshot and fills the ticket with them.",
        problem=(
            "Users describe an error in half a sentence and attach a picture that nobody can search. "
            "Agents ask back in 45 % of the cases."
        ),
        process="Incident logging by users",
        goal=Goal("Tickets that need a question back", "%", "down", "45", "20"),
        benefit=("productivity", "Time of agents and of users who wait"),
        size="M",
        work="novel",
        depth="edge",
        objective="customer",
        fate=Fate.SUBMITTED,
    ),
    Story(
        key="sd-french",
        title="Support articles translated into five languages",
        summary="Translates approved support articles and marks each translation as made by a machine.",
        problem=(
            "Depots in four countries get English articles only. Supervisors translate them on the side, "
            "each in their own way."
        ),
        process="Knowledge management",
        goal=Goal("Articles available in the depot's language", "%", "up", "22", "90"),
        benefit=("productivity", "Time of supervisors who translate today"),
        size="S",
        work="bought",
        depth="edge",
        objective="people",
        tier="minimal",
        fate=Fate.WITHDRAWN,
        begun=12,
        why=(
            "The intranet team got the same function with its new release at no extra cost, so we take "
            "our proposal back."
        ),
    ),
)
