"""What Cloud Operations brings."""

from dashboards.demo.story import Fate, Goal, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="co-rightsize",
        title="Right size of cloud machines, proposed weekly",
        summary=(
            "Compares size and load of every machine and proposes a smaller one with the saving and the "
            "risk beside it."
        ),
        problem=(
            "Teams choose sizes once and never again. In the 2023 review 61 % of machines used under a "
            "fifth of their processors, and the bill grows by 2 % a month."
        ),
        process="Cloud cost review, weekly",
        goal=Goal("Machines used under a fifth", "%", "down", "61", "30"),
        benefit=("saving", "Cloud bill of the shared platform"),
        size="L",
        work="built",
        depth="core",
        objective="cost",
        tier="minimal",
        begun=32,
    ),
    Story(
        key="co-anomaly",
        title="Alarms grouped into incidents",
        summary="Joins alarms of one cause into one incident and hides those that never led to an act.",
        problem=(
            "On-call engineers get 410 alarms a night and act on nine. Twice this year the one that "
            "mattered was closed by mistake with the others."
        ),
        process="Event and on-call management",
        goal=Goal("Alarms per night and engineer", "alarms", "down", "410", "60"),
        benefit=("saving", "One on-call rotation of the managed service partner ends"),
        size="M",
        work="bought",
        depth="core",
        objective="resilience",
        tier="minimal",
        begun=25,
        supplier="Bexcombe Analytics",
    ),
    Story(
        key="co-capacity",
        title="Capacity forecast for the parcel season",
        summary="Forecasts load of the booking and tracking services for the season by week, with a range.",
        problem=(
            "Every autumn the platform is sized by last year's peak plus a third. In 2022 it was too "
            "small for three hours, in 2023 it stood half empty for nine weeks."
        ),
        process="Capacity planning for the peak season",
        goal=Goal("Paid capacity that is never used in the season", "%", "down", "38", "15"),
        benefit=("saving", "Reserved capacity not bought"),
        size="L",
        work="built",
        depth="core",
        objective="resilience",
        tier="minimal",
    ),
    Story(
        key="co-runbooks",
        title="Runbooks found by the symptom",
        summary=(
            "Finds the runbook step that fits the alarm text and shows when it was last used with success."
        ),
        problem=(
            "There are 2,300 runbook pages in three wikis. In the middle of the night engineers call a "
            "colleague instead of searching."
        ),
        process="Incident response of the platform team",
        goal=Goal("Incidents solved with a runbook", "%", "up", "27", "60"),
        benefit=("productivity", "Time of on-call engineers"),
        size="M",
        work="configured",
        depth="local",
        objective="people",
        tier="minimal",
    ),
    Story(
        key="co-backup",
        title="Failed backups explained in the morning report",
        summary=(
            "Reads the logs of failed backups, names the likely cause and sorts the list by what must be "
            "done today."
        ),
        problem=(
            "Of 70 failed jobs a night most repair themselves, three matter. Finding these three takes "
            "two hours every morning."
        ),
        process="Daily backup control",
        goal=Goal("Hours for the morning control", "hours", "down", "2.0", "0.4"),
        benefit=("productivity", "Time of the storage team"),
        size="S",
        work="configured",
        depth="edge",
        objective="resilience",
        tier="minimal",
    ),
    Story(
        key="co-spot",
        title="Night jobs moved to the cheapest hour and place",
        summary=(
            "Plans batch jobs into hours and regions with cheap machines, within the deadline that each "
            "job's owner sets."
        ),
        problem=(
            "All night jobs start at ten in the evening in one region, at full price, and wait for one "
            "another."
        ),
        process="Batch scheduling",
        goal=Goal("Price per hour of batch computing", "cents", "down", "21", "13"),
        benefit=("saving", "Cloud bill of batch computing"),
        size="M",
        work="built",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="co-incident",
        title="Agent that restarts and scales services by itself",
        summary=(
            "Takes the first ten minutes of known incidents: collects facts, restarts or scales within "
            "limits, and calls a person."
        ),
        problem=(
            "Between alarm and first action 17 minutes pass at night. Most first actions are the same three."
        ),
        process="Incident response of the platform team",
        goal=Goal("Minutes from alarm to first action", "minutes", "down", "17", "3"),
        benefit=("saving", "Night shift of the managed service partner reduced"),
        size="L",
        work="novel",
        depth="core",
        objective="resilience",
        fate=Fate.STOPPED,
        begun=22,
        why=(
            "The agent acted right in seven of ten cases, and the wrong three cost more than the night "
            "shift saved. Half of the services lack the limits that it needs."
        ),
    ),
    Story(
        key="co-tags",
        title="Missing owner tags filled with a proposal",
        summary=(
            "Proposes owner and cost centre for each untagged resource, and asks the likely owner to "
            "confirm by one click."
        ),
        problem=(
            "A fifth of the cloud bill can't be charged to anybody. Finance spreads it, and nobody saves "
            "what they don't pay for."
        ),
        process="Monthly charge-back of cloud cost",
        goal=Goal("Cost without an owner", "%", "down", "20", "4"),
        benefit=("saving", "Abandoned resources switched off"),
        size="S",
        work="configured",
        depth="edge",
        objective="compliance",
        tier="minimal",
        fate=Fate.DECISION_LAST_VOTE,
    ),
    Story(
        key="co-patch",
        title="Order of patching by real exposure",
        summary="Ranks open patches by exposure, use and downtime cost, and plans them into agreed windows.",
        problem=(
            "There are 14,000 open patches at any time. The team works from the top of a list that knows "
            "nothing of our network."
        ),
        process="Patch management",
        goal=Goal("Days until an exposed weakness is patched", "days", "down", "43", "14"),
        benefit=("saving", "Fewer maintenance nights bought"),
        size="M",
        work="bought",
        depth="core",
        objective="resilience",
        supplier="Harrowmere Data",
    ),
    Story(
        key="co-database",
        title="Slow queries found and rewritten",
        summary=(
            "Finds the queries that load the databases most, proposes index or rewrite, and measures the "
            "effect in test."
        ),
        problem=(
            "Six databases stand on the largest machines that there are. Two database experts know why "
            "each query is slow, and one of them retires next year."
        ),
        process="Database operations",
        goal=Goal("Database processor hours per day", "hours", "down", "2900", "1900"),
        benefit=("saving", "Two classes smaller database machines"),
        size="L",
        work="bought",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="co-mainframe",
        title="Old booking programs explained and documented",
        summary=(
            "Explains programs of the booking mainframe in plain words, draws what calls what, and "
            "drafts tests for the move."
        ),
        problem=(
            "The booking core has 3.4 million lines from forty years. Three people can read it, and "
            "every estimate for its replacement failed for that reason."
        ),
        process="Replacement of the booking core",
        goal=Goal("Programs documented and tested", "%", "up", "8", "80"),
        benefit=("saving", "Contract of the mainframe supplier ends two years earlier"),
        size="X",
        work="built",
        depth="core",
        objective="cost",
        begun=29,
        supplier="Ostervik Systems",
    ),
    Story(
        key="co-edge",
        title="Depot servers switched off when not needed",
        summary="Learns the working hours of 41 depots and lets servers and screens sleep outside them.",
        problem=(
            "Depot servers run day and night although most depots work in one shift. Power has doubled "
            "in price since the contracts were made."
        ),
        process="Depot infrastructure operations",
        goal=Goal("Energy of depot servers", "MWh a year", "down", "610", "390"),
        benefit=("saving", "Electricity of the depots"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
        fate=Fate.DECISION_LAST_VOTE,
    ),
    Story(
        key="co-green",
        title="Monthly carbon figure of the cloud explained",
        summary=(
            "Writes two paragraphs on what moved the carbon figure of the cloud this month, from the "
            "supplier's report."
        ),
        problem=(
            "The figure is reported without a word on why it moved, and the sustainability team asks "
            "back every month."
        ),
        process="Sustainability reporting",
        goal=Goal("Questions back per report", "questions", "down", "9", "2"),
        benefit=("productivity", "Time of the platform team"),
        size="N",
        work="configured",
        depth="edge",
        objective="compliance",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=5,
    ),
    Story(
        key="co-latency",
        title="Slow pages traced to the service that causes them",
        summary=(
            "Follows a slow page of the customer portal back to the service and the release that made it "
            "slow."
        ),
        problem=(
            "When the portal is slow, five teams look at five dashboards. The median search takes 3 "
            "hours, and the finding is often wrong."
        ),
        process="Performance management of the portal",
        goal=Goal("Hours until the cause of a slow page is found", "hours", "down", "3.1", "0.5"),
        benefit=("saving", "Fewer compensation payments to key accounts"),
        size="M",
        work="built",
        depth="local",
        objective="customer",
        fate=Fate.ASSESSMENT_NONE,
    ),
    Story(
        key="co-chaos",
        title="Failure tests designed by a model",
        summary=(
            "Designs failure experiments for the platform and runs them in production outside peak hours."
        ),
        problem=(
            "Recovery plans are tested once a year on paper. Real failures show every time that a step "
            "is missing."
        ),
        process="Service continuity management",
        goal=Goal("Recovery plans proven in practice", "%", "up", "12", "60"),
        benefit=("avoidance", "Outages avoided"),
        size="L",
        work="novel",
        depth="edge",
        objective="resilience",
        fate=Fate.REJECTED,
        begun=13,
        why=(
            "Rejected: the benefit is an avoided outage that nobody could put a baseline under, and the "
            "same team is needed for the move of the booking core."
        ),
    ),
)
