"""Names that columns, keys and roles bear in public data sets, by what they mean. Only `detect` guesses by them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from curation.core.adapter import DEFAULT_ROLES


def plain_name(name: str) -> str:
    """The last part of a dotted name, in small letters, without anything but letters and digits."""
    return re.sub(r"[\W_]+", "", name.rpartition(".")[2].lower())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ROLE_KEYS = _words("from role speaker sender author interlocutor party user_type")
CONTENT_KEYS = _words("value content text message utterance body")
REASONING = _words(
    "reasoning reasoningcontent thinking thought thoughts cot chainofthought complexcot rationale explanation"
)

TURNS = _words("messages conversations conversation dialogue dialog dialogs chat turns history")
INSTRUCTION = _words("instruction instructions task")
INPUT = _words("input context query question")
QUESTION = _words(
    "question prompt query user human input instruction client patient usermessage userinput userprompt request "
    "problem questiontext questionbody inputtext seeker q frage pregunta pergunta domanda kysymys 问题 提问 context"
)
ANSWER = _words(
    "answer response output completion assistant reply answertext responsetext assistantresponse modelresponse "
    "modeloutput botresponse gpt bot therapist counselor counsellor doctor solution a antwort respuesta réponse "
    "reponse resposta risposta vastaus 回答 答案"
)
SPOKEN = _words("assistant gpt bot therapist counselor counsellor doctor")
"""Names of an answer that say who gave it: what stands there is speech, however short."""

TITLE = _words("title questiontitle posttitle subject headline")
BODY = _words("questiontext questionbody body selftext posttext post description details text content question")
SYSTEM = _words("system systemprompt systemmessage")

PAIRS = (
    ("chosen", "rejected"),
    ("preferred", "dispreferred"),
    ("preferred", "rejected"),
    ("better", "worse"),
    ("accepted", "rejected"),
)
"""Words for the better and the other answer, within the names of columns."""

SIDES = (("0", "1"), ("1", "2"), ("a", "b"), ("j", "k"))
ANSWER_BASES = {*ANSWER, *TURNS, *_words("answers model text summary generation candidate sys system opinion")}
SEVERAL = _words("completions responses candidates generations choices options answerchoices")
"""Columns with several answers to one question."""

TOOLS = _words("tools functions availabletools toolschema functionschema")
CALL_ROLES = _words("function_call tool_call tool_calls functioncall toolcall")

LABEL = _words(
    "label kttag ktotag isgood good thumbs thumbsup feedback liked ispreferred desirable isdesirable accepted "
    "ishelpful vote iscorrect correct"
)
JUDGEMENT = re.compile(
    "label|rating|score|vote|quality|stars?$|helpful|toxic|harm|safe|sentiment|correct|coheren|reward|prefer|rank|"
    "feedback|thumb|liked|accept|desirab|^good$|kto|winner|annotation|emotion"
)
"""Names of columns that judge or label a row."""
GOOD = _words("true 1 1.0 good yes y up thumbsup like liked positive desirable accept accepted correct helpful win 👍")
BAD = _words(
    "false 0 0.0 -1 bad no n down thumbsdown dislike disliked negative undesirable reject rejected incorrect "
    "unhelpful lose loss 👎"
)
READABLE_LABELS = _words("true false 1 0 good bad")
"""Labels that need no `good` and `bad` in the adapter."""

CONVERSATION_ID = _words(
    "transcriptid conversationid convid dialogueid dialogid sessionid threadid chatid episodeid callid conversation "
    "dialogue dialog transcript session thread"
)
ORDER = _words(
    "utteranceid turnid utteranceidx turnidx turnindex utteranceindex turn turnnumber utterancenumber position seq "
    "order step messageid messageindex index idx timestamp"
)
SPEAKER = _words("interlocutor speaker role speakerrole speakertype from sender author party speakeridx speakerid")
UTTERANCE = _words("utterancetext utterance text content message body value")

KEEP = _words(
    "topic topics category subcategory difficulty source dataset task domain language lang rejectedmodel chosenmodel "
    "model emotion emotions severity style label labels rating score upvotes sentiment"
)
SPLIT_ID = _words("questionid promptid contextid patientid clientid userid postid threadid conversationid")

PERSONAL = re.compile(
    r"name$|^names?|email|mail$|phone|mobile|fax|url|link|href|address|street|city$|postcode|zipcode|^zip$|birth|^dob$|ssn|"
    r"passport|iban|^ip$|ipaddr|author|username|screenname|nickname|handle|therapistinfo|userinfo|profile|contact|"
    r"insurance|^age$|^gender$|^user$|userid|patientid|clientid"
)
"""Names of columns that may tell who someone is."""

IMPERSONAL = re.compile(r"(file|model|dataset|task|topic|category|field|column|class|config|domain|source)name")

_MORE_ROLES: Mapping[str, tuple[str, ...]] = {
    "user": _words("visitor caller customer questioner asker student speaker counselee usr help-seeker help_seeker"),
    "assistant": _words(
        "listener helper counsellor psychologist psychiatrist doctor agent ai claude chatgpt gpt-4 gpt4 llm responder "
        "tutor teacher expert operator sys coach ai_assistant"
    ),
    "system": _words("system_prompt"),
}


def known_role(name: str) -> str | None:
    """The role that a speaker's name means, if one can know."""
    low = name.strip().lower()
    for table in (DEFAULT_ROLES, _MORE_ROLES):
        for role, aliases in table.items():
            if low in aliases:
                return role
    return None


def needs_saying(name: str) -> bool:
    """Is this a name that an adapter understands only where its `roles` list it?"""
    return not any(name.strip().lower() in aliases for aliases in DEFAULT_ROLES.values())
