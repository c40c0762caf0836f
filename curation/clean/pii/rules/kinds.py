"""Words that end the names of bodies, and words that say of a name that it is a body: lists of our own, in lower case."""

from __future__ import annotations

import re

FACILITIES = frozenset(
    """
    hospital hospitals clinic infirmary hospice sanatorium surgery ward pharmacy center centre elementary high academy
    primary secondary comprehensive grammar prep preschool kindergarten montessori nursery daycare childcare school schools
    church cathedral chapel mosque synagogue parish tabernacle abbey convent monastery ministries gurdwara masjid minster
    fellowship prison jail penitentiary facility shelter refuge hostel library gym orphanage ymca ywca rehab rehabilitation
    practice treatment recovery dental medical healthcare health care lodge manor unit institution hall house juniors
    infants friary priory mission villa unidad campus counselling counseling psychotherapy wellness lutheran baptist
    methodist presbyterian episcopal general memorial regional behavioral behavioural
    """.split()
)
ORGANISATIONS = frozenset(
    """
    organization organisation inc llc llp ltd limited plc corp corporation gmbh ag kg nv bv oy oyj aps srl sarl pty co company sons daughters brothers bros group logistics solutions
    industries consulting consultants consultancy partners associates holdings bank insurance assurance technologies
    technology software systems foods motors autos airlines airways pharmaceuticals pharma biotech realty properties
    estates construction builders plumbing electrical electrics electronics engineering manufacturing enterprises ventures
    capital investments financial advisors advisers accountants accountancy solicitors attorneys architects design designs
    studio studios media marketing communications telecom energy electric steel mills works freight haulage trucking
    transport couriers bakery brewery brewing bistro diner grill cafe café coffee roasters restaurant pizzeria catering
    supermarket supermarkets groceries markets stores outfitters apparel furniture hardware garage cleaners cleaning
    landscaping farms dairy nurseries salon staffing recruitment security analytics robotics labs laboratories networks
    digital packaging printing press publishing books records housing homes hotel hotels resort theatre theater
    council police constabulary department trust foundation association society federation union alliance coalition
    charity guild institute club fc rfc afc rovers wanderers albion harriers choir orchestra philharmonic players warriors
    tigers panthers hawks wildcats bulldogs raiders sharks falcons cougars mustangs spartans stallions hornets rockets
    university college polytechnic uni district services agency united athletic aid telegraph chronicle gazette herald
    optics dynamics ceramics textiles aerospace aviation marine shipping fisheries timber joinery roofing scaffolding
    ironmongers butchers bakers florists opticians vets veterinary lettings mutual savings reit semiconductors
    state cooperative co-operative collective league troupe ensemble chorale singers scouts guides brigade network rowing runners striders
    dairies foundry abattoir tannery creamery distillery winery vineyards orchards outfitters roastery pottery upholstery
    flooring tyres seafoods meats chemists barristers cabs taxis removals railways plastics castings aggregates cement
    utilities poultry legal glass tools storage recycling carpets kitchens chambers chemicals quarry forge
    """.split()
)
# These also end headlines ("Predictive Analytics", "Building Trust"): a name needs more than one of them and a word.
WEAK = frozenset(
    """
    organization organisation primary secondary prep practice treatment recovery medical dental health healthcare care lodge manor unit hall house
    ward surgery rehab rehabilitation center centre institution facility fellowship library villa mission campus
    capital works press books records homes housing media design designs studio studios security energy electric digital
    engineering manufacturing technology technologies software systems solutions networks network analytics robotics labs
    insurance marketing communications construction financial investments properties enterprises ventures industries
    company department district services agency union society alliance coalition association foundation guild federation
    bank co united athletic players institute trust grammar hardware markets stores estates coffee hotel hotels theatre
    theater choir group partners associates club packaging printing publishing transport freight bros brothers sons
    tigers panthers hawks raiders sharks falcons comets warriors dynamics ceramics textiles marine mutual savings
    collective league ensemble runners guides vets aid herald chronicle telegraph rowing infants juniors counselling counseling
    psychotherapy wellness lutheran baptist methodist presbyterian episcopal general memorial regional state
    behavioral behavioural legal glass tools storage recycling carpets kitchens chambers chemicals quarry forge
    """.split()
)
PUBLIC_FIRST = frozenset("national american international world global british royal european united federal".split())
# Words that say what kind of house it is and not which: a name needs one more.
ORDINARY = frozenset(
    """
    children's general memorial community university regional district county city royal veterans va psychiatric behavioral
    behavioural mental health medical wellness recovery treatment counseling counselling therapy rehabilitation rehab trauma
    care crisis family surgery cancer heart day youth birth detox urgent primary nursing retirement assisted living dialysis
    surgical residential psychotherapy psychology psychological fertility elementary middle high junior senior secondary
    infant infants comprehensive grammar prep catholic public charter nursery boarding boys girls special christian
    international state baptist methodist lutheran presbyterian pentecostal episcopal evangelical orthodox unitarian parish
    bible free gospel federal juvenile women's men's maximum minimum security correctional detention remand homeless night
    domestic violence leisure sports sport senior animal resource drop-in local national american british private
    technical graduate grad law business english foreign police fire school student students social human support service
    services office center centre hospital clinic church prison first second third next last new old big small good great
    own home house main online dear the my our his her their your this that a an any every each another some and or of for
    attorney surgeon secretary postmaster convent rest group choral football rugby cricket tennis running rowing harriers
    legal food credit trading military armed cognitive dialectical dialectic behavior behaviour applied interpersonal
    information computer software digital global world united central limited personal customer data machine learning
    artificial intelligence research environmental sustainable renewable solar project team department book building
    """.split()
)
TRADES = frozenset(
    """
    information computer software digital global world customer data machine learning artificial intelligence research social
    human support service services environmental sustainable renewable solar project team department personal business
    online cognitive dialectical dialectic behavior behaviour interpersonal anxiety law applied
    """.split()
)
"""Those of them that stand before a kind in headlines as often as in names."""
HOMES = frozenset("care nursing retirement children's group residential rest convalescent veterans".split())
"""What stands before `Home` in the name of a facility."""

_STAY_AT = """
    in-patient inpatient outpatient out-patient rehab detox treatment therapy counseling counselling session sessions group
    groups iop php chemo dialysis physio counselor counsellor therapist psychiatrist psychologist doctor doctors nurse nurses
    midwife surgeon oncologist appointment appointments intake assessment evaluation surgery operation programme program er
    ward bed beds icu hospitalized hospitalised sectioned stay stint days weeks residential patient resident service mass worship
    choir pastor priest rabbi imam minister congregation baptised baptized christened inmate teacher teaches teach taught
    teaching pupil principal headteacher sophomore classmates bullied expelled suspended enrolled kids son daughter child
    children admitted seen treated locked scan mri bloods clinic hospital staff carer carers counselled visiting-hours
    ta girl boy governor caretaker sister brother mum mom dad nan gran grandma grandad prayer prayers confession vicar
    chaplain deacon diagnosis diagnosed referral referred biopsy mammogram birth labour op waiting-list born married volunteer-chaplain visited visiting visits
    held detained kept recovering recovered convalescing stayed staying respite residing held-over tour toured dropped
    ward sectioned discharged refuge hospice rehabbed
"""
_WORK_AT = """
    work works worked working employed job jobs shift shifts internship interning interned intern position role career gig
    interview interviews interviewed interviewing hired boss bosses manager supervisor colleague colleagues coworker
    coworkers co-worker co-workers lead office engineer developer analyst assistant cashier barista receptionist accountant
    lawyer paralegal driver cleaner chef cook waiter waitress server clerk secretary technician mechanic apprentice
    apprenticeship temp temps temped temping volunteer volunteers volunteered volunteering consultant consulting contractor
    started starting start promoted promotion years management hr warehouse layoffs redundancies redundant placement
    lecturer professor postdoc researcher overtime ceo cto cfo founder director owner vp president partner employee study
    studies studied studying student students undergrad masters phd degree tutor course semester campus dorm halls
    fellowship scholarship major majoring majored sales accountant designer salesman buyer bartender stockroom shelf-stacking
    caseload desk team rota payroll hours contract contracts salary wages career head checkout till tills nights weekends
    mornings probation sabbatical tenure dissertation thesis lab lectures finals freshers tenured stacking packing
    shelves tables committee board partners accounting bookkeeping marketing admin reception security lunch-break meeting-room culture restructure merger takeover
"""
_WORK_FOR = """
    work works worked working volunteer volunteers volunteered volunteering freelance freelances freelanced freelancing drive
    drives driving drove deliver delivers delivered delivering temp temped temping intern interned interning contract
    contracted consult consulted consulting play plays played playing coach coaches coached coaching interview interviewed
    interviewing job shifts engineer manager rep lawyer buyer designer analyst contractor drummer goalkeeper striker keeper
    fundraise fundraising write writes code codes nights bartend swim swims row rows run runs bowl bowls bat bats sales
    captain driven given clean cleans cleaned cleaning offices sell sells sold modelled modeled cook cooks signed trial trials trialled accountant bookkeeper secretary treasurer
"""
_FIRED = (
    "hired employed fired sacked laid-off off dismissed headhunted recruited promoted poached redundant let go".split()
)
_LEFT = """
    resign resigned resigning quit quitting retire retired retiring graduate graduated graduating redundancy severance offer
    dropped dropping degree masters master's phd diploma transcript scholarship paycheck payslip fired sacked off go out
    let redundant pension reference colleague colleagues friend mate someone expelled suspended
"""
_OFFICE = """
    ceo cto cfo coo founder co-founder cofounder director owner vp president partner chairman captain employee
    employees coach trustee treasurer secretary chair
"""
_COMPANY = """
    company firm startup start-up charity agency restaurant cafe café pub team club organization organisation non-profit
    nonprofit band bakery employer salon brewery university college shop store business bookshop garage warehouse choir
"""
_HOUSES = "school hospital clinic church rehab shelter prison nursery hospice home unit refuge hostel".split()
_WITH = "pilot rep sergeant medic volunteer volunteers volunteered nurse job interview interviewed interviewing job internship position contract placement career role volunteer volunteering bank banks banked banking mortgage insured"

STAY = {
    "at": frozenset(_STAY_AT.split()),
    "to": frozenset(
        "admitted readmitted committed sectioned checked transferred referred rushed airlifted readmission".split()
    ),
    "into": frozenset(
        "admitted readmitted checked check checking myself himself herself moved move put placed".split()
    ),
    "from": frozenset("discharged released expelled suspended excluded absconded".split()),
    "in": frozenset(
        "time remand prisoner incarcerated imprisoned inmate inpatient hospitalized hospitalised sentence locked sectioned detained rehab detox".split()
    ),
    "called": frozenset(_HOUSES),
    "named": frozenset(_HOUSES),
    ",": frozenset("school church hospital clinic rehab hospice nursery shelter refuge hostel prison".split()),
    "of": frozenset("principal headteacher pastor warden vicar chaplain governor".split()),
}
"""FACILITY: for the word right before a name, the words that may stand before that."""
WORK = {
    "to": frozenset("applied applying apply application applications".split()),
    "at": frozenset(_WORK_AT.split()),
    "for": frozenset(_WORK_FOR.split()),
    "by": frozenset(_FIRED),
    "from": frozenset(_LEFT.split()),
    "with": frozenset(_WITH.split()),
    "of": frozenset(_OFFICE.split()),
    "in": frozenset("alto soprano tenor bass sing sings sang singing".split()),
    "called": frozenset(_COMPANY.split()),
    "named": frozenset(_COMPANY.split()),
    "is": frozenset({"employer"}),
    "was": frozenset({"employer"}),
    ",": frozenset({"employer", "company", "firm", "startup", "university", "union", "band", "club", "charity"}),
}
"""ORG: the same."""
BETWEEN = frozenset(
    """
    here there now over down up back again full-time part-time full part time nights weekends days remotely out in a an as
    my his her their our new first second old current last only long entire whole and head night day early late year grade
    class reception english maths math science history music art p.e. pe of sales two three four five six him her me it
    nursing law medicine engineering business psychology biology chemistry physics economics politics accounting design computer
    education social work philosophy geography architecture film fine
    """.split()
)

# Words in -er, -or, -ist, -ant, -ian, -man before "at" tell a job, but for these.
_JOB = re.compile(r"\w{3,}(?:(?:er|or|ist|ant|ian)s?|man|woman)")
_NO_JOB = frozenset(
    """
    after never ever later together better over under other another either rather whether dinner summer winter weather water
    paper letter number anger laughter supper shower corner mother father brother sister daughter grandmother grandfather
    offer remember wonder matter forever however order flavor error mirror floor door poor motor fear year near clear hear
    appear dear soccer poker beer prayer hour four your their answer power cancer fever
    favor favour behavior behaviour harbor labor color odor horror terror tumor want can't pant grant plant restaurant
    important constant instant distant hesitant reluctant human woman man german roman oyster easter september october
    november december stranger danger hunger eager older younger smaller bigger lower higher further farther harder
    longer former latter inner outer upper proper super clever bitter sober tender wander suffer enter center differ prefer
    consider discover recover deliver gather bother weaker stronger quieter easier happier busier earlier lesser
    elder finger shoulder liver bladder peer cheer sneer steer jeer career
    """.split()
)


def is_job(word: str) -> bool:
    """Whether a word before "at" has the shape of somebody's job."""
    return word not in _NO_JOB and _JOB.fullmatch(word) is not None


UNIVERSITIES = frozenset(
    """
    harvard yale princeton stanford cornell columbia brown dartmouth penn upenn mit caltech emory georgetown duke vanderbilt
    tufts northwestern rutgers purdue ucla usc nyu bu unc uva uc berkeley ucl lse kcl soas imperial oxford cambridge durham
    oxbridge baylor clemson auburn temple villanova fordham syracuse drexel howard spelman morehouse juilliard risd smith
    wellesley vassar barnard bryn-mawr amherst williams swarthmore oberlin mcgill concordia
    goldsmiths loughborough warwick exeter bath lancaster
    """.split()
)
"""Universities that go by a name without a kind; they count where somebody studies there."""
STUDY = frozenset(
    """
    study studied studying student degree graduate graduated graduating grad accepted apply applying applied application
    transfer transferred transferring admitted admission scholarship semester campus freshman sophomore undergrad masters phd
    professor got get getting go goes going went attend attends attended dropped dropping class major
    """.split()
)

SHOPS = (
    "tesco|sainsbury'?s|asda|morrisons|waitrose|aldi|lidl|co-?op|walmart|costco|starbucks|mcdonald'?s|burger king|kfc|"
    "taco bell|wendy'?s|chipotle|domino'?s|pizza hut|dunkin'?|chick-?fil-?a|greggs|nando'?s|wetherspoons?|costa|ikea|b&q|"
    "argos|primark|amazon|google|microsoft|facebook|netflix|uber|walgreens|cvs|kroger|safeway|publix|whole foods|"
    "trader joe'?s|home depot|lowe'?s|best buy|kohl'?s|macy'?s|ups|usps|fedex|dhl|royal mail|verizon|at&t|comcast|"
    "t-?mobile|vodafone|barclays|hsbc|lloyds|natwest|wells fargo|citibank|goldman sachs|jp morgan|deloitte|kpmg|pwc|"
    "accenture|ibm|intel|boeing|tesla|toyota|gamestop|petco|petsmart|sephora|screwfix|halfords|currys|specsavers|superdrug"
)
"""Large employers as people write them in haste."""
