"""A linear-chain conditional random field over hashed features: scores, the best path, and a step of training.

J. Lafferty, A. McCallum and F. Pereira, "Conditional Random Fields", ICML 2001. A token is outside, begins a finding or
goes on with one: tag 0, 1 + 2 * label, 2 + 2 * label.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

NEVER = np.float32(-1e4)


def allowed(tags: int) -> Floats:
    """For each step from tag to tag 0, or -1e4 where there is none: a finding goes on only where it began."""
    steps = np.zeros((tags + 1, tags), np.float32)  # the last row is the beginning
    for tag in range(2, tags, 2):
        for before in range(tags + 1):
            if before not in (tag, tag - 1):
                steps[before, tag] = NEVER
    return steps


@numba.njit(cache=True, nogil=True)
def best_path(scores: Floats, steps: Floats, path: Ints) -> None:
    """The tags of the best path (Viterbi), written to `path`."""
    size, tags = scores.shape
    back = np.empty((size, tags), np.int32)
    now = scores[0] + steps[tags]
    for at in range(1, size):
        fresh = np.empty(tags, np.float32)
        for tag in range(tags):
            best, which = np.float32(-1e30), 0
            for before in range(tags):
                value = now[before] + steps[before, tag]
                if value > best:
                    best, which = value, before
            fresh[tag] = best + scores[at, tag]
            back[at, tag] = which
        now = fresh
    tag = int(np.argmax(now))
    for at in range(size - 1, -1, -1):
        path[at] = tag
        tag = back[at, tag]


@numba.njit(cache=True, nogil=True)
def train_epoch(  # noqa: C901 - one pass, compiled as one
    order, bounds, points, ids, gold, weights, grads, steps, step_grads, mask, rate, decay, drop, seed, byheart
):
    """One pass of AdaGrad over sequences; returns the summed loss."""
    tags = steps.shape[1]
    loss = np.float32(0)
    state = np.uint64(seed)
    for number in order:
        low, high = bounds[number], bounds[number + 1]
        size = high - low
        scores = np.zeros((size, tags), np.float32)
        skip = np.zeros(size, np.bool_)
        for at in range(size):
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            skip[at] = (state >> np.uint64(40)) % np.uint64(100) < np.uint64(drop)
            begin = points[low + at] + (byheart if skip[at] else 0)
            for place in range(begin, points[low + at + 1]):
                f = ids[place]
                for tag in range(tags):
                    scores[at, tag] += weights[f, tag]
        both = steps + mask
        # Forward and backward, each token scaled to a sum of 1.
        moves = np.exp(both)
        here = np.float32(0)
        whole = np.float32(0)
        bare = np.empty((size, tags), np.float32)
        ahead = np.empty((size, tags), np.float32)
        after = np.ones((size, tags), np.float32)
        scale = np.empty(size, np.float32)
        for at in range(size):
            top = scores[at].max()
            whole += top
            total = np.float32(0)
            for tag in range(tags):
                bare[at, tag] = np.exp(scores[at, tag] - top)
                value = np.float32(0)
                if at == 0:
                    value = moves[tags, tag]
                else:
                    for before in range(tags):
                        value += ahead[at - 1, before] * moves[before, tag]
                ahead[at, tag] = value * bare[at, tag]
                total += ahead[at, tag]
            scale[at] = total
            whole += np.log(total)
            for tag in range(tags):
                ahead[at, tag] /= total
        for at in range(size - 2, -1, -1):
            for tag in range(tags):
                value = np.float32(0)
                for nxt in range(tags):
                    value += moves[tag, nxt] * bare[at + 1, nxt] * after[at + 1, nxt]
                after[at, tag] = value / scale[at + 1]
        grad = np.zeros((tags + 1, tags), np.float32)
        for at in range(size):
            g = gold[low + at]
            before = tags if at == 0 else gold[low + at - 1]
            here += scores[at, g] + both[before, g]
            grad[before, g] -= 1
            for tag in range(tags):
                share = bare[at, tag] * after[at, tag] / scale[at]
                if at == 0:
                    grad[tags, tag] += moves[tags, tag] * share
                else:
                    for b in range(tags):
                        grad[b, tag] += ahead[at - 1, b] * moves[b, tag] * share
        loss += whole - here
        for b in range(tags + 1):
            for tag in range(tags):
                value = grad[b, tag] + decay * steps[b, tag]
                if value != 0:
                    step_grads[b, tag] += value * value
                    steps[b, tag] -= rate * value / np.sqrt(step_grads[b, tag] + np.float32(1e-6))
        for at in range(size):
            p = ahead[at] * after[at]
            p[gold[low + at]] -= 1
            begin = points[low + at] + (byheart if skip[at] else 0)
            for place in range(begin, points[low + at + 1]):
                f = ids[place]
                for tag in range(tags):
                    value = p[tag] + decay * weights[f, tag]
                    grads[f, tag] += value * value
                    weights[f, tag] -= rate * value / np.sqrt(grads[f, tag] + np.float32(1e-6))
    return loss
