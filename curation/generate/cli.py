"""`curate generate`."""

from __future__ import annotations

import click


@click.group()
def generate() -> None:
    """Make records from scenarios and from texts of knowledge."""
