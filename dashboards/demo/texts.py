"""What people of the demo write beside the case itself: readiness, reasons, evidence, comments, lessons.

Written in several variants, of which a story's generator chooses. `{kpi}` and its like are its figures.
"""

# Readiness, by unit --------------------------------------------------------------------------

DATA: dict[str, tuple[str, ...]] = {
    "sd": (
        (
            "Three years of tickets with their final group, in one system. The desk owns them; "
            "names were removed from the training set by the data protection office."
        ),
        (
            "About 400,000 chats and calls as text since 2022. A fifth lacks a closing code; the "
            "desk fills it for the last six months before we start."
        ),
        (
            "Ticket, asset and site data are joined nightly. The service manager answers for "
            "their quality, which is measured monthly."
        ),
    ),
    "co": (
        (
            "Usage and cost by hour for all accounts since 2021, owned by the platform team. Tags "
            "are missing for a fifth."
        ),
        "Eighteen months of metrics and alarms. Retention was 90 days before, so seasons are seen only once.",
        (
            "Configuration and change records are complete since the last audit; the owner is the "
            "configuration manager."
        ),
    ),
    "se": (
        (
            "Events of the last 400 days with the analysts' verdicts. Verdicts before 2023 used "
            "other words and were mapped by hand."
        ),
        (
            "Case files and logs under the security office. Use for this purpose is agreed with "
            "data protection in writing."
        ),
        "Labelled cases are few: 3,100. The rest is unlabelled and used only to learn what is usual.",
    ),
    "en": (
        (
            "Sensor values by minute for two years from 70 % of the machines; the supplier of the "
            "others opens its interface this quarter."
        ),
        "Repositories and their change history since 2016, owned by the development teams.",
        "Maintenance orders with causes in free text. The engineers coded 6,000 of them as a check.",
    ),
    "fi": (
        (
            "Postings, orders and receipts of five years in the ERP. Finance owns them; the "
            "external auditor tests them yearly."
        ),
        (
            "Scans since 2019, of which 4 % can't be read. Master data has doubles that are "
            "cleaned at the same time."
        ),
        "Bank and ledger data by day. Two small subsidiaries still send spreadsheets.",
    ),
    "pe": (
        (
            "Pay, contract and shift data of 11,000 people. The works council agreed to the "
            "fields and the purpose."
        ),
        "Data is by site, not by person, wherever that is enough; groups under twelve are left out.",
        "Training and licence records are complete for drivers and patchy for office staff.",
    ),
    "le": (
        "Some 26,000 contracts and opinions as text. Access rights go along with each document.",
        "Case files of twelve years with settlement and reason. Files before 2014 exist on paper only.",
        "The legal register is the source; its owner checks a sample of 50 entries a month.",
    ),
    "sc": (
        (
            "Scans, weights and tours of four years by parcel. Volume by depot is complete, by "
            "customer since 2022."
        ),
        (
            "Positions and temperatures by minute from our own trucks; carriers deliver them for "
            "half of the trips."
        ),
        "Stock and order data of 38 customers, who agreed to the use for planning.",
    ),
    "cs": (
        (
            "Two years of conversations whose callers agreed, as text with outcome. The contact "
            "centre owns them."
        ),
        (
            "Contacts by quarter hour since 2020, with reasons chosen by agents. A test showed 12 "
            "% wrong reasons."
        ),
        "Cases, refunds and tracking events are joined by parcel number; 3 % have none.",
    ),
    "ms": (
        "Offers, prices and volumes of five years in the sales system. Visit notes are thin before 2023.",
        "Consent of private customers is recorded for two thirds; the others are left out.",
        "Bookings by customer, lane and week. Small firms that share an address are counted as one.",
    ),
}

SYSTEMS: dict[str, tuple[str, ...]] = {
    "sd": (
        (
            "Reads and writes the ticket system through its documented interface; rights are "
            "those of a dispatcher."
        ),
        "Chat, ticket system and directory. All three are in the test environment.",
    ),
    "co": (
        (
            "Reads metrics and bills, writes tickets. It has no right to change a machine; a "
            "person runs the change."
        ),
        (
            "Connects to monitoring, the scheduler and the configuration database over interfaces "
            "that we operate."
        ),
    ),
    "se": (
        "Log platform, mail gateway and directory, read only; acts go through the case system.",
        "Identity system and ticket system. The identity supplier offers a tested interface.",
    ),
    "en": (
        "Build system and repositories; it comments and never merges.",
        "Maintenance planning and the sensor platform. The planning system takes orders by file twice a day.",
    ),
    "fi": (
        (
            "ERP by its standard interface, in the test client first. Postings are proposed and "
            "released by a person."
        ),
        "ERP, document archive and bank gateway. Nothing is paid without the present four-eyes step.",
    ),
    "pe": (
        "Personnel system and time recording, read only; results appear in the planner's screen.",
        "Personnel system and intranet. No data leaves the region.",
    ),
    "le": (
        "Document management and mail. Each answer shows its source, and rights are checked at each call.",
        "Claims system and archive, read only.",
    ),
    "sc": (
        (
            "Transport management and warehouse system by message queue; the night plan is "
            "written back by four o'clock."
        ),
        "Tracking, telematics and the yard system. Two depots still run the old version.",
    ),
    "cs": (
        "Contact platform and case system; the agent sees it in the usual screen.",
        "Tracking, case system and notification service.",
    ),
    "ms": (
        "Sales system and price engine; proposals appear in the offer screen.",
        "Web shop and mail service, with consent checked at each send.",
    ),
}

ADOPTION: dict[str, tuple[str, ...]] = {
    "sd": (
        (
            "Sixty agents and nine dispatchers. Four of them took part in the design; each "
            "proposal can be overruled by one key."
        ),
        "Agents use it in the tool that they have open all day. Team leaders agree on a target for use.",
        "Two pilot teams first, then one team a fortnight. A daily quarter of an hour for what goes wrong.",
    ),
    "co": (
        "Forty engineers on call. They review each proposal in the weekly meeting that exists already.",
        "Service owners get a list with the saving beside each line. Who says no says why.",
    ),
    "se": (
        "Twenty-two analysts. The first month runs beside the present way, and both results are compared.",
        "Managers and staff see less of it than before; a page explains what is checked and what is not.",
    ),
    "en": (
        "Nine teams. Two volunteered, the others follow once error rates are known.",
        "Foremen and technicians get the proposal with the reason on the tablet that they carry.",
    ),
    "fi": (
        (
            "Thirty-four clerks in two centres. They were asked which cases annoy them most, and "
            "these come first."
        ),
        "Controllers of all sites; each region has one who trains the others.",
    ),
    "pe": (
        "Planners and site managers. Two sites test it for a quarter, with the works council at the table.",
        "Recruiters and personnel clerks, with two half days of training.",
    ),
    "le": (
        "Eighteen lawyers and their assistants. Three wrote the test questions and judge the answers.",
        "Clerks keep the decision and see why a value is proposed.",
    ),
    "sc": (
        "Dispatchers of 41 depots. The first three chose to be first; drivers may change the order of stops.",
        "Hub planners, who see proposal and last year side by side for six weeks.",
    ),
    "cs": (
        "Nine hundred agents in three centres. Floor walkers are there for the first two weeks of each team.",
        "Agents may drop a draft by one click; what they drop is read weekly.",
    ),
    "ms": (
        "A hundred and ten sellers. Their bonus does not depend on following the proposal, but on margin.",
        "Campaign teams of eleven countries; a native speaker releases each text.",
    ),
}

# Readiness, by kind of work and benefit ------------------------------------------------------

SKILLS: dict[str, tuple[str, ...]] = {
    "configured": (
        (
            "The function is part of a service that we run. One administrator sets it up; the "
            "service team runs it."
        ),
        (
            "Two people of the unit know the service. The supplier gives ten days of help that "
            "are in the contract."
        ),
    ),
    "bought": (
        "The supplier builds the connection, two of our developers accompany it and run it later.",
        "A framework contract covers product and integration. The team was released for it until go-live.",
    ),
    "built": (
        "A team of four from Engineering with a data scientist; one post is still to be filled by transfer.",
        "Own team that built the capacity model before, and one contractor until go-live.",
    ),
    "novel": (
        "Nobody here has done this before. The supplier brings three people, and we learn with two.",
        "A small team for the pilot only. Whether we can run it ourselves is one of the pilot's questions.",
    ),
}

WORKFORCE: dict[str, tuple[str, ...]] = {
    "saving": (
        (
            "Work of contractors and agencies ends with their contracts. No own post is cut; two "
            "that fall vacant are not refilled."
        ),
        "The saving is bought work. People of the unit take over checking and the harder cases.",
        "Overtime falls. The works council was told in the first week and has a seat in the project.",
    ),
    "margin": (
        "No effect on the number of posts. Preparation takes less time, talks with customers more.",
        "Nobody loses work. Targets for this year stay as agreed.",
    ),
    "productivity": (
        "Hours are freed and not cut; the unit says beforehand what they are used for.",
        "No post ends. A backlog of 14 months is worked off with the time.",
    ),
    "avoidance": ("No effect on posts.",),
    "risk_reduction": ("No effect on posts. Reviews take less time and go deeper.",),
}

RISKS: dict[str, tuple[tuple[str, str], ...]] = {
    "configured": (
        (
            "The supplier changes the function or its price",
            "Notice of six months in the contract; the old way stays possible",
        ),
        ("People switch it off", "Use is looked at monthly, and reasons are asked for"),
        (
            "Data goes to a region where it must not be",
            "Region fixed in the contract and checked by the security office",
        ),
    ),
    "bought": (
        (
            "The connection takes longer than planned",
            "Interface tested in week four; without it we stop before the licence starts",
        ),
        (
            "Quality falls when the world changes",
            "A weekly sample of 200 cases, with a limit at which it is switched off",
        ),
        ("We depend on one supplier", "Data can be taken along; a second offer was asked for"),
    ),
    "built": (
        ("The data is worse than we think", "A check of a thousand records before the first line of code"),
        ("The one who knows it leaves", "Two people for each part; the run book is part of acceptance"),
        ("It is right on average and wrong where it hurts", "Limits by class of case, not only overall"),
    ),
    "novel": (
        (
            "It acts wrongly without anybody noticing",
            "Each act is logged and can be undone; a person confirms the others",
        ),
        ("The technique is not ready", "Pilot with a stop rule and a small first tranche"),
        ("Cost per case explodes", "A limit per day in the system, and an alarm at half of it"),
    ),
}

CONTROLS: dict[str, tuple[str, ...]] = {
    "minimal": (
        "Results are marked as proposals. The unit looks at a sample of 50 a month and can switch it off.",
        "Nothing happens without a person. Errors are reported through the usual ticket.",
    ),
    "limited": (
        (
            "A weekly sample of 200 cases, read by people; a limit at which it is switched off; "
            "users see that a machine is at work."
        ),
        (
            "Quality by class of case on one page, a fallback to the old way that is tried each "
            "quarter, a log of every answer."
        ),
    ),
    "high": (
        (
            "A person decides each case and can see why. Effects on groups are measured before "
            "start and quarterly; complaints go to a named person; every proposal is logged for "
            "three years."
        ),
        (
            "Four weeks beside the present way before anybody is affected, oversight by two "
            "trained people a shift, a stop switch on site."
        ),
    ),
    "prohibited": ("The camera image is deleted after a second.",),
}

STOP_RULES: tuple[str, ...] = (
    "Stop when “{kpi}” has covered less than a third of the way to {target} {unit} six months after go-live",
    "Stop when fewer than one in four of those concerned use it 90 days after go-live",
    "Stop when delivery costs more than 140 % of plan",
    "Stop when two samples in a row are worse than the present way",
    "Stop when the first group is not live two months after its date",
    "Stop when the run cost per case is above the cost of doing it by hand",
)

METHODS: tuple[str, ...] = (
    "Monthly report of the system, all cases, month's mean.",
    "Counted in the system of record by Finance Operations' definition, without manual cases.",
    "Sample of 400 cases a month, drawn by the quality team.",
    "From the service report that the unit publishes already.",
)

# Sponsors and triage -------------------------------------------------------------------------

SPONSORSHIP: tuple[str, ...] = (
    "I stand behind this because the people who do the work asked for it.",
    "This is on my own list of goals for the year, and I report on it to the board.",
    "I will free the two people that it needs, and answer for it if it fails.",
    "We have lived with this problem for too long. I want the figure that is promised here.",
    "I have seen the trial and talked with the team leaders: they want it.",
    "It pays only if we change how we work. I will see to that.",
    "I back it for the pilot and will look at the figures with the owner every month.",
    "Customers complain to me about exactly this. It has my support.",
    "The case is honest about what could go wrong, and that is why I support it.",
)

OVERLAP: dict[str, tuple[str, ...]] = {
    "none": (
        "Searched the register by process and words: nothing alike is open.",
        "Two cases of last year look alike but serve other systems and are closed.",
        "Nothing alike; the office asked the heads of the other units.",
    ),
    "join": ("It belongs with the one that it names; the joint case comes from there.",),
    "differentiate": (
        "Alike in method, not in process: both owners agree on who does what.",
        "The two share data and supplier terms and nothing else.",
    ),
    "depend": (
        "It uses a result of the other one; its plan starts after that.",
        "The other one delivers the input. Both owners share a date.",
    ),
}

TIERS: dict[str, tuple[str, ...]] = {
    "minimal": (
        "Proposals on machines and papers; nobody is judged by them.",
        "Internal help without effect on persons.",
    ),
    "limited": (
        "People talk to it or act on it; they are told and can reach a person.",
        "Errors cost money and time, and can be undone.",
    ),
    "high": (
        "It touches the work, pay or rights of persons, so that oversight and evidence come first.",
        "A wrong result could harm people. Controls are evidenced before anybody is affected.",
    ),
    "prohibited": ("Reading emotions of people at work is a prohibited use.",),
}

# Scoring -------------------------------------------------------------------------------------

HIGH_MARKS: dict[str, tuple[str, ...]] = {
    "data_readiness": (
        "I looked at the monthly quality report: complete for two years, owner named, use agreed.",
        "The data is in daily use for steering already.",
    ),
    "technical_readiness": (
        "Runs at a firm of our size; I saw it there in spring.",
        "The same connection is in production with us for another process.",
    ),
    "skills_sourcing": (
        "The same team delivered the last one on time and is released until go-live.",
        "Those who will run it sit in the project from the first day.",
    ),
    "workflow_fit": (
        "It sits in the one screen that people use all day, and they redesigned the steps themselves.",
        "The process can't be done beside it; that is what makes it hold.",
    ),
    "domain_maturity": (
        "Data, workflow and service goal are all there, and the goal rose last year.",
        "One of the best measured processes that we have.",
    ),
    "adoption_sponsorship": (
        "The sponsor opens the weekly meeting on it, and the managers have a target for use.",
        "Users of the trial asked when it comes back.",
    ),
    "total_cost": ("Two offers in the file, the lower one a third under what we paid for the like.",),
    "run_cost_growth": ("Capacity is paid for; twice the use costs next to nothing.",),
    "cost_certainty": ("Nine tenths of it are fixed prices under contract.",),
    "strategic_alignment": (
        "The owner of the objective counts on it in this year's plan and wrote so.",
        "Without it the goal for the year can't be reached.",
    ),
    "kpi_improvement": (
        "The trial showed more than what is claimed.",
        "Managers are paid by this figure, and half of the target was seen in the test.",
    ),
    "scalability_reuse": ("Two more units have signed that they take it over.",),
    "reliability_security": ("Outages of this kind fell by half in the trial, and anyone can stop it.",),
}

LOW_MARKS: dict[str, tuple[str, ...]] = {
    "data_readiness": ("Nobody could show me the data, and its use for this purpose is not agreed.",),
    "technical_readiness": ("The system concerned has no interface, and none is planned.",),
    "skills_sourcing": ("Nobody named has time before next summer.",),
    "workflow_fit": ("A page of its own that people must remember to open.",),
    "domain_maturity": ("Each case is handled differently, and there is no goal.",),
    "adoption_sponsorship": ("Those concerned heard of it from me.",),
    "total_cost": ("Twice what a like one cost in the next unit, without a reason.",),
    "run_cost_growth": ("Price by use without a limit, and use is the aim.",),
    "cost_certainty": ("One sum for three years, without lines.",),
    "strategic_alignment": ("I find no objective that it serves.",),
    "kpi_improvement": ("No figure that anyone is steered by would move.",),
    "scalability_reuse": ("Made for one team and its spreadsheet.",),
    "reliability_security": ("It adds a way to fail that has neither owner nor fallback.",),
}

SCORE_COMMENTS: tuple[str, ...] = (
    "A solid case. The ramp looks steep to me, the cost does not.",
    "Good problem, honest risks. I would ask for the data check before the first tranche.",
    "The unit knows its process. Adoption is what will decide.",
    "I spoke with two team leaders; both want it, one doubts the date.",
    "Costs are well founded. For the benefit I would like to see the trial's figures.",
    "Better than what we saw last year from this unit.",
    "The technique is the easy part here. Ask who changes the work instructions.",
    "",
    "",
)

COMES_UP: tuple[str, ...] = (
    "I had read the case too narrowly; the attachment my colleague names answers my doubt.",
    "Two of us have seen the process at work and I have not. I come up, not all the way.",
    "The reason convinces me for the first year; for the second I keep my doubt.",
)
STANDS_LOW: tuple[str, ...] = (
    "I read the same page and still miss the name of whoever answers for it.",
    "The scale asks for something that runs. A plan to have it is a lower rung.",
)
STANDS_HIGH: tuple[str, ...] = (
    "It runs in the neighbouring unit on the same system; I saw it there.",
    "The case names the person, the date and the figure. More nobody can ask before a pilot.",
)
CLOSED_APART = "Both readings are in the record; the pilot will show which of them is right."

# Deciding ------------------------------------------------------------------------------------

PROPOSE_GO: tuple[str, ...] = (
    "Best of its kind in this quarter's list; the envelope has room.",
    "Score above the hurdle, sponsor active, data checked. The pilot answers the open question of adoption.",
    "The corrected return holds even when benefits come late.",
    "Small, clear and wanted by those who do the work.",
    "It depends on nothing else and can be stopped after the pilot at little cost.",
    "The process is measured already, so that we will know within half a year.",
)
SIGN_GO: tuple[str, ...] = (
    "Go. Show me the figure in six months.",
    "Agreed; the first tranche is small enough.",
    "I accept the corrected return as the one to hold you to.",
    "Yes. The sponsor told me in person that the posts will not be refilled.",
    "Worth it on the low end of the range already.",
    "Agreed, with a close look at the run cost.",
    "In favour. The alternative is to hire.",
    "Go ahead; keep the stop rules.",
)
SCALE_GO: tuple[str, ...] = (
    "The pilot showed enough: the figure moves, and people use it.",
    "Pilot evidence is measured, run cost is known; roll out in two steps.",
    "Less than hoped and still worth the rest of the money.",
    "The first group would not give it back. Scale.",
)
SCALE_SIGN: tuple[str, ...] = (
    "Scale it, and attest the benefit each quarter.",
    "Agreed. The rest of the money comes with the figures.",
    "In favour of the rollout, site by site.",
    "Yes; run cost per case is what I will watch.",
)
CONDITIONS: tuple[str, ...] = (
    "Show the data check to the portfolio office before the second tranche",
    "Agree on the limits of use with the works council",
    "Add the price clause for the third year to the contract",
    "Try the fallback once under load and write down what happened",
)
RELEASES: tuple[str, ...] = (
    "As decided.",
    "Evidence seen; spend to date is within plan.",
    "Milestone reached and shown.",
    "Asked for on time; the sample is in the file.",
)
TRANCHE_EVIDENCE: tuple[str, ...] = (
    "The first group is live, and the sample of last week holds.",
    "“{kpi}” moves as planned; the report is with Finance Operations.",
    "Integration test passed; the supplier's milestone is accepted.",
    "Two more sites are trained, and the licences start next month.",
)
ASKED_TODAY = (
    "The milestone is reached and the sample of this month holds; the report is filed with the case."
)
PILOT_EVIDENCE: tuple[str, ...] = (
    "Four months with the first group: use in the report of the system, the figure in the KPI sheet.",
    "Half of those concerned use it daily; the quality sample is filed with each month.",
    "Compared with a group without it over ten weeks; the difference is outside chance.",
)
OPERATION_EVIDENCE: dict[str, tuple[str, ...]] = {
    "monitoring": (
        "Quality and use on one page, looked at in the monthly service review; the alarm limit is set.",
        "Weekly sample with a limit, in the quality report of the unit.",
    ),
    "fallback": (
        "Switched off for a day in test: the old way held, with two people more.",
        "The work instruction has a page for the day without it; tried in the last quarter.",
    ),
    "incident_plan": (
        "It is a service with an owner and a priority in the incident process.",
        "Who calls whom is in the run book; the contact of the supplier is tested.",
    ),
}
ACCEPT_OWNER: tuple[str, ...] = (
    "It is part of our service from today, with its run cost.",
    "Accepted. The team runs it without the project.",
)
ACCEPT_RISK: tuple[str, ...] = (
    "Controls work as planned; next look in a year.",
    "Accepted with the present tier.",
)

# Benefits and outcomes -----------------------------------------------------------------------

CLAIM_EVIDENCE: dict[str, tuple[str, ...]] = {
    "saving": (
        "Invoices of the provider for the month against the baseline.",
        "Cost centre report of the month.",
    ),
    "margin": (
        "Contribution of the marked orders, from the sales report.",
        "Orders with the proposal against those without.",
    ),
    "productivity": ("Hours by time recording against the baseline, at the planning rate.",),
    "avoidance": ("Cases avoided by count, at last year's mean cost.",),
    "risk_reduction": ("Loss expected by the risk model before and after.",),
}
WHERE_IT_SHOWS: dict[str, tuple[str, ...]] = {
    "sd": ("Cost centre 4110, contractors of the desk", "Order 88120, overflow call centre"),
    "co": ("Cost centre 4230, cloud platform", "Contract 7071, managed service partner"),
    "se": ("Cost centre 4310, security partner", "Account 6820, claims paid"),
    "en": ("Cost centre 5140, maintenance by others", "Account 6310, contract developers"),
    "fi": ("Cost centre 3120, accounts payable: posts not refilled", "Account 6710, fees and interest"),
    "pe": ("Account 5230, overtime and agencies", "Cost centre 3410, provider of the people desk"),
    "le": ("Account 6730, outside counsel", "Account 6825, settlements"),
    "sc": ("Account 5810, line haul and spot freight", "Cost centre 6100, temporary workers in hubs"),
    "cs": ("Contract 7204, outsourced contact centre", "Cost centre 6500, agency agents"),
    "ms": ("Contribution report, business customers", "Account 6610, agencies and media"),
}
NOTHING_TO_SHOW = "Nothing in the month: attested as zero"
MEASURE_NOTES: tuple[str, ...] = (
    "Month's mean, all teams that are live.",
    "One site was closed for two days; not corrected.",
    "",
    "",
    "Counted anew after the change of definition in the source; the difference is under a tenth of a point.",
)
LESSONS: dict[str, tuple[str, ...]] = {
    "met": (
        "The team leaders were measured by use from the first week. Do that again.",
        "Fixed prices for delivery kept the cost; the licence began only with the second group.",
        "The baseline was taken three months before the start, so that nobody argued about it.",
    ),
    "partly_met": (
        "The benefit came, and came late: the ramp took nine months instead of four.",
        "Integration cost half as much again. The interface was tested too late.",
        "Two of five sites use it little. Their managers were not part of it.",
        "Hours were freed, and only a part of them became money.",
    ),
    "failed": (
        "The problem was real and the data was not. Check a thousand records first.",
        "People went around it, because it took one click more than the old way.",
        "We went on for two quarters after the stop rule had fired. Next time we stop.",
    ),
}
OUTCOME_REASONS: dict[str, tuple[str, ...]] = {
    "met": (
        "Attested benefits and forecast reach the baseline.",
        "Twelve months attested; the return holds.",
    ),
    "partly_met": (
        "Attested benefits stay below the baseline, and above half of it.",
        "Cost over and benefit under the baseline; it still earns its run cost.",
    ),
    "failed": ("The forecast benefit is under half of the baseline.",),
}

# Talk ----------------------------------------------------------------------------------------

COMMENTS: tuple[str, ...] = (
    "Could you show the figure by site as well? The mean hides the two large ones.",
    "We would like to use the same connection in our unit. Whom do we talk to?",
    "The licence starts in the month after go-live, not before. Please check the plan.",
    "The supplier moved its date by three weeks; the plan holds so far.",
    "Thanks for the open words in the risk section. This helps the assessors.",
    "Is the baseline of the KPI before or after the reorganisation?",
    "Works council informed on Tuesday, no objection.",
    "The sample of this week is worse than usual: a new product was missing. Fixed.",
    "I propose that we attest this line together with the one of the neighbouring unit.",
    "Please add who runs it when the contractor has left.",
    "Two agents told me that they would not give it back.",
    "The invoice of March is booked on the old cost centre; finance moves it.",
    "Training of the night shift is still open.",
    "For the next tranche we need the sample by class of case.",
    "Run cost per case is now below the plan, since the cache works.",
    "Can we agree on one name for this? Three are in use.",
)
HOLD_REASONS: tuple[str, ...] = (
    "The contract with the supplier is being negotiated anew; we wait for its price.",
    "The unit is being reorganised. The new head decides whether it goes on.",
)
EXPIRED_NOTE = (
    "The pilot is past its clock. The unit asks for one more quarter; the evidence for it is not in yet."
)
RETIREMENT: dict[str, str] = {
    "decommissioning": "Servers and accounts are switched off; the asset register is updated.",
    "data_kept": "Drafts are deleted, papers that were filed stay in the archive for ten years.",
    "contracts": "Licence ended at the end of the term; last invoice is paid.",
}
UNMATCHED: tuple[tuple[str, str], ...] = (
    ("Promptwell Studio", "Team subscription, 40 seats"),
    ("Deskmuse", "Assistant, monthly, paid by card"),
    ("Harrowmere Data", "Workshop, no order number"),
    ("Loomline Translate", "Pay as you go"),
    ("Quellmark", "Extra seats, cost centre unknown"),
)
