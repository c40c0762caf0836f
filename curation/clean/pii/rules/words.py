"""Words that are no names, and names that are words: the lists of first names hold hundreds of both.

All of them in lower case. Written for this package; nothing is taken from a dictionary.
"""

from __future__ import annotations

_GRAMMAR = """
a an the this that these those there here it its he she they we you i me him her us them his hers their theirs our
ours your yours my mine myself yourself himself herself itself ourselves themselves who whom whose which what when
where why how whatever whoever whenever wherever if then else so because since although though unless until till while
whereas whether as than and or but nor yet for not no yes yeah yep yup nope nah of in on at by to with without within
into onto upon over under above below between among against through during before after about around across along
behind beside besides beyond despite except inside outside near off out up down per via like unlike am is are was were
be been being do does did done doing have has had having will would shall should can could may might must ought cannot
let lets go goes went gone going get gets got getting make makes made making take takes took taken taking come comes
came coming say says said saying see sees saw seen know knows knew known think thinks thought want wants wanted feel
feels felt try tried trying keep keeps kept give gives gave given find found tell tells told ask asks asked need needs
needed seem seems look looks looked looking work works worked working use used using call called calling start started
stop stopped talk talked talking speak spoke meet met put set run ran turn turned help helps helped show shows hear
heard play move live lived lives believe bring happen happened write wrote sit stand lose lost pay read spend grow
open walk win remember consider buy wait die died send expect build stay fall cut reach remain agree hope love hate
miss thank thanks wish maybe perhaps probably possibly certainly definitely absolutely actually really truly honestly
sadly luckily hopefully fortunately unfortunately obviously apparently clearly basically literally seriously usually
often sometimes always never ever again also too very just only even still already almost quite rather instead however
therefore moreover furthermore additionally otherwise meanwhile anyway anyways once twice now today tomorrow yesterday
tonight later soon recently lately finally eventually suddenly currently normally generally especially everyone
everybody someone somebody anyone anybody nobody none everything something anything nothing everywhere somewhere
anywhere nowhere each every either neither both all any some many much more most few fewer less least several other
another others such same own first second third last next one two three four five six seven eight nine ten eleven
twelve hundred thousand million half lot lots bit ok okay oh ah hey hi hello hiya howdy bye goodbye wow well um uh hmm
mm aw aww ow ouch ugh oops yay yikes lol lmao omg btw imo tbh idk irl fyi wtf smh ffs im ive ill id youre youve dont
didnt doesnt isnt wasnt cant couldnt wont wouldnt arent theres thats whats hes shes theyre gonna wanna gotta kinda
sorta dunno please pls plz sorry excuse welcome congrats congratulations cheers regards sincerely best warmly kind
warmest hugs xx xxx xo xoxo ps
"""

_COMMON = """
research studies science statistics strategy strategies program programme programs voices plumber mechanic protective
assistance services experts psychology society culture nature intuition logic medicine religion politics school law
able above add age ago air alone alright amazing anger angry anxiety anxious apart apology apologies argue arm article
attention average aware awesome awful baby back bad banks bar bath beat bed beer being belief big bird bit black blame
block blood blue body book boring born boss both bottom boy boys brain branch bread break breathe brief bright broken
brother brothers building bunch bunny burn bus business busy cake calm camera cancer cap captain car card care careful
carry cars case cat cats cause cell chair challenge change chat check chicken child children chin choice church city
class clean clear client clients clinic clone close clothes club coffee cold college colonel color colour comfort
coming commodore common communication community company con concept conception conn constant control conversation cook
cool cord correct cost council counseling counselling counsellor counselor country couple couples course cousin crazy
crying cup dance danger dark data date daughter day days dead dear death decide deep del depending depression desire
detail different difficult dinner disaster distance doc dock doctor doctors does dog dogs doll done door double doubt
dream dreams drink drive drop dude dung each early earth easy eat eating edit effect emotion emotional emotions empty
en end energy enjoy enough episode era essence estate etc eternal event everyday evidence evil ex exactly example
excellent exciting exercise experience explain extra extremely eye eyes face fact fail fair fairy faithful fake fall
false family fancy far fat fate father fault fear feed feedback feeling feelings fellow female field fight figure
final fine finger fire first fish fit fleet floor flower focus folks follow food foot forever forget forgive form
forum forward foster free fresh friend friends friendship fuck full fun funny future gal game games gang gap gay
general genesis gentle genuinely german gift girl girls given glad goal goals god goddess gold golden good goodness
goodnight gorge gosh government governor great greet greetings ground group grown guess guilt guilty gun guru guys
half hall hand hands handy hang happen happiness happy hard harm harsh haven he head healing health healthy heard
heart heavy hell hence hide high hind history hold hole holy home honest honey hong horrible horse hospital hot hour
hours house household huge human humans hung husband idea ideally ideas identify imagine immaculate impossible
important in incredible indie infant initially inner innocent input instead interesting internet ion island issue
issues item jail job joke joker journal journey judge keeping key kick kid kids kill kind kindness king kings kitchen
knowing lady lane language late law lawyer leaf lean learn learning leave left lesson liar liberty lies life light
limit line link list listen listening little loan local lone lonely long longer look loot lord lore losing loss loud
lovely low loyal luck lucky lung mad madam magic mail main major male man managing manners manual map mar marine
married marry marsh martial mass mat match mate mates math maths matter mean meaning means medicine meditation medium
meet meeting members memories memory men mental mentor mere mess message messages meta middle mild mile min mind
mindfulness mine minor minute miracle mirror missing mist moment moments money monte month months moody moon more
morning mother motivation mouth movie movies moving mum music myself nail name names near neck negative neighbor
neighbour nerves new news nice night nightmare nights noble normal north northern note notes notice numbers odd offer
office old omega open option options opinion oral orange order others ourselves outside overall pain pal panic parent
parenting parents park part partner parts party pastor past path patience patient patients peace peer people perfect
person personal personally phone photo physical pick picture pin pine ping place places plan plans plant play pleasant
point points poor pope positive possible post power practice pray prayer precious premier prentice present president
press pressure pretty price pride prime prince princess privacy problem problems process professional progress promise
proper proud psychiatrist psychologist public purity purpose purposes push quality queen question questions quick
quiet quit raid rain rare ras raw reading ready real reality reason recovery red regardless regular rehab relationship
relationships relax religion reminder repeat reply resentment respect response rest result reward rice ridge right
rights rim ring rise risk river road roar rock rod roll romance room rough roulette round routine royal rude rule
rules run running rush sad sadness safe safety saga saint sane sapa scared school science scot screw sea search season
seat secret section self sense sentence series serious server service services session sessions sex sexy shade shadow
shame share shepherd shit shock shop short shot shower shut shy sick side sign significant silence silver simple
simply sin sincere sing single sir sis sister sisters situation size skill skills skin skip sky sleep sleeping slow
small smart smile smoke smoking social society soft soldier sole solution son song sons sort soul sound sounds south
space special spirit sponsor spot spouse spring staff stage standard standing state states step steps stone storm
story strange stranger street strength stress strict strong struggle struggling student students study stuff stupid
style success suck suffering sugar suggest suicidal suicide sum summary sun sunshine super support supporting
supportive sure surely surprised survive sweet sweetheart sweetie system systems tab table taking tale tall tan tap
tattoo tea teach teacher team tears teen teens temper temple terrible test text thankful thankfully theory therapist
therapists therapy thing things thinking tick ties tight time times tiny tip tired title toast together toilet tone
tool top tore total totally touch tough town toxic toy traffic train training trauma travel treasure treat treatment
tree trick trigger triggers trouble truck true trust truth trying tune type ugly unable uncle understand understanding
unhappy unique unit united university unknown unloved upset urban useful usual valid value values van victim victory
video view villa violence virtual visit voice wage waiting walking wall war ward wash waste watch watching water way
ways weak wealth wear weather wedding week weekend weeks weird west western wet white whole wife wild wind winning
wing winner woman women wonder wonderful wood word words working world worlds worried worries worry worse worst worth
wow write writing wrong yard year years yell yelling yoga young youth zero zone abuse abusive abused accepted addict
addiction adult adults advice affair afraid alcohol alcoholic argument assault attack boundaries boundary breakup
breathing bully bullying cheat cheated cheating childhood closure compassion confidence confused coping counselors
crisis cry cutting dating depressed diagnosis disorder divorce drinking drugs drunk emptiness esteem exhausted
exposure flashback flashbacks forgiveness freedom grief grounding guidance hurt hurting hypnosis illness insecure
insomnia intimacy jealous jealousy jobs loneliness manic manipulative marriage med medication medications meds mood
moods narcissist narcissistic numb nurse obsessed overwhelmed overwhelming panicking parenthood paranoia paranoid
passive perfectionism phobia pills pregnancy pregnant psychiatry psychology rage rape rejection relapse resilience
sadly selfharm selfish sexual sexuality sobriety stigma stressed symptom symptoms talk tantrum threat tolerance
traumatic vulnerable withdrawal workplace worthless acceptance user assistant bot ai chatbot admin moderator mod mods
op
"""

_KIN = """
mum mom mommy mummy mam mama mamma ma mother dad daddy da papa pa pop pops father sis bro brother sister aunt auntie
aunty uncle nan nana nanna nanny gran granny grandma grandmother grandad granddad grandpa grandfather gramps grandson
granddaughter mother-in-law father-in-law sister-in-law brother-in-law stepmum stepmom stepdad mrs mr ms dr prof
professor abuela abuelo tia tio oma opa baba amma appa babe hubby wifey cousin niece nephew twin twins bestie
boyfriend girlfriend
"""

_PROPER = """
monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
sundays january february march july september october november december feb mar apr jun jul aug sep sept oct nov
dec christmas xmas easter halloween thanksgiving hanukkah ramadan eid diwali lent passover kwanzaa valentines english
british american french german spanish italian irish scottish welsh dutch danish swedish norwegian finnish polish
russian greek turkish chinese japanese korean indian pakistani bengali arab arabic hebrew hindi urdu latin latino
tagalog yoruba igbo urdu farsi pashto punjabi bengali telugu marathi gujarati swahili hausa zulu xhosa amharic somali
khmer lao hmong cantonese mandarin esperanto iban prior
latina hispanic asian african african-american european australian canadian mexican brazilian jewish jew muslim hindu
sikh buddhist catholic protestant baptist mormon methodist orthodox islamic islam christianity judaism buddhism
atheist agnostic amish nazi roman gypsy black white god jesus christ lord allah buddha satan bible quran torah koran
messiah america africa asia europe britain england scotland wales ireland france germany spain italy greece turkey
russia china japan korea india pakistan bangladesh vietnam thailand philippines indonesia australia canada mexico
brazil argentina colombia peru cuba egypt nigeria ghana kenya ethiopia somalia sudan israel palestine iran iraq syria
lebanon afghanistan poland ukraine romania hungary sweden norway denmark finland netherlands holland belgium austria
switzerland portugal usa uk us eu nyc la london paris rome berlin madrid vienna moscow tokyo dubai singapore boston
chicago houston dallas denver seattle miami atlanta detroit philadelphia baltimore toronto vancouver montreal
melbourne manchester birmingham liverpool leeds glasgow edinburgh cardiff belfast dublin bristol oxford cambridge
hollywood york memphis orlando milan venice geneva manila cairo athens alabama alaska arizona arkansas california
colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland
massachusetts michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey ohio oklahoma oregon
pennsylvania tennessee texas utah vermont wisconsin wyoming angeles francisco reno naples tampa columbia columbus
facebook instagram twitter tiktok snapchat whatsapp youtube google reddit tinder hinge bumble grindr discord slack
zoom skype facetime netflix spotify amazon alexa siri cortana chatgpt gpt bard copilot uber lyft airbnb microsoft
apple android iphone ipad samsung playstation xbox nintendo minecraft fortnite roblox disney marvel pokemon starbucks
mcdonalds walmart target costco tesco asda lidl aldi ikea starling monzo paypal venmo visa lexus tesla toyota honda
mercedes bmw audi nike adidas gucci pepsi coke linkedin pinterest tumblr wikipedia headspace betterhelp talkspace
youper woebot wysa hulu hbo bbc cnn espn nhs cbt dbt act emdr ifs erp rebt mbct mbsr ptsd cptsd ocd adhd add asd bpd
gad mdd did sad pmdd pms nssi sud dv aa na ed er icu ect tms gp cpn cmht camhs iapt hr hiv aids std sti ivf dna mri ct
dsm icd phq gad-7 phq-9 mmpi bdi lgbt lgbtq ace aces pta ssri ssris snri snris maoi otc id pin tv pc dm dms pm am fbi
cia va cps dss ngo ceo phd ba bsc ma msc md lcsw lmft lpc lmhc lpcc psyd esq bff bf gf so mil fil sil bil covid corona
prozac zoloft lexapro celexa paxil luvox effexor cymbalta pristiq wellbutrin remeron trazodone mirtazapine sertraline
fluoxetine citalopram escitalopram paroxetine fluvoxamine venlafaxine duloxetine desvenlafaxine bupropion
amitriptyline nortriptyline clomipramine imipramine lithium lamictal lamotrigine depakote valproate tegretol
carbamazepine topamax topiramate seroquel quetiapine abilify aripiprazole risperdal risperidone zyprexa olanzapine
latuda lurasidone vraylar geodon haldol haloperidol clozapine clozaril invega xanax alprazolam ativan lorazepam
klonopin clonazepam valium diazepam librium temazepam zopiclone ambien zolpidem lunesta buspar buspirone hydroxyzine
propranolol prazosin clonidine adderall ritalin concerta vyvanse strattera methylphenidate atomoxetine dexedrine
naltrexone suboxone methadone antabuse narcan gabapentin pregabalin lyrica melatonin benadryl ibuprofen tylenol advil
paracetamol aspirin metformin insulin viagra ozempic accutane marijuana cannabis cocaine heroin meth mdma ketamine lsd
vodka whiskey tequila nicotine juul vape mindfulness gestalt socratic rogerian freudian jungian adlerian hakomi reiki
pilates tai zen ayurveda myers-briggs enneagram rorschach samaritans alzheimer alzheimers asperger aspergers parkinson
parkinsons tourette tourettes crohn crohns hashimoto hashimotos huntington lyme munchausen stockholm gaslight
gaslighting street avenue road drive boulevard court hospital clinic school college university academy church
cathedral mosque synagogue library station airport hotel restaurant cafe pub mall prison jail centre center institute
foundation association society trust council department ministry office bank company inc ltd llc corp scale inventory
questionnaire syndrome disease method technique protocol criteria index model chapter volume section question answer
step steps week day session part goal example note notes tip option phase level stage unit module lesson sincerely
anonymous unknown name age date address phone email gender male female dob n/a
"""

_LISTED = """
abu ade al ala albino almond alpha alto angelic angels angle anon ante ar astride author auto avert ay bale bali bam
bara bas bay bee bell bent beta bin bishop bitten blessing bliss bode bogey bong boo bose bridger brock brown bud bunk
burl bush butler cadence cam campo canal candy cannon caprice chaka champ chia chien chip cinnamon cleave colon colter
com coy creed das de delta den der dev di dimple dink divan dodo dong dos du duma earnest echo eh el elder ember emit
ermine eta ether evert ew fa fawn fe feline fern finis flint forest fount gauge genie ghazi gist gmail gore green grit
gust ha hafiz haha ham hasta hella horst hue hun hunt hymen ibn icy ide ing isis jr junior jupiter laddie laine lang
las lassie lavender le lei les lien ling lisle lo lode loke los lum lute lux maam mac mal mala mana manus mare marquis
meadow media merry mesa metro mi nacho nada nae nato nazir neptune net nil ninja nova novella nubia octave okey om
omer org ova owe page pansy pasty pate paw pi pier pluto po polk portia primus prudence purl randle regula rein roe
rut sable safari san santa satu saturn sera sim sixty slade sonata soo sook sparkle squire sr ta tad taft tam tawny te
ter theta ting titi tobe toon trine tung tutu tying un uni unnamed venus vernal vi vid vie viking ville vino viva von
wadi warsaw watt web wolf www ya yahoo yee yer yo zain zed
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARD = _words(_GRAMMAR) | _words(_KIN) | _words(_PROPER)
"""Never a name, first or last: only a cue that names somebody ("my name is May") says otherwise."""

PLAIN = HARD | _words(_COMMON) | _words(_LISTED)
"""Never a first name, whatever the lists say; those not `HARD` are a family name behind one ("Sarah Brown")."""

MONTHS = _words("jan april may june august")

THINGS = MONTHS | _words(
    """
    abbey alma amber amor angel angelica apollo aria art ash aspen aura aurora autumn azalea basil beau bell belle
    berry birdie blaze blossom bonny brandy brook carmine cash celestine celeste chance charity chastity cherry
    christian clement cliff clay cooper coral crystal daisy dawn destiny diamond dixie dolly dot dove ebb ebony
    emerald emery eve faith fay felicity flora frances gala garland garnet ginger glory goldie grace gray harmony
    harper hazel heath heather heaven holly homer hope hunter hyacinth ivory ivy jade jasper jet jewel journey joy
    jubilee julep justice kale karma kestrel kitty lark laurel lemon liberty lilac lily lotus luna lyric magnolia
    maple marigold marina maverick melody mercer mercury mercy merit merle miracle misty myrtle norm norman olive opal
    otto pandora pansy patience pearl peony pepper philomena phoenix piper polly poppy precious primrose prosper
    prudence rain raven reed river robin rocket rocky roman rose rosemary rosie rosy ruby rue rusty sable saffron sage
    sapphire scarlet senna serenity sienna sierra sky skye sol sonny sparrow star starling stella stormy summer sunny
    sunshine terra thyme timber topaz tory trinity tulip valentine velvet venus verity victory viola violet viva vixen
    willow winter woody wren zen zephyr zion ember clover fable fox gaia indigo lux
    """
)
"""First names that are things, seasons or virtues: at the start of a sentence only what people do tells the person."""

ACTS = _words(
    """
    will mark bill grant frank rich dean gene jack art guy major miles max bud buddy chip ford king lance lane mason
    miller neo pierce ransom rush skip sterling wade walker win wat stew steward page porter penny peg kit marshal don
    buck duke earl gale hardy les oz mo chase drew pat rob sue rand mace sol chuck cash
    """
)
"""First names that are other words: at the beginning of a sentence the next word tells."""

SLANG = _words(
    """
    al alexa ana ari ava barb bas bea becky ben bernie bert billy bo bob bobby britt burt carol chad cody cole colt
    curt cy dale dick dom duff earnest ed eddy ernest fisher gage glen hale hank hanna harry hart herb iris jan jay
    jean jed jerry jess jimmy jo jock johnny josh jude karen kelly ken kerry kim kyle lacy landon lee len lew lex lin
    loo loren lou lucy mack maria marshall marvel mary mel merry mick mike molly mona moses nancy nat nelson nick noel
    nolan otter parker patty peer perry pete piers prentice randy ray red reef reese rex rick rock rod roger ron rory
    rowan roy russ sal sally sam sandy sasha sawyer sheila shelly sherman sherry spencer stacy stan tad tanner tat
    tate taylor ted teddy terry tiffany tim tina tod tom tommy tracy trent tripp tucker ty tye tyke val vale vance
    vaughn vi vic wally warren wilder willie winnie yasmin zeal flick minty tills hols salah patsy peter joey lamia
    malik masha rosario paddy manny shahin bahar peggy luke tilly manal
    """
)
"""First names that mean something else in lower case: there they count after a cue only."""

TOWNS = _words(
    """
    adelaide alberta alexandria bethel bedford bradford camden carlisle cleveland columbus derby diego durham essex
    georgia hamilton holland huntington jericho jersey kent kingston lafayette lancaster lincoln lisle lourdes madras
    mansfield montgomery naples nazareth norfolk norwich odessa oxford palermo palma plymouth princeton raleigh reno
    richmond salem salerno salford selma siena somerset stanford stratford suffolk surrey sussex tyne valencia vegas
    verona virginia carolina wellington washington warwick windsor winchester worcester york alba andorra asturias
    catalina cuba etna macarena medina modena moravia parma samara sparta troy utica vilnius israel jamaica malta
    panama cairo paris dallas denver phoenix orlando milan memphis lyon
    """
)
"""First names that are places before they are persons: only person grammar tells."""

CITIES = _words(
    "austin aurora brooklyn charlotte chelsea chester dakota devon florence jackson jordan madison preston santiago"
    " savannah sierra sofia sydney trent victoria chad regina geneva bailey houston"
)
"""First names that are persons before they are places: not after "in", "near", "moved to"."""
