"""What runs in the review server's own environment, beside argilla-server: it imports nothing of curate."""
