# /// script
# requires-python = ">=3.11"
# dependencies = ["text-dedup==0.4.0", "datasets==5.2.0", "numpy==2.4.6", "pyarrow==26.0.1", "setuptools==84.2.1"]
# ///
"""text-dedup: `text_dedup.minhash` of the release on the index, 128 permutations, 16 bands of 8, one process.

Its own words (parted by every sign) and no check: clusters are what bands connect. xxh3 is its faster hash. It is given
a data set on disk, as it wants; its own reading of that, from files that are in memory, counts.
"""

import shutil

import datasets
from measure import main
from text_dedup import logger, minhash


def prepare(texts):
    """A data set with the row number beside each text."""
    return datasets.Dataset.from_dict({"row": range(len(texts)), "text": texts.to_pylist()})


def work(data, folder):
    """The rows of the data set that it writes."""
    data.save_to_disk(folder / "in")
    options = {"path": folder / "in", "output": folder / "out", "cache_dir": folder / "cache", "column": "text"}
    options |= {"ngram": 5, "min_length": 1, "num_perm": 128, "b": 16, "r": 8, "hash_func": "xxh3", "num_proc": 1}
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    minhash.main([*given, "--local"], standalone_mode=False)
    kept = datasets.load_from_disk(folder / "out")["row"][:]
    shutil.rmtree(folder)
    return kept


if __name__ == "__main__":
    datasets.disable_progress_bars()
    logger.setLevel("ERROR")
    main("text-dedup", "text-dedup", work, prepare)
