"""Turn scattered conversations into training data whose every row can be followed back to its source."""

__version__ = "0.1.0"
