"""Tokens as the model's own tokenizer makes them, wherever they are made."""

import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from curation.core.model_files import resolve
from curation.methods import tokenise
from curation.methods.tokenise import Tokeniser
from tests.methods.encoders import build


@pytest.fixture(scope="module")
def tokeniser(tmp_path_factory):
    return Tokeniser.load(resolve(build(tmp_path_factory.mktemp("t") / "m", "bert", ["a", "b"])))


def test_nothing_is_cut_filled_or_put_around(tokeniser):
    assert tokeniser.around == ((0,), (2,))
    found = tokeniser.tokens(pa.array(["i am so happy", "", None, "sad " * 40]))
    assert found.value_lengths().to_pylist() == [4, 0, 0, 40]
    assert found.type == pa.list_(pa.int32())


def test_other_processes_make_the_same_tokens(tokeniser, monkeypatch):
    monkeypatch.setattr(tokenise, "CHUNK", 3)
    texts = pa.array([f"i am {'so ' * n}happy" for n in range(11)])
    alone = list(tokeniser.stream(texts, 1))
    assert [at for at, _ in alone] == [0, 3, 6, 9]
    assert pa.concat_arrays([tokens for _, tokens in alone]).equals(tokeniser.tokens(texts))
    assert list(tokeniser.stream(texts, 2)) == alone
