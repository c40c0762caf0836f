"""People at the real page in a real browser: all six tasks, two annotators, every kind of question."""

import os
import shutil
from pathlib import Path

import pytest

from curation.core.annotations import Annotations
from curation.review.answers import pseudonym
from tests.laws.projects import make_project, write_jsonl
from tests.review import serving

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]

SHOTS = os.environ.get("CURATE_TEST_SHOTS")
SAID = "🙂🙂 I <b>am</b> & stay so furious about [2 user] it 🙂, entry one."
LABELS = ("submitted", "draft")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("page") / "project", chats=1, questions=0, pairs=1)
    sources = (made.root / "sources.yaml").read_text()
    start, end = sources.index("  questions:"), sources.index("  pairs:")
    (made.root / "sources.yaml").write_text(sources[:start] + sources[end:])
    talk = [("human", SAID), ("gpt", "What happened?"), ("human", "Nothing new."), ("gpt", "Take your time.")]
    risky = [("human", "I want to kill myself, I have the pills here."), ("gpt", "Are you alone right now?")]
    again = [("human", "I have decided to end my life tonight."), ("gpt", "I am here. Where are you?")]
    write_jsonl(
        made.root / "chats.jsonl",
        [
            {"conversations": [{"from": who, "value": text} for who, text in one], "note": "n", "family": "f"}
            for one in (talk, risky, again)
        ],
    )
    made.run("tag", "run")
    return made


@pytest.fixture(scope="module")
def server(project):
    running = serving.start(project.root)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium here")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


class Person:
    """Somebody who signs in and works through data sets."""

    def __init__(self, browser, server, account):
        self.url = server.facts["url"]
        self.page = browser.new_context(viewport={"width": 1500, "height": 1500}).new_page()
        self.dialogs = []
        self.outside = []
        self.page.on("dialog", lambda d: (self.dialogs.append(d.message), d.dismiss()))
        self.page.on("request", lambda r: None if r.url.startswith((self.url, "data:")) else self.outside.append(r.url))
        self.page.goto(self.url + "/sign-in")
        self.page.locator("input[type=text]").first.fill(account["username"])
        self.page.locator("input[type=password]").fill(account["password"])
        self.page.keyboard.press("Enter")
        self.page.get_by_text("emotion", exact=True).first.wait_for()

    def open(self, name, ask):
        """Go to the first pending record of a data set."""
        self.page.goto(self.url)
        self.page.get_by_text(name, exact=True).first.click()
        self.page.get_by_text(ask).first.wait_for()
        self.page.wait_for_timeout(700)

    def tick(self, *texts, within=0):
        for text in texts:
            self.page.get_by_text(text, exact=True).nth(within).click()

    def mark(self, label, words):
        """Choose a label of spans, then drag over words."""
        self.page.get_by_text(label, exact=True).last.click()
        box = self.page.evaluate(
            """words => {
              for (const field of document.querySelectorAll('[id^=fields-content]')) {
                const walker = document.createTreeWalker(field, 4);
                for (let node; node = walker.nextNode();) {
                  const at = node.textContent.indexOf(words);
                  if (at < 0) continue;
                  const range = new Range(); range.setStart(node, at); range.setEnd(node, at + words.length);
                  const r = range.getBoundingClientRect();
                  return [r.left, r.top + r.height / 2, r.right];
                }
              }
            }""",
            words,
        )
        self.page.mouse.move(box[0] + 1, box[1])
        self.page.mouse.down()
        self.page.mouse.move(box[2] - 1, box[1], steps=12)
        self.page.mouse.up()
        self.page.wait_for_timeout(300)

    def submit(self, shot=None):
        if SHOTS and shot:
            self.page.screenshot(path=str(Path(SHOTS) / f"{shot}.png"))
        with self.page.expect_response(lambda r: r.request.method in ("POST", "PUT") and "responses" in r.url) as sent:
            self.page.get_by_role("button", name="Submit").first.click()
        assert sent.value.status in (200, 201), sent.value.text()
        self.page.wait_for_timeout(500)


def test_two_people_answer_all_six_tasks_in_the_page(project, server, browser):
    pushed = project.json("review", "push")
    assert all(one["added"] for one in pushed.values()), pushed
    accounts = server.facts["annotators"][:2]
    for number, account in enumerate(accounts):
        _work(Person(browser, server, account), number, account["username"])
    project.run("review", "pull")
    answers = {(a.dataset, a.question, a.annotator): a for a in Annotations(project.root / "annotations").current()}
    row = project.json("show", next(a.record for k, a in answers.items() if k[0] == "emotion"))["stages"]["records"]
    for account in accounts:
        who = pseudonym(project.project.key, account["username"])
        _check(answers, who, row)


def _work(person, number, name):
    person.open("emotion", "What does the person who seeks help feel?")
    if not person.page.get_by_text("grief", exact=True).first.is_visible():
        person.page.get_by_text("+18").first.click()
        person.page.wait_for_timeout(300)
    person.tick("grief")
    person.mark("anger", "furious")
    person.submit(f"emotion-{number}")
    person.open("sft", "May a model learn from this conversation?")
    person.mark("organisation", "it 🙂")
    person.tick("only as edited below", "nothing")
    box = person.page.locator("[contenteditable=true]").first
    box.click()
    person.page.keyboard.press("Control+End")
    person.page.keyboard.type(" And <i>breathe</i> & rest.")
    person.submit(f"sft-{number}")
    person.open("eq", "Does it notice what the person feels?")
    for place in range(5):
        person.page.get_by_text("4", exact=True).nth(place).click()
    person.submit(f"eq-{number}")
    person.open("preference", "Which answer would help this person more?")
    kind_is_first = "You have carried" in _text_of(person.page, "Answer A")
    person.tick("A, by far" if kind_is_first else "B, by far", "warmer", "no")
    person.submit(f"preference-{number}")
    # One answer completes a record of these: there is one for each.
    person.open("risk", "May this conversation be used?")
    person.tick("release")
    person.submit(f"risk-{number}")
    person.open("clinical", "You answer as")
    person.tick("psychiatrist")
    person.page.get_by_text("5", exact=True).nth(1).click()  # the first is the key of a label
    person.submit(f"clinical-{number}")
    assert person.dialogs == [] and person.outside == []


def _text_of(page, title):
    """The text of a field of the page."""
    found = page.evaluate(
        "() => [...document.querySelectorAll('[id^=fields-content]')].map(e => e.parentElement.innerText)"
    )
    return next(text for text in found if title in text)


def _check(answers, who, row):
    assert "grief" in answers["emotion", "emotions", who].value
    said = row["messages"][0]["content"]
    span = next(s for s in answers["emotion", "spans", who].value if said[s["start"] : s["end"]] == "furious")
    assert (span["turn"], span["label"]) == (0, "anger")
    assert [said[s["start"] : s["end"]] for s in answers["sft", "pii_missed", who].value] == ["it 🙂"]
    turns = answers["sft", "edited", who].value
    assert [t["content"] for t in turns][:-1] == [t["content"] for t in row["messages"]][:-1]
    assert turns[-1]["content"] == row["messages"][-1]["content"] + " And <i>breathe</i> & rest."
    assert answers["eq", "attunement", who].value == answers["eq", "boundaries", who].value == 4
    assert answers["preference", "preference", who].value == "chosen_much"
    assert answers["preference", "reasons", who].value == ["warmer"]
    assert answers["clinical", "role", who].value == "psychiatrist"
    assert answers["risk", "risk", who].value == "release"
