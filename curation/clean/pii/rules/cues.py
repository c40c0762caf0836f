"""Words around a name that say it is one, and whose: titles, kin, companions, what is done to people and by people.

All in lower case. Written for this package.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KIN = _words(
    """
    mum mom mommy mummy mam mama mother dad daddy papa father sister brother sis bro son daughter wife husband hubby
    wifey partner boyfriend girlfriend bf gf fiance fiancé fiancee fiancée spouse ex aunt auntie aunty uncle cousin
    nephew niece grandma grandmother gran granny nan nana nanna grandad granddad grandpa grandfather gramps grandson
    granddaughter grandchild stepmum stepmom stepdad stepmother stepfather stepson stepdaughter stepsister stepbrother
    half-sister half-brother step-mum step-mom step-dad step-mother step-father step-son step-daughter step-sister
    step-brother twin twins sister-in-law brother-in-law mother-in-law father-in-law daughter-in-law son-in-law mil
    sil fil bil ex-husband ex-wife ex-boyfriend ex-girlfriend ex-partner ex-fiance ex-bf ex-gf godmother godfather
    godson goddaughter godparent foster-mum foster-dad kid kids child toddler newborn baby eldest youngest oldest
    firstborn stepkid sibling siblings parents relative widow widower abuela abuelo oma opa
    """
)
"""Relatives and partners: the name beside one is a relative's."""

ADULTS = KIN - _words(
    "baby child kid kids newborn toddler twin twins partner parents relative sibling siblings ex mil fil"
)
"""Kin that no noun follows as a rule, as in "baby monitor"."""

COMPANIONS = _words(
    """
    friend friends bestie bff mate mates pal buddy roommate roommates roomie flatmate flatmates housemate housemates
    neighbor neighbour boss manager supervisor coworker co-worker colleague colleagues coworkers teammate teacher
    tutor professor coach trainer landlord landlady classmate crush lover fling affair date sponsor mentor pastor
    priest vicar rabbi imam minister chaplain assistant secretary receptionist student pupil employee employer
    interviewer babysitter nanny childminder lawyer solicitor barber hairdresser abuser bully stalker rapist attacker
    ex-friend frenemy girl guy man woman boy lady bloke lad chap person kiddo dude chick gentleman someone somebody
    anyone captain sergeant officer inspector principal headteacher headmaster dean instructor carer caregiver
    guardian acquaintance confidant superior lead director president chairman attorney barrister
    """
)
"""Others whom people name: the name beside one is somebody's, of no role."""

CLINICIANS = _words(
    """
    therapist therapists counsellor counselor psychologist psychiatrist psychotherapist doctor gp nurse clinician
    physician midwife caseworker keyworker physio physiotherapist dentist pediatrician paediatrician practitioner
    specialist consultant surgeon psych shrink cpn worker coordinator co-ordinator neurologist dietitian dietician
    """
)
"""Those who treat: the name beside one is a clinician's."""

CLIENTS = _words("client patient clients patients")

CREDENTIALS = _words(
    """
    lmft lmfta lcsw lcswr licsw lisw lmsw lsw lgsw msw lpc lpcc lpca lcpc lcmhc lmhc lmhca lcdc cadc ncc ccc bcba psyd
    phd edd dsw pmhnp aprn crnp fnp dnp rn lpn mbacp mbps ukcp bacp rmn amft apcc lac lcadc lpcmh nbcc emdria lmac
    lscsw dbh mft cpsych hcpc
    """
)
"""Behind a name and a comma: licences and degrees of those who treat, none of which is a state's abbreviation."""

CLINICAL_TITLES = _words("dr doctor nurse doc psychologist therapist counsellor counselor")
TITLES = CLINICAL_TITLES | _words(
    """
    mr mrs ms miss mx mister missus prof professor sir madam dame rev reverend fr pastor rabbi imam sheikh sensei
    father brother sister bishop deacon vicar judge justice officer detective inspector sergeant sgt lieutenant lt
    attorney solicitor captain capt major colonel col general coach principal headmaster senator councillor constable pc dci supt aunt
    auntie aunty uncle grandma grandpa granny gran nan nana nanna grandad granddad gramps cousin mama papa tia tio tía
    tío abuela abuelo oma opa titi lola lolo yaya bibi señor señora senor senora herr frau monsieur madame mme swami
    guru chef teacher cpl corporal spc pfc ssgt msgt cmdr commander trooper hooyo aabo inay itay nonna nonno yiayia pappou
    babushka dedushka halmoni harabeoji obaachan ojiisan amma appa ammi abbu teta jiddo khala khalto
    """
)
"""Words that stand right before a name; they are no part of it."""

LOOSE_TITLES = _words(
    """
    miss sir madam dame father brother sister bishop deacon justice judge officer detective inspector captain major
    general coach principal doctor nurse psychologist therapist counsellor counselor teacher chef cousin mama papa pc
    col guru doc imam attorney solicitor vicar pastor senator lt fr nan lola titi oma opa gran
    """
)
"""Titles that are words of their own: they need a capital or a listed name behind them."""

KIN_TITLES = _words(
    """
    aunt auntie aunty uncle grandma grandpa granny gran nan nana nanna grandad granddad gramps cousin mama papa tia
    tio tía tío abuela abuelo oma opa titi
    """
)

OWNERS = _words("my our his her their your the a an this that whose mine")
ADJECTIVES = _words(
    """
    best old older younger elder little big new current former first second late only eldest youngest oldest middle
    dear good close closest childhood work ex school college uni twin baby foster adopted adoptive biological birth
    step half great long-term longterm high on-off other estranged own abusive lovely then ex- better dead deceased
    favourite favorite same online male female single married gay young beautiful sweet wonderful amazing ex-best
    couples marriage family grief addiction social support case care key mental health gym line team church family speech occupational previous regular named
    """
)
"""Words between an owner and a cue: my *older* sister."""

TO_PEOPLE = _words(
    """
    told tell telling tells asked ask asking asks met meet meeting dated dating married marrying marry texted texting
    text messaged messaging phoned phoning rang visited visiting visit hugged hugging kissed kissing kiss emailed
    emailing introduced forgive forgave forgiven forgiving divorced divorcing divorce confronted dumped invited ghosted befriended
    blame blamed blaming trust trusted resent resented hug seeing thanked babysat contacted begged fancy fancied adore adored missed miss missing
    """
)
"""What is done to people: a capitalised word behind one is a name."""

TALK = _words(
    """
    talk talked talking talks speak spoke spoken speaking chat chatted chatting confided confide apologised apologized
    lied listened argue argued arguing argument fight fought fighting broke break breaking split living live lived
    moved slept sleeping sleep flirting flirted cheated cheat cheating hang hanging hung married engaged date dates
    relationship session sessions appointment appointments therapy meeting met conversation conversations went go
    going dinner lunch coffee stayed staying love sex proposed
    """
)
"""Behind one of these and "to", "with", "on", "from", a capitalised word is a name."""

DO_SAY = _words(
    """
    said says say told tells asked asks replied replies texted texts messaged called calls phoned rang yelled yells
    shouted shouts screamed screams cried cries laughed laughs smiled smiles thinks thought wants wanted hates hated
    loves loved knows knew feels felt keeps kept left leaves moved died passed came comes went goes got gets gave made
    makes took takes started starts stopped stops tried tries works worked lives lived hit hits slapped punched pushed
    grabbed hugged kissed cheated lied lies promised admitted suggested recommended explained insisted apologised
    apologized agreed refused decided forgot forgets remembers remembered noticed saw sees heard met meets married
    proposed dumped ghosted blocked ignored ignores blamed blames threatened bullied abused raped drinks drank sleeps
    slept snores eats ate wonders wondered worries worried hopes seems seemed looks looked sounds sounded invited
    helped helps visited visits showed shows sent sends wrote writes believes believed understands understood needs
    needed doesn't didn't won't wasn't isn't hasn't wouldn't couldn't can't doesnt didnt wont wasnt isnt hasnt turned
    teases teased drove drives brought brings introduced arrived mentioned mentions complained complains always never
    nags nagged unfollowed unfriended put
    """
)
"""What people do: a name stands before it."""

MODALS = _words("would could can might should doesn't didn't won't couldn't can't shouldn't hasn't hadn't")
"""Before what somebody does."""

OF_MONTHS = _words(
    """
    comes came went left goes passed moved started starts feels felt seems seemed looks looked turned brought brings
    arrived got gets was is were are will would has had made makes took takes never always ended begins began st nd rd
    th again to until till through july september
    """
)
"""What months do and are, too."""

DO_STRONG = _words(
    """
    said says told tells asked asks replied texted messaged phoned rang yelled shouted screamed cried laughed smiled
    thinks hugged kissed cheated lied promised admitted insisted apologised apologized refused married proposed dumped
    ghosted bullied drinks drank snores forgot invited visited wrote complained mentioned died recommended suggested
    """
)
"""What only people do: strong enough for a word that no list has."""

DID = _words(
    """
    said told asked replied texted messaged phoned called yelled shouted screamed cried laughed smiled hugged kissed
    cheated lied admitted married proposed dumped ghosted bullied invited visited unfollowed unfriended blocked ignored
    left died moved came went got slapped punched drank slept promised threatened apologised apologized broke hates
    thinks says texts wants
    """
)
"""What a person did or does, in a form that stands behind no "will" or "may"."""

REFUSED = _words("won't doesn't didn't hasn't wouldn't wont doesnt didnt hasnt wouldnt don't dont")
REFUSABLE = _words(
    """
    answer speak eat call called want know like let talk listen text texted reply replied care sleep believe trust
    answered eaten spoken slept apologise apologize visit wanna understand pick ask say tell remember love hate see
    """
)
"""Behind a name and "won't": what a person does not do, and no virtue or season."""

PLANNED = _words(
    """
    see call bring send contact email phone book attend complete review speak ring arrange check discuss practise
    practice write collect meet chase refer liaise visit confirm drop pick try
    """
)
"""Behind a name and "to", in notes: what somebody is to do."""

WHERE_PEOPLE_ARE = frozenset(
    {
        ("from", "my"),
        ("from", "our"),
        ("from", "work"),
        ("from", "school"),
        ("from", "church"),
        ("in", "hr"),
        ("at", "work"),
        ("at", "school"),
        ("next", "door"),
        ("passed", "away"),
        ("from", "accounts"),
        ("from", "hr"),
    }
)
"""Behind a word that begins a sentence, they make it a person: "X from my group texted"."""

BE = _words("is was has had isn't wasn't hasn't isnt wasnt hasnt will would can could might who and")
"""What follows names and things alike, but no verb or adjective at the beginning of a sentence."""

BELONGINGS = _words(
    """
    mum mom mother dad father sister brother son daughter wife husband partner boyfriend girlfriend parents family
    house place room flat apartment funeral birthday wedding death phone car job therapist doctor boss friend friends
    ex kids children school teacher text texts message messages email voice face name side birth boyfriend's behaviour
    behavior drinking anger temper cousin aunt uncle grandma grandad baby dog cat party grave ashes bed office
    classroom class
    """
)
"""What people own: behind "X's"."""

THINGS_NAMED = _words(
    """
    app apps book books band song album film movie show series podcast channel website site game company brand drug
    medication medicine pill tablet place town village city street road restaurant cafe bar pub club hospital clinic
    school ward unit programme program course charity group condition disorder syndrome technique method exercise
    theory therapy approach thing something it what this that dog cat puppy kitten horse hamster rabbit parrot pony pup
    """
)
"""Things that are "called X" or "named X", too."""

PETS = _words(
    """
    dog cat puppy kitten horse hamster rabbit parrot pony pup bunny budgie labrador lab spaniel retriever terrier poodle
    goldfish tortoise gerbil ferret mare gelding collie beagle pug greyhound whippet tabby kitty doggy doggo foal cockatiel
    """
)
"""What bears names and is no person."""

PLACED = _words(
    """
    in near at into outside around across toward towards via through leaving visiting north south east west downtown
    greater inside within of
    """
)
"""Before a place rather than a person."""

GOING = _words(
    "move moved moving travel traveled travelled fly flew drive drove go going went back flight trip trips born live"
)

GREETINGS = _words(
    "hi hello hey heyy heyyy hii hiii hiya heya hullo dear morning afternoon evening welcome goodbye bye goodnight night thanks thank"
    " cheers sorry congratulations congrats thx ty howdy yo greetings"
)
CLOSINGS = _words(
    "best regards love sincerely yours cheers thanks thx hugs warmly x xx xxx xo xoxo wishes signed truly faithfully"
    " kindly gratefully respectfully ta ps"
)

SELF_ENDS = frozenset(["", ".", ",", "!", "again", "here", "from", "btw", "lol", "and", "-"])
"""Behind the name of somebody who says "hey, it's …"."""

REPORTED = _words(
    """
    denies denied reports reported endorses endorsed presents presented states stated appears appeared arrived attended
    expressed described discussed disclosed verbalized verbalised identified displayed exhibited was is has had will
    continues continued agreed said says shared tearful
    """
)
"""What notes say of somebody, whose name may be two initials."""

PLACE_NOUNS = _words(
    """
    street st road rd avenue ave lane ln drive dr boulevard blvd court ct close square place way park hill hospital
    clinic school university college church cathedral chapel station airport hotel inn centre center house hall
    library museum county city town village island islands lake river beach bay valley mountain mount falls springs
    bridge building tower gardens farm ranch estate foundation institute academy award prize trust inc ltd llc corp
    bank group company brothers bros festival stadium arena prison jail theatre theater zoo market mall store shop
    bookshop pharmacy surgery practice scale inventory test index questionnaire syndrome disease disorder effect law
    act method model technique talk talks equilibrium therapy principle hypothesis paradox movement era day eve carol sunday monday cup open
    series show
    """
)
"""Capitalised behind a name, they make it the name of something else."""

EPONYMS = _words(
    """
    disease syndrome disorder palsy law effect hierarchy scale inventory test questionnaire index theory model
    hypothesis paradox razor dilemma principle reflex dogs chorea lymphoma thyroiditis sarcoma contracture triangle
    stages
    """
)
"""Behind "X's": named after somebody, who is nobody's acquaintance."""

SAINTLY = _words(
    "st saint san santa los las lake mount mt fort port cape new north south east west royal planet hotel el"
)

PARTICLES = _words(
    "van der den de la le del della di da dos das du von zu zur ter ten bin ibn binti bint al el ul ur abu ben mac mc"
)
