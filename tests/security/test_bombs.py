"""A small file that unpacks to a large one is refused before it is read."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.errors import ProjectError
from curation.pull.columns import Column
from curation.pull.readers import read
from curation.pull.sample import sample


def _plain(path):
    pq.write_table(pa.table({"text": ["a" * (1 << 20)] * 48}), path, compression="zstd", use_dictionary=False)


def _dictionary(path):
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["a" * (17 << 20)]))
    pq.write_table(pa.table({"text": texts}), path, compression="zstd", dictionary_pagesize_limit=1 << 30)


@pytest.mark.parametrize("write", [_plain, _dictionary])
@pytest.mark.parametrize("look", [lambda p: list(read(p, [Column("text", "text")], ["text"])), sample])
def test_a_parquet_bomb_is_refused(tmp_path, write, look):
    path = tmp_path / "bomb.parquet"
    write(path)
    assert path.stat().st_size < 40_000
    with pytest.raises(ProjectError, match="unpacks to more than 1,000 times its size"):
        look(path)
