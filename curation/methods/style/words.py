"""Closed lists of English words, by what they do in a sentence. None of them tells what a text is about.

The lists are our own. What is in `VOCABULARY` is all that the measure of a voice sees of a text, so raise `VERSION`
with any change to it.
"""

from __future__ import annotations

VERSION = 1

_GRAMMAR = """
a an the this that these those such same other another each every either neither both all any some no none few many
much more most less least several enough
i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it its itself we us our
ours ourselves they them their theirs themselves one ones
somebody someone something anybody anyone anything nobody nothing everybody everyone everything
and or but nor so yet because although though while whereas if unless until since whether than as like
of in on at by for with without about against between among through during before after above below to from up down out
off over under again into onto upon toward towards across along around behind beyond near within per via despite except
be am is are was were been being have has had having do does did doing done can could may might must shall should will
would ought
not never ever always often sometimes usually already still yet just only even also too either rather quite very really
then there here now when where why how what who whom whose which
well let get got go going gone make made take keep put
first second last next once twice however therefore instead otherwise else perhaps maybe probably
"""

DISCOURSE = frozenset(
    "so well now anyway actually basically okay right look see listen like then also anyways alright however".split()
) | {"you know", "i mean", "of course", "in fact", "after all", "the thing", "in other"}
FILLERS = frozenset("um uh erm er hm hmm mm mhm ah eh".split())
HEDGES = frozenset(
    "maybe perhaps probably possibly somewhat apparently seemingly might could usually often sometimes mostly".split()
) | {"kind of", "sort of", "a bit", "a little", "i think", "i guess", "i suppose", "i wonder", "i believe", "it seems"}
INTENSIFIERS = frozenset(
    "very really so too extremely totally absolutely completely incredibly quite deeply truly always never".split()
) | {"a lot", "at all"}
NEGATIONS = frozenset("not no never nothing nobody none neither nor nowhere without cannot".split())
FIRST = frozenset("i me my mine myself".split())
SECOND = frozenset("you your yours yourself yourselves".split())
TOGETHER = frozenset("we us our ours ourselves".split())
EMOTION = frozenset(
    """feel feels feeling feelings felt emotion emotions emotional afraid anger angry anxiety anxious ashamed calm
    content crying despair disappointed disgust embarrassed empty envy excited fear frightened frustrated glad grateful
    grief guilt guilty happy hate hated helpless hope hopeful hopeless hurt hurting hurts jealous joy lonely love loved
    mad miserable nervous numb overwhelmed panic proud relief relieved resentment sad sadness scared shame sorrow sorry
    stressed tears terrified tired upset worried worry""".split()
)
VALIDATION = (
    "makes sense", "make sense", "makes total sense", "makes perfect sense", "of course you", "no wonder", "i hear you",
    "i can hear", "that sounds", "it sounds", "sounds like", "must be hard", "must have been", "must feel",
    "i understand", "i can see", "i can imagine", "it is okay", "it's okay", "that's okay", "you are not alone",
    "you're not alone", "it is normal", "it's normal", "understandable", "i appreciate", "thank you for sharing",
    "thanks for sharing", "that is hard", "that's hard", "not your fault",
)  # fmt: skip
"""Phrases, as they read in small letters, with which a listener shows that a feeling has its reasons."""

PHRASES = (
    *sorted(p for p in DISCOURSE | HEDGES | INTENSIFIERS if " " in p),
    "as well", "at least", "even though", "as if", "rather than", "such as", "want to", "going to", "have to",
    "need to", "able to", "used to", "a few", "each other", "so that", "or not", "and then", "and so", "if you",
    "that is", "there is", "it is", "you are", "i am", "in order", "as you",
)  # fmt: skip
"""Pairs of words that count as one habit, beside the words themselves."""

VOCABULARY: tuple[str, ...] = tuple(
    dict.fromkeys(
        sorted(
            {*_GRAMMAR.split(), *(w for w in DISCOURSE | HEDGES | INTENSIFIERS | NEGATIONS if " " not in w)}
            - {"okay", "alright"}
        )
    )
) + tuple(dict.fromkeys(PHRASES))
"""What the measure of a voice counts. Fillers are not in it: a recogniser leaves them out, and so do many people who
write captions; nor is what captions spell in several ways."""
