"""Packed equals padded, architecture by architecture, and each mistake that would be silent is caught."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from curation.core.errors import MissingError, RetryError  # noqa: E402
from curation.core.model_files import resolve  # noqa: E402
from curation.methods import encoder as module  # noqa: E402
from curation.methods import varlen  # noqa: E402
from curation.methods.encoder import HEADS, Encoder, computes_bf16  # noqa: E402
from curation.methods.packing import Batch, Windows  # noqa: E402
from tests.methods.encoders import CONFIGS, build  # noqa: E402

torch.set_num_threads(1)  # two threads that wait for a busy machine cost a minute a test

LABELS = [f"l{n}" for n in range(28)]
AROUND = ((0,), (2,))
SIX = [kind for kind in CONFIGS if kind in HEADS]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder for each architecture, built when first asked for."""
    root = tmp_path_factory.mktemp("encoders")

    def get(kind, **config):
        folder = root / "-".join([kind, *map(str, config.values())])
        return folder if folder.is_dir() else build(folder, kind, LABELS, **config)

    return get


def load(folder, precision="float32", budget=150):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return Encoder.load(resolve(folder), precision, budget)


def texts(seed=1, size=24, longest=60):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, 60, n).tolist() for n in rng.integers(1, longest, size)]


def cut(tokens, room=60):
    return Windows.of(pa.array(tokens, pa.list_(pa.int32())), room)


def reference(folder, tokens):
    """Probabilities as anyone would compute them: one text at a time, by transformers' own attention."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return torch.cat([model(input_ids=torch.tensor([[0, *one, 2]])).logits for one in tokens]).sigmoid().numpy()


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.mark.parametrize("kind", SIX)
def test_packed_is_padded(made, kind):
    encoder = load(made(kind))
    assert encoder.unpacked is None
    found = sigmoid(encoder.logits(cut(texts()), AROUND))
    expected = reference(made(kind), texts())
    assert expected.std() > 0.05
    assert np.abs(found - expected).max() < 1e-5


def test_mean_pooling_is_over_a_windows_own_tokens(made):
    folder = made("modernbert", classifier_pooling="mean")
    assert np.abs(sigmoid(load(folder).logits(cut(texts()), AROUND)) - reference(folder, texts())).max() < 1e-5


@pytest.mark.parametrize("kind", ["roberta", "modernbert"])
def test_budget_and_order_do_not_matter(made, kind):
    tokens = texts(2)
    whole = load(made(kind)).logits(cut(tokens), AROUND)
    for budget in (1, 70, 5000):
        assert np.abs(load(made(kind), budget=budget).logits(cut(tokens), AROUND) - whole).max() < 1e-5
    mixed = np.random.default_rng(0).permutation(len(tokens))
    again = load(made(kind)).logits(cut([tokens[i] for i in mixed]), AROUND)
    assert np.abs(again - whole[mixed]).max() < 1e-5


def test_trap_positions_of_roberta_from_zero_are_found_before_use(made, monkeypatch):
    real = Batch.positions
    monkeypatch.setattr(Batch, "positions", lambda self, first: real(self, 0))
    with pytest.warns(UserWarning, match=r"roberta.*packed and padded roberta differ"):
        encoder = Encoder.load(resolve(made("roberta")), "float32", 150)
    assert np.abs(sigmoid(encoder.logits(cut(texts()), AROUND)) - reference(made("roberta"), texts())).max() < 1e-5


@pytest.mark.parametrize("more", [1, -1])
def test_trap_local_attention_one_place_off_is_found_before_use(made, monkeypatch, more):
    whole = varlen.attention

    def off(*args, sliding_window=None, **kwargs):
        return whole(*args, sliding_window=sliding_window and sliding_window + more, **kwargs)

    from transformers import AttentionInterface

    monkeypatch.setattr(module, "register", lambda: varlen.NAME)
    AttentionInterface.register(varlen.NAME, off)
    try:
        with pytest.warns(UserWarning, match="packed and padded modernbert differ"):
            encoder = Encoder.load(resolve(made("modernbert")), "float32", 150)
    finally:
        varlen.register.cache_clear()
        varlen.register()
    found = sigmoid(encoder.logits(cut(texts()), AROUND))
    assert np.abs(found - reference(made("modernbert"), texts())).max() < 1e-5


def test_trap_deberta_is_not_packed_and_says_so(made):
    with pytest.warns(UserWarning, match=r"deberta-v2: .*not known to be exact for deberta-v2.*sorted and padded"):
        encoder = Encoder.load(resolve(made("deberta-v2")), "float32", 150)
    assert np.abs(sigmoid(encoder.logits(cut(texts()), AROUND)) - reference(made("deberta-v2"), texts())).max() < 1e-5


def test_no_window_sees_another(made):
    encoder = load(made("roberta"), budget=5000)
    tokens = texts(3)
    before = encoder.logits(cut(tokens), AROUND)
    others = [tokens[0], *([t[0] ^ 1, *t[1:]] for t in tokens[1:])]
    assert np.abs(encoder.logits(cut(others), AROUND)[0] - before[0]).max() < 1e-6


def test_bf16_is_near(made):
    if not computes_bf16(torch.device("cpu")):
        pytest.skip("this processor has no bf16")
    build_quiet = made("bert", hidden_act="gelu")
    encoder = load(build_quiet, "auto")
    assert encoder.model.dtype == torch.bfloat16
    gap = np.abs(sigmoid(encoder.logits(cut(texts()), AROUND)) - reference(build_quiet, texts()))
    assert gap.mean() < 0.01


def test_the_longest_window_fits_the_positions(made):
    roberta, bert = load(made("roberta")), load(made("bert"))
    assert (roberta.longest, bert.longest) == (64, 66)
    for encoder in (roberta, bert):
        room = encoder.longest - 2
        assert np.isfinite(encoder.logits(cut([[5] * 300], room), AROUND)).all()


def test_out_of_memory_halves_the_budget_and_goes_on(made, monkeypatch):
    encoder = load(made("roberta"), budget=1000)
    whole = encoder.logits(cut(texts()), AROUND)
    real, refused = Encoder.run, []

    def run(self, batch):
        if len(batch.tokens) > 200:
            refused.append(len(batch.tokens))
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, batch)

    monkeypatch.setattr(Encoder, "run", run)
    assert np.abs(encoder.logits(cut(texts()), AROUND) - whole).max() < 1e-5
    assert refused and encoder.budget <= 200
    monkeypatch.setattr(Encoder, "run", lambda self, batch: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MissingError, match="not enough memory to score one window of 62 tokens"):
        encoder.logits(cut([[5] * 60]), AROUND)


def test_a_gpu_that_is_gone_is_no_bug_and_other_errors_are(made, monkeypatch):
    encoder = load(made("roberta"))
    for said, kind in (("CUDA error: device lost", RetryError), ("shapes differ", RuntimeError)):

        def run(self, batch, said=said):
            raise RuntimeError(said)

        monkeypatch.setattr(Encoder, "run", run)
        with pytest.raises(kind):
            encoder.logits(cut([[5]]), AROUND)


def test_the_cuda_kernel_is_asked_for_the_same_windows(monkeypatch):
    """What would run on a GPU, with the kernel replaced: it runs nowhere else."""
    from torch.nn.attention import varlen as kernels

    asked = {}

    def varlen_attn(q, k, v, cu_q, cu_k, max_q, max_k, *, scale, window_size):
        asked.update(shape=tuple(q.shape), bounds=cu_q.tolist(), longest=max_q, scale=scale, window=window_size)
        return v

    monkeypatch.setattr(kernels, "varlen_attn", varlen_attn)
    query = torch.arange(2 * 5 * 4, dtype=torch.float32).reshape(1, 2, 5, 4).bfloat16()
    bounds = torch.tensor([0, 3, 5], dtype=torch.int32)

    class OnCuda(torch.Tensor):
        is_cuda = True

    query = query.as_subclass(OnCuda)
    found, _ = varlen.attention(
        None, query, query, query, None, scaling=0.5, sliding_window=9, cu_seq_lens_q=bounds, max_length_q=3
    )
    assert asked == {"shape": (5, 2, 4), "bounds": [0, 3, 5], "longest": 3, "scale": 0.5, "window": (8, 8)}
    assert torch.equal(found[0].as_subclass(torch.Tensor), query[0].transpose(0, 1).as_subclass(torch.Tensor))


@pytest.mark.gpu
def test_packed_is_padded_on_a_gpu(made):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for kind in SIX:
        encoder = load(made(kind), "auto")
        assert encoder.model.is_cuda and encoder.unpacked is None
