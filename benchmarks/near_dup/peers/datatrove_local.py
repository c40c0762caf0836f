# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "datatrove[io,processing]==0.10.1", "numpy==2.4.6", "pyarrow==26.0.1", "spacy==3.8.18", "xxhash==3.8.2",
# ]
# ///
"""datatrove: its four MinHash steps on the local executor, one worker: 5-grams, 14 buckets of 8 hashes.

Its own words (spaCy) and its own norm of a text; nothing is checked, clusters are what buckets connect. The documents
come from memory, and the last step counts what it lets through instead of writing it; between the steps it uses files.
"""

import shutil

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.logging import logger
from measure import main


def prepare(texts):
    """Documents with the row number as id."""
    return [Document(text=text, id=str(row)) for row, text in enumerate(texts.to_pylist())]


def work(documents, folder):
    """The rows that the last step lets through."""
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    kept = []
    signatures, buckets, clusters = (str(folder / name) for name in ("signatures", "buckets", "clusters"))

    def read(data, rank, world_size):
        yield from documents

    def keep(data, rank, world_size):
        for document in data:
            kept.append(int(document.id))
            yield document

    steps = [
        ([read, MinhashDedupSignature(signatures, config=config)], 1),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(buckets, clusters, config=config)], 1),
        ([read, MinhashDedupFilter(clusters), keep], 1),
    ]
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / f"logs{number}")).run()
    shutil.rmtree(folder)
    return kept


if __name__ == "__main__":
    logger.remove()
    main("datatrove", "datatrove", work, prepare)
