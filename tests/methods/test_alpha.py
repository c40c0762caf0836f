"""Krippendorff's alpha against published worked examples, the definition, and simulated people."""

import itertools
import random

import numpy as np
import pytest

from curation.methods.alpha import DISTANCES, alpha, masi

N = None
# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section E: four observers, twelve units.
TABLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
UNITS = [[row[i] for row in TABLE if row[i] is not N] for i in range(12)]
# Section A of the same: two observers, ten units, binary. Section B: nominal, twelve units.
BINARY = list(zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True))
NOMINAL = list(zip("aabbddccceda", "babbbdcccedd", strict=True))


@pytest.mark.parametrize(
    ("units", "measure", "expected"),
    [(UNITS, "nominal", 0.743), (UNITS, "interval", 0.849), (BINARY, "nominal", 0.095), (NOMINAL, "nominal", 0.692)],
)
def test_published_examples(units, measure, expected):
    assert alpha(units, measure).alpha == pytest.approx(expected, abs=5e-4)


def by_hand(units, distance):
    """From the definition: pairs within records against pairs of everything."""
    units = [u for u in units if len(u) > 1]
    every = [v for u in units for v in u]
    observed = sum(sum(distance(a, b) for a, b in itertools.permutations(u, 2)) / (len(u) - 1) for u in units)
    expected = sum(distance(a, b) for a, b in itertools.permutations(every, 2)) / (len(every) - 1)
    return 1 - observed / expected if expected else 1.0


@pytest.mark.parametrize("measure", list(DISTANCES))
def test_it_is_what_the_definition_says(measure):
    rng = random.Random(measure)
    for _ in range(40):
        draw = (
            (lambda: frozenset(rng.sample("abcd", rng.randint(1, 3))))
            if measure == "masi"
            else (lambda: rng.randint(1, 4))
        )
        units = [[draw() for _ in range(rng.randint(0, 4))] for _ in range(rng.randint(2, 12))]
        if sum(len(u) > 1 for u in units) == 0:
            continue
        assert alpha(units, measure).alpha == pytest.approx(by_hand(units, DISTANCES[measure]), abs=1e-9)


def test_masi_by_hand():
    sets = [frozenset(s) for s in ("ab", "ab", "abc", "bc", "d")]
    assert masi(sets[0], sets[1]) == 0
    assert masi(sets[0], sets[2]) == pytest.approx(1 - 2 / 3 * 2 / 3)
    assert masi(sets[0], sets[3]) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi(sets[0], sets[4]) == 1


@pytest.mark.parametrize(("right", "low", "high"), [(1.0, 1, 1), (0.9, 0.7, 0.9), (0.5, 0.15, 0.35), (0.0, -0.1, 0.1)])
def test_simulated_annotators(right, low, high):
    """Who knows the answer with probability p and else draws by lot agrees with others by about p squared."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 4, 600)
    units = [[int(t) if rng.random() < right else int(rng.integers(0, 4)) for _ in range(2)] for t in truth]
    found = alpha(units, "nominal", resamples=500)
    assert low <= found.alpha <= high
    assert found.low <= found.alpha <= found.high
    assert abs(found.alpha - right**2) < 0.08


def test_an_interval_holds_the_true_value_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(120):
        truth = rng.integers(0, 3, 150)
        units = [[int(t) if rng.random() < 0.8 else int(rng.integers(0, 3)) for _ in range(2)] for t in truth]
        found = alpha(units, "nominal", resamples=300)
        inside += found.low <= 0.64 <= found.high
    assert 0.88 <= inside / 120 <= 1


def test_nothing_to_compare_and_nothing_to_tell_apart():
    assert alpha([[1], [2], []], "nominal").alpha is None
    assert alpha([[1, 1], [1, 1]], "nominal").alpha == 1
