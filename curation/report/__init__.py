"""One HTML page that says what became of every row: numbers, ids and names, never text."""
