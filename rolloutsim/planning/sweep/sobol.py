"""Sobol's sequence: points that fill a box evenly, however many there are.

The first 2^k points hold one in each of 2^k equal slices of every axis, which random points do not; take a power of
two of them. Construction: Bratley & Fox, *Algorithm 659*, ACM TOMS 14, 1988, in Gray-code order (Antonov & Saleev,
1979). Direction numbers: Joe & Kuo, *Constructing Sobol sequences with better two-dimensional projections*, SIAM J.
Sci. Comput. 30, 2008; the first lines of their table `new-joe-kuo-6.21201`. Nothing is scrambled.
"""

from __future__ import annotations

_BITS = 30  # of a coordinate: enough for 2^30 points

# Of each axis after the first: degree and coefficients of the primitive polynomial, and the first m values.
_JOE_KUO: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)

MOST_AXES = len(_JOE_KUO) + 1


def sobol(count: int, axes: int) -> list[tuple[float, ...]]:
    """The first `count` points of the sequence, the corner at zero first: coordinates from 0 to 1, without 1.

    There are at most `MOST_AXES` axes.
    """
    directions = [_directions(axis) for axis in range(axes)]
    at = [0] * axes
    points = []
    for number in range(count):
        points.append(tuple(one / (1 << _BITS) for one in at))
        # Gray code: the next point differs by the direction of the lowest zero bit of its number.
        bit = (~number & (number + 1)).bit_length() - 1
        at = [one ^ direction[bit] for one, direction in zip(at, directions, strict=True)]
    return points


def _directions(axis: int) -> list[int]:
    """The direction numbers of an axis, as integers of `_BITS` bits."""
    if axis == 0:
        return [1 << (_BITS - 1 - bit) for bit in range(_BITS)]
    degree, coefficients, first = _JOE_KUO[axis - 1]
    numbers = [m << (_BITS - 1 - bit) for bit, m in enumerate(first)]
    for bit in range(degree, _BITS):
        number = numbers[bit - degree] ^ (numbers[bit - degree] >> degree)
        for step in range(1, degree):
            if coefficients >> (degree - 1 - step) & 1:
                number ^= numbers[bit - step]
        numbers.append(number)
    return numbers
