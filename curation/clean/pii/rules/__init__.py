"""The rules of the level `rules`: conversational cues and word lists, nothing to download."""
