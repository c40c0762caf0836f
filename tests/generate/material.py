"""A small work as a PDF, a Markdown file and an HTML page; the words are ours."""

from __future__ import annotations

from pdfs import pdf

HEAD = "A Short Guide to Listening"

PAGES = [
    [HEAD, "", "Contents", "Attachment ........................ 2", "Silence ........................... 3",
     "Defences .......................... 4"],
    [HEAD, "", "Attachment", "",
     "Anxious attachment is a pattern in which closeness is wanted and never quite be-",
     "lieved in. It often shows as a search for reassurance. People high in neuroticism tend",
     "to worry for longer than others after a setback. This is why patience matters.",
     "", "2"],
    [HEAD, "", "Silence", "",
     "When a client falls silent, the interviewer should wait for longer than feels comfort-",
     "able. A therapist should say what a pause may be for only after it has lasted a while.",
     "I once saw a man who said nothing for an hour. Figure 3 Shows the room.",
     "", "3"],
    [HEAD, "", "Defences", "",
     "Intellectualisation is a defence in which trouble is spoken of in general terms so as",
     "not to be felt. Self-observation involves looking at one's own thoughts with self-",
     "control and some kindness.",
     "", "4"],
    [HEAD, "", "References", "",
     "Marlow, A. B. (1999). A book on pauses. Somewhere University Press.",
     "Denial is a word that the references should never turn into a claim of any kind.",
     "", "5"],
]  # fmt: skip

PDF = pdf(PAGES)

MARKDOWN = """\
---
title: listening
---

# Attachment

Fearful attachment is a pattern in which closeness is **wanted** and
feared at once. It often shows as coming near and pulling away.

| pattern | share |
|---|---|
| secure attachment is a table cell and never a claim | 60 |

<script>Denial is a thing that a script says and nobody reads in a book.</script>

# References

Denial is a word that the references should never turn into a claim of any kind.
"""

HTML = """\
<!doctype html><html><head><title>Denial is a title and not a claim of the text.</title>
<style>p { color: red }</style></head><body>
<nav>Denial is a menu that nobody reads as a claim.</nav>
<h2>Silence</h2>
<p>Active listening is a way of giving back what was <em>heard</em> in
fewer words.</p>
<p style="display: none">Denial is a hidden line that nobody sees on the page at all.</p>
<p hidden>Denial is another hidden line that nobody sees on the page at all.</p>
<script>var denial = "Denial is a script that nobody reads as a claim.";</script>
<ul><li>A counsellor should let a silence last for as long as the client makes use of it.</li></ul>
</body></html>
"""
