"""From raw records to clean ones: tidied, screened, without personal data, each text once."""

PASS: tuple[str, ...] = ("normalise", "language", "screen", "text_digest", "scrub")
"""The row stages that run as one pass in memory over the raw tables, so that only scrubbed text is published.

The digest of a text is taken before scrubbing: two people's numbers must not make two texts one."""
