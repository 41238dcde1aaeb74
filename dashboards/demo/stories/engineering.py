"""What Engineering brings."""

from dashboards.demo.story import Fate, Goal, Story

STORIES: tuple[Story, ...] = (
    Story(
        key="en-review",
        title="First review of code by an assistant",
        summary=(
            "Comments on each change before a colleague does: errors, missing tests, house rules; the "
            "author decides."
        ),
        problem=(
            "Changes wait 31 hours for a reviewer, and reviewers spend their time on what a machine "
            "could say."
        ),
        process="Code review",
        goal=Goal("Hours until the first review", "hours", "down", "31", "2"),
        benefit=("saving", "Contract developers not extended"),
        size="L",
        work="bought",
        depth="core",
        objective="cost",
        begun=28,
        supplier="Velquist",
    ),
    Story(
        key="en-tests",
        title="Tests drafted for code without any",
        summary="Drafts tests for the most changed code without tests; a developer accepts or drops each.",
        problem=(
            "A third of the routing code has no test. Each change there takes twice as long and breaks "
            "something in one case of eight."
        ),
        process="Software maintenance",
        goal=Goal("Code covered by tests", "%", "up", "41", "70"),
        benefit=("saving", "Less rework after releases"),
        size="M",
        work="configured",
        depth="local",
        objective="resilience",
        tier="minimal",
    ),
    Story(
        key="en-legacy",
        title="Tariff engine moved to a language that people know",
        summary=(
            "Translates the tariff engine file by file, with tests that prove equal prices for three "
            "years of shipments."
        ),
        problem=(
            "The tariff engine is written in a language for which we find nobody. A change of price "
            "lists takes ten weeks."
        ),
        process="Tariff maintenance",
        goal=Goal("Weeks for a change of price lists", "weeks", "down", "10", "2"),
        benefit=("saving", "Licence and specialists of the old engine"),
        size="X",
        work="built",
        depth="core",
        objective="cost",
        begun=21,
        supplier="Ostervik Systems",
    ),
    Story(
        key="en-docs",
        title="Interface descriptions kept in step with the code",
        summary=(
            "Notices when code and interface description differ, and drafts the correction with the change."
        ),
        problem=(
            "Partners build against descriptions that are wrong in one of five places. Each error makes "
            "three support calls."
        ),
        process="Interface documentation",
        goal=Goal("Wrong places per 100 pages", "places", "down", "19", "4"),
        benefit=("productivity", "Time of support and partners"),
        size="S",
        work="configured",
        depth="edge",
        objective="people",
        tier="minimal",
    ),
    Story(
        key="en-vehicle",
        title="Repair of vans before they break down",
        summary=(
            "Predicts failures of brakes, batteries and gearboxes from sensor data and books the "
            "workshop in quiet hours."
        ),
        problem=(
            "Breakdowns on the road cost 1,900 tours a year. Parts are changed by mileage, too early for "
            "most and too late for some."
        ),
        process="Fleet maintenance",
        goal=Goal("Breakdowns on the road", "a year", "down", "1900", "1150"),
        benefit=("saving", "Towing, replacement vans and missed tours"),
        size="L",
        work="built",
        depth="core",
        objective="cost",
    ),
    Story(
        key="en-conveyor",
        title="Failure of sorting belts seen days ahead",
        summary=(
            "Listens to motors and bearings of the sorting belts and tells maintenance what to change on "
            "the next free night."
        ),
        problem=(
            "Each hour of a standing belt costs 48,000. Last year there were 61 of them, most of them in "
            "the evening peak."
        ),
        process="Maintenance of sorting centres",
        goal=Goal("Hours of standing belts", "hours a year", "down", "61", "25"),
        benefit=("saving", "Overtime and redirected parcels"),
        size="L",
        work="built",
        depth="core",
        objective="resilience",
    ),
    Story(
        key="en-spares",
        title="Spare parts kept where they are needed",
        summary="Forecasts need by depot and part, and proposes what to move or to give back.",
        problem=(
            "Spare parts worth 4 million lie in depots, a third unmoved for two years, while urgent "
            "parts come by courier every day."
        ),
        process="Spare parts management",
        goal=Goal("Courier deliveries of parts", "a month", "down", "260", "110"),
        benefit=("saving", "Couriers and stock"),
        size="M",
        work="configured",
        depth="local",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="en-drawings",
        title="Old drawings made searchable",
        summary="Reads scanned drawings of buildings and machines and finds them by part, place and year.",
        problem=(
            "Before each repair somebody looks for a drawing among 84,000 scans, on average for 50 minutes."
        ),
        process="Facility maintenance",
        goal=Goal("Minutes to find a drawing", "minutes", "down", "50", "5"),
        benefit=("productivity", "Time of technicians"),
        size="S",
        work="bought",
        depth="edge",
        objective="cost",
        tier="minimal",
    ),
    Story(
        key="en-energy",
        title="Cooling of warehouses by forecast",
        summary=(
            "Cools the frozen warehouses ahead when power is cheap and the forecast is hot, within the "
            "limits for food."
        ),
        problem=(
            "Cooling takes 40 % of the power of the cold chain. It runs by thermostat, most of all when "
            "power is dearest."
        ),
        process="Operation of cold warehouses",
        goal=Goal("Power cost per pallet and day", "cents", "down", "31", "24"),
        benefit=("saving", "Electricity of the cold chain"),
        size="M",
        work="built",
        depth="local",
        objective="cost",
        tier="minimal",
        begun=26,
    ),
    Story(
        key="en-quality",
        title="Damaged parcels seen on the belt",
        summary="Sees torn and wet parcels on camera and takes them out before they damage others.",
        problem=(
            "Of 1,000 parcels 3.8 arrive damaged. Half were damaged before they reached the belt, and "
            "nobody noticed."
        ),
        process="Parcel sorting",
        goal=Goal("Damaged parcels per 1,000", "parcels", "down", "3.8", "2.4"),
        benefit=("saving", "Compensation for damaged goods"),
        size="M",
        work="bought",
        depth="local",
        objective="customer",
        supplier="Tindralyn Vision",
    ),
    Story(
        key="en-robot",
        title="Robot arms that unload loose parcels",
        summary="Unloads loose parcels from trailers with two robot arms that see what lies on top.",
        problem=(
            "Unloading is the heaviest work in the hubs. One post in four is vacant, and sick leave is "
            "twice the average."
        ),
        process="Unloading of trailers in hubs",
        goal=Goal("Parcels unloaded per hour and dock", "parcels", "up", "520", "900"),
        benefit=("saving", "Temporary workers at the docks"),
        size="X",
        work="novel",
        depth="core",
        objective="cost",
        tier="high",
        fate=Fate.STOPPED,
        begun=26,
        supplier="Ostervik Robotics",
        why=(
            "After two years the arms unload 430 parcels an hour, fewer than people do, and the supplier "
            "gives no date for the next version. What is left of the money is worth more elsewhere."
        ),
    ),
    Story(
        key="en-estimate",
        title="Effort of software projects estimated from the past",
        summary="Compares a new project with 400 finished ones and gives a range for effort and time.",
        problem="Estimates come from the loudest voice. On average projects take 1.6 times what was said.",
        process="Project planning",
        goal=Goal("Actual over estimated effort", "ratio", "down", "1.6", "1.2"),
        benefit=("productivity", "Fewer projects replanned"),
        size="M",
        work="configured",
        depth="edge",
        objective="cost",
        tier="minimal",
        fate=Fate.REDESIGN,
        begun=2,
        why=(
            "The finished projects were never recorded in one way. Clean the data of the last two years "
            "first, and say who answers for it."
        ),
    ),
    Story(
        key="en-design",
        title="Layout of new depots drafted in variants",
        summary="Drafts depot layouts from volume, plot and rules, for engineers to refine.",
        problem="Each new depot takes 14 weeks from plot to layout, and only one variant is ever drawn.",
        process="Planning of new depots",
        goal=Goal("Weeks from plot to layout", "weeks", "down", "14", "6"),
        benefit=("saving", "Planning office fees"),
        size="M",
        work="novel",
        depth="edge",
        objective="growth",
        fate=Fate.ASSESSMENT_SCORED,
    ),
    Story(
        key="en-telemetry",
        title="One picture of all sensor data",
        summary=(
            "Cleans and joins sensor data of vans, belts and cold rooms, so that models and people read "
            "the same."
        ),
        problem=(
            "Eleven suppliers deliver sensor data in eleven ways. Each project builds its own pipeline again."
        ),
        process="Operation of technical data",
        goal=Goal("Sensors with usable data", "%", "up", "46", "85"),
        benefit=("saving", "Pipelines not built twice"),
        size="M",
        work="built",
        depth="local",
        objective="resilience",
        fate=Fate.HOLD,
        begun=7,
        why="On hold until the supplier of the cold rooms has opened its interface.",
    ),
    Story(
        key="en-permit",
        title="Work permits checked for missing lines",
        summary=(
            "Checks work permits for high places and hot work for missing lines before the foreman signs."
        ),
        problem="One permit in seven lacks a line, and the foreman finds out at the site.",
        process="Work safety",
        goal=Goal("Permits with missing lines", "%", "down", "14", "3"),
        benefit=("productivity", "Time of foremen"),
        size="N",
        work="configured",
        depth="edge",
        objective="compliance",
        tier="minimal",
        fate=Fate.NOTIFY,
        begun=10,
    ),
)
