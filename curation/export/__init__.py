"""Export: what leaves the project, as mixes that any trainer reads, with their rights and their splits."""
