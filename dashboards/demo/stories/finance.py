"""What Finance Operations brings."""

from dashboards.demo.story import Fate, Goal, Kin, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="fi-invoices",
        title="Invoices matched to order and receipt",
        summary=(
            "Reads 2.1 million invoices a year, matches them with order and receipt, and leaves only "
            "differences to people."
        ),
        problem=(
            "Forty people match invoices by hand. Discounts for early payment are lost in six of ten cases."
        ),
        process="Accounts payable",
        goal=Goal("Invoices matched without a touch", "%", "up", "31", "75"),
        benefit=("saving", "Posts in accounts payable not refilled"),
        size="X",
        work="bought",
        depth="core",
        objective="cost",
        begun=33,
        supplier="Harrowmere Data",
    ),
    Story(
        key="fi-cash",
        title="Liquidity forecast by day",
        summary="Forecasts cash in and out for 90 days by bank account, with a range and its reasons.",
        problem="Treasury keeps 60 million idle because the weekly forecast is off by a fifth.",
        process="Treasury, daily disposition",
        goal=Goal("Error of the four-week forecast", "%", "down", "21", "9"),
        benefit=("saving", "Interest on the credit line"),
        size="M",
        work="built",
        depth="core",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="fi-close",
        title="Month-end closing with fewer surprises",
        summary=(
            "Proposes accruals from orders, deliveries and last year, and lists what looks wrong before "
            "the closing."
        ),
        problem="Closing takes nine working days. Two of them go into finding out why a number looks odd.",
        process="Month-end closing",
        goal=Goal("Working days for the closing", "days", "down", "9", "5"),
        benefit=("saving", "Temporary accountants at month end"),
        size="L",
        work="bought",
        depth="core",
        objective="cost",
        supplier="Bexcombe Analytics",
    ),
    Story(
        key="fi-dunning",
        title="Reminders at the right time and in the right tone",
        summary="Proposes when and how to remind each customer, and leaves disputes to a person.",
        problem=(
            "Everybody gets the same three letters. Good customers complain, bad ones wait for the third."
        ),
        process="Accounts receivable",
        goal=Goal("Days until customers pay", "days", "down", "52", "44"),
        benefit=("saving", "Interest and written-off claims"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
    ),
    Story(
        key="fi-expenses",
        title="Expense reports checked completely instead of by sample",
        summary=(
            "Checks every expense report against the rules and asks the traveller before the accountant does."
        ),
        problem=(
            "One report in twenty is checked. The audit estimates 300,000 a year in errors, mostly "
            "honest ones."
        ),
        process="Travel expenses",
        goal=Goal("Reports with an error", "%", "down", "12", "4"),
        benefit=("saving", "Wrong payments"),
        size="S",
        work="configured",
        depth="local",
        objective="compliance",
        tier="minimal",
    ),
    Story(
        key="fi-freight",
        title="Freight bills of carriers checked line by line",
        summary=(
            "Recomputes each bill of 1,100 carriers from contract, weight and route, and claims the "
            "difference."
        ),
        problem=(
            "Carriers bill surcharges in 90 ways. We check the sum, not the lines, and overpay by an "
            "estimated 1.4 %."
        ),
        process="Carrier settlement",
        goal=Goal("Overpayment found before payment", "% of volume", "up", "0.2", "1.1"),
        benefit=("saving", "Overpaid freight"),
        size="L",
        work="built",
        depth="core",
        objective="cost",
    ),
    Story(
        key="fi-audit",
        title="Journal entries that an auditor would ask about",
        summary="Marks journal entries that differ from habit, with the reason in one sentence.",
        problem=(
            "Internal audit draws samples. Errors are found by the external auditor in spring, when "
            "correcting them is dear."
        ),
        process="Financial control",
        goal=Goal("Corrections by the external auditor", "entries", "down", "46", "15"),
        benefit=("saving", "Fees for additional audit days"),
        size="M",
        work="configured",
        depth="edge",
        objective="compliance",
        tier="minimal",
    ),
    Story(
        key="fi-tax",
        title="Customs tariff numbers proposed",
        summary=(
            "Proposes the tariff number for goods from description and picture, with the paragraph that "
            "says so."
        ),
        problem="Clerks look up 900 numbers a day. Wrong ones cost 700,000 a year in duties and delays.",
        process="Customs clearance",
        goal=Goal("Tariff numbers corrected by customs", "%", "down", "6.5", "2.5"),
        benefit=("saving", "Duties, fines and storage"),
        size="M",
        work="bought",
        depth="local",
        objective="compliance",
        supplier="Quellmark",
        currency="EUR",
    ),
    Story(
        key="fi-contracts",
        title="Price clauses in supplier contracts watched",
        summary=(
            "Reads price and notice clauses of 6,000 contracts and reminds the buyer before a date passes."
        ),
        problem=(
            "Contracts renew themselves at higher prices. In 2025 that cost about 2 million, seen only "
            "afterwards."
        ),
        process="Contract management in purchasing",
        goal=Goal("Contracts renewed without a decision", "%", "down", "37", "8"),
        benefit=("saving", "Price rises avoided by a timely notice"),
        size="L",
        work="bought",
        depth="local",
        objective="cost",
        fate=Fate.DECISION_UNSIGNED,
        supplier="Quellmark",
    ),
    Story(
        key="fi-forecast",
        title="Rolling forecast without a hundred spreadsheets",
        summary=(
            "Forecasts revenue and cost by site for 18 months, with the drivers named, as a start for "
            "the planners."
        ),
        problem="Planning takes eleven weeks and 140 spreadsheets, and is outdated when it is approved.",
        process="Rolling forecast",
        goal=Goal("Error of the quarter's result", "%", "down", "8.5", "4.5"),
        benefit=("saving", "Fewer planning hours bought"),
        size="L",
        work="built",
        depth="core",
        objective="growth",
    ),
    Story(
        key="fi-master",
        title="Double suppliers in the master data",
        summary="Finds suppliers that are in the master data twice and proposes how to merge them.",
        problem=(
            "One supplier in nine exists twice. Payments go out twice some 60 times a year, and half "
            "come back."
        ),
        process="Master data of suppliers",
        goal=Goal("Double payments", "a year", "down", "61", "10"),
        benefit=("saving", "Double payments not recovered"),
        size="S",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="fi-board",
        title="Comments for the monthly report drafted",
        summary="Drafts the comment on each variance over 5 % from postings and last month's comment.",
        problem=(
            "Controllers write 180 comments a month, mostly the same as the month before with other figures."
        ),
        process="Monthly reporting",
        goal=Goal("Hours for comments", "hours a month", "down", "160", "60"),
        benefit=("productivity", "Time of controllers"),
        size="S",
        work="configured",
        depth="edge",
        objective="people",
        tier="minimal",
        fate=Fate.DECISION_UNSIGNED,
    ),
    Story(
        key="fi-lease",
        title="Lease contracts read for the balance sheet",
        summary="Reads term, price and options of leases for the accounts.",
        problem="Leases for 3,000 vans and 50 buildings are read by hand for each reporting date.",
        process="Lease accounting",
        goal=Goal("Hours per reporting date", "hours", "down", "420", "120"),
        benefit=("saving", "Hours of a consultancy"),
        size="M",
        work="bought",
        depth="local",
        objective="compliance",
        tier="minimal",
        fate=Fate.MERGED,
        begun=9,
        kin=(
            Kin(
                "le-review",
                "join",
                "Both read clauses of contracts with the same tool; only the fields differ.",
            ),
        ),
        why=(
            "Reading leases is one more list of fields for the contract comparison of Legal; one tool "
            "and one licence are enough."
        ),
    ),
    Story(
        key="fi-payroll",
        title="Payroll errors seen before payday",
        summary="Compares each pay slip with history and contract and lists odd ones for a check by people.",
        problem=(
            "Each month 240 people get the wrong pay. Correcting one case takes two hours and a lot of trust."
        ),
        process="Payroll",
        goal=Goal("Corrected pay slips", "a month", "down", "240", "80"),
        benefit=("productivity", "Time of payroll clerks"),
        size="M",
        work="built",
        depth="local",
        objective="compliance",
        tier="high",
        fate=Fate.SUBMITTED_TIER,
    ),
    Story(
        key="fi-chat",
        title="Questions about accounting rules answered",
        summary="Answers questions of site controllers from the accounting manual, with page and date.",
        problem="The manual has 410 pages, and the experts are asked the same thing from 41 depots.",
        process="Group accounting",
        goal=Goal("Questions to the experts", "a month", "down", "150", "60"),
        benefit=("productivity", "Time of the experts"),
        size="N",
        work="configured",
        depth="edge",
        objective="people",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=3,
    ),
)
