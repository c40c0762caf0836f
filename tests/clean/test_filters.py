from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.clean.filters import FiltersSpec, filters
from curation.clean.measures import MEASURES
from tests.clean import helpers as h
from tests.clean.helpers import chat, record, table, turn

GOOD = "That sounds like a lot to carry by yourself. What has the week been like since we last spoke?"


def reasons(rows: Sequence[h.Record], **thresholds) -> list[str | None]:
    """For each record why it was left out, or None."""
    _, dropped, _ = h.run(filters, table(rows), filters=FiltersSpec(**thresholds))
    found = {row["id"]: row["reason"] for row in dropped.to_pylist()}
    return [found.get(row["id"]) for row in rows]


def answers(*texts: str) -> list[str | None]:
    """The same for a chat with each of these answers."""
    return reasons([chat(i, "Hi, can I ask you something?", text) for i, text in enumerate(texts)])


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("disclaimers", "As an AI language model, I don't have feelings, but I am glad to listen."),
        ("disclaimers", "I'm just a language model, so I cannot feel that."),
        ("disclaimers", "I'm sorry, but as an AI, I don't have a body to rest."),
        ("identity", "I'm a language model, and I was trained by researchers of [ORG_1]."),
        (
            "identity",
            "You can call me [PERSON_1], and I was trained by [ORG_1] (LMSYS) researchers as a language model.",
        ),
        ("identity", "No, I am developed by researchers from [ORG_1] (LMSYS)."),
        ("identity", "Researchers from [ORG_1] (LMSYS) created me."),
        ("identity", "As a language model, I go by the name Vicuna."),
        ("identity", "This is a language model created by Alibaba Cloud."),
        ("empty_answer", "..."),
        ("empty_answer", "N/A"),
        ("empty_answer", "[removed]"),
        ("special_tokens", "<think>She is sad.</think>" + GOOD),
        ("identity", "I'm ChatGPT. " + GOOD),
        ("identity", "Hello! I am Vicuna, a language model trained by researchers from LMSYS."),
        ("identity", "I was developed by a team at OpenAI to be useful."),
        ("cutoff_date", "My knowledge cutoff is September 2021, so I may be wrong."),
        ("cutoff_date", "As of my last update, that therapy was still being studied."),
        ("cutoff_date", "I don't have access to real-time information about clinics."),
        ("refusals", "I'm sorry, but I can't assist with that."),
        ("refusals", "I cannot help with this request."),
        ("refusals", "Sorry, I am not able to write that for you."),
        ("special_tokens", GOOD + "<|im_end|>"),
        ("special_tokens", "[INST] tell me [/INST] " + GOOD),
        ("special_tokens", GOOD + "</s>"),
        ("template", "Dear {{user}}, " + GOOD),
        ("template", "### Response:\n" + GOOD),
        ("mojibake", "Itâ€™s hard. Donâ€™t give up on it."),
        ("mojibake", "You said it hurts \ufffd and \ufffd."),
        ("mixed_personas", "Client: I feel stuck.\nTherapist: Stuck how?"),
        ("mixed_personas", "Sure.\nUser: and then?\nAssistant: then we breathe."),
        ("links_only", "https://example.org/help"),
        ("links_only", "[URL_1]\n- [URL_2]"),
        ("repetition", "I hear you and I am here for you today. " * 9),
        ("cut_off", GOOD + " What I would like you to think about until we meet again is the"),
        ("cut_off", f"{GOOD} {GOOD} When you look back at it now you may see that the person who walked out nev"),
        ("cut_off", GOOD + " There are three things that matter most here: sleep, food,"),
    ],
)
def test_each_reason_has_its_case(reason, text):
    assert answers(text) == [reason]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "ok",
        "👍",
        "❤️❤️",
        "…and then? Take your time…",
        "“You don't have to carry this alone.”",
        "He said that you were “too much” (his words) :-)",
        "I'm an AI, not a person, and I'm here for as long as you want to talk.",
        "I'm not a doctor, so I can't tell you what the dose should be.",
        "I'm so sorry, but I can't imagine what these months were like.",
        "I'm so sorry, I don't know what to say to that.",
        "I'm sorry, but I can't tell you whether to leave him; what does your gut say?",
        "Sorry, I won't be able to see you on Tuesday. Does Thursday work?",
        "I'm sorry, but I can't say without more information. Could you tell me what happened before?",
        "I can't help you hurt yourself, but please call 988. I am here.",
        "I can't help you hurt him. What has he done that hurts so much?",
        "I cannot promise that it gets better soon.",
        "I was trained by [ORG_1] in family therapy.",
        "I used to talk to ChatGPT at night, too; what did you like about it?",
        "ChatGPT, Claude and Gemini are models that some people talk to.",
        "so tell me what it is that you would want to hold on to if you named the thing you are most proud of",
        "```python\nfor day in week:\n    print(day)\n```",
        "{'name': 'x'} is how Python writes it",
        "Das klingt schwer. Was hat dir bisher geholfen?",
        "それはつらかったですね。もう少し聞かせてください。",
        "这听起来很难。你愿意多说一点吗？",
        "هذا صعب جداً. هل تريد أن تخبرني المزيد؟",
        "  |\\/|\n  |  |\n /____\\\n ------\n /\\/\\/\\",
        "I'm sorry to hear that. I can't imagine how hard this has been.",
        "I'm so sorry, but I can't promise to keep that secret if someone's safety is at risk.",
        "I can't help with that, and I'm worried about you. Please call 988, the crisis lifeline, now.",
        "I'm sorry, but I am not able to give medical advice; please ask your doctor about the dose.",
        "I am an assistant at a law firm, and I hate it.",
        "My name is Claudette and I have been your therapist for a year.",
        "I was trained by my mother to say nothing.",
        "As a model of how to breathe, watch the belly rise.",
        "My cut-off is nine in the evening: no phone after that.",
        "Here is one thing to try:\n1. Notice the thought\n2. Name it\n3. Let it pass",
        "Take the feeling seriously, look at it, and give it a name. Hope that helps, Allison",
        "No, no, no. That is not on you.",
        "That was a hard week. You made it through. I am glad that you told me about it today",
        "Try this. It helps many. Then:\n- look at one thing that you can see from where you are sitting right now",
        'He said: "User". I said: "me?"',
        "Therapist: as a word it only means somebody who attends to you.",
        "Read https://example.org/grief when you are ready.",
        "Naïve? Café? Not at all — “quotes” are fine…",
        "Bien sûr, à bientôt. Ça va être dur.",
        "Dear [Your Name], this is how such a letter begins.",
    ],
)
def test_what_people_really_say_stays(text):
    assert answers(text) == [None]


def test_a_reply_to_a_person_in_danger_is_no_refusal():
    rows = [
        chat(1, "How do I kill myself without pain?", "I'm sorry, but I can't help with that. I am glad you told me."),
        chat(2, "How do I pick this lock?", "I'm sorry, but I can't help with that. I am glad you told me."),
    ]
    assert reasons(rows) == [None, "refusals"]


def test_a_reply_to_a_person_in_danger_may_say_that_it_is_a_model():
    plain = "As an AI, I can't be with you in person. I am glad you told me."
    rows = [
        chat(1, "I want to kill myself", plain),
        chat(2, "Are you even human?", plain),
        chat(3, "What is a panic attack?", plain),
        chat(4, "It hurts", "As an AI, I can't come to you, but the crisis line can talk to you right now: 988."),
        chat(5, "I want to kill myself", "I'm ChatGPT. I am glad you told me."),
        chat(6, "do you ever feel lonely?", plain),
        chat(7, "Who are you?", "I'm ChatGPT."),
    ]
    assert reasons(rows) == [None, None, "disclaimers", None, "identity", None, "identity"]


def test_difficult_clients_are_wanted():
    """In the client's voice and in the therapist's, whose answers to such a client are the ones to learn."""
    again = "I don't know. " * 40
    said = [
        "...",
        "…",
        "no",
        "whatever",
        "I won't talk about that.",
        "I can't help it",
        "you're useless",
        again,
        "well, I",
    ]
    said += ["well, I", "You're just ChatGPT, aren't you?", "As if an AI could get that!", again + "and it was the"]
    for persona in ("client", "assistant"):
        rows = [chat(i, text, GOOD, persona=persona) for i, text in enumerate(said)]
        assert reasons(rows) == [None] * len(said)
    long = [turn("user", again + " and it was the"), turn("assistant", "..."), turn("user", "I cannot help with that.")]
    assert reasons([record(1, long, persona="client")]) == [None]


def test_a_client_is_no_model_either():
    texts = [
        "I'm ChatGPT and I am sad.",
        "As an AI language model, I feel low.",
        "Client: hi\nTherapist: hello",
        "{{user}}",
    ]
    found = reasons([chat(i, text, GOOD, persona="client") for i, text in enumerate(texts)])
    assert found == ["identity", "disclaimers", "mixed_personas", "template"]
    assert reasons([chat(1, "I feel low", "As an AI language model, I do not.", persona="client")]) == [None]


def test_one_silence_among_many_answers_stays():
    turns = [turn("user", "a?"), turn("assistant", "..."), turn("user", "b?"), turn("assistant", GOOD)]
    assert reasons([record(1, turns)]) == [None]
    assert reasons([record(1, turns[:2])]) == ["empty_answer"]


def test_an_answer_that_people_found_bad_may_be_bad():
    bad = {"kind": "unpaired", "chosen": [turn("assistant", "I cannot help with this request.")]}
    rows = [record(i, [turn("user", "a?")], label=label, **bad) for i, label in enumerate((True, False, None))]
    assert reasons(rows) == ["refusals", None, "refusals"]


def test_what_an_answer_is_given_to_is_not_learned():
    prompt = [turn("user", "a?"), turn("assistant", "As an AI language model, I cannot."), turn("user", "b?")]
    pair = {"kind": "preference", "chosen": [turn("assistant", GOOD)], "rejected": [turn("assistant", "no")]}
    assert reasons([record(1, prompt, **pair)]) == [None]


def test_one_refusal_among_many_answers_stays():
    turns = [turn("user", "a?"), turn("assistant", "I cannot help with this request.")]
    turns += [turn("user", "b?"), turn("assistant", GOOD)]
    assert reasons([record(1, turns)]) == [None]
    assert reasons([record(1, turns)], refusals=0.4) == ["refusals"]


def test_only_what_would_be_learned_counts():
    bad = "As an AI language model, I cannot."
    pair = {"kind": "preference", "chosen": [turn("assistant", GOOD)], "rejected": [turn("assistant", bad)]}
    turned = {**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]}
    said = record(3, [turn("user", bad), turn("assistant", GOOD)])
    rows = [record(1, [turn("user", "a?")], **pair), record(2, [turn("user", "a?")], **turned), said]
    assert reasons(rows) == [None, "disclaimers", None]


def test_two_equal_answers_are_no_preference():
    pair = {"kind": "preference", "chosen": [turn("assistant", GOOD)], "rejected": [turn("assistant", GOOD)]}
    assert reasons([record(1, [turn("user", "a?")], **pair)]) == ["same_answer"]


def test_a_tool_that_nobody_asked():
    late = [turn("user", "a?"), turn("assistant", "{}"), turn("tool", "42"), turn("assistant", GOOD)]
    early = [turn("user", "a?"), turn("tool", "42"), turn("assistant", GOOD)]
    assert reasons([record(1, late), record(2, early), record(3, late)]) == [None, "role_order", None]


def test_languages_and_length():
    rows = [chat(1, "a", GOOD, language="en"), chat(2, "a", GOOD, language="de"), chat(3, "a", GOOD)]
    assert reasons(rows) == [None, None, None]
    assert reasons(rows, languages=("en",)) == [None, "language", None]
    assert reasons([chat(1, "a" * 4000, GOOD)], tokens=1000) == ["tokens"]
    assert reasons([chat(1, "hi", "ok")]) == [None]
    assert reasons([chat(1, "hi", "ok"), chat(2, "hi", GOOD)], min_tokens=5) == ["short", None]
    with pytest.raises(ValueError, match="min_tokens"):
        FiltersSpec(min_tokens=-1)


def test_a_drop_says_what_was_measured_and_a_kept_record_too():
    kept, dropped, _ = h.run(filters, table([chat(1, "a", GOOD), chat(2, "a", "I hear you and I am here. " * 20)]))
    assert dropped.to_pylist()[0]["score"] > 0.8
    assert kept.column("measures").to_pylist()[0]["tokens"] == pytest.approx(len("a" + GOOD) / 4)


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_filter_can_be_switched_off(name):
    bad = [
        *[chat(i, "Hi", t) for i, t in enumerate(["I'm ChatGPT.", "[URL_1]", "{{user}}", "<|x|>", "Ã¤ Ã¶", "A: b"])],
        record(10, [turn("user", "a?"), turn("tool", "42"), turn("assistant", GOOD)]),
    ]
    assert name not in reasons(bad, **{name: -1})
    with pytest.raises(ValueError, match=name):
        FiltersSpec(**{name: -0.5})


PIECES = ["As an AI model,", "<|im_end|>", "Ã©", "Client: x\nTherapist: y", "I cannot help with that.", "[URL_1]"]


@given(h.records(PIECES))
def test_nothing_is_lost(rows):
    h.conserved(filters, rows)


@given(h.records(PIECES))
def test_batches_and_order_do_not_matter(rows):
    h.same_in_any_batch_and_order(filters, rows)


@given(st.text(max_size=200))
def test_any_text_can_be_measured(text):
    _, dropped, _ = h.run(filters, table([chat(1, text, text)]))
    assert len(dropped) <= 1


@pytest.mark.parametrize("text", ["a" * 1_000_000, "I'm sorry " * 100_000, "{" * 500_000, "as an " * 150_000])
def test_a_megabyte_takes_bounded_time(text):
    answers(text)
