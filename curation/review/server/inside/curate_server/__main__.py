"""`python -m curate_server`."""

from .main import main

main()
