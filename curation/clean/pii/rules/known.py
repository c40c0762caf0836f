"""Capitalised words that are public: nobody's town, clinic or employer.

Countries and states come from the gazetteer; these lists are our own.
"""

from __future__ import annotations

from curation.clean.pii.rules.words import PLAIN

MONTHS = frozenset(
    """january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)

_CALENDAR = """
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
    sundays mon tue tues wed weds thu thur thurs fri sat sun spring summer autumn fall winter
    christmas xmas easter lent ramadan eid hanukkah chanukah diwali thanksgiving halloween passover pesach yom rosh purim
    valentine valentine's valentines new-year's boxing kwanzaa advent groundhog bonfire veterans memorial mardi gras bank easter-monday pentecost juneteenth
    nowruz hogmanay holi navratri sukkot shavuot songkran onam pongal vaisakhi midsommar vesak samhain beltane yule shabbat
"""

_PEOPLES = """
    american americans british english scottish welsh irish european french german spanish italian portuguese dutch belgian
    swiss austrian polish czech slovak hungarian romanian bulgarian serbian croatian bosnian albanian greek turkish russian
    ukrainian swedish norwegian danish finnish icelandic estonian latvian lithuanian chinese japanese korean vietnamese thai
    filipino filipina farsi dari pashto swahili tagalog gujarati telugu malayalam marathi igbo yoruba hausa amharic gaelic malaysian indonesian indian pakistani bangladeshi nepali afghan iranian persian iraqi syrian lebanese
    jordanian israeli palestinian saudi arab arabic arabian egyptian moroccan algerian tunisian libyan sudanese ethiopian
    somali kenyan ugandan tanzanian nigerian ghanaian african caribbean jamaican haitian cuban dominican rican mexican
    brazilian argentinian argentine chilean colombian peruvian venezuelan canadian australian zealander kiwi asian latino
    latina latinx hispanic black white native aboriginal maori hindi urdu punjabi bengali tamil mandarin cantonese hebrew
    yiddish latin christian christians christianity catholic catholics catholicism protestant anglican methodist baptist
    lutheran presbyterian pentecostal evangelical mormon mormons lds orthodox jewish jew jews judaism muslim muslims islam
    islamic hindu hindus hinduism buddhist buddhism sikh sikhism atheist pagan wiccan jehovah jehovah's god christ jesus
    allah buddha lord bible quran koran torah heaven hell satan hebrew republican republicans democrat democrats democratic
    tory tories labour conservative brexit nazi nazis western eastern northern southern
"""

_CARE = """
    cbt dbt emdr act ifs ipt mbct mbsr erp rebt nlp cpt psychotherapy therapy counselling counseling mindfulness gestalt
    phq phq-9 phq9 gad gad-7 gad7 dsm dsm-5 dsm-iv icd icd-10 icd-11 bdi mmpi moca audit hamd scid wais ces-d pcl-5 pss
    adhd add ocd ptsd cptsd c-ptsd bpd gad mdd asd autism ocpd npd did mci dementia alzheimer alzheimer's parkinson
    parkinson's asperger's asperger tourette's tourette down's covid covid-19 hiv aids copd ibs ms als fmla ada hipaa gdpr
    er icu ed nicu a&e gp gps ot cpn camhs iapt nhs cps dhs dwp hmrc pip ssi ssdi va dmv irs fbi cia ice usa who cdc fda iep
    sen senco ehcp lgbt lgbtq lgbtqia aa na ca ga oa al-anon alanon alateen coda aca acoa sa smart samaritans nami childline
    bipolar borderline schizophrenia 988 911 999 medicaid medicare obamacare aca tricare cobra ivf std sti pms pmdd pcos mri ct ecg ekg eeg bmi iq eq
    zoloft prozac lexapro celexa paxil wellbutrin effexor cymbalta pristiq lamictal lithium seroquel abilify risperdal
    zyprexa latuda depakote xanax ativan klonopin valium ambien trazodone buspar adderall ritalin vyvanse concerta strattera
    sertraline fluoxetine citalopram escitalopram mirtazapine venlafaxine duloxetine bupropion quetiapine olanzapine
    aripiprazole risperidone lamotrigine diazepam lorazepam propranolol hydroxyzine gabapentin pregabalin methadone suboxone
    naltrexone antabuse ozempic tylenol advil ibuprofen paracetamol melatonin cbd thc lsd mdma
    freud freudian jung jungian rogers beck ellis skinner pavlov piaget erikson bowlby winnicott linehan gottman maslow
    frankl yalom adler
"""

_MEDIA = """
    zoom whatsapp facebook instagram insta twitter tiktok snapchat snap reddit discord youtube netflix hulu disney spotify
    tinder hinge bumble grindr okcupid telegram signal skype facetime messenger linkedin pinterest tumblr twitch slack teams
    gmail outlook google chatgpt gpt claude siri alexa uber lyft doordash venmo paypal cashapp zelle ebay etsy airbnb
    amazon prime iphone android ipad mac macbook playstation xbox nintendo switch minecraft fortnite roblox warcraft
    betterhelp talkspace headspace calm woebot wysa 7cups internet online wifi wi-fi tv bbc cnn itv hbo nbc cbs abc mtv ted
    gofundme onlyfans kindle audible wikipedia quora myspace duolingo peloton strava fitbit
    finsta kik livejournal letterboxd viber bluesky mastodon wattpad grindr ocado tesco asda amex zelda pokemon mario sims
    python java javascript c++ html css sql php excel word powerpoint photoshop linux windows ubuntu github docker react
    ai api url http https json xml csv pdf rgb ui ux cpu gpu ram usb
"""

_SCHOOLING = """
    math maths english science history geography biology chemistry physics psychology sociology economics philosophy
    spanish french german art pe drama music gcse gcses a-level a-levels sat sats act ap ged phd md mba ba bs bsc ma msc
    bed llb jd rn lpn lmft lcsw lpc psyd ma ceo cfo cto vp hr it pr r&d qa
    finance sales marketing accounting engineering operations legal nursing security management payroll reception
    year grade level step part chapter section phase week day stage question answer note session
    black friday cyber white house west east north south mom mum mummy mommy dad daddy mother father grandma grandpa nan
    nana granny gran grandad aunt auntie uncle sir madam mr mrs ms dr
    army navy marines marine corps guard force congress parliament senate government council police
    earth mars moon sun internet bluetooth narnia hogwarts westeros wonderland neverland oz atlantis gotham disneyland disney
"""

PUBLIC = frozenset(f"{_CALENDAR} {_PEOPLES} {_CARE} {_MEDIA} {_SCHOOLING}".split()) | MONTHS
"""Lower case. A name of which every word is public is no finding."""

CALENDAR = frozenset(_CALENDAR.split()) | MONTHS
"""Days, seasons, holidays, months."""

APPS = frozenset(_MEDIA.split())
"""Services that people use; only as somebody's employer do they tell anything."""

BODIES = frozenset(
    """
    alcoholics anonymous|narcotics anonymous|gamblers anonymous|overeaters anonymous|sex addicts anonymous
    cocaine anonymous|adult children of alcoholics|al-anon|smart recovery|the samaritans|national health service
    american psychological association|american psychiatric association|american counseling association
    american medical association|british psychological society|national alliance on mental illness
    british association for counselling and psychotherapy|world health organization|world health organisation
    crisis text line|national suicide prevention lifeline|suicide prevention lifeline|trevor project|the trevor project
    mental health america|mental health foundation|national institute of mental health|centers for disease control
    food and drug administration|veterans affairs|department of veterans affairs|social security administration
    child protective services|department of work and pensions|citizens advice|red cross|american red cross|salvation army
    planned parenthood|united nations|european union|supreme court|white house|wall street|silicon valley bank
    better business bureau|make a wish foundation|bill and melinda gates foundation|nobel foundation|world bank
    premier league|champions league|ivy league|little league|major league|national football league
    internal family systems|acceptance and commitment therapy|universal credit|big brothers|big brothers big sisters
    international monetary fund|federal reserve|central bank|european central bank|bank of england
    national geographic society|royal society|soviet union|african union|western union|civil union
    """.replace("\n", "|").split("|")
)
"""Lower case. Bodies of public life: naming them says nothing about a person."""
BODIES = frozenset(body.strip() for body in BODIES if body.strip())

STATES_OF_MIND = frozenset(
    """
    limbo denial misery silence darkness squalor poverty isolation solitude chaos turmoil despair agony bliss sobriety
    recovery remission grief shame sin exile captivity purgatory hiding luxury comfort squalor debt need want doubt
    confusion panic terror horror dread worry stress pain sorrow sadness loneliness love lust hate hatred rage fury
    harmony theory practice reality fantasy dreamland wonder awe faith trust hope freedom power control danger trouble
    public private person retrospect hindsight advance general particular episode season round chapter book volume
    part scene act verse level grade year phase stage step week day lesson unit module section page figure table
    retrograde transit celsius fahrenheit celcius kelvin first second third fourth fifth sixth seventh eighth ninth tenth preferences settings options mode node cube latex
    judo karate yoga pilates chess poker tennis golf hockey football baseball basketball soccer boxing
    """.split()
)
"""What people say they are in, live in or come from that is no place, and what is numbered."""

NO_NAME = PLAIN | STATES_OF_MIND
"""A single word of these with a capital is no name of a place, whatever the words before it ask for."""

BODY_WORDS = frozenset(
    """
    hospital clinic medical health healthcare center centre school elementary high academy college university church
    cathedral chapel mosque synagogue temple prison jail hospice surgery practice infirmary ward unit shelter house lodge
    street road avenue lane drive court boulevard st rd ave ln dr blvd way terrace close crescent mews inc ltd llc corp
    plc group bank logistics solutions services systems consulting partners associates holdings technologies software
    council police department fc united rovers society association foundation trust union club library gym hotel museum
    tower marathon times post herald tribune symphony orchestra protocol accord convention syndrome gazette
    bulls lakers celtics yankees mets giants jets bears cubs sox rockets cowboys eagles steelers packers
    """.split()
)
"""Lower case. The last word of what is no town though it may begin with one."""
