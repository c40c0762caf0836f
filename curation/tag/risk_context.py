"""What takes a finding of the risk screen back or lowers it: idiom, negation, question, teaching, fiction, the past.

All texts here are lower-case with straight apostrophes; a decision is made within one sentence.
"""

from __future__ import annotations

import re

from curation.tag.risk_words import KIN, LATER, SELF, Rule

_KINS = rf"(?:my |his |her |the )?(?:\w+ )?{KIN}"

IDIOMS = re.compile(
    "|".join(
        (
            # Figures of speech.
            r"\bsuicide (?:squad|is painless|mission|doors|bomb\w*|pact band|note by)\b|\bsuicidal tendencies\b|\bpolitical suicide|\b(?:career|commercial) suicide\b",
            r"\b(?:kill\w*|killed|get) (?:\w+ )?two birds\b|\bkill\w* (?:two|many) birds\b|\bkills? two\b",
            r"\b(?:could|i'd|would|can|i could) (?:absolutely |literally |happily |honestly |just |seriously )?(?:murder|kill for|kill) (?:a|an|some|one|for|that)\b(?: \w+){0,3}|\bmurder (?:a|an) \w+",
            r"\b(?:is|are|was|were|'s|s|'re|been|keeps?|absolutely|totally|slowly|really|nearly|almost|just|honestly|literally|it's|its) (?:absolutely |totally |slowly |really |nearly |almost |just |honestly |literally |fucking )*kill(?:ing|ed|s)? me(?: softly| slowly| inside| with| lol| haha)?\b",
            r"\bkilling me softly\b|\bkill(?:ing|s|ed)? (?:it|time|the (?:lights?|engine|mood|vibe|music|time|switch|process|weeds|plants|grass|battery|buzz|conversation|noise|joke))\b|\bkill bill\b|\bkilljoy\w*|\bladykill\w*|\blady-killer\w*|\b(?:serial|ninja|assassin)[- ]kill\w*|\bto kill a mockingbird\b|\bmakes? a killing\b|\bmade a killing\b|\bkilled (?:my|the|all my|another) (?:\w+ )?(?:plants?|houseplants?|basil|phone|battery|vibe|lawn|sourdough|cactus|succulents?)\b",
            rf"\b(?:{_KINS}|she|he|they|boss|teacher|coach|landlord|manager|you)(?:'s|'ll|'d| will| would| is| are|ll)? ?(?:going to |gonna |literally |actually |absolutely )*(?:kill|murder|strangle|skin) me (?:if|when|for|over|once|lol|haha|alive)\b",
            r"\b(?:i'?ll|i will|i'?m going to|gonna|i could|could|i'?d|i would|could have) (?:\w+ )?(?:kill|murder|strangle|throttle|wring|swing for) (?:\w+ ){1,5}(?:lol|haha|hah|bless|joking|jk|kidding|😂|🤣|if (?:he|she|they|you)(?:'s|'ve| has| have)? (?:eaten|forgotten|used|left|ate|finished|lost|tells? the|makes? me watch))",
            r"\b(?:snores|snoring|chews|singing) (?:\w+ ){0,4}i could (?:strangle|kill|murder|smother) (?:him|her|them)\b",
            r"\b(?:died?|dying|dies|dead|die) (?:of|from|with|laughing|inside (?:with|of)|on my feet|on (?:his|her) feet|for (?:a|an|some|the|my)|to (?:see|know|meet|try|go|hear|tell|get|find|read|watch|visit|show)|laugh\w*) ?(?:laughter|laughing|embarrassment|shame|boredom|cringe|hunger|thirst|heat|cold|curiosity|happiness|excitement|natural causes|old age|cancer|covid|a (?:heart attack|stroke)|dementia|pneumonia|a (?:cuppa|wee|pee|brew|coffee|drink))?",
            r"\bnearly (?:died|killed me)\b(?: \w+){0,3}|\bthought i(?:'d| would| was going to|'m going to)? ?(?:die|dying)\b|\bi(?:'m| am|m) (?:literally )?(?:dying|dead|deceased)(?: lol| haha| omg| rn| at| 😂| 💀|[.!]? ?(?:😂|💀|🤣))",
            r"\bdrop[- ]dead (?:gorgeous|serious|date)\b|\bdead (?:tired|good|right|easy|keen|serious|funny|on|beat|end|line|weight|quiet|set|nice|slow|straight|proud|boring|calm|pleased|cheap|impressed|ringer|wrong|heat|batter\w*|phone|leaves|wood|sea|poets)\b|\bover my dead body\b|\bdead[- ](?:end|line)s?\b|\bwouldn'?t be seen dead\b|\bcaught dead\b|\bknock\w* '?em dead\b|\bplay(?:ed|ing)? dead\b|\bleft for dead\b|\bdead to me\b",
            r"\b(?:would|i'?d|rather|sooner) (?:rather |sooner |literally )*(?:die|be dead|stick pins|eat my own|gouge|poke my|chew my own|stab myself|shoot myself) (?:in my eyes )?than (?!wake|live|be alive|go on|carry on|face)",
            r"\bto die for\b|\bdo or die\b|\bdie ?hard\b|\bdying art\b|\bnever say die\b|\bold habits die\b|\bthe death of me\b|\bscared to death\b|\b(?:bored|tickled|worried|sick|love|loved|loves|starved|frightened|talked|worked|flogged|done|freez\w*|sweat\w*|embarrassed) (?:\w+ )?(?:half )?to death\b|\bdeath (?:by powerpoint|and taxes|metal|star|row records|stare|grip|of a salesman|on the nile|trap|eaters?)\b|\bsudden death\b|\bcatch (?:my|your) death\b|\bat death'?s door lol|\bkiss of death\b",
            r"\bshot? (?:my|him|her|them|your)self in the foot\b|\bshoot (?:me|you|him|her|them|us) (?:an?|the|over|back|some|your)\b|\bshoot(?:ing)? (?:hoops|the breeze|pool|film|a film|for)\b|\bshot (?:a|of|at|in the|my shot)\b|\bparting shot\b|\bbig shot\b|\blong shot\b|\bphoto shoot\b|\bshoot(?:ing)? (?:stars?|straight)\b|\bshot (?:down|put)\b|\bjust shoot me\b",
            r"\bstabb?(?:ed|ing)? (?:me |us |him |her )?in the back\b|\bbackstabb\w*|\btake a stab\b|\bstab (?:at|in the dark)\b",
            r"\b(?:hang(?:ing|s)?|hung) (?:out|up|on|about|around|loose|tight|over me|in there|by a thread|the washing|the clothes|with|my hat|up on|off|baskets?|in the balance|out to dry)\b|\bhangman\b|\bhungover\b|\bhang of\b|\bhung out\b|\bhang(?:ing)? (?:pictures?|paintings?|curtains?|wallpaper|shelves)\b",
            r"\bjump(?:ed|ing|s)? (?:the gun|ship|to conclusions|at (?:the|my|this)|out of (?:my|his|her|its) skin|for joy|through hoops|on the bandwagon|the queue|in the (?:deep end|shower|car|bath)|on the trampoline|rope|start|off the (?:diving board|sofa|top board|high board)|in with both)\b",
            r"\bcut(?:ting|s)? (?:down|back|out (?:the )?(?:sugar|carbs|caffeine|dairy|bread|meat|gluten|coffee)|corners|ties|onions|carbs|costs|sugar|calories|the (?:grass|lawn|cake|hedge|cord|crap|queue|ribbon|tension)|me off|him off|her off|them off|off|across|through|it (?:fine|close|out)|class|my (?:hours|losses|hair|nails|toenails|fringe|teeth on)|loose|short|edge|board|a deal|to the chase|scene|up about|both ways|some slack|me some slack|and (?:paste|dried|run)|in (?:half|line))\b|\bclean cut\b|\bdirector'?s cut\b|\bpay cuts?\b|\bpower cuts?\b|\bhair ?cuts?\b|\bpaper cuts?\b|\bcold cuts\b|\bdeep cut off\b|\bcuts and bruises from\b",
            r"\bcut (?:my|his|her) (?:finger|hand|thumb|knee|foot|toe|chin|lip|leg|arm)s? (?:on (?:a|the|some)|while|when (?:i|he|she) (?:was|fell)|chopping|slicing|cooking|shaving|opening|peeling|gardening|playing)|\bfell (?:\w+ ){0,4}(?:and|,) (?:i )?cut my \w+|\bburn(?:ed|t)? (?:my|his|her) \w+ (?:on|with|in|taking|making|while) (?:a |the |some |my )?(?:oven|iron|toast|grill|hob|pan|kettle|tray|stove|bbq|barbecue|soup|tea|coffee|pizza|steam|sun|curling|hot)\b|\bcats? (?:\w+ )?(?:scratch\w*|bit)|\bscratched my arms to bits\b",
            r"\boverdos\w* (?:on|of) (?:\w+ )?(?:netflix|chocolate|carbs|cake|sugar|caffeine|coffee|cheese|christmas|telly|tv|tiktok|nostalgia|cute|cuteness|garlic|vitamin\w*|sunshine|pizza|reality|crisps|sweets|gossip|television|box ?sets?|parsley|mince pies)\b",
            r"\bdrown(?:ing|ed|s)? (?:in|under|out) (?:\w+ )?(?:work|paperwork|emails?|debt|laundry|admin|deadlines|homework|my sorrows|marking|nappies|washing|it|the noise|meetings|revision)\b",
            r"\b(?:binge|binged|binging|bingeing)[- ]?(?:watch\w*|on (?:netflix|\w+ (?:boxset|series))|worthy|read\w*|listen\w*)\b|\b(?:news|information|rebel|market|spending) binge\b",
            r"\bstarving,? (?:i|what|let|can|so|haha|lol|all|when|where|is)|\bi(?:'m| am|m) (?:absolutely )?(?:starving|famished)(?: lol|[.!,]| and| i )|\bstarv(?:ed|ing) (?:for|of) (?:affection|attention|company|sleep|sunlight|touch|conversation)\b|\bintermittent fast\w*|\bramadan\b|\bfast(?:ing)? (?:for|from) (?:ramadan|lent|yom|midnight|blood|the blood|the (?:test|scan|op))",
            r"\bdrives? me to drink\b|\b(?:coffee|chocolate|sugar|caffeine|tea|phone|work|gym|shopping|tiktok|crossword\w*|running|cheese|gaming) (?:is |intake is )?(?:\w+ ){0,3}(?:addict\w*|drug of choice|substance use disorder|habit|fix)\b|\b(?:addicted|addict|addiction) (?:to|for) (?:\w+ )?(?:my )?(?:coffee|chocolate|sugar|caffeine|tea|phone|crosswords?|running|cheese|tiktok|sudoku|netflix|reality|instagram|wordle|bake off|love island|biscuits|podcasts?|gardening|knitting|that show|shopping)\b|\bshopaholic|\bworkaholic|\bchocoholic|\b(?:absolutely |got )hammered by\b|\bpunch[- ]drunk\b",
            r"\b(?:beat|beats|beaten|beating|thrash\w*|hammer\w*|smash\w*|kill\w*|destroy\w*|slaughter\w*|murder\w*|batter\w*) (?:me|him|her|us|them|you|my \w+) (?:\w+ )?(?:at|in|on) (?:\w+ )?(?:chess|badminton|tennis|football|scrabble|monopoly|fifa|cards|pool|golf|squash|mario \w+|darts|everything|it|the|table|a|uno|snooker|poker|swimming|running|ping|cluedo|wordle|connect|poker|every game)\b|\bbeat (?:around|about) the bush\b|\bbeat (?:the (?:traffic|odds|clock|rush|heat)|myself up|yourself up|the level|his record|her record|my (?:pb|record|personal))\b|\bbeat(?:ing)? (?:my|him|her|your)self up\b|\bbeats me\b|\bhit (?:the|a|rock|me (?:that|how|like|hard|for)|it off|snooze|home|on|by the (?:news|bill|tax|redundancy|loss)) ?(?:pool|gym|road|shops|nail|wall|roof|deadline|sack|hay|target|bottom)?\b(?! (?:kids|baby|dog|child\w*))|\bsmashed it\b|\bknock(?:ed)? (?:me|him|her) (?:out|for six|sideways|off my feet)\b|\bslap(?:ped)? (?:on the wrist|in the face|dash)\b|\bkick(?:ed|ing|s)? (?:me out|off|the (?:bucket|habit|can|ball)|myself|back|in|ass|butt|arse)\b|\bpush(?:ed|es|ing)? (?:me to (?:do|be|try|keep|apply|grow)|my buttons|myself|back|through|ahead|the boat)\b|\btouch(?:ed)? (?:me (?:that|so|deeply|when|very)|base|wood|up)\b|\bsmother\w* me with (?:love|kindness|kisses|affection)\b|\bhurt (?:my|his|her) (?:feelings|back|knee|ankle|shoulder|foot|leg|wrist|neck|pride)\b|\bhurt me (?:that|when|by|to|deeply|so)\b",
            r"\b(?:abuse|abused?) from (?:the (?:touchline|crowd|fans|stands|terraces)|customers|drivers|trolls)\b|\babusive (?:relationship with|emails? from)|\babus(?:e|ed|ing) (?:my|the) (?:trust|privilege|position|system|company card|spell ?check)\b|\bso much abuse\b|\bbite the bullet\b|\bbit the bullet\b|\bsweat(?:ing)? bullets\b|\bbullet (?:points?|journal\w*|train)\b|\bdodged a bullet\b|\bsmoking gun\b|\bstick to (?:my|your) guns\b|\bglue gun\b|\bnerf gun\b|\btop gun\b|\bgun shy\b|\bblood ?bath\b|\bblood (?:test|pressure|results?|orange|sugar|type|moon|donor|work)\b|\bsweat and tears\b|\btears your heart\b|\bcried (?:my|his|her) eyes out\b",
            r"\b(?:end|ended|ending) (?:it|things)(?: all)? (?:last (?:night|week|month)|with|between|on a|amicably|by (?:text|phone)|there|two years|here|properly|politely|early|well|the call|after (?:\w+ ){1,3}(?:years|months|dates))\b|\bend of (?:the (?:world|day|week|month|year|term|road|line|tunnel)|an era|story)\b|\bhang up\b|\bend (?:the |my |this |our )?(?:tenancy|contract|call|conversation|phone calls?|meeting|session|lease|relationship|marriage|subscription|evening|day|year|week|term|email|chapter|engagement|friendship)s?\b|\bdead ?lines?\b",
            r"\bout of this place\b|\bput (?:\w+ )?to sleep\b|\b(?:the )?(?:dog|cat|hamster|rabbit|goldfish|battery|phone|laptop|wifi|car|engine|plant|plants|boiler|kettle|internet|app|connection|tablet|router|fridge|houseplants?|grass|conversation|signal)(?:'s| is| was| has| just| keeps?| batterys| have)? (?:about to |going to |nearly |almost |finally |just |on )*(?:die|dying|died|dead|dies)\b|\bbatter(?:y|ys|ies)(?:'s| is)? (?:about to )?(?:die|dying|dead|died)\b",
            r"\b(?:can'?t|couldn'?t|could not) live without (?:my|a|the|coffee|tea|chocolate|music) ?(?:morning|coffee|phone|tea|dog walks?|run|gym|music|\w+ machine|air fryer|diary|calendar|google)?\b",
            r"\b(?:peed|wet|kill|killed|crack\w*) (?:my|him|her)self laughing\b|\bkill(?:ed|ing)? (?:my|him|her|our)sel(?:f|ves) (?:laughing|with (?:work|laughter)|trying|to (?:get|finish|make|impress)|over (?:this|that|a|the) (?:essay|report|deadline|garden|project))\b",
            r"\bkms (?:lol|lmao|haha|😂|💀)|\b(?:ugh|lol|omg|haha)[^.!?\n]{0,25}\bkms\b(?: lol| haha| anyway)?|\bkill me now(?: lol| haha| please)?\b",
            r"\b(?:will|lost the will|lose the will) to live (?:i meant|in (?:the|a|that) (?:queue|meeting|line|traffic|ikea)|halfway|waiting|on hold|lol|haha|during|by (?:the|page|slide))|\bmade me lose the will to live\b|\bwhen i said i'?d lost the will to live\b",
            r"\bgoodbye (?:letter|card|cards|party|gift|present|drinks|do|lunch|cake)s? (?:for|to|from|at) (?:my|the|our|a) (?:\w+ )?(?:team|class|colleagues?|old team|reception class|office|school|boss|pupils|students|work|coach|house|self|past|habit|cigarettes)\b|\bgoodbye cards?\b",
            r"\b(?:voice ?(?:mail|note|over|message)s?|voice (?:lessons?|coach|actor|training)|inner voice|tone of voice|voices? (?:of reason|in (?:the|a) choir|was (?:shaking|breaking|soft|flat|hoarse|calm|gone))|find (?:my|your|her|his) voice|raised? (?:his|her|my|their) voices?|lost my voice|(?:mother|mum|mom|dad|father|gran\w*|nan|teacher|boss)'?s voice in my head|critical voice|the voice of|little voice|my (?:own )?voice)\b",
            r"\b(?:gut|heart|head|instinct|universe|horoscope)(?:'s| is|s)? (?:telling|sending|trying to tell) me\b|\bpsycho about\b|\bparanoid (?:about (?:my|the|spell\w*|germs)|android|lol)\b|\bbipolar weather\b|\b(?:everybody|everyone) was watching\b|\bi felt like (?:everyone|everybody) was\b|\bvoted? (?:me )?off\b|\bmanic (?:week|day|monday|at work|morning|month)\b|\bpoison (?:ivy|the well|in front)|\bfood poisoning\b|\bname your poison\b|\bdelusions? of grandeur\b|\bguardian angels?\b|\bthe devil wears|\bspeak of the devil\b|\bdevil'?s advocate\b|\bangel of a\b|\bthank god\b|\bgod (?:knows|forbid|willing|bless)\b|\bswear to god\b",
            r"\b(?:a|another|have a|take a) crack at\b|\bhit by (?:a|the) (?:car|bus|ball|train|lorry|truck)\b(?=.{0,5}$)^|\brope (?:in the (?:car|boot|van|garage|shed) )?for (?:towing|climbing|the (?:boat|tent|swing|washing))\b|\bgave away (?:\w+ ){0,4}(?:stuff|clothes|books|toys|furniture)\b(?=.{0,60}(?:bags?|lighter|charity|declutter|moving|skip|jumble|ebay))|\b(?:drug|medicine|pill) (?:store|cabinet|organi[sz]er|box|dispenser)\b|\bthe pill\b|\bchill pill\b|\bbitter pill\b|\bgear (?:stick|change|for|up)\b|\bspeed (?:limit|camera|dating|bump|awareness|reading)\b|\bcrack (?:on|up|down|a joke|open|of dawn|in the)\b|\bdiet coke\b|\bcoke zero\b|\b(?:a|can of|cherry|vanilla|bottle of) coke\b|\bsalt and vinegar\b|\bice cream\b|\bacid reflux\b|\bspice (?:girls|rack|up|of life|mix)\b|\bweed(?:ing|s|ed)\b|\bsmoke (?:alarm|signals?|detector)\b|\bneedles? (?:in a haystack|phobia)\b|\bknitting needles?\b|\bpine needles\b|\bacupuncture\b|\bphone rehab\b|\b(?:fit|fits) (?:into|in with|me|the bill|like|well)\b",
            r"\btake (?:the |my |his |her )?(?:meds|medication|sertraline|tablets?|pills?|antidepressants?) (?:every|each|in the|with|at|as prescribed|as (?:the doctor|she|he|they) )\b|\btook (?:two|a couple of|some|one|a) (?:paracetamol|ibuprofen|aspirin|painkillers?|nurofen|antihistamines?|vitamins?)\b(?! .{0,30}(?:every hour|again and again))|\bcan take paracetamol\b",
            r"\b(?:sky|bungee|base) ?(?:dive|diving|jump\w*)\b|\babseil\w*|\b(?:jumped|jumping) off (?:the )?(?:pier|rocks|boat|jetty|side|top board|swing|wall)\b|\bcoffee on the balcony|\bbalcony (?:with|garden|plants|seat|room|view)\b|\bon the (?:bright|other|plus|flip) side\b|\bon edge\b|\bedge of (?:my seat|the bed|the sofa|the field|town)\b|\bin line\b|\bon ?line\b|\bthe line(?:'s| is| was)? (?:busy|bad|dead|breaking)\b|\btrain(?:ing|ed|er)s?\b|\bon track\b|\btrack (?:of|record|and field)\b",
            r"\bdisappear (?:to|into|for) (?:a |the |my )?(?:cabin|cottage|beach|island|week(?:end)?|spa|bath|woods|book|holiday|caravan|bothy)\b|\bgone (?:on holiday|to (?:the|work|bed|school|uni|live|visit|stay|see)|for (?:a|the|lunch))\b",
        )
    )
)  # fmt: skip
"""Removed before anything is looked for: these say nothing of danger, whatever words they are made of."""

_SENTENCE = re.compile(r"[.!?;\n]+(?:\s|$)|\n|[.!?]{2,}")
_CLAUSE = re.compile(
    r"[,:()\u2013\u2014]|\s-+\s|\b(?:but|though|although|however|except|yet|only that|then|so|because|cos|and i(?:'m|m| am|'ve| have| want| will| keep| just| still)?)\b"
)
_NEGATOR = re.compile(
    r"(?:\b(?:not|never|no|none|nobody|nothing|without|nor|neither|isnt|wasnt|dont|didnt|doesnt|havent|hasnt|hadnt|wouldnt|couldnt|cant|wont|aint|shouldnt"
    r"|den(?:y|ies|ied|ying)|absence of|negative for|free of|ruled out|unlikely|hardly|rarely|refuses? to|promised? (?:not|never))|n't)\b(?P<gap>(?:[ /]+[\w'/-]+){0,6})[ /]*$"
)
_NOT_NEGATED = re.compile(
    r"\b(?:(?:wouldn'?t|don'?t|not|didn'?t) mind|never not|not not|can'?t not|can'?t stop|cannot stop|couldn'?t stop|cant stop|won'?t stop|can'?t help|not only|not just|not even|not sure|don'?t know|dont know|dunno|not because|don'?t care|dont care"
    r"|don'?t think (?:i|he|she|they) (?:can|could|will)|can'?t see|cannot see|not to|no longer|nothing (?:but|except|else)|no idea|never told|not told|haven'?t told|didn'?t tell|don'?t tell|no one knows?|nobody knows?|doesn'?t (?:hit|leave|know)|no reason not|not afraid|not scared|can'?t face"
    r"|can'?t (?:keep|go|promise|get|bear|cope|take|do|wait)|no one (?:would|will)|nobody (?:would|will|can|could)|no point|no use|didn'?t (?:work|stop|help)|don'?t understand|won'?t (?:let|leave)|not (?:acting|let|eaten|slept|long|right|safe|good|allowed)|n'?t (?:let|allow)|without (?:him|her|me)|not joking|no joke|not if|n't ask\w*)\b"
)
_ANEW = re.compile(r"\b(?<!that )(?<!think )(?<!say )(?<!said )i(?:'?m)?\b(?!'d)")
_TAKEN_BACK = re.compile(
    r"\b(?:that was a lie|was lying|i lied|i lie|lied (?:to|about|when)|it'?s a lie|not true|isn'?t true|wasn'?t true|truth is|the truth|if i'?m honest|i'?m the friend|its me|it'?s me|but it'?s not|between us)\b"
    r"|(?:^|[.!?] )i (?:was|am|do|did|have|had|still do|still am)[.!]"
)
_QUESTION = re.compile(
    r"\b(?:have|has|do|does|did|are|is|were|was|any|ever|how often|over the (?:last|past)|can|could|would|will) (?:you|u|your|they|there|the client|the patient)\b|\bhow (?:often|many times)\b|\bif you (?:ever|feel|start|have|are|were|told|think)\b|\bany (?:thoughts|plans|urges|intent)\b.*\?"
)
_SUBJECT = re.compile(
    r"\b(?:i|i'?m|i'?ve|i'?d|i'?ll|im|ive|me|he|she|they|he'?s|she'?s|we|you|your|you'?re|you'?ve|u|yourself)\b"
)
_TAUGHT = re.compile(
    r"\b(?:role ?plays?|hypothetical\w*|training|workshop|seminar|lecture|essay|exam|dissertation|research (?:shows|suggests|is|says|on)|studies|statistics|(?:suicide|death|crime) rates?|rates|leaflets?|documentary|awareness"
    r"|prevention|questionnaire|survey|the form says|this form|risk factors?|warning signs|textbook|module|supervision group|polic(?:y|ies)|guidelines?|confidentiality|what happens if|if (?:a|your|the|my) (?:client|patient|person|student|caller|young person)"
    r"|if someone (?:says|said|tells|told|is|were|has)|if (?:somebody|anyone|anybody) (?:says|tells)|imagine (?:your|a|that a)|ask (?:everyone|everybody|all|people|each|every)|asking about|routine(?:ly)?|between sessions|trainees?|in theory|in general|as a (?:society|profession)"
    r"|campaign|charity|fundrais\w*|article|headlines?|in the news|on the news|debate|we (?:learned|learnt|covered|discussed|practi[sc]ed|studied)|can (?:lower|cause|lead|trigger|damage)|which is why we ask|helpline (?:training|volunteer)|the research|crisis (?:team|line) number|here is how|curious how|would you (?:have to|need to) (?:report|tell|call)|if you told me|how (?:do|should|would) (?:you|we|i|a therapist|clinicians) (?:assess|respond|handle|support|ask|screen))\b"
)
_FICTION = re.compile(
    r"\b(?:film|movie|novel|sitcom|episode|tv show|the show|the play|our play|drama (?:club|class)|opera|song|album|the band|band'?s|lyrics|video ?game|the level|d&d|dungeons|podcasts?|netflix|call of duty|minecraft|fortnite|among us|the sims|chapter|short story|the story"
    r"|the scene|theatre|theater|boss fight|romeo and juliet|hamlet|macbeth|book (?:group|club)|thriller|whodunn?it|murder myster\w+|true crime|crime (?:novel|drama|series)|detective|comic|manga|anime|musical|panto\w*|character|on stage|gta|zelda|warzone|halo|zombies?|paintball|laser tag|halloween|cartoon|museum|bake off|the bell jar|history (?:lesson|book|class))\b"
)
_MEANT = re.compile(
    r"\b(?:i|i'?m|im|i am)(?: \w+)? (?:want|wanna|need|keep|going|gonna|will|wish|wanted|can'?t stop|plan)\b"
)
_DONE = re.compile(
    rf"\b(?:killed|hanged|hung|shot|drowned|poisoned|stabbed|gassed) (?:{SELF})\b.{{0,3}}|\bdied by suicide\b|\bcommitt?ed suicide\b|\btook (?:his|her|their) own li(?:fe|ves)\b|\bsuicide of\b|\blost \w+(?: \w+){{0,3}} to suicide\b|\bdied (?:of|from) an? overdose\b|\b(?:his|her|'s|s') (?:death by )?suicide\b|\bcompleted suicide\b|\bbereaved by suicide\b|\boverdosed and died\b|\bsuicide (?:thirty|twenty|ten|years)\b"
)
_THEN = re.compile(
    r"\b(?:years?|decades?|ages|a long time) (?:ago|back|now|since|before|earlier|behind)\b|\blong (?:ago|before)\b|\bwhen (?:i|we|he|she|they) w(?:as|ere)\b|\bas an? (?:child|kid|teen\w*|student|boy|girl|youngster|young)\b|\bin (?:the )?(?:19|20)?\d0s\b|\bin (?:19|20)\d\d\b|\bback (?:then|in|when|at)\b|\bat (?:uni\w*|school|college|the time)\b(?!.*\b(?:comes|today)\b)"
    r"|\bdecades\b|\bchildhood\b|\bgrowing up\b|\bin my (?:teens|\w+ties|youth|first year)\b|\bused to\b|\bbehind me\b|\brecover(?:ed|y)\b|\blate (?:father|mother|husband|wife|brother|sister|uncle|aunt|grandfather)\b|\bgreat[- ](?:aunt|uncle|grand\w*|gran)\b|\bfamily (?:story|history)\b|\bbefore i was born\b|\bhistory of\b|\bhaven'?t (?:\w+ ){0,3}(?:in|for|since) (?:\w+ ){0,3}(?:years?|decade|19|20)\b|\bnot (?:\w+ ){0,2}(?:in|for) (?:\w+ ){0,2}years\b"
    r"|\b(?:clean|sober|free|well|stable|dry|abstinent) (?:for|since|now for|and well)\b|\b(?:\w+|\d+) years? (?:clean|sober|free|dry|in recovery|now|i)\b|\ball (?:over|behind)\b|\bat (?:sixteen|seventeen|eighteen|nineteen|twenty|fifteen|fourteen|\d\d)\b|\bonce upon\b|\bwas (?:bulimic|anorexic|an addict|addicted|an alcoholic)\b|\buntil i (?:left|moved)\b|\bi'?m (?:fifty|sixty|forty|thirty|\d\d) now\b|\b(?:years|months) in recovery\b"
)
_NOW = re.compile(
    rf"\b{LATER}\b|\brelaps\w*|\bback (?:on|to it|at it)\b|\bkeeps?\b|\brecently\b|\bthis (?:time|year)\b|\bstarted\b|\bworse\b|\bwant(?:s)? to\b|\bin my head\b|\bdon'?t (?:know|want)\b|\bonly (?:an|one) \w+ a day\b|\bmonths? clean\b|\bcan'?t stop\b"
)
_CALM = re.compile(
    r"\b(?:fine|well|better|ok|okay|me|over|good|dead|alive|safe|stable|old|grown|\d+|fifty|sixty|forty|thirty) now\b"
)
_TRIED = re.compile(r"\b(?:tried|attempted)(?: \w+)? to $")
_ME = re.compile(r"\b(?:i|i'?m|im|i'?ve|ive|i'?d|i'?ll|me|my|myself)\b")
_OTHER = re.compile(
    rf"\b(?:he|she|they|him|her|{KIN}|friend|neighbou?r|colleague'?s?|singer|boy|girl|man|woman|client|patient|teacher|actor|student|cousin)\b"
)

ATTEMPTS = ("sh.attempt", "sh.kill-self", "sh.jump", "sh.overdose", "sh.taken", "sh.end-life")
"""What somebody who tells it of themselves has survived: it stays a level that a person sees."""


def blank(text: str) -> str:
    """The text with its figures of speech blanked out, as long as before."""
    return IDIOMS.sub(lambda found: "\x00" * len(found[0]), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text start and end."""
    bounds, start = [], 0
    for stop in _SENTENCE.finditer(text):
        bounds.append((start, stop.end()))
        start = stop.end()
    return [*bounds, (start, len(text))] if start < len(text) or not bounds else bounds


def settle(rule: Rule, text: str, bounds: tuple[int, int], found: tuple[int, int], assistant: bool) -> tuple[int, str]:
    """What is left of a finding in its context.

    Args:
        rule: what was found.
        text: all of the text, folded and without its figures of speech.
        bounds: the sentence that holds the finding.
        found: where it stands.
        assistant: said by the one who answers, whose questions and teaching are no disclosure.

    Returns:
        The level, and what lowered it (empty where nothing did); level 0 carries no flag, and 1 only for the past.
    """
    if rule.firm:
        return rule.level, ""
    sentence, before = text[bounds[0] : bounds[1]], text[bounds[0] : found[0]]
    match, after = text[found[0] : found[1]], text[found[1] : found[1] + 8]
    framed = _framed(sentence, before, match, assistant)
    if framed:
        return 0 if framed == "fiction" else min(rule.level, 1), framed
    if _negated(text, before, match):
        return min(rule.level, 1), "negated"
    other = bool(_OTHER.search(before + match))
    if rule.flag == "self_harm" and _DONE.search(match + after) and other and "myself" not in match:
        return min(rule.level, 1), "bereaved"
    if (_THEN.search(sentence) or _over(text)) and not _is_now(sentence):
        return _past(rule, match, bool(_ME.search(before + match)), other)
    if rule.id in ("sh.kill-self", "sh.end-life", "sh.jump") and _TRIED.search(before):
        return 2, "attempt"
    return rule.level, ""


def _framed(sentence: str, before: str, match: str, assistant: bool) -> str:
    """Whether the sentence asks, teaches or tells a story rather than discloses; empty where it does not."""
    near = [*_SUBJECT.finditer(before)]
    nearest = near[-1][0] if near else ""
    asks = _QUESTION.search(sentence) and (nearest[:1] in ("y", "u", "") or "?" in sentence)
    if asks or "yourself" in match or (assistant and not nearest.startswith(("i", "m"))):
        return "question"
    if assistant:
        return "assistant"
    if _MEANT.search(before + match):
        return ""
    return "taught" if _TAUGHT.search(sentence) else "fiction" if _FICTION.search(sentence) else ""


def _negated(text: str, before: str, match: str) -> bool:
    """Is it denied in its clause, and the denial neither undone by a second one nor taken back?"""
    clause = before[max((stop.end() for stop in _CLAUSE.finditer(before)), default=0) :]
    negated = _NEGATOR.search(clause)
    if not negated or _ANEW.search(negated["gap"]) or _TAKEN_BACK.search(text):
        return False
    return not _NOT_NEGATED.search(clause[max(negated.start() - 10, 0) :] + match[:12])


def _past(rule: Rule, match: str, mine: bool, other: bool) -> tuple[int, str]:
    """What is left of something told as over: an attempt that the speaker survived stays for a person to see."""
    if mine and rule.id in ATTEMPTS and not (other and "self" in match and "myself" not in match):
        return 2, "past attempt"
    if mine and rule.flag == "self_harm" and rule.past > 1:
        return rule.past, "past"
    return min(rule.level, 1), "past" if mine or not other else "past of another"


def _over(text: str) -> bool:
    """Is the whole text told as over? A short text says once when it was."""
    return len(text) < 400 and bool(_THEN.search(text)) and not _is_now(text)


def _is_now(text: str) -> bool:
    return bool(_NOW.search(_CALM.sub("", text)))
