"""The kernels against a slow and obvious reading of the same definitions."""

import re
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.methods import minhash, near, tokens
from curation.methods.candidates import candidates
from curation.methods.components import components
from curation.methods.keep import keep_best
from curation.methods.known import Known, contents
from curation.methods.near import Rules
from curation.methods.pairs import PART, SAME, Pairs, sets

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


def _exact_pairs(texts, threshold=0.8, **more):
    array, rules = pa.array(texts, pa.string()), Rules(threshold, **more)
    return near.exact_pairs(near.sketch_all(array, rules), array, rules)


def _links(pairs):
    """All pairs that the stars stand for."""
    size = max([*pairs.left.tolist(), *pairs.right.tolist()], default=-1) + 1
    same = pairs.kind == SAME
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
    found = _links(_exact_pairs(texts, threshold))
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
    kept = keep_best(_exact_pairs(texts), np.array(rank), eligible)
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
        arranged = [texts[i] for i in order]
        kept = keep_best(_exact_pairs(arranged), np.array(order))
        return {order[i] for i in range(len(order)) if kept.kept[i]}

    order = list(range(len(texts)))
    random.shuffle(order)
    assert survivors(order) == survivors(list(range(len(texts))))


def _sketched_pairs(texts, threads=1, known=None, **rules):
    array = pa.array(texts, pa.string())
    given = Rules(**rules)
    sketched = near.sketch_all(array, given, threads)
    settled = known.settled(known.places(contents(array))) if known else None
    return near.near_duplicates(sketched, lambda p: array.take(pa.array(p)), given, settled=settled, threads=threads)


def chats(count, seed=3):
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
    texts = chats(3000)
    found, wanted = _sketched_pairs(texts), _exact_pairs(texts)
    assert len(wanted.left) > 900
    assert (found.left == wanted.left).all() and (found.right == wanted.right).all()
    assert (found.similarity == wanted.similarity).all()


def test_threads_do_not_matter():
    texts = chats(1500)
    one, two = _sketched_pairs(texts), _sketched_pairs(texts, threads=2)
    assert all((getattr(one, name) == getattr(two, name)).all() for name in ("left", "right", "similarity"))


def test_arrays_with_an_offset_and_wide_arrays_say_the_same():
    texts = chats(200)
    whole = near.sketch_all(pa.array(["left out", *texts]).slice(1), Rules())
    wide = near.sketch_all(pa.array(texts, pa.large_string()), Rules())
    assert (whole.long == wide.long).all() and (whole.short == wide.short).all()


# ------------------------------------------------------------------------------------------------- parts, reuse


def test_a_truncated_text_is_a_part_of_the_whole_one_and_only_where_parts_are_asked_for():
    words = [f"w{i}" for i in range(400)]
    texts = [" ".join(words), " ".join(words[:150]) + " w15", " ".join(words[100:250]), " ".join(words[:40])]
    assert not len(_sketched_pairs(texts).left)
    pairs = _sketched_pairs(texts, containment=0.98)
    assert pairs.left.tolist() == [0] and pairs.right.tolist() == [1] and pairs.kind.tolist() == [PART]
    assert pairs.similarity[0] == pytest.approx(146 / 147)
    exact = _exact_pairs(texts, containment=0.98)
    assert (exact.left == pairs.left).all() and (exact.similarity == pairs.similarity).all()


@given(corpora(), st.data())
@settings(deadline=None)
def test_what_is_known_of_other_texts_changes_nothing(texts, data):
    earlier = data.draw(st.lists(st.sampled_from(texts), max_size=20))
    rules = {"containment": 0.9, "threshold": data.draw(st.sampled_from([0.6, 0.8]))}
    rules["max_bucket"] = data.draw(st.sampled_from([1, 256]))
    array = pa.array(earlier, pa.string())
    known = Known(contents(array), near.sketch_all(array, Rules(**rules)), _sketched_pairs(earlier, **rules))
    fresh, again = _sketched_pairs(texts, **rules), _sketched_pairs(texts, known=known, **rules)
    assert fresh.skipped == again.skipped
    for name in ("left", "right", "similarity", "kind"):
        assert getattr(fresh, name).tolist() == getattr(again, name).tolist()


def test_of_known_texts_only_pairs_with_new_ones_are_checked():
    texts = chats(900)
    array = pa.array(texts, pa.string())
    known = Known(contents(array), near.sketch_all(array, Rules()), _sketched_pairs(texts))
    array = pa.array([*texts, texts[0] + " and more"], pa.string())
    read = []

    def take(places):
        read.extend(places.tolist())
        return array.take(pa.array(places))

    pairs = near.near_duplicates(
        near.sketch_all(array, Rules()), take, Rules(), settled=known.settled(known.places(contents(array)))
    )
    assert read == [0, 2, 900] and len(pairs.left) == len(known.pairs.left) + 2
    assert known.places(contents(array)).tolist() == [*range(900), -1]


def test_contents_tell_texts_apart_by_every_byte():
    texts = [*("x" * n for n in range(40)), *("x" * n + "y" for n in range(40)), "y" + "x" * 38, "\0", "\0\0"]
    found = contents(pa.array([*texts, *texts]))
    assert len({tuple(f) for f in found.tolist()}) == len(texts)
    assert (found[: len(texts)] == found[len(texts) :]).all()


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
    assert not len(_exact_pairs(["", "", "😀", "😀", None, None]).left)


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
    # Keys have 32 bits: of 8 million pairs in 25 bands .05 meet by chance.
    assert len(candidates(bands, 1000)[0]) <= 2
    found = sets(pa.array(texts), 5)
    assert len(np.unique(found.grams)) == len(found.grams)


# ------------------------------------------------------------------------------------------------- bounds


def test_a_million_equal_texts_make_a_star():
    pairs = _sketched_pairs(["the very same words every time"] * 1_000_000)
    assert len(pairs.left) == 999_999 and not pairs.left.any() and pairs.skipped == 0
    kept = keep_best(pairs, np.arange(1_000_000)[::-1].copy())
    assert kept.kept.sum() == 1 and kept.kept[-1]


def test_a_bucket_of_many_different_texts_is_bounded_and_counted():
    bands = np.zeros((20_000, 25), np.uint32)
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
    assert keep_best(Pairs.none(), np.arange(3)).kept.all()


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def refuse(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(tokens.nb, "njit", refuse)
    assert tokens.kernel(len)([1, 2]) == 2
