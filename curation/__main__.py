"""`python -m curation` is `curate`."""

import sys

from curation.cli import main

if __name__ == "__main__":
    sys.exit(main())
