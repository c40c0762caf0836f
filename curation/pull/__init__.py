"""From the files of a source to raw records: fetch, read, adapt, screen, name, publish."""
