"""Training of the embedded CNN: it learns, the file computes what the network does, a seed gives its bytes again."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from curation.tag import train_cnn  # noqa: E402
from curation.tag.cnn import CnnTagger, Network, tokens, window_scores  # noqa: E402
from curation.tag.net import Net  # noqa: E402
from tests.tag.test_train_tiny import LABELS, data  # noqa: E402, F401 - a fixture


def test_it_learns_and_gives_the_same_bytes_again(data, tmp_path):  # noqa: F811
    outs = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    try:
        for out in outs:
            train_cnn.train(data, out, seed=3)
    finally:
        torch.use_deterministic_algorithms(False)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    tagger = CnnTagger.load(outs[0])
    assert tagger.labels == LABELS
    found = tagger.predict(pa.array(["it is happy and wonderful", "it is awful and furious"]))
    assert found.argmax(axis=1).tolist() == [0, 1]


def test_whole_numbers_compute_what_the_network_does():
    texts = pa.array([f"word{i % 7} and word{i % 5} but {i}" for i in range(60)])
    tokenizer = train_cnn.fit_tokenizer(texts)
    torch.manual_seed(0)
    net = Net(tokenizer.get_vocab_size(), 4)
    tensors = train_cnn.quantise(net, tokenizer, texts)
    assert all(value.flags.c_contiguous for value in tensors.values())
    scores, _ = window_scores(Network.of(tensors), tokenizer, texts)
    with torch.inference_mode():
        wanted = np.concatenate([net(torch.tensor([ids])).numpy() for ids in tokens(tokenizer, texts).to_pylist()])
    assert np.abs(scores - wanted).max() < 0.05 * wanted.std() + 0.02
