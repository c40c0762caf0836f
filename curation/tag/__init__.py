"""Tagging: what a turn feels like, how it answers, and what it puts at stake."""
