"""What a small trained model of our own finds beside the rules: part of the level `rules`, with nothing to download."""
