"""What the filters look for, as RE2 patterns. A change here is a new version of the stage `filters`."""

from __future__ import annotations

_MAKERS = (
    r"(?:openai|anthropic|google|deepmind|meta(?: ai)?|microsoft|mistral(?: ai)?|deepseek|alibaba|cohere|xai|lmsys)"
)
# The search for personal data has replaced many a maker before the filters look.
_MAKERS_HERE = rf"(?:{_MAKERS}|\[ORG_\d+\])"
_MODELS = (
    r"(?:chat ?gpt|gpt-?[345]\w*|claude|gemini|bard|llama|vicuna|alpaca|qwen|deepseek|grok|copilot|bing chat|palm)"
)
_A_MODEL = (
    r"(?:an? (?:[\w-]+ ){0,3}(?:language model|ai(?: assistant| model| chatbot)?|chatbot|assistant|llm|robot|bot))"
)
IDENTITY = "|".join(
    (
        rf"(?i)\b(?:i am|i['’]m|my name is|you can call me|(?:i go|known) by the name|known as|refer to me as|as) {_MODELS}\b(?:[,.!;:]|\s*$|,? (?:an?|your|the|and|created|developed|trained"
        r"|made|from|by|based)\b)",
        rf"(?i)\bi(?: am|['’]m)(?: just| only| actually)? {_A_MODEL}\b[^.!?\n]{{0,60}}(?:\b{_MAKERS}\b|\[ORG_\d+\])",
        rf"(?i)\bi (?:was|am|have been) (?:created|developed|made|trained|built|designed) by (?:[\w-]+ ){{0,4}}{_MAKERS}\b",
        rf"(?i)\bi(?: am|['’]m| was) (?:created|developed|built|designed|made) by (?:[\w-]+ ){{0,4}}{_MAKERS_HERE}",
        rf"(?i)\bi(?: am|['’]m| was) trained by (?:an? |the )?(?:team of )?(?:researchers|engineers|developers) (?:from|at|of) {_MAKERS_HERE}",
        rf"(?i)\bmy (?:creators|developers|makers) (?:are|is) (?:[\w-]+ ){{0,4}}{_MAKERS_HERE}",
        rf"(?i){_MAKERS_HERE}[^.!?\n]{{0,20}} (?:created|developed|built) me\b",
        rf"(?i)\b(?:language|ai) model,? (?:[\w-]+ )?(?:created|developed|trained|made|built) by (?:[\w-]+ ){{0,4}}{_MAKERS_HERE}",
        rf"(?i)\b(?:created|developed|trained|made|built) by (?:[\w-]+ ){{0,4}}{_MAKERS_HERE}[^.!?\n]{{0,40}} as an? (?:[\w-]+ )?language model\b",
    )
)
"""An answer that says which model, or whose, it is."""

DISCLAIMER = "|".join(
    (
        rf"(?i)\bas {_A_MODEL}\b, ?(?:i|my)\b",
        r"(?i)\b(?:as|i(?: am|['’]m)(?: just| only| actually| still)?) (?:an? )?(?:[\w-]+ ){0,3}(?:language model|llm|ai (?:language )?model)\b",
        rf"(?i)\bi(?: am|['’]m)(?: just| only| actually)? {_A_MODEL}\b(?:, | and )(?:so )?(?:i )?(?:do not|don['’]t|cannot|can['’]t|have no)\b",
    )
)
"""An answer that talks of itself as a language model. Who only says that they are an AI does not: that is honest."""

ASKED_IDENTITY = "|".join(
    (
        r"(?i)\b(?:are|r) (?:you|u) (?:even |really |just |actually )?(?:an? |some )?(?:[\w-]+ )?(?:human|real|person|people|ai|bot|robot|machine"
        r"|computer|program|model|chat ?bot|chatgpt)\b",
        r"(?i)\b(?:who|what|how) (?:are|r) (?:you|u)\b|\byourself\b|\b(?:have|did|had|do) you ever\b|\byou (?:had to|once|would do if)\b",
        r"(?i)\b(?:am i|i['’]m) (?:talking|speaking|chatting) (?:to|with) (?:an? )?(?:human|person|ai|bot|robot|machine|computer)",
        r"(?i)\b(?:do|does|can|could|would|did) you (?:even |really |actually |also )?(?:have|feel|experience|like|love|enjoy|prefer|miss|dream|sleep"
        r"|care|cry|hurt|remember|understand|know how|get (?:tired|bored|lonely|sad)|do if)\b",
        r"(?i)\byour (?:own )?(?:house|home|life|childhood|family|friends|favou?rite|hobb\w+|feelings|emotions|day|past|body|name|age|experience)\b",
    )
)
"""A user who asks what it is that answers, or about its life and feelings."""

CRISIS = (
    r"(?i)\b(?:crisis|suicid\w*|self-?harm\w*|hotline|helpline|lifeline|samaritans|988|911|999|112|116 ?123|741741|overdos\w*"
    r"|(?:harm|hurt|kill)(?:ing)? (?:yourself|myself|others|someone))\b"
)
"""What a reply to somebody in danger says."""

EMPTY = r"(?i)^[^\p{L}\p{N}\p{So}\p{Sk}\p{Sc}]{0,20}(?:(?:n/?a|none|null|nan|nil|todo|tbd|undefined|deleted|removed|empty|no (?:answer|response|output|reply))[^\p{L}\p{N}]*)?$"
"""Says nothing, or only that there is no answer. More than twenty signs may be a drawing."""

CUTOFF = "|".join(
    (
        r"(?i)\b(?:knowledge|training|data)(?: data)?(?: has an?| is)? ?cut-?off\b",
        r"(?i)\bas of my (?:last|latest|most recent) (?:update|training|knowledge)",
        r"(?i)\bmy (?:training data|knowledge|information|training)(?: base)? (?:only )?(?:goes up to|extends? (?:only )?(?:up )?to|ends in|is"
        r" (?:current|limited|up to date) (?:to|as of|until|up to)|was last updated|stops)",
        r"(?i)\bi (?:don['’]t|do not|cannot|can['’]t) (?:have (?:access to )?|access |browse )(?:any )?(?:real-?time|the internet|current"
        r" (?:events|data|information))",
        r"(?i)\bonly (?:been )?trained (?:on data )?(?:up )?(?:to|until) (?:[a-z]+ )?20\d\d",
    )
)
"""An answer that tells up to when its model was trained."""

_DECLINED = (
    r"(?:help|assist|provide|fulfill?|comply|create|write|generate|engage|support (?:this|that|such)|do (?:that|this)|discuss|continue|answer|participate"
    r"|retrieve|access|perform|process|complete|respond|produce|browse|order|book|promote|condone|offer)"
)
_UNABLE = r"(?:can(?:no|['’])t|can not|could ?n[o'’]t|am (?:not able|unable) to|['’]m (?:not able|unable) to|won['’]t(?: be able to)?|will not)"
REFUSAL = "|".join(
    (
        rf"(?i)^\W*(?:i['’]?(?: a)?m (?:very |really |so |truly )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)\b[^.!?\n]{{0,80}}?\bi {_UNABLE}"
        rf" (?:[\w-]+ ){{0,3}}?{_DECLINED}\b",
        r"(?i)^\W*(?:i['’]?(?: a)?m (?:very |really |so |truly )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)\b[^.!?\n]{0,80}?\bi (?:do not|don['’]t)"
        r" (?:currently )?have (?:the (?:ability|capability|capacity)|(?:any )?access)\b",
        rf"(?i)^\W*i(?: {_UNABLE}|['’]m (?:not able|unable) to) (?:[\w-]+ ){{0,3}}?{_DECLINED}\b",
        r"(?i)\bi (?:cannot|can['’]t|can not|won['’]t|will not) (?:fulfil|fulfill|comply with|assist with|complete) (?:this|that|your|such)",
        r"(?i)\b(?:goes )?against my (?:programming|guidelines|policy|policies|content policy|ethical guidelines)\b",
        r"(?i)\bi must (?:respectfully )?(?:decline|refuse)\b",
    )
)
"""An answer that declines the request. Not to know, not to promise and not to decide for somebody is none."""

ASKS_MORE = (
    r"(?i)\b(?:without|need|require) (?:some )?(?:more|additional|further) (?:information|details?|context)|\b(?:could|can|would) you (?:please )?"
    r"(?:provide|share|tell|give|send|clarify)"
)
"""An answer that asks for what it lacks."""

SAFETY = (
    r"(?i)\b(?:crisis|suicid\w*|self-?harm\w*|hotline|helpline|lifeline|samaritans|emergency|988|911|999|112|116 ?123|741741|overdos\w*"
    r"|abus\w+|not alone|therapist|counsell?or|psychiatrist|doctor|medical (?:professional|advice|attention)|professional help|mental health"
    r"|safe(?:ty)?\b|(?:harm|hurt|kill)(?:ing)? (?:yourself|you|someone|others|anyone|him|her|them)|trusted (?:friend|adult|person)|reach out)"
)
"""What a reply that looks after somebody says; such a reply is no refusal, whatever it declines."""

SPECIAL = "|".join(
    (
        r"<\|[\w ]{1,40}\|>",
        r"\[/?INST\]|<</?SYS>>",
        r"</?s>(?:\s|$)|<(?:bos|eos|pad|unk)>",
        r"<(?:start|end)_of_turn>",
        r"\[(?:gMASK|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]",
        r"<(?:extra_id_\d+|mask)>",
        r"</?(?:think|thinking|scratchpad)>",
    )
)
"""Control tokens of chat formats, as text."""

TEMPLATE = "|".join(
    (
        r"\{\{ ?(?:user|char|input|output|instruction|question|answer|name|prompt|context|text|system)\w* ?\}\}",
        r"(?:^|[\s:])\{(?:input|output|instruction|question|answer|prompt|context|text)\}",
        r"(?m)^#{2,4} ?(?:Instruction|Response|Input|Output|Human|Assistant|User|System|Prompt|Question|Answer) ?:?\s*$",
        r"(?m)^(?:ASSISTANT|USER|SYSTEM) ?:",
        r"(?i)<(?:USER|BOT|CHAR|ASSISTANT|HUMAN)>",
    )
)
"""Places of a prompt template that were not filled, or its headings."""

MOJIBAKE = r"Ã[\x{80}-\x{BF}ƒ‚„…†‡ˆ‰Š‹Œ©¨§¤¶¼±³ª]|â(?:€[^\s]?|\x{80}[\x{80}-\x{BF}])|Â[\x{A0}-\x{BF}]|\x{FFFD}|ï¿½|ðŸ"
"""UTF-8 that was read as Latin-1 or Windows-1252, and characters that got lost."""

SPEAKERS = (
    r"(?im)^\W{0,3}(?:client|patient|clientin)\W{0,3}:",
    r"(?im)^\W{0,3}(?:therapist|counsell?or|psychologist|dr\.? \w+)\W{0,3}:",
    r"(?im)^\W{0,3}(?:user|human|me|you)\W{0,3}:",
    r"(?im)^\W{0,3}(?:assistant|ai|bot|chatgpt|gpt|model)\W{0,3}:",
)
ONLY_LINKS = r"^(?:\s|[.,;:|>*•-]|https?://\S+|www\.\S+|\[URL_\d+\]|\[URL:[0-9a-f]+\]|\[[^\]]*\]\(\S+\))+$"
LINK = r"https?://|www\.|\[URL[_:]"
_BEFORE = r"(?:^|[^.!?\n]{20} )"
UNFINISHED = (
    rf"{_BEFORE}(?i:an?|the|and|or|but|from|by|into|as|than|which|whose|because|if|your|my|our|their|its|very|between|without|including|it['’]s"
    r"|you['’]re|they['’]re)\s*$|[\p{L}\d],\s*$"
)
"""Ends in a word that no sentence ends with, or in a comma. A signature, a list and a missing full stop do not."""

HALF = (
    rf"{_BEFORE}(?:of|to|in|on|at|for|with|that|who|when|while|is|are|was|were|be|been|has|have|had|will|would|can|could|should|may|might|must|his|her"
    r"|this|these|those|not|more|such|like|about|through)\s*$"
)
PUNCTUATED = r"[.!?]['\")”’]?\s[^.!?]+[.!?]['\")”’]?\s"
"""A sentence may end in one of the words of `HALF`, but hardly the last one of somebody who ends all others with a stop."""

OPEN = r"[.!?]['\")”’]?[ \t][^.!?\n]+[.!?]['\")”’]?[ \t]+(?:[^\s.!?]+[ \t]+){11,}[^\s.!?]*[\p{L}\d]\s*$"
"""Two sentences with a stop, then twelve words and more without one, in one paragraph. Of 952 complete answers that
therapists wrote, 2 look like that; of 257 that were cut at 400 characters, 75."""

WORRYING = r"(?i)\b(?:suicid\w*|kill (?:myself|me)|end my life|self-?harm\w*|hurt(?:ing)? myself|overdose)\b"
"""What a person in danger says: no reply to it is a refusal, however it is worded."""
