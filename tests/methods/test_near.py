"""The kernels against a slow and obvious reading of the same definitions."""

import re
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.methods import minhash, near, tokens
from curation.methods.keep import keep_best
from curation.methods.pairs import Pairs, candidates, components, sets

WORDS = st.sampled_from([a + b for a in "abcdefgh" for b in "xyz"])


def grams_of(text, n):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)} or ({tuple(words)} if words else set())


def jaccard(a, b):
    n = 3 if min(len(re.findall(r"\w+", t)) for t in (a, b)) < 60 else 5
    x, y = grams_of(a, n), grams_of(b, n)
    return len(x & y) / len(x | y) if x and y else 0.0


def brute_force(texts, threshold):
    return {
        (i, j): s
        for j in range(len(texts))
        for i in range(j)
        if (s := jaccard(texts[i], texts[j])) >= threshold - 1e-12
    }


@st.composite
def corpora(draw):
    """Texts of 0 to 90 words, most of them edited copies of others."""
    texts = [draw(st.lists(WORDS, min_size=0, max_size=90)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 12))):
        copy = list(draw(st.sampled_from(texts)))
        for _ in range(draw(st.integers(0, 3))):
            if copy:
                copy[draw(st.integers(0, len(copy) - 1))] = draw(WORDS)
        if draw(st.booleans()):
            copy = copy[: draw(st.integers(0, 90))]
        texts.append(copy)
    return [draw(st.sampled_from([" ", ", ", "  \n"])).join(words) for words in texts]


def _links(pairs):
    """All pairs that the stars stand for."""
    size = max([*pairs.left.tolist(), *pairs.right.tolist()], default=-1) + 1
    same = pairs.similarity >= 1
    group = components(pairs.left[same], pairs.right[same], size)
    members = {}
    for text, g in enumerate(group.tolist()):
        members.setdefault(g, []).append(text)
    found = {(a, b): 1.0 for m in members.values() for a in m for b in m if a < b}
    for a, b, s in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True):
        for x in members[group[a]]:
            for y in members[group[b]]:
                if x != y:
                    found.setdefault((min(x, y), max(x, y)), s)
    return found


@given(corpora(), st.sampled_from([0.5, 0.8, 0.9]))
@settings(deadline=None)
def test_the_exact_join_finds_what_brute_force_finds(texts, threshold):
    found = _links(near.exact_pairs(pa.array(texts), threshold))
    wanted = brute_force(texts, threshold)
    assert found.keys() == wanted.keys()
    assert all(abs(found[p] - wanted[p]) < 1e-6 for p in wanted)


@given(corpora(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_keep_best_keeps_no_pair_and_every_text_left_out_has_a_better_witness(texts, random):
    truth = brute_force(texts, 0.8)
    rank = list(range(len(texts)))
    random.shuffle(rank)
    eligible = np.array([random.random() < 0.8 for _ in texts])
    kept = keep_best(near.exact_pairs(pa.array(texts), 0.8), np.array(rank), eligible)
    stays = {i for i in range(len(texts)) if kept.kept[i]}
    assert not any(a in stays and b in stays for a, b in truth)
    for i in range(len(texts)):
        if eligible[i] and i not in stays:
            w = int(kept.witness[i])
            assert w in stays and rank[w] < rank[i]
            assert truth[min(i, w), max(i, w)] == pytest.approx(float(kept.similarity[i]))
        else:
            assert kept.witness[i] == -1
        assert eligible[i] or i not in stays


@given(corpora(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_texts_does_not_matter(texts, random):
    def survivors(order):
        arranged = pa.array([texts[i] for i in order])
        kept = keep_best(near.exact_pairs(arranged, 0.8), np.array(order))
        return {order[i] for i in range(len(order)) if kept.kept[i]}

    order = list(range(len(texts)))
    random.shuffle(order)
    assert survivors(order) == survivors(list(range(len(texts))))


def _sketched_pairs(texts, **options):
    array = pa.array(texts, pa.string())
    sketched = near.sketch_all(array, 0.8, options.get("threads", 1))
    return near.near_duplicates(sketched, lambda places: array.take(pa.array(places)), 0.8, **options)


def _chats(count, seed=3):
    random = np.random.Generator(np.random.PCG64(seed))
    vocabulary = ["".join(random.choice(list(string.ascii_lowercase), 6)) for _ in range(2000)]
    texts = []
    for i in range(count):
        if i % 3 == 2:
            words = texts[-2].split()
            for spot in random.integers(0, len(words), 3):
                words[spot] = "edited"
            texts.append(" ".join(words))
        else:
            texts.append(" ".join(random.choice(vocabulary, 150)))
    return texts


def test_sketches_miss_no_pair_of_the_exact_join():
    texts = _chats(3000)
    found, wanted = _sketched_pairs(texts), near.exact_pairs(pa.array(texts), 0.8)
    assert len(wanted.left) > 900
    assert (found.left == wanted.left).all() and (found.right == wanted.right).all()
    assert (found.similarity == wanted.similarity).all()


def test_threads_do_not_matter():
    texts = _chats(1500)
    one, two = _sketched_pairs(texts), _sketched_pairs(texts, threads=2)
    assert all((getattr(one, name) == getattr(two, name)).all() for name in ("left", "right", "similarity"))


def test_arrays_with_an_offset_and_wide_arrays_say_the_same():
    texts = _chats(200)
    whole = near.sketch_all(pa.array(["left out", *texts]).slice(1), 0.8)
    wide = near.sketch_all(pa.array(texts, pa.large_string()), 0.8)
    assert (whole.long.bands == wide.long.bands).all()


# ------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello, WORLD! it's me", "hello world it s ME…", True),
        ("Ärger über Öl", "ärger ÜBER öl", True),
        ("ΣΟΦΟΣ λόγος", "σοφοσ ΛΌΓΟΣ", True),
        ("naïve", "naive", False),
        ("हिन्दी भाषा", "हिन्दी   भाषा!", True),
        ("one two", "one\u00a0two", True),
        ("one two", "onetwo", False),
        ("a_b", "a b", False),
        ("3 cats", "3  cats 😀", True),
        ("我很难过", "我 很 难 过", True),
        ("ฉันเศร้า", "ฉัน เศร้า", True),
    ],
)
def test_what_makes_two_texts_the_same_words(one, other, same):
    a, b = minhash.sketch(pa.array([one, other]), 5).digest.tolist()
    assert (a == b) is same


def test_texts_without_words_are_near_to_nothing():
    assert not len(_sketched_pairs(["", "", "  \n", "😀😀", "😀😀", "…!?", "…!?"]).left)
    assert not len(near.exact_pairs(pa.array(["", "", "😀", "😀", None, None]), 0.8).left)


def test_a_pair_on_both_sides_of_the_border_of_short_texts_is_found():
    words = [f"w{i}" for i in range(61)]
    pairs = _sketched_pairs([" ".join(words), " ".join(words[:59])])
    assert pairs.left.tolist() == [0] and pairs.similarity[0] == pytest.approx(57 / 59)


def test_an_unspaced_script_is_compared_by_its_characters():
    text = "今天我觉得很难过因为我的朋友没有来看我我一个人在家里等了很久"
    assert len(_sketched_pairs([text, text.replace("朋友", "同事"), "完全不同的另一个句子关于天气和食物"]).left) == 0
    long = text * 1 + "后来他打电话说他病了我才明白原来不是他不想来而是真的来不了所以我不再生气了"
    assert _sketched_pairs([long, long.replace("生气", "难过")]).left.tolist() == [0]


def test_words_are_those_of_the_regular_expression_engine_for_spaced_scripts():
    text = "It's 5 o'clock — Žluťoučký kůň, «ёлка» x²+y₁ snake_case ½ ǅ ﬁne\u200bjoin"
    counted = minhash.sketch(pa.array([text]), 5).words[0]
    assert counted == len(re.findall(r"\w+", text))


# ------------------------------------------------------------------------------------------------- the hashes


def test_signatures_do_not_collide_and_estimate_without_bias():
    """A promotion to 64 bits once made them collide, with correct output and 300 times the work."""
    random = np.random.Generator(np.random.PCG64(9))
    a, b = minhash.permutations()
    errors = []
    for _ in range(200):
        shared, only = random.integers(0, 2**63, 160, np.uint64), random.integers(0, 2**63, 80, np.uint64)
        lowest = []
        for own in (only[:40], only[40:]):
            out = np.empty(128, np.uint32)
            minhash.minima(np.concatenate([shared, own]), 200, a, b, out)
            lowest.append(out)
        errors.append((lowest[0] == lowest[1])[:125].mean() - 160 / 240)
    # 125 independent trials at 2/3: a standard deviation of .042, of the mean of 200 of .003.
    assert abs(np.mean(errors)) < 0.01
    assert 0.034 < np.std(errors) < 0.052


def test_minima_use_all_32_bits():
    random = np.random.Generator(np.random.PCG64(11))
    a, b = minhash.permutations()
    seen = []
    for _ in range(500):
        out = np.empty(128, np.uint32)
        minhash.minima(random.integers(0, 2**63, 1, np.uint64), 1, a, b, out)
        seen.append(out)
    values = np.array(seen, np.uint64)
    assert len(np.unique(values)) > 0.999 * values.size
    assert abs((values / 2**32).mean() - 0.5) < 0.01


def test_unrelated_texts_share_no_band_and_no_gram():
    texts = [f"{i} " + " ".join(f"{i}x{j}" for j in range(80)) for i in range(4000)]
    bands = minhash.sketch(pa.array(texts), 5).bands
    assert len(candidates(bands, 1000)[0]) == 0
    found = sets(pa.array(texts), 5)
    assert len(np.unique(found.grams)) == len(found.grams)


# ------------------------------------------------------------------------------------------------- bounds


def test_a_million_equal_texts_make_a_star():
    pairs = _sketched_pairs(["the very same words every time"] * 1_000_000)
    assert len(pairs.left) == 999_999 and not pairs.left.any() and pairs.skipped == 0
    kept = keep_best(pairs, np.arange(1_000_000)[::-1].copy())
    assert kept.kept.sum() == 1 and kept.kept[-1]


def test_a_bucket_of_many_different_texts_is_bounded_and_counted():
    bands = np.zeros((20_000, 25), np.uint64)
    left, right, skipped = candidates(bands, 10)
    assert len(left) == 10 * 20_000 - 55
    assert skipped == 25 * (20_000 * 19_999 // 2 - len(left))
    assert (left < right).all()


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "a b " * 250_000, "😀" * 250_000, "我" * 300_000, "x" * 10 + " " * 900_000]
)
def test_a_text_of_a_megabyte_takes_its_time_and_no_more(text):
    pairs = _sketched_pairs([text, text + " end", "short"])
    assert len(pairs.left) <= 1


def test_pairs_without_any_text():
    assert not len(_sketched_pairs([]).left)
    none = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert keep_best(none, np.arange(3)).kept.all()


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def refuse(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(tokens.nb, "njit", refuse)
    assert tokens.kernel(len)([1, 2]) == 2
