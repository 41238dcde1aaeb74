"""The scoring model that a new installation starts with, as data: version 1.

Each scale says in words what an assessor must be able to see before giving a rating. 5 is always better
for the firm.
"""

from decimal import Decimal

from scoring.engine import SCORE, Criterion, Dimension, Direction, Hurdle, Kind, KnockOut, Model
from scoring.finance import ReturnSettings

FEASIBILITY, COST, IMPACT = "feasibility", "cost", "impact"

CORRECTED_RETURN, TIME_TO_BENEFIT = "corrected_return", "time_to_benefit"

DIMENSIONS = (
    Dimension(FEASIBILITY, "Feasibility", 35),
    Dimension(COST, "Cost", 20),
    Dimension(IMPACT, "Impact", 45),
)

CRITERIA = (
    Criterion(
        key="data_readiness",
        dimension=FEASIBILITY,
        title="Data readiness",
        question="Is the data that this needs there, good enough, and allowed for this use?",
        weight=20,
        levels=(
            "The data isn't collected today, or we may not use it for this purpose.",
            "Parts exist in several systems; quality is unknown and nobody answers for it.",
            "The main data exists with a named owner; known gaps need work before the pilot.",
            "Complete enough for the pilot: quality measured, owner named, use permitted in writing.",
            "In daily use today, quality monitored, access and permitted use settled also for scaling.",
        ),
    ),
    Criterion(
        key="technical_readiness",
        dimension=FEASIBILITY,
        title="Technical readiness and integration",
        question="Does the technology work for this task, and can it be connected to the systems concerned?",
        weight=20,
        levels=(
            "Nobody has shown that it works for this task, and the systems concerned have no interface.",
            "Shown by others in a laboratory; interfaces would have to be built or negotiated.",
            "Works in a trial of ours; interfaces exist, but were not tested with this load or data.",
            "Works on our data in a test environment that is connected to the systems concerned.",
            "Runs in production with us or at a comparable firm, over interfaces that we operate already.",
        ),
    ),
    Criterion(
        key="skills_sourcing",
        dimension=FEASIBILITY,
        title="Skills and sourcing",
        question="Who builds it and who runs it, and are these people there when the plan needs them?",
        weight=15,
        levels=(
            "Key skills are missing, and there is neither a plan nor a supplier for them.",
            "Key skills must be hired or bought, and the search has not begun.",
            "A team is named, with gaps that a supplier or training could close in time.",
            "The team is released for this work; the supplier is chosen and terms are agreed.",
            "The team has done this before, is released, and those who will run it are part of it.",
        ),
    ),
    Criterion(
        key="workflow_fit",
        dimension=FEASIBILITY,
        title="Workflow fit and depth",
        question="Is it part of a process that people run every day, and how deep does it reach into it?",
        weight=15,
        levels=(
            "A tool beside the work: nobody's process changes and using it is optional.",
            "Touches the edge of a process; people leave their usual screen to use it.",
            "Serves one step of a daily process, inside the tools in which it is done.",
            "Carries several steps of a daily process, which was redesigned for it on paper.",
            "At the core of a daily process whose redesign was tried by the people who do the work.",
        ),
    ),
    Criterion(
        key="domain_maturity",
        dimension=FEASIBILITY,
        title="Domain maturity",
        question="Does this field have structured data, a defined workflow and a service goal?",
        weight=15,
        levels=(
            "None of the three: each case is handled differently and nobody measures the service.",
            "One of the three is in place.",
            "Two of the three are in place, or all three in part of the units concerned.",
            "All three are in place in every unit concerned; the service goal is reported.",
            "All three are in place, the goal is reported monthly, and it was improved in the last year.",
        ),
    ),
    Criterion(
        key="adoption_sponsorship",
        dimension=FEASIBILITY,
        title="Adoption and sponsorship",
        question="Will people use it, and does a visible sponsor stand behind it?",
        weight=15,
        levels=(
            "No sponsor speaks for it, and the people concerned were not asked.",
            "The sponsor agreed to be named; there is no plan for those who shall use it.",
            "The sponsor said so in public; training and a target for use are planned.",
            "The sponsor acts on it; users took part in the design and their managers have a target for use.",
            "Users ask for it after a trial; sponsor and managers answer for use that is measured.",
        ),
    ),
    Criterion(
        key="total_cost",
        dimension=COST,
        title="Total cost of ownership against its class",
        question="How does its whole-life cost compare with similar work of its class, for the same scope?",
        weight=40,
        levels=(
            "Over half as much again as comparable work, with no reason that the scope explains.",
            "Some 20 to 50 % above comparable work.",
            "About the same as comparable work, within 20 % either way, or no comparison was found.",
            "Some 20 to 40 % below, because existing platforms or licences are used.",
            "Over 40 % below, shown by offers or by invoices for the same thing elsewhere in the firm.",
        ),
    ),
    Criterion(
        key="run_cost_growth",
        dimension=COST,
        title="Run-cost growth",
        question="What happens to the run cost when use doubles?",
        weight=30,
        levels=(
            "It grows faster than use, or nobody can say; there is neither a limit nor an alarm.",
            "It grows in step with use, and the unit price can be changed by the supplier.",
            "It grows in step with use at a price fixed for the term; spend is watched monthly.",
            "It grows more slowly than use; limits and alarms are set in the system.",
            "It hardly grows: capacity is paid for already, or a contract caps it.",
        ),
    ),
    Criterion(
        key="cost_certainty",
        dimension=COST,
        title="Cost certainty",
        question="What do the cost figures rest on?",
        weight=30,
        levels=(
            "A guess: a single sum without lines or months.",
            "Estimated from experience in broad lines; large items are open.",
            "Estimated line by line with low and high; some supplier prices are known.",
            "Offers or framework prices cover over two thirds of it; the rest has a reserve.",
            "Nearly all is under contract or was measured in a pilot of the same scope.",
        ),
    ),
    Criterion(
        key=CORRECTED_RETURN,
        dimension=IMPACT,
        title="Corrected return",
        question="What does it return once its plan is corrected by how plans of its class turned out?",
        weight=25,
        kind=Kind.COMPUTED,
        direction=Direction.RISING,
        knots=((-0.5, 1), (0, 2), (0.5, 3), (1, 4), (2, 5)),
        levels=(
            "Half of the money or more is lost: a corrected ROI of -0.5 or less.",
            "The money comes back and nothing more: a corrected ROI of 0.",
            "Half the money again is earned: a corrected ROI of 0.5.",
            "The money is earned once again: a corrected ROI of 1.",
            "The money is earned twice again or more: a corrected ROI of 2 or above.",
        ),
    ),
    Criterion(
        key="strategic_alignment",
        dimension=IMPACT,
        title="Strategic alignment",
        question="Which strategic objective does it serve, and how much would that objective miss it?",
        weight=20,
        levels=(
            "No current objective is served.",
            "An objective is named, but success here would not be seen in its measures.",
            "Helps an objective of the unit, with a measure that both share.",
            "Moves a measure of an enterprise objective; the objective's owner agrees in writing.",
            "An enterprise objective can't be reached without it; its owner counts on it in the plan.",
        ),
    ),
    Criterion(
        key="kpi_improvement",
        dimension=IMPACT,
        title="Operational KPI improvement",
        question="How far will it move a KPI that operations are already steered by?",
        weight=20,
        levels=(
            "No KPI that anyone is steered by would change.",
            "A KPI is named without a baseline, or would move by less than 5 %.",
            "A KPI with a dated baseline would move by some 5 to 15 %.",
            "A KPI with a dated baseline would move by 15 to 30 %, made plausible by a trial.",
            "A KPI that managers answer for would move by over 30 %, measured in a pilot or nearby.",
        ),
    ),
    Criterion(
        key=TIME_TO_BENEFIT,
        dimension=IMPACT,
        title="Time to benefit",
        question="How many months pass from the base month to the first benefit?",
        weight=10,
        kind=Kind.COMPUTED,
        direction=Direction.FALLING,
        knots=((3, 5), (6, 4), (12, 3), (18, 2), (24, 1)),
        levels=(
            "First benefit after two years or later.",
            "First benefit after a year and a half.",
            "First benefit after a year.",
            "First benefit after half a year.",
            "First benefit within three months.",
        ),
    ),
    Criterion(
        key="scalability_reuse",
        dimension=IMPACT,
        title="Scalability and reuse",
        question="Can other units use it, or parts of it, without building it again?",
        weight=10,
        levels=(
            "Made for one team and its special data; nothing in it could be used elsewhere.",
            "Others could learn from it, but would have to build their own.",
            "Some parts, such as connectors or prepared data, would serve another unit.",
            "Two or more units could take it over with settings instead of new development.",
            "Built as a shared service; at least one more unit has agreed to use it.",
        ),
    ),
    Criterion(
        key="reliability_security",
        dimension=IMPACT,
        title="Reliability and security effect",
        question="Does it make operations safer and steadier, or does it add ways to fail?",
        weight=15,
        levels=(
            "Adds a serious way to fail or to leak, with neither fallback nor owner.",
            "Adds risk that is known; the measures against it are not planned in full.",
            "Changes nothing that matters: new risks are small and covered by usual controls.",
            "Removes known causes of incidents or errors; fallback and monitoring are planned.",
            "Clearly fewer or shorter incidents, shown in a trial; people can stop it at any time.",
        ),
    ),
)

DEFAULT_MODEL = Model(
    version=1,
    title="Shared scoring model",
    dimensions=DIMENSIONS,
    criteria=CRITERIA,
    hurdles=(Hurdle(SCORE, 50, 35), Hurdle(FEASIBILITY, 50, 35)),
    knock_outs=tuple(KnockOut),
    kappa=200,
    second_scorecard_from=Decimal(250_000),
    third_scorecard_over=Decimal(1_000_000),
    returns=ReturnSettings(
        annual_rate=0.08,
        horizon_months=36,
        experience_weight=10,
        experience_lowest=0.1,
        experience_highest=5.0,
        outcomes_for_observed_p80=30,
    ),
)
