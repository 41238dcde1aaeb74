"""What Security brings."""

from dashboards.demo.story import Fate, Goal, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="se-phish",
        title="Reported mails judged within minutes",
        summary=(
            "Judges reported mails, withdraws the same mail from all mailboxes, and answers whoever "
            "reported it."
        ),
        problem=(
            "Staff report 5,200 mails a month. The team reads them in order of arrival, and the one real "
            "attack in April waited for 26 hours."
        ),
        process="Phishing response",
        goal=Goal("Hours until a reported mail is judged", "hours", "down", "9.5", "0.5"),
        benefit=("saving", "Fewer analyst hours bought from the security operations partner"),
        size="L",
        work="bought",
        depth="core",
        objective="resilience",
        begun=30,
        supplier="Quellmark",
    ),
    Story(
        key="se-alerts",
        title="Security alerts enriched before an analyst looks",
        summary=(
            "Adds owner, asset value, earlier cases and a first opinion to each alert, with its sources."
        ),
        problem=(
            "Analysts spend 70 % of a case on looking things up in eleven tools. Two thirds of the "
            "alerts turn out to be harmless in the end."
        ),
        process="Security monitoring, first level",
        goal=Goal("Minutes per alert", "minutes", "down", "24", "9"),
        benefit=("saving", "First-level shifts of the security partner"),
        size="L",
        work="built",
        depth="core",
        objective="resilience",
    ),
    Story(
        key="se-access",
        title="Access reviews that start with the odd cases",
        summary=(
            "Sorts access rights by how unusual they are for role and site, so that managers look at "
            "these first."
        ),
        problem=(
            "Twice a year managers confirm 190,000 rights. They take four seconds for each and take away "
            "almost nothing."
        ),
        process="Half-yearly access review",
        goal=Goal("Rights removed per review", "rights", "up", "900", "9000"),
        benefit=("risk_reduction", "Lower loss expected from misuse of rights"),
        size="M",
        work="bought",
        depth="core",
        objective="compliance",
    ),
    Story(
        key="se-secrets",
        title="Passwords in source code found before they are stored",
        summary="Checks each change for keys and passwords, and explains to the author how to do it right.",
        problem=(
            "The yearly audit found 212 passwords in source code. Each one costs half a day to change "
            "everywhere."
        ),
        process="Code review",
        goal=Goal("Passwords found by the audit", "passwords", "down", "212", "10"),
        benefit=("productivity", "Hours for changing leaked passwords"),
        size="S",
        work="configured",
        depth="local",
        objective="resilience",
        tier="minimal",
    ),
    Story(
        key="se-vendor",
        title="Security questionnaires of suppliers read and compared",
        summary=(
            "Reads the answers and certificates of suppliers, compares them with our rules and lists "
            "what is missing."
        ),
        problem=(
            "Each of 300 new suppliers a year sends 60 pages. Review takes five weeks, and buyers go on "
            "without waiting."
        ),
        process="Supplier security review",
        goal=Goal("Days for one supplier review", "days", "down", "34", "8"),
        benefit=("saving", "Reviews no longer bought from a consultancy"),
        size="M",
        work="configured",
        depth="local",
        objective="compliance",
    ),
    Story(
        key="se-answers",
        title="Customers' security questions answered from approved texts",
        summary=(
            "Drafts answers to security questionnaires of customers from texts that the security office "
            "approved."
        ),
        problem=(
            "Sales sends 25 questionnaires a month, each with 120 questions that were answered before in "
            "other words."
        ),
        process="Bid support",
        goal=Goal("Days to answer a questionnaire", "days", "down", "11", "3"),
        benefit=("productivity", "Time of two security officers"),
        size="S",
        work="configured",
        depth="edge",
        objective="customer",
        tier="minimal",
    ),
    Story(
        key="se-fraud",
        title="Fraud in parcel claims seen before the payout",
        summary=(
            "Compares a claim for a lost parcel with scans, weights and earlier claims, and passes "
            "doubtful ones to an investigator."
        ),
        problem=(
            "Payouts for lost parcels rose from 6 to 11 million in three years. A sample shows that one "
            "claim in nine can't be true."
        ),
        process="Claims handling for lost parcels",
        goal=Goal("Doubtful claims found before payout", "%", "up", "14", "60"),
        benefit=("saving", "Payouts for claims that can't be true"),
        size="X",
        work="built",
        depth="core",
        objective="cost",
        begun=28,
    ),
    Story(
        key="se-camera",
        title="Strangers in the yard noticed at night",
        summary=(
            "Tells the guard when somebody is where nobody should be, from the cameras of nine yards, "
            "without recognising who it is."
        ),
        problem="Cargo for 2.3 million was stolen in the yards last year. One guard watches 48 screens.",
        process="Site security at night",
        goal=Goal("Thefts from yards", "thefts a year", "down", "57", "20"),
        benefit=("saving", "Stolen cargo and insurance excess"),
        size="L",
        work="bought",
        depth="local",
        objective="resilience",
        tier="high",
        fate=Fate.DECISION_RISK,
        supplier="Tindralyn Vision",
    ),
    Story(
        key="se-faces",
        title="Mood of drivers read from the gate camera",
        summary="Reads tiredness and mood from faces at the gate and warns the dispatcher.",
        problem="Tired drivers cause accidents, and dispatchers see them only on the phone.",
        process="Gate entry of drivers",
        goal=Goal("Accidents with tiredness as a cause", "accidents", "down", "21", "10"),
        benefit=("risk_reduction", "Accidents avoided"),
        size="M",
        work="bought",
        depth="edge",
        objective="compliance",
        tier="prohibited",
        fate=Fate.WITHDRAWN,
        begun=10,
        why=(
            "The risk officer found that reading emotions at work is prohibited. We take it back and "
            "look at rest times instead."
        ),
    ),
    Story(
        key="se-pentest",
        title="Test attacks written by a model",
        summary=(
            "Writes and runs harmless attacks against test systems between the yearly penetration tests."
        ),
        problem=(
            "Between two yearly tests 400 releases go live untested. Findings are a year old when they "
            "are fixed."
        ),
        process="Security testing before release",
        goal=Goal("Weaknesses found before release", "%", "up", "18", "60"),
        benefit=("saving", "One of two yearly penetration tests"),
        size="M",
        work="novel",
        depth="edge",
        objective="resilience",
        fate=Fate.STOPPED_EARLY,
        begun=11,
        why=(
            "The attacks found what scanners find already and nothing more. We stopped within the first "
            "tranche and keep the test environment."
        ),
    ),
    Story(
        key="se-logs",
        title="Logs kept by what they are worth",
        summary=(
            "Decides by rule and usage which logs are kept hot, cold or not at all, and proves that "
            "duties of retention hold."
        ),
        problem=(
            "The log platform takes in 9 TB a day at a price per volume. Nine tenths were never searched."
        ),
        process="Log management",
        goal=Goal("Log volume kept hot", "TB a day", "down", "9.1", "4.0"),
        benefit=("saving", "Licence and storage of the log platform"),
        size="M",
        work="configured",
        depth="core",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="se-identity",
        title="Sign-ins that don't fit the person",
        summary=(
            "Asks for a second proof when place, time or device do not fit, and leaves everyone else in "
            "peace."
        ),
        problem=(
            "Everyone types a second factor eleven times a day and approves without looking. Two stolen "
            "accounts were used that way."
        ),
        process="Sign-in to all applications",
        goal=Goal("Second-factor prompts per person and day", "prompts", "down", "11", "2"),
        benefit=("productivity", "Time of 7,400 people who sign in"),
        size="L",
        work="bought",
        depth="core",
        objective="resilience",
        supplier="Bexcombe Analytics",
    ),
    Story(
        key="se-policy",
        title="Questions about security rules answered with the paragraph",
        summary=(
            "Answers staff's questions about security rules with a quotation and a link, and says so "
            "when there is none."
        ),
        problem="The security mailbox gets 300 questions a month, most of them answered in the rules.",
        process="Security awareness",
        goal=Goal("Questions in the security mailbox", "a month", "down", "300", "120"),
        benefit=("productivity", "Time of the security office"),
        size="N",
        work="configured",
        depth="edge",
        objective="compliance",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=14,
    ),
    Story(
        key="se-insider",
        title="Unusual downloads of leavers",
        summary=(
            "Compares downloads of people who leave with their own habits and tells the security office."
        ),
        problem=(
            "In two cases customer lists left the firm with their authors. Both were found by chance "
            "months later."
        ),
        process="Leaver process",
        goal=Goal("Cases found before the last day", "%", "up", "0", "70"),
        benefit=("risk_reduction", "Loss of customer lists"),
        size="M",
        work="built",
        depth="local",
        objective="compliance",
        tier="high",
        fate=Fate.REJECTED,
        begun=9,
        why=(
            "The works council and the risk officer did not agree to the monitoring of named people, and "
            "no milder way was proposed."
        ),
    ),
    Story(
        key="se-assets",
        title="Unknown devices in the depot networks named",
        summary="Recognises type and owner of devices in the depot networks from how they behave.",
        problem=(
            "The inventory misses one device in six. In depots nobody knows what half of the addresses are."
        ),
        process="Network inventory",
        goal=Goal("Devices without an owner", "%", "down", "17", "3"),
        benefit=("risk_reduction", "Exposure by unknown devices"),
        size="M",
        work="bought",
        depth="local",
        objective="compliance",
        tier="minimal",
        fate=Fate.DRAFT_FULL,
    ),
)
