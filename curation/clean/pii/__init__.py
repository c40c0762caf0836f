"""Personal data in texts: finding it at four levels, linking it within a conversation, replacing it by a policy."""
