import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curation.export.recipe import Splits
from curation.export.split import sides as sides_of

KEY = bytes(32)
SOME = st.none() | st.integers(0, 8)
ROWS = st.lists(st.tuples(SOME, SOME, SOME), max_size=40)


def sides(rows, share=0.5, start=0):
    ids = pa.array([f"s:{n + start}" for n in range(len(rows))], pa.string())
    rows = [(*row, None)[:3] for row in rows]
    shared = (pa.array([None if r[c] is None else f"{c}{r[c]}" for r in rows], pa.string()) for c in range(3))
    return (sides_of(KEY, ids, list(shared), Splits(validation=share)).of > 0).tolist()


@given(ROWS)
def test_what_shares_a_group_a_text_or_a_cluster_is_on_one_side(rows):
    out = sides(rows)
    for column in range(3):
        for value in {r[column] for r in rows} - {None}:
            assert len({side for r, side in zip(rows, out, strict=True) if r[column] == value}) == 1


@given(ROWS, ROWS)
def test_added_rows_move_nothing_out_of_training(rows, more):
    before, after = sides(rows), sides(rows + more)
    assert all(not late or early for early, late in zip(before, after[: len(rows)], strict=True))
    own = {value for r in rows for value in r}
    if not own & {v for r in more for v in r if v is not None}:
        assert after[: len(rows)] == before


@given(ROWS, st.randoms())
def test_order_does_not_matter(rows, random):
    rows = [(group, n) for n, (group, *_) in enumerate(rows)]
    mixed = random.sample(rows, len(rows))
    assert dict(zip(mixed, sides(mixed), strict=True)) == dict(zip(rows, sides(rows), strict=True))


def test_the_share_is_met_and_nothing_is_held_out_at_zero():
    rows = [(n, None) for n in range(4000)]
    assert 0.17 < sum(sides(rows, 0.2)) / 4000 < 0.23
    assert not any(sides(rows, 0.0))


def test_a_cluster_of_two_sides_goes_to_training():
    rows = [(n, n) for n in range(40)]
    out = sides(rows)
    trained, held = out.index(False), out.index(True)
    joined = sides([*rows, (trained, held)])
    assert not joined[trained] and not joined[held] and not joined[40]
