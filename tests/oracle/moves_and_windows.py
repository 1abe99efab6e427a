#!/usr/bin/env python3
"""Known answers for the operators that move elements or slide windows over images.

Each operator is written down once more, slowly, from its definition, and with exact fractions
where it computes. Run it to check every known answer in tests/ops of these operators; with
--write it puts the answers into the files, which then want `npm run format`. Cases with random
inputs or errors are left alone.
"""

import itertools
import json
import math
import sys
from fractions import Fraction
from pathlib import Path

OPS = Path(__file__).resolve().parent.parent / "ops"
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Tensor:
    """Elements by their place: a dict from tuples of indices to numbers."""

    def __init__(self, shape, function):
        self.shape = tuple(shape)
        self.at = {place: function(*place) for place in places(self.shape)}

    def __getitem__(self, place):
        return self.at[tuple(place)]


def places(shape):
    return itertools.product(*(range(size) for size in shape))


def number(value):
    if isinstance(value, str):
        return SPECIAL[value]
    exact = not isinstance(value, bool) and math.isfinite(value)
    return Fraction(value) if exact else value


def tensor_from(given):
    data, shape = given, None
    if isinstance(given, dict):
        data, shape = given["data"], given.get("shape")
    sizes, leaf = [], data
    while isinstance(leaf, list):
        sizes.append(len(leaf))
        if not leaf:
            break
        leaf = leaf[0]
    flat = [data]
    for _ in sizes:
        flat = [entry for part in flat for entry in part]
    elements = iter([number(value) for value in flat])
    return Tensor(sizes if shape is None else shape, lambda *_: next(elements))


def json_from(tensor):
    def plain(value):
        if isinstance(value, bool):
            return value
        value = float(value)
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return int(value) if value == int(value) else value

    if 0 in tensor.shape:
        return {"shape": list(tensor.shape), "data": []}

    def nest(place):
        if len(place) == len(tensor.shape):
            return plain(tensor[place])
        return [nest(place + (i,)) for i in range(tensor.shape[len(place)])]

    return nest(())


def with_axis(place, axis, index):
    return place[:axis] + (index,) + place[axis + 1 :]


def resized(shape, axis, size):
    return with_axis(tuple(shape), axis, size)


def inside(index, size):
    """An index counted from the end if negative, and the nearest one that exists."""
    return min(max(int(index) + (size if index < 0 else 0), 0), size - 1)


def concat(inputs, axis=0):
    rank = len(inputs[0].shape)
    axis %= rank
    rows = [(t, i) for t in inputs for i in range(t.shape[axis])]

    def element(*place):
        t, i = rows[place[axis]]
        return t[with_axis(place, axis, i)]

    return [Tensor(resized(inputs[0].shape, axis, len(rows)), element)]


def split(input, splits, axis=0):
    axis %= len(input.shape)
    results, start = [], 0
    for size in splits:
        results.append(
            Tensor(
                resized(input.shape, axis, size),
                lambda *p, s=start: input[with_axis(p, axis, p[axis] + s)],
            )
        )
        start += size
    return results


def slice_(input, starts, sizes, strides=None):
    strides = strides or [1] * len(starts)
    kept = []
    for start, size, stride in zip(starts, sizes, strides):
        way = 1 if stride > 0 else -1
        kept.append([start + way * i for i in range(size)][:: abs(stride)])
    return [Tensor(map(len, kept), lambda *p: input[[k[i] for k, i in zip(kept, p)]])]


def reverse(input, axes=None):
    rank = len(input.shape)
    axes = range(rank) if axes is None else [axis % rank for axis in axes]

    def element(*place):
        ends = zip(place, input.shape)
        return input[[n - 1 - i if axis in axes else i for axis, (i, n) in enumerate(ends)]]

    return [Tensor(input.shape, element)]


def transpose(input, permutation=None):
    rank = len(input.shape)
    permutation = permutation or list(range(rank))[::-1]

    def element(*place):
        source = [0] * rank
        for i, axis in zip(place, permutation):
            source[axis] = i
        return input[source]

    return [Tensor([input.shape[axis] for axis in permutation], element)]


def reshape(input, newShape):
    elements = iter([input[place] for place in places(input.shape)])
    return [Tensor(newShape, lambda *_: next(elements))]


def expand(input, newShape):
    added = len(newShape) - len(input.shape)

    def element(*place):
        return input[[i if n > 1 else 0 for i, n in zip(place[added:], input.shape)]]

    return [Tensor(newShape, element)]


def tile(input, repetitions):
    return [
        Tensor(
            [n * times for n, times in zip(input.shape, repetitions)],
            lambda *p: input[[i % n for i, n in zip(p, input.shape)]],
        )
    ]


def pad(input, beginningPadding, endingPadding, mode="constant", value=0):
    value = number(value)
    if any(isinstance(x, bool) for x in input.at.values()):
        value = bool(value)
    lines = []
    for n, before, after in zip(input.shape, beginningPadding, endingPadding):
        line = list(range(n))
        if mode == "constant":
            line = [None] * before + line + [None] * after
        elif mode == "edge":
            line = line[:1] * before + line + line[-1:] * after
        elif mode == "symmetric":
            line = line[:before][::-1] + line + line[::-1][:after]
        else:
            line = line[1 : before + 1][::-1] + line + line[::-1][1 : after + 1]
        lines.append(line)

    def element(*place):
        source = [line[i] for line, i in zip(lines, place)]
        return value if None in source else input[source]

    return [Tensor(map(len, lines), element)]


def gather(input, indices, axis=0):
    axis %= len(input.shape)
    count = len(indices.shape)
    shape = input.shape[:axis] + indices.shape + input.shape[axis + 1 :]
    return [
        Tensor(
            shape,
            lambda *p: input[
                p[:axis]
                + (inside(indices[p[axis : axis + count]], input.shape[axis]),)
                + p[axis + count :]
            ],
        )
    ]


def gather_elements(input, indices, axis=0):
    axis %= len(input.shape)
    return [
        Tensor(
            indices.shape,
            lambda *p: input[with_axis(p, axis, inside(indices[p], input.shape[axis]))],
        )
    ]


def location(indices, place, shape):
    return tuple(inside(indices[place + (i,)], shape[i]) for i in range(indices.shape[-1]))


def gather_nd(input, indices):
    outer, depth = len(indices.shape) - 1, indices.shape[-1]
    return [
        Tensor(
            indices.shape[:-1] + input.shape[depth:],
            lambda *p: input[location(indices, p[:outer], input.shape) + p[outer:]],
        )
    ]


def scattered(input, writes, reduction):
    result = Tensor(input.shape, lambda *p: input[p])
    for place, value in writes:
        result.at[place] = result.at[place] + value if reduction == "add" else value
    return [result]


def scatter_elements(input, indices, updates, axis=0, reduction="none"):
    axis %= len(input.shape)
    writes = [
        (with_axis(p, axis, inside(indices[p], input.shape[axis])), updates[p])
        for p in places(indices.shape)
    ]
    return scattered(input, writes, reduction)


def scatter_nd(input, indices, updates, reduction="none"):
    outer = len(indices.shape) - 1
    writes = [
        (location(indices, p[:outer], input.shape) + p[outer:], updates[p])
        for p in places(updates.shape)
    ]
    return scattered(input, writes, reduction)


def one_hot(indices, depth, onValue=1, offValue=0, type="float32"):
    on, off = number(onValue), number(offValue)
    return [Tensor(indices.shape + (depth,), lambda *p: on if indices[p[:-1]] == p[-1] else off)]


def top_k(input, k=1):
    size = input.shape[-1]

    def order(row):
        def key(i):
            x = input[row + (i,)]
            return (0, 0, i) if math.isnan(x) else (1, -x, i)

        return sorted(range(size), key=key)

    shape = resized(input.shape, len(input.shape) - 1, k)
    indices = Tensor(shape, lambda *p: order(p[:-1])[p[-1]])
    return [Tensor(shape, lambda *p: input[p[:-1] + (indices[p],)]), indices]


def depth_to_space(input, blockSize=2):
    batch, height, width, depth = input.shape
    channels = depth // blockSize**2
    return [
        Tensor(
            (batch, height * blockSize, width * blockSize, channels),
            lambda b, y, x, c: input[
                b,
                y // blockSize,
                x // blockSize,
                (y % blockSize * blockSize + x % blockSize) * channels + c,
            ],
        )
    ]


def clamped(value, least, most):
    return min(max(value, number(least)), number(most))


def filter_channel(o, filter, groups, i):
    return o // (filter.shape[0] // groups) * filter.shape[3] + i


def conv2d(input, filter, bias=None, padding=(0, 0, 0, 0), strides=(1, 1), dilations=(1, 1),
           groups=1, minValue=-math.inf, maxValue=math.inf):
    top, bottom, left, right = padding
    # With the padding written out and the filter's holes filled with zeros, only strides remain.
    batch, height, width, channels = input.shape
    padded = {}
    for (b, y, x, c), value in input.at.items():
        padded[b, y + top, x + left, c] = value
    taps = {}
    for (o, ky, kx, i), weight in filter.at.items():
        taps[o, ky * dilations[0], kx * dilations[1], i] = weight
    extents = [(filter.shape[1 + a] - 1) * dilations[a] + 1 for a in range(2)]
    rows = len(range(0, height + top + bottom - extents[0] + 1, strides[0]))
    columns = len(range(0, width + left + right - extents[1] + 1, strides[1]))

    def element(b, y, x, o):
        total = bias[o,] if bias else 0
        for (of, ky, kx, i), weight in taps.items():
            if of == o:
                pixel = (b, y * strides[0] + ky, x * strides[1] + kx,
                         filter_channel(o, filter, groups, i))
                total += weight * padded.get(pixel, 0)
        return clamped(total, minValue, maxValue)

    return [Tensor((batch, rows, columns, filter.shape[0]), element)]


def conv_transpose2d(input, filter, bias=None, padding=(0, 0, 0, 0), strides=(1, 1),
                     dilations=(1, 1), outputPadding=(0, 0), outputSizes=None, groups=1,
                     minValue=-math.inf, maxValue=math.inf):
    # Every pixel paints the filter, scaled by its value, onto a canvas that is cut at the end.
    canvas = {}
    for (b, y, x, c), value in input.at.items():
        for (o, ky, kx, i), weight in filter.at.items():
            if filter_channel(o, filter, groups, i) == c:
                place = (b, y * strides[0] + ky * dilations[0] - padding[0],
                         x * strides[1] + kx * dilations[1] - padding[2], o)
                canvas[place] = canvas.get(place, 0) + value * weight
    sizes = outputSizes or [
        (input.shape[1 + a] - 1) * strides[a] + (filter.shape[1 + a] - 1) * dilations[a] + 1
        - padding[2 * a] - padding[2 * a + 1] + outputPadding[a]
        for a in range(2)
    ]
    return [
        Tensor(
            (input.shape[0], *sizes, filter.shape[0]),
            lambda *p: clamped(canvas.get(p, 0) + (bias[p[3],] if bias else 0), minValue, maxValue),
        )
    ]


def pool(summary):
    def operator(input, windowDimensions=None, padding=(0, 0, 0, 0), strides=(1, 1),
                 dilations=(1, 1), roundingType="floor", outputSizes=None,
                 minValue=-math.inf, maxValue=math.inf):
        batch, height, width, channels = input.shape
        window = windowDimensions or (height, width)
        sizes = []
        for a, size in enumerate((height, width)):
            room = Fraction(
                size + padding[2 * a] + padding[2 * a + 1] - (window[a] - 1) * dilations[a] - 1,
                strides[a],
            )
            sizes.append(1 + (math.ceil(room) if roundingType == "ceil" else math.floor(room)))

        def element(b, y, x, c):
            seen = []
            for ky, kx in places(window):
                pixel = (b, y * strides[0] - padding[0] + ky * dilations[0],
                         x * strides[1] - padding[2] + kx * dilations[1], c)
                if pixel in input.at:
                    seen.append(input[pixel])
            value = summary(seen)
            return value if math.isnan(value) else clamped(value, minValue, maxValue)

        return [Tensor((batch, *(outputSizes or sizes), channels), element)]

    return operator


average = pool(lambda seen: sum(seen) / len(seen) if seen else math.nan)
l2 = pool(lambda seen: math.sqrt(sum(x * x for x in seen)))
largest = pool(lambda seen: max([x for x in seen if not math.isnan(x)], default=-math.inf))


def resample2d(input, mode="nearest-neighbor", sizes=None, scales=None, coordinates="halfPixel"):
    batch, height, width, channels = input.shape
    if not sizes:
        sizes = [math.floor(n * s) for n, s in zip((height, width), scales or (1, 1))]
    half = Fraction(1, 2)

    def source(o, n, size):
        if coordinates == "alignCorners":
            at = Fraction(o * (n - 1), size - 1) if size > 1 else Fraction(0)
        elif coordinates == "asymmetric":
            at = Fraction(o * n, size)
        else:
            at = (o + half) * n / size - half
        return min(max(at, Fraction(0)), Fraction(n - 1))

    def weights(o, n, size):
        at = source(o, n, size)
        if mode == "linear":
            low = math.floor(at)
            return [(low, 1 - (at - low)), (min(low + 1, n - 1), at - low)]
        if coordinates == "halfPixel":
            return [(math.ceil(at - half), 1)]
        if coordinates == "asymmetric":
            return [(math.floor(at), 1)]
        return [(math.floor(at + half), 1)]

    def element(b, y, x, c):
        return sum(
            input[b, row, column, c] * across * down
            for row, down in weights(y, height, sizes[0])
            for column, across in weights(x, width, sizes[1])
            if across * down
        )

    return [Tensor((batch, *sizes, channels), element)]


OPERATORS = {
    "averagePool2d": average,
    "concat": concat,
    "conv2d": conv2d,
    "convTranspose2d": conv_transpose2d,
    "depthToSpace": depth_to_space,
    "expand": expand,
    "gather": gather,
    "gatherElements": gather_elements,
    "gatherND": gather_nd,
    "l2Pool2d": l2,
    "maxPool2d": largest,
    "oneHot": one_hot,
    "pad": pad,
    "resample2d": resample2d,
    "reshape": reshape,
    "reverse": reverse,
    "scatterElements": scatter_elements,
    "scatterND": scatter_nd,
    "slice": slice_,
    "split": split,
    "tile": tile,
    "topK": top_k,
    "transpose": transpose,
}
INPUTS = {"input", "indices", "updates", "filter", "bias"}
SEVERAL_OUTPUTS = {"split", "topK"}


def is_random(value):
    if isinstance(value, list):
        return any(is_random(entry) for entry in value)
    return isinstance(value, dict) and "random" in value


def answer(op, case):
    arguments = {}
    for key, value in case.items():
        if key in ("y", "outputs"):
            continue
        if key == "inputs":
            arguments[key] = [tensor_from(entry) for entry in value]
        elif key in INPUTS:
            arguments[key] = tensor_from(value)
        elif isinstance(value, str):
            arguments[key] = SPECIAL.get(value, value)
        else:
            arguments[key] = value
    return [json_from(result) for result in OPERATORS[op](**arguments)]


def equal(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-9 * (1 + abs(a))
    return a == b


def main(write):
    checked, wrong = 0, 0
    for op in OPERATORS:
        path = OPS / f"{op}.json"
        content = json.loads(path.read_text())
        for number_of_case, case in enumerate(content["cases"]):
            if "error" in case or any(is_random(value) for value in case.values()):
                continue
            results = answer(op, case)
            key, value = ("outputs", results) if op in SEVERAL_OUTPUTS else ("y", results[0])
            checked += 1
            if write:
                case.pop("y", None)
                case[key] = value
            elif not equal(case.get(key), value):
                wrong += 1
                print(f"{op}, case {number_of_case}: is {case.get(key)}, must be {value}")
        if write:
            lines = ",\n    ".join(json.dumps(case) for case in content["cases"])
            path.write_text(f'{{\n  "op": "{op}",\n  "cases": [\n    {lines}\n  ]\n}}\n')
    print(f"{checked} known answers, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main("--write" in sys.argv[1:]) else 0)
