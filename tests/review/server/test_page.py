"""The page in a real browser: a person signs in and answers, nothing leaves the machine, and no text runs."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from tests.review.server.payloads import PAYLOADS
from tests.review.server.site import label_question, record

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(400)]

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture(scope="module")
def browser():
    if not BROWSER:
        pytest.skip("there is no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextlib.contextmanager
def signed_in(browser, site, account):
    """A page of a person who has signed in, and what it did that it should not."""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    page = context.new_page()
    did = []
    page.on("request", lambda r: None if r.url.startswith((site.url, "data:", "blob:")) else did.append(r.url))
    # What the policy of the page forbids is announced, but never leaves the browser.
    page.on("requestfailed", lambda r: did.remove(r.url) if r.failure == "csp" and r.url in did else None)
    page.on("dialog", lambda dialog: (did.append(dialog.message), dialog.dismiss()))
    page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1 };")
    page.goto(site.url)
    page.get_by_placeholder("Username").or_(page.locator("input").first).first.fill(account["username"])
    page.locator("input[type=password]").fill(account["password"])
    page.keyboard.press("Enter")
    page.wait_for_selector("text=curate")
    yield page, did
    assert page.evaluate("window.hits") == 0
    context.close()


def shot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / name))


def test_a_person_signs_in_reads_and_answers(browser, site):
    dataset = site.dataset("reading", questions=[label_question("emotion", "calm", "torn")])
    ids = site.push(dataset, [record(f"r{n}", f"[1 client] I am tired {n} <3 & so on") for n in range(3)])
    with signed_in(browser, site, site.accounts["annotators"][0]) as (page, did):
        page.get_by_text("reading", exact=True).first.click()
        page.get_by_text("<3 & so on").wait_for()
        page.get_by_text("torn", exact=True).click()
        shot(page, "answer.png")
        page.get_by_role("button", name="Submit").click()
        page.get_by_text("[1 client]").wait_for()
        for _ in range(50):
            if any(site.ask("GET", f"/records/{each}")["responses"] for each in ids):
                break
            page.wait_for_timeout(200)
        shot(page, "answered.png")
        page.goto(f"{site.url}/user-settings")
        page.wait_for_load_state("networkidle")
    assert did == []
    found = [r for r in (site.ask("GET", f"/records/{i}")["responses"] for i in ids) if r]
    assert [r[0]["values"]["emotion"]["value"] for r in found] == ["torn"]


def test_two_hundred_hostile_texts_are_shown_as_they_are_and_run_nothing(browser, site):
    assert len(set(PAYLOADS)) == 200
    per = 25
    fields = ("text", *(f"f{n}" for n in range(1, per)))
    dataset = site.dataset("hostile", fields=fields, questions=[label_question("label", "yes", "no")])
    rows = [PAYLOADS[start : start + per] for start in range(0, len(PAYLOADS), per)]
    site.push(
        dataset,
        [{"external_id": f"h{n}", "fields": dict(zip(fields, texts, strict=True))} for n, texts in enumerate(rows)],
    )
    seen = []
    with signed_in(browser, site, site.accounts["annotators"][0]) as (page, did):
        page.get_by_text("hostile", exact=True).first.click()
        for n in range(1, len(rows) + 1):
            page.get_by_text(f"{n} of {len(rows)}").wait_for()
            page.locator(".text_field_component .content-area > div").nth(per - 1).wait_for(state="attached")
            seen += page.locator(".text_field_component .content-area > div").all_text_contents()
            if n == 1:
                shot(page, "hostile.png")
            if n < len(rows):
                page.keyboard.press("ArrowRight")
        assert page.locator("iframe").count() == 0
    assert did == []
    assert sorted(s.strip() for s in seen) == sorted(p.strip() for p in PAYLOADS)


@pytest.mark.parametrize("question", ["text", "span"])
def test_hostile_texts_stand_in_answers_chats_notes_and_names(browser, site, question):
    some = [*PAYLOADS[:36:3], PAYLOADS[85], PAYLOADS[125]]
    (workspace,) = site.ask("GET", "/me/workspaces")["items"]
    name = f"about {question}"
    made = site.ask(
        "POST", "/datasets", {"name": name, "workspace_id": workspace["id"], "guidelines": "\n\n".join(PAYLOADS[:40])}
    )
    at = f"/datasets/{made['id']}"
    for field, kind in (("text", "text"), ("chat", "chat")):
        settings = {"type": kind, "use_markdown": False}
        site.ask("POST", f"{at}/fields", {"name": field, "title": some[0], "required": True, "settings": settings})
    settings = {"type": "text", "use_markdown": False}
    if question == "span":
        settings = {"type": "span", "field": "text", "options": [{"value": "a", "text": some[1]}]}
    asked = {"name": "q", "title": some[1], "description": some[2], "required": True, "settings": settings}
    site.ask("POST", f"{at}/questions", asked)
    site.ask("PUT", f"{at}/publish")
    (asked,) = site.ask("GET", f"{at}/questions")["items"]
    chat = [{"role": "user", "content": text} for text in some]
    value = "\n".join(some) if question == "text" else [{"start": 0, "end": 3, "label": "a"}]
    suggestion = {"question_id": asked["id"], "value": value, "agent": "t"}
    fields = {"text": "\n".join(some), "chat": chat}
    site.push(made["id"], [{"external_id": some[4], "fields": fields, "suggestions": [suggestion]}])
    with signed_in(browser, site, site.accounts["annotators"][1]) as (page, did):
        page.get_by_text(name, exact=True).first.click()
        page.get_by_text("1 of 1").wait_for()
        page.wait_for_timeout(500)
        shot(page, f"hostile-{question}.png")
        page.get_by_text("GUIDELINES").first.click()
        page.wait_for_timeout(500)
        shown = page.locator(".chat, [class*=chat]").first.inner_text()
        assert some[0] in shown and some[8] in shown
    assert did == []
