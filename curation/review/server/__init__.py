"""The review server: Argilla in an environment of its own, started and stopped by us.

`inside/` runs in that environment; everything else here runs in curate's own and imports nothing of the server.
"""
