"""
Rows of tokens that the model has never seen: the definitions of `npm run export -- --korean`
(core/embedding/new-row.ts, core/sampling/random.ts), so that both give the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

INITS = ("mean", "first", "random")


def new_rows(
    init: str, old: np.ndarray, subwords: Sequence[Sequence[int]], first_id: int, deviation: float
) -> np.ndarray:
    """
    f32 [new tokens, columns]. `old` is f32 [rows, columns], `subwords` are the base ids of each new token.

    mean: of the subwords' rows, summed in float64; one that occurs twice counts twice. It bounds how far predictions move
    (Hewitt 2021). first: the first subword's row. random: normal, mean 0, standard deviation `deviation`, which is the
    `initializer_range` that Hugging Face's models give new rows; the token's id seeds it.
    """
    if init == "mean":
        means = [np.mean(old[list(ids)], axis=0, dtype=np.float64) for ids in subwords]
        return np.asarray(means).astype(np.float32)
    if init == "first":
        return old[[ids[0] for ids in subwords]].copy()
    if init == "random":
        return normals(np.arange(first_id, first_id + len(subwords)), old.shape[1], deviation)
    raise ValueError(f"init is {init!r}, expected one of {', '.join(INITS)}")


def normals(seeds: np.ndarray, columns: int, deviation: float) -> np.ndarray:
    """f32 [seeds, columns], a generator a row (Box and Muller 1958)."""
    random = Xoshiro128(seeds)
    values = np.empty((len(seeds), columns + columns % 2), dtype=np.float32)
    for column in range(0, columns, 2):
        # 1 - u is never 0, whose logarithm would be infinite.
        radius = deviation * np.sqrt(-2 * np.log(1 - random.uniform()))
        angle = 2 * np.pi * random.uniform()
        values[:, column] = radius * np.cos(angle)
        values[:, column + 1] = radius * np.sin(angle)
    return values[:, :columns]


class Xoshiro128:
    """xoshiro128** 1.1 (Blackman and Vigna 2021) filled by SplitMix64, one generator a seed."""

    def __init__(self, seeds: np.ndarray) -> None:
        state = seeds.astype(np.uint64)
        words = []
        for _ in range(2):
            state = state + np.uint64(0x9E3779B97F4A7C15)
            word = state
            word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            word = word ^ (word >> np.uint64(31))
            words += [(word & np.uint64(0xFFFFFFFF)).astype(np.uint32), (word >> np.uint64(32)).astype(np.uint32)]
        self.state = words

    def uint32(self) -> np.ndarray:
        a, b, c, d = self.state
        result = rotate_left(b * np.uint32(5), 7) * np.uint32(9)
        c = c ^ a
        d = d ^ b
        self.state = [a ^ d, b ^ c, c ^ (b << np.uint32(9)), rotate_left(d, 11)]
        return result

    def uniform(self) -> np.ndarray:
        """[0, 1), 53 bits."""
        high = (self.uint32() >> np.uint32(5)).astype(np.float64)
        low = (self.uint32() >> np.uint32(6)).astype(np.float64)
        return (high * 2.0**26 + low) / 2.0**53


def rotate_left(words: np.ndarray, by: int) -> np.ndarray:
    return (words << np.uint32(by)) | (words >> np.uint32(32 - by))
