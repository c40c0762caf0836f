"""`curate generate`."""

from __future__ import annotations

import click

from curation.generate.dialogues_cli import dialogues, transcript
from curation.generate.knowledge_cli import cards, knowledge
from curation.generate.profile_cli import profile
from curation.generate.scenarios_cli import chat, scenarios


@click.group()
def generate() -> None:
    """Make records from scenarios, texts of knowledge, and recordings."""


generate.add_command(knowledge)
generate.add_command(cards)
generate.add_command(scenarios)
generate.add_command(dialogues)
generate.add_command(transcript)
generate.add_command(profile)
generate.add_command(chat)
