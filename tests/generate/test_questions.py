"""Questions that claims answer: those that read well, and those that are not made."""

import pytest

from curation.generate.questions import question
from curation.generate.topics import Topic, topic

SILENCE = Topic("clinical-interview.silence", "silence")


@pytest.mark.parametrize(
    ("claim", "asked"),
    [
        ("Meditation is the act of resting on one thing.", "What is meditation?"),
        ("Genes are sequences of letters that code for a trait.", "What are genes?"),
        ("REM sleep is a stage in which most dreams happen.", "What is REM sleep?"),
        ("Freudian slips are errors that are said to betray a wish.", "What are Freudian slips?"),
        ("The alliance is the bond of client and helper.", "What is the alliance?"),
        ("A panic attack is defined as a period of extreme fear.", "How is a panic attack defined?"),
        ("Temperament refers to traits that are there from birth.", "What does temperament refer to?"),
        ("Chronic stressors include events that last for years.", "What do chronic stressors include?"),
        ("Self-observation involves looking at one's own thoughts.", "What does self-observation involve?"),
        ("Poor sleep is often associated with low mood.", "What is poor sleep associated with?"),
        ("Job stress leads to poorer health.", "What effect does job stress have?"),
        ("Learning disabilities can cause trouble at school.", "What effect can learning disabilities have?"),
        (
            "People high in neuroticism tend to worry for longer.",
            "What is typical of people high in neuroticism?",
        ),
        (
            "Children who have lost a parent often take the blame on themselves.",
            "What is typical of children who have lost a parent?",
        ),
        ("When a client falls silent, a helper should wait.", "What is advised when a client falls silent?"),
        ("When cortisol is released, the body readies itself.", "What happens when cortisol is released?"),
        ("If parents are too strict, children may hide things.", "What happens if parents are too strict?"),
        ("A therapist should name a pause only late.", "What should a therapist keep in mind about silence?"),
    ],
)
def test_a_question_that_fits_its_claim(claim, asked):
    assert question(claim, SILENCE) == asked


@pytest.mark.parametrize(
    "claim",
    [
        "The exact causes of it remain unknown to this day.",
        "The only exception is the experience of the last minute.",
        "Training is an important element of success in many jobs.",
        "Sleep is part of a healthy life for nearly everybody.",
        "Reassurance, as it is given, is a kind of wall.",
        "Fifteen studies are the basis of what is said here.",
        "The study is a look at 40 people over a year.",
        "Smith and Jones is the name of the firm.",
        "Typical strategies include trial and error.",
        "When the man came to the office, he sat down at once.",
        "When they are hurt, they hide it from others.",
        "After several years, the work was done at last.",
        "Social psychology examines how people affect one another.",
        "High levels of stress are a risk factor for illness.",
        "Nobody knows why people dream of falling.",
    ],
)
def test_no_question_rather_than_nonsense(claim):
    assert question(claim, None) is None


def test_advice_without_a_topic_gets_no_question():
    assert question("A therapist should name a pause only late.", None) is None


def test_topics_by_terms():
    names = ("big-five", "clinical-interview")
    assert topic("Silences and pauses help.", names).id == "clinical-interview.silence"
    assert topic("Extraverts and introverts differ.", names).id == "big-five.extraversion"
    assert topic("Two terms: open  question; paraphrasing; rapport; reflections.", names).id == (
        "clinical-interview.active-listening"
    )
    assert topic("Nothing of the kind, only unsilenced.", names) is None
