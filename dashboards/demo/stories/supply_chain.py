"""What Supply Chain brings."""

from dashboards.demo.story import Fate, Goal, Kin, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="sc-demand",
        title="Parcel volume forecast by depot and day",
        summary=(
            "Forecasts volume by depot, day and product for eight weeks with a range, as a base for "
            "people and trucks."
        ),
        problem=(
            "Depots plan with last year's figures. On one day in five they are more than a fifth wrong "
            "in one direction or the other."
        ),
        process="Volume planning",
        goal=Goal("Error of the daily depot forecast", "%", "down", "19", "9"),
        benefit=("saving", "Temporary workers and empty trucks"),
        size="X",
        work="built",
        depth="core",
        objective="growth",
        begun=32,
    ),
    Story(
        key="sc-routes",
        title="Delivery tours planned with real driving times",
        summary=(
            "Plans delivery tours each night with driving times by street and hour, and lets the driver "
            "change the order."
        ),
        problem="Tours follow postcodes drawn in 2011. Drivers of one depot finish four hours apart.",
        process="Tour planning",
        goal=Goal("Kilometres per stop", "km", "down", "2.9", "2.4"),
        benefit=("saving", "Fuel, vans and overtime"),
        size="X",
        work="bought",
        depth="core",
        objective="cost",
        begun=25,
        supplier="Velquist",
    ),
    Story(
        key="sc-eta",
        title="Arrival times that hold",
        summary=(
            "Tells customers a window of one hour that is right in nine of ten cases, and corrects "
            "itself during the day."
        ),
        problem=(
            "The promised window is four hours and is missed in a third of the cases. Half of all calls "
            "ask where the parcel is."
        ),
        process="Delivery notification",
        goal=Goal("Deliveries within the promised hour", "%", "up", "42", "88"),
        benefit=("saving", "Calls and second delivery attempts"),
        size="M",
        work="built",
        depth="local",
        objective="customer",
    ),
    Story(
        key="sc-dock",
        title="Docks assigned by what is in the truck",
        summary="Assigns trucks to docks by content and next tour, from the moment they leave.",
        problem="Trucks wait 47 minutes at the hub gate on average, and content is carried across the hall.",
        process="Yard management",
        goal=Goal("Minutes at the gate", "minutes", "down", "47", "25"),
        benefit=("saving", "Waiting money of carriers"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="sc-load",
        title="Space in trucks used better",
        summary=(
            "Proposes the loading order from size and weight of what is expected, and shows it on a "
            "screen at the dock."
        ),
        problem="Trucks between hubs run 63 % full by volume. Nobody sees beforehand what fits.",
        process="Line haul",
        goal=Goal("Filling of line-haul trucks", "%", "up", "63", "72"),
        benefit=("saving", "Line-haul trips not bought"),
        size="L",
        work="built",
        depth="core",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="sc-returns",
        title="Returns sorted at the counter",
        summary="Recognises goods and condition of returns at the counter and decides where they go.",
        problem=(
            "Returns travel to the centre first and on average twice across the country before they are "
            "sold again."
        ),
        process="Returns handling",
        goal=Goal("Days until a return is on sale again", "days", "down", "13", "6"),
        benefit=("saving", "Transport of returns"),
        size="M",
        work="bought",
        depth="local",
        objective="cost",
        supplier="Tindralyn Vision",
    ),
    Story(
        key="sc-address",
        title="Wrong addresses corrected before the van leaves",
        summary="Corrects misspelt addresses from earlier deliveries and asks the customer when in doubt.",
        problem="Each day 3,100 parcels have an address that the driver has to guess.",
        process="Address checking",
        goal=Goal("Parcels with an unclear address", "a day", "down", "3100", "1100"),
        benefit=("saving", "Second delivery attempts"),
        size="S",
        work="configured",
        depth="local",
        objective="customer",
        tier="minimal",
    ),
    Story(
        key="sc-cold",
        title="Cold chain breaks predicted on the way",
        summary=(
            "Predicts from sensor and traffic when a cold transport will leave its limits, and names the "
            "nearest help."
        ),
        problem="Every month 14 loads of food or medicine are lost, each noticed at the ramp.",
        process="Cold transport",
        goal=Goal("Loads lost", "a month", "down", "14", "5"),
        benefit=("saving", "Loads lost and insurance"),
        size="M",
        work="built",
        depth="core",
        objective="resilience",
        begun=15,
        kin=(
            Kin(
                "en-energy",
                "differentiate",
                "That one cools warehouses by price; ours watches trucks on the way.",
            ),
        ),
    ),
    Story(
        key="sc-customs",
        title="Customs papers drafted from the order",
        summary="Drafts customs papers for road freight from order and invoice, for a clerk to check.",
        problem="Papers for one truck took 35 minutes and were wrong in one of eight cases.",
        process="Export clearance",
        goal=Goal("Minutes per truck", "minutes", "down", "35", "12"),
        benefit=("saving", "Clerks from the agency"),
        size="M",
        work="novel",
        depth="local",
        objective="growth",
        fate=Fate.RETIRED,
        begun=30,
        why=(
            "The customs authority now takes orders in a format that the booking system sends by itself. "
            "The tool did its work and is switched off."
        ),
    ),
    Story(
        key="sc-stock",
        title="Stock of customers placed by expected orders",
        summary="Proposes in which warehouse each article of a customer should lie, week by week.",
        problem="Articles lie where they came in. A third of all orders are sent from two warehouses.",
        process="Contract logistics",
        goal=Goal("Orders sent from two places", "%", "down", "33", "18"),
        benefit=("saving", "Second shipments"),
        size="L",
        work="bought",
        depth="core",
        objective="cost",
    ),
    Story(
        key="sc-carrier",
        title="Carriers proposed by price and promise kept",
        summary="Proposes for each spot load the three carriers with the best price for kept promises.",
        problem="Dispatchers call whom they know. Prices for the same lane differ by up to 40 %.",
        process="Spot freight",
        goal=Goal("Price above the market index", "%", "down", "9", "4"),
        benefit=("saving", "Spot freight"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
    ),
    Story(
        key="sc-drone",
        title="Parcels by drone to three islands",
        summary="Delivers urgent parcels by drone to three islands without a daily ferry.",
        problem="Urgent medicine waits up to two days for a ferry.",
        process="Island delivery",
        goal=Goal("Hours to the islands", "hours", "down", "31", "3"),
        benefit=("margin", "Premium deliveries"),
        size="L",
        work="novel",
        depth="edge",
        objective="growth",
        tier="high",
        fate=Fate.REJECTED,
        begun=20,
        why="Rejected: one flight would cost forty times a ferry parcel, and the permit is open.",
    ),
    Story(
        key="sc-inventory",
        title="Stock counted by flying cameras",
        summary="Counts pallets in the high racks at night by a flying camera.",
        problem="Counting a warehouse takes a weekend and 30 people, twice a year.",
        process="Stock taking",
        goal=Goal("Hours to count a warehouse", "hours", "down", "480", "40"),
        benefit=("saving", "Weekend work"),
        size="M",
        work="bought",
        depth="local",
        objective="cost",
        fate=Fate.STOPPED_EARLY,
        begun=9,
        supplier="Ostervik Robotics",
        why=(
            "Labels on one rack in five can't be read from the front. We stopped before the second "
            "tranche and ask suppliers for labels on two sides."
        ),
    ),
    Story(
        key="sc-supplier",
        title="Late deliveries of packaging foreseen",
        summary=(
            "Estimates which orders of packaging and parts will be late, from the supplier's history and "
            "news."
        ),
        problem="In spring two hubs had no labels for a day. The supplier had been late six weeks running.",
        process="Purchasing of packaging",
        goal=Goal("Orders that come late unannounced", "%", "down", "23", "9"),
        benefit=("saving", "Rush orders"),
        size="L",
        work="built",
        depth="edge",
        objective="resilience",
        fate=Fate.ASSESSMENT_PART,
        kin=(Kin("co-capacity", "depend", "We need the season forecast as an input."),),
    ),
    Story(
        key="sc-lockers",
        title="Parcel lockers where people will use them",
        summary="Proposes places for 300 parcel lockers from parcels, paths and opening hours.",
        problem=(
            "A third of the lockers are empty, others overflow. Places were chosen by who offered a wall."
        ),
        process="Network planning",
        goal=Goal("Use of locker space", "%", "up", "44", "68"),
        benefit=("margin", "More parcels per locker"),
        size="L",
        work="bought",
        depth="local",
        objective="growth",
        fate=Fate.DECISION_UNSIGNED,
    ),
)
