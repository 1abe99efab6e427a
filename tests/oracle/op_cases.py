#!/usr/bin/env python3
"""Writes tests/ops/<operator>.json for element-wise operators, reductions, normalisations and
matrix products. The known answers come from Python's math module and from sums written out here,
never from gesso. Run it from the root of the repository after changing a case.
"""

import itertools
import json
import math
import pathlib
import struct

INF, NAN = math.inf, math.nan
FOLDER = pathlib.Path("tests/ops")

# ---- Nested lists as tensors


def shape_of(x):
    return [len(x), *shape_of(x[0])] if isinstance(x, list) and x else [0] if x == [] else []


def flat(x):
    return [e for part in x for e in flat(part)] if isinstance(x, list) else [x]


def nest(values, shape):
    if not shape:
        return values[0]
    step = math.prod(shape[1:])
    return [nest(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def at(x, index):
    """The element at an index into the shape that x is stretched to."""
    shape = shape_of(x)
    for size, i in zip(shape, index[len(index) - len(shape) :]):
        x = x[i if size > 1 else 0]
    return x


def indices(shape):
    return itertools.product(*map(range, shape))


def broadcast(f, *xs):
    rank = max(len(shape_of(x)) for x in xs)
    shapes = [[1] * (rank - len(shape_of(x))) + shape_of(x) for x in xs]
    shape = [max(sizes) for sizes in zip(*shapes)]
    return nest([f(*(at(x, i) for x in xs)) for i in indices(shape)], shape)


def each(f, x):
    return [each(f, part) for part in x] if isinstance(x, list) else f(x)


def f32(x):
    """The float32 closest to a number."""
    return struct.unpack("f", struct.pack("f", x))[0]


def some(*shape, low=-2.0, high=2.0):
    """Numbers without a pattern, multiples of 1/64 so that float32 holds them exactly."""
    count = math.prod(shape)
    values = [low + (high - low) * ((i * 37 + 11) % 101) / 101 for i in range(count)]
    return nest([round(v * 64) / 64 for v in values], list(shape))


# ---- Writing


def plain(x):
    """JSON has no NaN; nine digits say which float32 a number is, and a little more."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, float):
        if math.isnan(x):
            return "NaN"
        if math.isinf(x):
            return "Infinity" if x > 0 else "-Infinity"
        return int(x) if x == int(x) and abs(x) < 1e15 else float(f"{x:.9g}")
    return x


def write(op, cases):
    lines = ",\n".join("    " + json.dumps(plain(case)) for case in cases)
    text = f'{{\n  "op": "{op}",\n  "cases": [\n{lines}\n  ]\n}}\n'
    (FOLDER / f"{op}.json").write_text(text)


def rnd(*shape, **options):
    return {"random": list(shape), **options}


def typed(dtype, data):
    return {"data": data, "dtype": dtype}


def guarded(f):
    """f, with NaN where Python refuses and Infinity where a float overflows."""

    def g(*x):
        if any(isinstance(v, float) and math.isnan(v) for v in x):
            return NAN
        try:
            return float(f(*x))
        except ValueError:
            return NAN
        except OverflowError:
            return INF

    return g


# ---- One tensor

VALUES = [-2.5, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0]
ODD = [(7, 13), (1, 1, 1, 7), (2, 3, 5), (1, 1001), ()]


def unary(op, f, values=VALUES, specials=None, integers=None, float_only=True, **domain):
    g = guarded(f)
    cases = [{"input": values, "y": each(g, values)}]
    cases.append({"input": [values, values[::-1]], "y": each(g, [values, values[::-1]])})
    if specials is not None:
        cases.append({"input": list(specials), "y": list(specials.values())})
    for dtype, data, y in integers or []:
        cases.append({"input": typed(dtype, data), "y": y})
    cases += [{"input": rnd(*shape, **domain)} for shape in ODD]
    cases.append({"input": {"shape": [0, 3], "data": []}, "y": {"shape": [0, 3], "data": []}})
    if float_only:
        cases.append({"input": typed("int32", [1, 2]), "error": f"{op}: input must be float32"})
    cases.append({"input": rnd(3), "speed": 1, "error": f'{op}: there is no option "speed"'})
    return cases


WIDE = {"low": -6, "high": 6}
LIMITS = [-INF, INF, NAN]


def at_limits(*y):
    return dict(zip(LIMITS, y))


def unary_operators():
    signed = {"float_only": False}
    unsigned_error = {
        "input": typed("uint8", [1]),
        "error": "{}: input must be float32, int32 or int8",
    }

    def refusing_unsigned(op, cases):
        return cases + [{**unsigned_error, "error": unsigned_error["error"].format(op)}]

    write(
        "abs",
        refusing_unsigned(
            "abs",
            unary(
                "abs",
                abs,
                specials=at_limits(INF, INF, NAN),
                integers=[
                    ("int32", [-12345678, 0, 7, -2147483648], [12345678, 0, 7, -2147483648]),
                    ("int8", [-127, -1, 5], [127, 1, 5]),
                ],
                **signed,
            ),
        ),
    )
    unit = [-1.0, -0.75, -0.5, 0.0, 0.25, 0.5, 1.0]
    inside = {"low": -0.99, "high": 0.99}
    write("acos", unary("acos", math.acos, unit, {2.0: NAN, NAN: NAN}, **inside))
    write(
        "acosh",
        unary(
            "acosh",
            math.acosh,
            [1.0, 1.5, 2.0, 3.25, 10.0, 100.0, 12345.0],
            {0.5: NAN, INF: INF, NAN: NAN},
            low=1.1,
            high=9,
        ),
    )
    write("asin", unary("asin", math.asin, unit, {-2.0: NAN, NAN: NAN}, **inside))
    write("asinh", unary("asinh", math.asinh, specials=at_limits(-INF, INF, NAN), **WIDE))
    write(
        "atan", unary("atan", math.atan, specials=at_limits(-math.pi / 2, math.pi / 2, NAN), **WIDE)
    )
    write(
        "atanh",
        unary(
            "atanh",
            math.atanh,
            [-0.9375, -0.5, -0.25, 0.0, 0.125, 0.5, 0.9375],
            {-1.0: -INF, 1.0: INF, 2.0: NAN, NAN: NAN},
            **inside,
        ),
    )
    write(
        "ceil",
        unary(
            "ceil",
            math.ceil,
            [-2.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.5],
            at_limits(-INF, INF, NAN),
            [("int32", [-3, 16777217], [-3, 16777217])],
            False,
            **WIDE,
        ),
    )
    write("cos", unary("cos", math.cos, specials=at_limits(NAN, NAN, NAN), **WIDE))
    write("cosh", unary("cosh", math.cosh, specials=at_limits(INF, INF, NAN), low=-4, high=4))
    write("erf", unary("erf", math.erf, specials=at_limits(-1.0, 1.0, NAN), **WIDE))
    write(
        "exp",
        unary(
            "exp",
            math.exp,
            specials={-INF: 0.0, INF: INF, NAN: NAN, 1000.0: INF, -1000.0: 0.0},
            low=-6,
            high=2,
        ),
    )
    write(
        "expm1",
        unary(
            "expm1",
            math.expm1,
            [-3.0, -1.0, -0.5, 0.0, 2.0**-20, 1.0, 3.0],
            {-INF: -1.0, INF: INF, NAN: NAN},
            low=-6,
            high=2,
        ),
    )
    write(
        "floor",
        unary(
            "floor",
            math.floor,
            [-2.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.5],
            at_limits(-INF, INF, NAN),
            [("uint8", [0, 255], [0, 255])],
            False,
            **WIDE,
        ),
    )
    cases = [
        {"input": VALUES, "y": VALUES},
        {"input": -7.5, "y": -7.5},
        {"input": [[True, False]], "y": [[True, False]]},
    ]
    cases += [
        {"input": typed(t, [[1, 2, 3]]), "y": [[1, 2, 3]]} for t in ("int32", "uint8", "int8")
    ]
    cases += [
        {"input": list(LIMITS), "y": list(LIMITS)},
        {"input": rnd(7, 13)},
        {"input": rnd(0, 3)},
    ]
    write("identity", cases)
    tests = {"isFinite": math.isfinite, "isInfinite": math.isinf, "isNaN": math.isnan}
    for op, f in tests.items():
        x = [-INF, -3.5, 0.0, 3.4e38, INF, NAN]
        write(
            op,
            [
                {"input": x, "y": each(f, x)},
                {"input": [[x], [x[::-1]]], "y": each(f, [[x], [x[::-1]]])},
                {"input": 1e39, "y": f(INF)},
                {"input": rnd(7, 13)},
                {"input": rnd(0)},
                {"input": typed("int32", [1]), "error": f"{op}: input must be float32"},
            ],
        )
    positive = [2.0**-10, 0.125, 0.5, 1.0, 2.0, 3.75, 1000.0]
    ahead = {"low": 0.05, "high": 9}
    write(
        "log", unary("log", math.log, positive, {0.0: -INF, -1.0: NAN, INF: INF, NAN: NAN}, **ahead)
    )
    write(
        "log1p",
        unary(
            "log1p",
            math.log1p,
            [-0.5, -0.25, 0.0, 2.0**-20, 1.0, 3.0, 1000.0],
            {-1.0: -INF, -2.0: NAN, INF: INF, NAN: NAN},
            low=-0.9,
            high=9,
        ),
    )
    write(
        "logicalNot",
        [
            {"input": [True, False], "y": [False, True]},
            {"input": typed("uint8", [[0, 1], [2, 255]]), "y": [[True, False], [False, False]]},
            {"input": rnd(7, 13, dtype="bool")},
            {"input": rnd(2, 3, dtype="uint8", high=2)},
            {"input": rnd(3), "error": "logicalNot: input must be bool or uint8"},
        ],
    )
    write(
        "neg",
        refusing_unsigned(
            "neg",
            unary(
                "neg",
                lambda x: -x,
                specials=at_limits(INF, -INF, NAN),
                integers=[
                    ("int32", [-5, 0, 2147483647, -2147483648], [5, 0, -2147483647, -2147483648]),
                    ("int8", [-127, 127, -128], [127, -127, -128]),
                ],
                **signed,
            ),
        ),
    )
    write(
        "reciprocal",
        unary(
            "reciprocal",
            lambda x: 1 / x,
            [-4.0, -0.5, -0.125, 0.25, 1.0, 3.0, 8.0],
            {0.0: INF, INF: 0.0, NAN: NAN},
            **ahead,
        ),
    )
    write(
        "roundEven",
        unary(
            "roundEven",
            round,
            [-2.5, -1.5, -0.5, 0.5, 1.5, 2.25, 2.75],
            at_limits(-INF, INF, NAN),
            [("int32", [-12345678, 10], [-12345678, 10])],
            False,
            **WIDE,
        ),
    )
    write(
        "rsqrt",
        unary(
            "rsqrt",
            lambda x: 1 / math.sqrt(x),
            positive,
            {0.0: INF, -1.0: NAN, INF: 0.0, NAN: NAN},
            **ahead,
        ),
    )
    write(
        "sign",
        refusing_unsigned(
            "sign",
            unary(
                "sign",
                lambda x: (x > 0) - (x < 0),
                specials={-INF: -1, INF: 1, NAN: 0},
                integers=[
                    ("int32", [-9, 0, 2147483647], [-1, 0, 1]),
                    ("int8", [-128, 0, 3], [-1, 0, 1]),
                ],
                **signed,
            ),
        ),
    )
    write("sin", unary("sin", math.sin, specials=at_limits(NAN, NAN, NAN), **WIDE))
    write("sinh", unary("sinh", math.sinh, specials=at_limits(-INF, INF, NAN), low=-4, high=4))
    write(
        "sqrt",
        unary("sqrt", math.sqrt, positive, {0.0: 0.0, -1.0: NAN, INF: INF, NAN: NAN}, **ahead),
    )
    write(
        "square",
        unary(
            "square",
            lambda x: x * x,
            specials=at_limits(INF, INF, NAN),
            integers=[
                ("int32", [-3, 46340, 65536], [9, 2147395600, 0]),
                ("uint8", [15, 16], [225, 0]),
            ],
            float_only=False,
            **WIDE,
        ),
    )
    write(
        "tan",
        unary(
            "tan",
            math.tan,
            [-1.5, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0],
            at_limits(NAN, NAN, NAN),
            low=-1.4,
            high=1.4,
        ),
    )
    write("tanh", unary("tanh", math.tanh, specials=at_limits(-1.0, 1.0, NAN), **WIDE))

    # Activations
    def with_options(op, f, options, **kind):
        cases = unary(op, lambda x: f(x), **kind)
        for given in options:
            cases.append(
                {
                    "input": VALUES,
                    **given,
                    "y": each(guarded(lambda x: f(x, *given.values())), VALUES),
                }
            )
            cases.append({"input": rnd(3, 13, **WIDE), **given})
        cases.append(
            {
                "input": rnd(2),
                "alpha": [1],
                "error": f"{op}: the option alpha has the wrong kind of value",
            }
        )
        return cases

    write(
        "elu",
        with_options(
            "elu",
            lambda x, a=1.0: x if x > 0 else a * math.expm1(x),
            [{"alpha": 0.5}, {"alpha": 2}],
            specials=at_limits(-1.0, INF, NAN),
            **WIDE,
        ),
    )
    write(
        "gelu",
        unary(
            "gelu",
            lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
            VALUES,
            {-INF: 0.0, INF: INF, NAN: NAN, -8.0: -8.0 * math.erfc(8 / math.sqrt(2)) / 2},
            **WIDE,
        ),
    )
    write(
        "hardSigmoid",
        with_options(
            "hardSigmoid",
            lambda x, a=0.2, b=0.5: min(max(a * x + b, 0), 1),
            [{"alpha": 0.5, "beta": 0.25}, {"alpha": -0.75, "beta": -0.5}],
            specials=at_limits(0.0, 1.0, NAN),
            **WIDE,
        ),
    )
    write(
        "hardSwish",
        unary(
            "hardSwish",
            lambda x: x * min(max(x + 3, 0), 6) / 6,
            [-4.0, -3.0, -1.5, 0.0, 1.0, 3.0, 4.0],
            {INF: INF, NAN: NAN},
            **WIDE,
        ),
    )
    write(
        "leakyRelu",
        with_options(
            "leakyRelu",
            lambda x, a=0.01: x if x > 0 else a * x,
            [{"alpha": 0.5}, {"alpha": 0}, {"alpha": -1}, {"alpha": 2}],
            specials=at_limits(-INF, INF, NAN),
            **WIDE,
        ),
    )
    write(
        "linear",
        with_options(
            "linear",
            lambda x, a=1.0, b=0.0: a * x + b,
            [{"alpha": 2, "beta": -1}, {"alpha": 0, "beta": 3}],
            specials=at_limits(-INF, INF, NAN),
            **WIDE,
        ),
    )
    write(
        "relu",
        unary(
            "relu",
            lambda x: max(x, 0),
            specials=at_limits(0.0, INF, NAN),
            integers=[
                ("int32", [-5, 0, 5], [0, 0, 5]),
                ("int8", [-128, 127], [0, 127]),
                ("uint8", [0, 200], [0, 200]),
            ],
            float_only=False,
            **WIDE,
        )
        + [{"input": [True], "error": "relu: input must be float32, int32, uint8 or int8"}],
    )
    scale, alpha = 1.0507009873554804934, 1.6732632423543772848
    write(
        "selu",
        unary(
            "selu",
            lambda x: scale * (x if x > 0 else alpha * math.expm1(x)),
            specials=at_limits(-scale * alpha, INF, NAN),
            **WIDE,
        ),
    )
    write(
        "sigmoid",
        unary(
            "sigmoid",
            lambda x: 1 / (1 + math.exp(-x)),
            specials={-INF: 0.0, INF: 1.0, NAN: NAN, -1000.0: 0.0, 1000.0: 1.0},
            **WIDE,
        ),
    )
    write(
        "softplus",
        unary(
            "softplus",
            lambda x: math.log1p(math.exp(x)),
            specials={-INF: 0.0, INF: INF, NAN: NAN, -1000.0: 0.0, 1000.0: 1000.0},
            **WIDE,
        ),
    )
    write(
        "softsign",
        unary("softsign", lambda x: x / (1 + abs(x)), specials={1e30: 1.0, NAN: NAN}, **WIDE),
    )
    write(
        "step",
        with_options(
            "step",
            lambda x, a=0.0: 1 if x > 0 else a,
            [{"alpha": 0.5}, {"alpha": -2}],
            specials={-INF: 0.0, INF: 1.0, NAN: NAN},
            **WIDE,
        ),
    )

    clamp = lambda x, low, high: min(max(x, low), high)
    cases = [{"input": VALUES, "y": VALUES}]
    for low, high in [(-1, 1), (0, 6), (-0.5, -0.25), (1, 1)]:
        cases.append(
            {
                "input": VALUES,
                "minValue": low,
                "maxValue": high,
                "y": each(lambda x: clamp(x, low, high), VALUES),
            }
        )
    cases += [
        {"input": VALUES, "minValue": 0, "y": each(lambda x: max(x, 0), VALUES)},
        {"input": VALUES, "maxValue": 0, "y": each(lambda x: min(x, 0), VALUES)},
        {"input": LIMITS, "minValue": -1, "maxValue": 2, "y": [-1, 2, NAN]},
        {"input": LIMITS, "minValue": NAN, "maxValue": 2, "y": [-INF, 2, NAN]},
        {"input": LIMITS, "minValue": -1, "maxValue": NAN, "y": [-1, INF, NAN]},
        {
            "input": typed("int32", [-9, 0, 9, 2147483647]),
            "minValue": -2,
            "maxValue": 4,
            "y": [-2, 0, 4, 4],
        },
        {
            "input": typed("int32", [-2147483648, 2147483647]),
            "minValue": -1e12,
            "maxValue": 1e12,
            "y": [-2147483648, 2147483647],
        },
        {
            "input": typed("uint8", [0, 100, 255]),
            "minValue": -3,
            "maxValue": 128,
            "y": [0, 100, 128],
        },
        {"input": typed("int8", [-128, 0, 127]), "minValue": -1, "y": [-1, 0, 127]},
        {"input": rnd(7, 13, **WIDE), "minValue": -1, "maxValue": 3},
        {"input": rnd(1, 1001, **WIDE), "minValue": 0},
        {"input": rnd(), "maxValue": 0},
        {"input": rnd(0, 2), "maxValue": 0},
        {"input": rnd(2, 3, 5, **WIDE)},
        {
            "input": rnd(3),
            "minValue": 1,
            "maxValue": 0,
            "error": "clamp: minValue must not be above maxValue",
        },
        {"input": [True], "error": "clamp: input must be float32, int32, uint8 or int8"},
    ]
    write("clamp", cases)

    types = ("float32", "int32", "uint8", "int8", "bool")
    write(
        "cast",
        [
            {"input": typed("int32", [-7, 0, 16777216]), "type": "float32", "y": [-7, 0, 16777216]},
            {"input": [-2.75, -0.5, 0.0, 2.5, 99.9], "type": "int32", "y": [-2, 0, 0, 2, 99]},
            {
                "input": [-INF, INF, NAN, 3e9],
                "type": "int32",
                "y": [-2147483648, 2147483647, 0, 2147483647],
            },
            {"input": [-3.5, 7.5, 300.0, NAN], "type": "uint8", "y": [0, 7, 255, 0]},
            {"input": typed("int32", [-1000, -5, 1000]), "type": "int8", "y": [-128, -5, 127]},
            {"input": typed("int8", [-5, 5]), "type": "uint8", "y": [0, 5]},
            {"input": typed("uint8", [200]), "type": "int8", "y": [127]},
            {
                "input": [-0.0, 0.5, -3.0, NAN, INF],
                "type": "bool",
                "y": [False, True, True, True, True],
            },
            {"input": typed("int32", [0, 256, -1]), "type": "bool", "y": [False, True, True]},
            {"input": [True, False], "type": "float32", "y": [1, 0]},
            {"input": [[True], [False]], "type": "int32", "y": [[1], [0]]},
            {"input": VALUES, "y": VALUES},
            *(
                {"input": rnd(3, 7, dtype=a, **({} if a == "bool" else {"high": 100})), "type": b}
                for a in types
                for b in types
            ),
            {"input": rnd(0), "type": "uint8"},
            {
                "input": rnd(2),
                "type": "float64",
                "error": 'dtype: there is no element type "float64"',
            },
            {
                "input": rnd(2),
                "type": 3,
                "error": "cast: the option type has the wrong kind of value",
            },
        ],
    )


# ---- Two tensors


def binary(
    op,
    f,
    a=None,
    b=None,
    specials=(),
    integers=(),
    float_only=False,
    low=-6,
    high=6,
    dtypes="float32, int32, uint8 or int8",
):
    g = guarded(f)
    a = a or some(2, 3, low=low, high=high)
    b = b or some(2, 3, low=low or 0.5, high=high + 1)
    cases = [{"a": a, "b": b, "y": broadcast(g, a, b)}]
    pairs = [
        (some(2, 3, low=low, high=high), some(3, low=low + 1 / 4, high=high)),
        (some(2, 1, low=low, high=high), some(3, low=low + 1 / 4, high=high)),
        (some(4, low=low, high=high), (low + high) / 2 + 0.75),
        ((low + high) / 2 + 1.25, some(2, 2, low=low, high=high)),
        (some(2, 1, 3, low=low, high=high), some(2, 1, low=low + 1 / 4, high=high)),
    ]
    cases += [{"a": x, "b": y, "y": broadcast(g, x, y)} for x, y in pairs]
    cases += [{"a": list(x), "b": list(y), "y": list(z)} for x, y, z in specials]
    cases += [{"a": typed(t, x), "b": typed(t, y), "y": z} for t, x, y, z in integers]
    options = {"low": low, "high": high}
    shapes = [
        ([7, 13], [7, 13]),
        ([7, 13], [13]),
        ([13], [7, 13]),
        ([7, 13], []),
        ([], [7, 13]),
        ([7, 1], [1, 13]),
        ([2, 7, 1, 5], [7, 3, 1]),
        ([1, 5, 5, 7], [1, 1, 1, 7]),
        ([1001], [1001]),
        ([1], [1]),
        ([0, 3], [3]),
    ]
    cases += [{"a": rnd(*x, **options), "b": rnd(*y, **options)} for x, y in shapes]
    cases.append(
        {"a": rnd(2, 3), "b": rnd(4), "error": f"{op}: the shapes cannot be stretched to match"}
    )
    if float_only:
        cases.append(
            {
                "a": typed("int32", [1]),
                "b": typed("int32", [1]),
                "error": f"{op}: a must be float32",
            }
        )
    else:
        cases.append(
            {
                "a": rnd(3),
                "b": typed("int32", [1, 2, 3]),
                "error": f"{op}: a and b must have one element type",
            }
        )
    if dtypes and not float_only:
        cases.append({"a": [True], "b": [True], "error": f"{op}: a must be {dtypes}"})
    return cases


def power(x, y):
    if x == 0 and y < 0:
        return INF
    return math.pow(x, y)


def binary_operators():
    big = 2147483647
    write(
        "add",
        binary(
            "add",
            lambda a, b: a + b,
            specials=[([INF, INF, NAN], [1.0, -INF, 1.0], [INF, NAN, NAN])],
            integers=[
                ("int32", [1, -5, big], [2, 3, 1], [3, -2, -2147483648]),
                ("uint8", [200, 1], [100, 2], [44, 3]),
                ("int8", [100], [[100], [-1]], [[-56], [99]]),
            ],
        ),
    )
    write(
        "sub",
        binary(
            "sub",
            lambda a, b: a - b,
            specials=[([INF, INF, NAN], [1.0, INF, 1.0], [INF, NAN, NAN])],
            integers=[
                ("int32", [1, -2147483648], [2, 1], [-1, big]),
                ("uint8", [1], [2], [255]),
                ("int8", [-5, 100], [3, -100], [-8, -56]),
            ],
        ),
    )
    write(
        "mul",
        binary(
            "mul",
            lambda a, b: a * b,
            specials=[([INF, INF, NAN], [-1.0, 0.0, 1.0], [-INF, NAN, NAN])],
            integers=[
                ("int32", [7, -3, 65536], [6, 3, 65536], [42, -9, 0]),
                ("int8", [16, -2], [16, 3], [0, -6]),
            ],
        ),
    )
    write(
        "div",
        binary(
            "div",
            lambda a, b: a / b,
            low=0.5,
            high=6,
            specials=[
                ([1.0, -1.0, 0.0, INF, NAN], [0.0, 0.0, 0.0, INF, 1.0], [INF, -INF, NAN, NAN, NAN])
            ],
            integers=[
                (
                    "int32",
                    [7, -7, 7, 5, -2147483648],
                    [2, 2, -2, 0, -1],
                    [3, -3, -3, 0, -2147483648],
                ),
                ("uint8", [255, 3], [2, 0], [127, 0]),
                ("int8", [-128], [-1], [-128]),
            ],
        ),
    )
    nan_pairs = ([NAN, 1.0, NAN, -INF], [1.0, NAN, NAN, INF])
    write(
        "max",
        binary(
            "max",
            max,
            specials=[(*nan_pairs, [NAN, NAN, NAN, INF])],
            integers=[
                ("int32", [1, -5], [[0], [3]], [[1, 0], [3, 3]]),
                ("uint8", [1, 200], [2, 100], [2, 200]),
                ("int8", [-128], [127], [127]),
            ],
        ),
    )
    write(
        "min",
        binary(
            "min",
            min,
            specials=[(*nan_pairs, [NAN, NAN, NAN, -INF])],
            integers=[
                ("int32", [1, -5], [[0], [3]], [[0, -5], [1, -5]]),
                ("uint8", [1, 200], [2, 100], [1, 100]),
            ],
        ),
    )
    write(
        "pow",
        binary(
            "pow",
            power,
            a=[[0.5, 1.0, 2.0], [-2.0, -3.0, -0.5]],
            b=[[-1.5, 7.0, 0.5], [2.0, -3.0, 3.0]],
            low=0.25,
            high=3,
            specials=[
                ([NAN, 3.0, -1.0, 0.0, NAN], [1.0, 3.0, 0.5, 3.0, 0.0], [NAN, 27, NAN, 0, 1]),
                ([0.0, INF, 2.0], [-1.0, 2.0, -INF], [INF, INF, 0]),
            ],
            integers=[
                ("int32", [1, 2, 3, -2], [2, 10, 0, 3], [1, 1024, 1, -8]),
                ("int32", [2, 1, -1, -1, 0], [-1, -9, -3, -4, -1], [0, 1, -1, 1, 0]),
                ("int32", [10, 3], [10, 21], [1410065408, 1870418611]),
                ("uint8", [2, 2], [7, 8], [128, 0]),
            ],
        ),
    )
    write(
        "atan2",
        binary(
            "atan2",
            math.atan2,
            float_only=True,
            specials=[
                (
                    [0.0, 1.0, -1.0, 0.0, NAN],
                    [-1.0, 0.0, 0.0, 1.0, 1.0],
                    [math.pi, math.pi / 2, -math.pi / 2, 0, NAN],
                )
            ],
        ),
    )
    write(
        "floorDiv",
        binary(
            "floorDiv",
            lambda a, b: math.floor(a / b),
            low=0.5,
            high=6,
            specials=[
                (
                    [0.0, -6.0, 5.875, -5.875, 7.0, -7.0],
                    [3.0, 3.0, -3.125, -3.125, 2.0, 2.0],
                    [0, -2, -2, 1, 3, -4],
                ),
                ([1.0, NAN], [0.0, 2.0], [INF, NAN]),
            ],
            integers=[
                ("int32", [-5, -4, 3, 2], 2, [-3, -2, 1, 1]),
                (
                    "int32",
                    [7, -7, 7, 6, -2147483648],
                    [-2, -2, 0, -3, -1],
                    [-4, 3, 0, -2, -2147483648],
                ),
                ("uint8", [255], [2], [127]),
            ],
        ),
    )
    write(
        "mod",
        binary(
            "mod",
            lambda a, b: a % b,
            low=0.5,
            high=6,
            specials=[
                ([2.0, 2.0, 2.0, 2.0], [3.0, 3.0, -1.0, -4.0], [2, 2, 0, -2]),
                (
                    [-7.0, 7.0, -7.0, 5.5, NAN, 1.0],
                    [3.0, -3.0, -3.0, 2.0, 1.0, 0.0],
                    [2, -2, -1, 1.5, NAN, NAN],
                ),
            ],
            integers=[
                ("int32", [5, -5, 5, -5, 5], [3, 3, -3, -3, 0], [2, 1, -1, -2, 0]),
                ("int32", [-2147483648], [-1], [0]),
                ("uint8", [200], [7], [4]),
            ],
        ),
    )
    write(
        "squaredDifference",
        binary(
            "squaredDifference",
            lambda a, b: (a - b) ** 2,
            specials=[([INF, NAN], [1.0, 1.0], [INF, NAN])],
            integers=[
                ("int32", [1, -5], [4, 5], [9, 100]),
                ("uint8", [3], [5], [4]),
                ("int32", [big], [-2147483648], [1]),
            ],
        ),
    )

    # prelu names its inputs otherwise.
    cases = binary(
        "prelu",
        lambda x, s: x if x >= 0 else s * x,
        specials=[([NAN, -1.0, 1.0], [1.0, NAN, NAN], [NAN, NAN, 1.0])],
        integers=[
            ("int32", [-3, 4], [2, 2], [-6, 4]),
            ("int8", [-3, 4], [[2], [0]], [[-6, 4], [0, 4]]),
        ],
        dtypes=None,
    )
    cases = [{{"a": "input", "b": "slope"}.get(k, k): v for k, v in case.items()} for case in cases]
    for case in cases:
        if "error" in case:
            case["error"] = case["error"].replace("a and b", "input and slope")
    cases.append(
        {
            "input": typed("uint8", [1]),
            "slope": typed("uint8", [1]),
            "error": "prelu: input must be float32, int32 or int8",
        }
    )
    write("prelu", cases)

    comparisons = {
        "equal": lambda a, b: a == b,
        "notEqual": lambda a, b: a != b,
        "greater": lambda a, b: a > b,
        "greaterOrEqual": lambda a, b: a >= b,
        "lesser": lambda a, b: a < b,
        "lesserOrEqual": lambda a, b: a <= b,
    }
    for op, f in comparisons.items():
        a, b = [[1.0, 2.0, 3.0], [-1.0, 0.0, INF]], [[1.0, 3.0, 2.0], [-1.0, -0.0, INF]]
        nan_a, nan_b = [NAN, 1.0, NAN], [NAN, NAN, 1.0]
        cases = [
            {"a": x, "b": y, "y": broadcast(f, x, y)}
            for x, y in [
                (a, b),
                (nan_a, nan_b),
                (a, 1.0),
                (2.0, b),
                (some(2, 1, 3), some(2, 1)),
                (some(3, 1), some(4)),
            ]
        ]
        for dtype, x, y in [
            ("int32", [1, 2, 16777217], [2, 2, 16777216]),
            ("uint8", [0, 255, 7], [255, 0, 7]),
            ("int8", [-128, 5, 127], [127, 5, -1]),
        ]:
            cases.append({"a": typed(dtype, x), "b": typed(dtype, y), "y": broadcast(f, x, y)})
        x, y = [True, False, True, False], [True, False, False, True]
        cases.append({"a": x, "b": y, "y": broadcast(f, x, y)})
        cases += [
            {"a": rnd(7, 13, dtype=t), "b": rnd(13, dtype=t)}
            for t in ("float32", "int32", "uint8", "int8", "bool")
        ]
        cases += [
            {
                "a": rnd(2, 3),
                "b": rnd(4),
                "error": f"{op}: the shapes cannot be stretched to match",
            },
            {"a": rnd(3), "b": [True], "error": f"{op}: a and b must have one element type"},
        ]
        write(op, cases)

    logical = {
        "logicalAnd": lambda a, b: bool(a and b),
        "logicalOr": lambda a, b: bool(a or b),
        "logicalXor": lambda a, b: bool(a) != bool(b),
    }
    for op, f in logical.items():
        x, y = [True, True, False, False], [True, False, True, False]
        u, v = [[0, 1, 2], [255, 0, 3]], [[0, 0, 4], [255, 9, 0]]
        write(
            op,
            [
                {"a": x, "b": y, "y": broadcast(f, x, y)},
                {"a": typed("uint8", u), "b": typed("uint8", v), "y": broadcast(f, u, v)},
                {"a": typed("uint8", u), "b": True, "y": broadcast(f, u, True)},
                {
                    "a": [[True], [False]],
                    "b": [True, False, True],
                    "y": broadcast(f, [[True], [False]], [True, False, True]),
                },
                {"a": rnd(7, 13, dtype="bool"), "b": rnd(13, dtype="bool")},
                {"a": rnd(7, dtype="uint8", high=2), "b": rnd(2, 1, dtype="uint8", high=2)},
                {"a": rnd(3), "b": [True], "error": f"{op}: a must be bool or uint8"},
                {"a": [True], "b": typed("int32", [1]), "error": f"{op}: b must be bool or uint8"},
                {
                    "a": [True, False],
                    "b": [True, False, True],
                    "error": f"{op}: the shapes cannot be stretched to match",
                },
            ],
        )

    choose = lambda c, a, b: a if c else b
    c, a, b = [[True, False, True], [False, False, True]], some(2, 3), some(3)
    write(
        "where",
        [
            {"condition": c, "trueValue": a, "falseValue": b, "y": broadcast(choose, c, a, b)},
            {
                "condition": typed("uint8", [0, 1, 2]),
                "trueValue": [1.0, 2.0, NAN],
                "falseValue": [NAN, 5.0, 6.0],
                "y": [NAN, 2, NAN],
            },
            {
                "condition": [[True], [False]],
                "trueValue": 1.0,
                "falseValue": [2.0, 3.0],
                "y": [[1, 1], [2, 3]],
            },
            {"condition": True, "trueValue": [1.0, 2.0], "falseValue": 0.0, "y": [1, 2]},
            {
                "condition": [True, False],
                "trueValue": typed("int32", [[1], [2]]),
                "falseValue": typed("int32", -7),
                "y": [[1, -7], [2, -7]],
            },
            {
                "condition": [True, False],
                "trueValue": [True, True],
                "falseValue": [False, False],
                "y": [True, False],
            },
            {"condition": rnd(7, 13, dtype="bool"), "trueValue": rnd(7, 13), "falseValue": rnd(13)},
            {
                "condition": rnd(5, 1, 1, dtype="uint8", high=1),
                "trueValue": rnd(7, 1),
                "falseValue": rnd(3),
            },
            {
                "condition": rnd(7, dtype="bool"),
                "trueValue": rnd(7, dtype="int8"),
                "falseValue": rnd(dtype="int8"),
            },
            {"condition": rnd(0, dtype="bool"), "trueValue": rnd(1), "falseValue": rnd()},
            {
                "condition": rnd(3),
                "trueValue": rnd(3),
                "falseValue": rnd(3),
                "error": "where: condition must be bool or uint8",
            },
            {
                "condition": [True],
                "trueValue": rnd(3),
                "falseValue": typed("int32", [1]),
                "error": "where: trueValue and falseValue must have one element type",
            },
            {
                "condition": [True, False],
                "trueValue": rnd(3),
                "falseValue": rnd(3),
                "error": "where: the shapes cannot be stretched to match",
            },
        ],
    )


# ---- Along axes


def groups(x, axes):
    """For each place outside of the axes, in order: the elements inside."""
    shape = shape_of(x)
    kept = [1 if i in axes else size for i, size in enumerate(shape)]
    found = {i: [] for i in indices(kept)}
    for i in indices(shape):
        found[tuple(0 if axis in axes else n for axis, n in enumerate(i))].append(at(x, i))
    return kept, list(found.values())


def reduce(f, x, axes=None, keep=False):
    rank = len(shape_of(x))
    axes = range(rank) if axes is None else [a % rank for a in axes]
    kept, elements = groups(x, axes)
    shape = kept if keep else [size for i, size in enumerate(kept) if i not in axes]
    return nest([f(e) for e in elements], shape)


def reductions():
    def log_sum_exp(e):
        return max(e) + math.log(math.fsum(math.exp(x - max(e)) for x in e))

    functions = {
        "reduceL1": lambda e: math.fsum(map(abs, e)),
        "reduceL2": lambda e: math.sqrt(math.fsum(x * x for x in e)),
        "reduceLogSum": lambda e: math.log(math.fsum(e)),
        "reduceLogSumExp": log_sum_exp,
        "reduceMax": max,
        "reduceMean": lambda e: math.fsum(e) / len(e),
        "reduceMin": min,
        "reduceProduct": math.prod,
        "reduceSum": math.fsum,
        "reduceSumSquare": lambda e: math.fsum(x * x for x in e),
    }
    nothing = {
        "reduceL1": 0,
        "reduceL2": 0,
        "reduceLogSum": -INF,
        "reduceLogSumExp": -INF,
        "reduceMax": -INF,
        "reduceMean": NAN,
        "reduceMin": INF,
        "reduceProduct": 1,
        "reduceSum": 0,
        "reduceSumSquare": 0,
    }
    integers = {
        "reduceL1": 16,
        "reduceMax": 7,
        "reduceMin": -5,
        "reduceProduct": -420,
        "reduceSum": 6,
        "reduceSumSquare": 94,
    }
    for op, f in functions.items():
        low = 0.5 if op == "reduceLogSum" else -2.0
        x = some(2, 3, 4, low=low, high=3)
        cases = [{"input": x, "y": reduce(f, x)}]
        for axes in ([0], [1], [2], [-1], [0, 2], [1, 2], [2, 0], [0, 1, 2], []):
            cases.append({"input": x, "axes": axes, "y": reduce(f, x, axes)})
        for axes in ([1], [0, -1]):
            cases.append(
                {"input": x, "axes": axes, "keepDimensions": True, "y": reduce(f, x, axes, True)}
            )
        cases.append({"input": x, "keepDimensions": True, "y": reduce(f, x, None, True)})
        cases += [
            {"input": 2.5, "y": f([2.5])},
            {"input": [2.5, NAN, 1.0], "y": NAN},
            {"input": [[NAN, 1.0], [1.0, 1.0]], "axes": [1], "y": [NAN, f([1.0, 1.0])]},
            {"input": {"shape": [2, 0], "data": []}, "axes": [1], "y": [nothing[op]] * 2},
            {"input": {"shape": [0, 2], "data": []}, "axes": [1], "y": {"shape": [0], "data": []}},
        ]
        if op == "reduceLogSumExp":
            cases += [
                {"input": [1000.0, 1000.0], "y": 1000 + math.log(2)},
                {"input": [-1000.0, -1000.0], "y": -1000 + math.log(2)},
                {"input": [-INF, -INF], "y": -INF},
                {"input": [INF, 1.0], "y": INF},
                {"input": [-INF, 0.0], "y": 0},
            ]
        if op in ("reduceMax", "reduceMin"):
            pick = max if op == "reduceMax" else min
            cases += [
                {"input": LIMITS[:2], "y": pick(LIMITS[:2])},
                {
                    "input": [[True, False], [False, False]],
                    "axes": [1],
                    "y": [pick(True, False), False],
                },
                {
                    "input": typed("uint8", [[3, 200], [0, 7]]),
                    "axes": [0],
                    "y": [pick(3, 0), pick(200, 7)],
                },
                {
                    "input": typed("int32", [2147483647, 2147483646]),
                    "y": pick(2147483647, 2147483646),
                },
            ]
        if op in integers:
            cases.append(
                {
                    "input": typed("int32", [3, -5, 4, 7] if op != "reduceSum" else [3, -5, 4, 4]),
                    "y": {
                        "reduceL1": 19,
                        "reduceMax": 7,
                        "reduceMin": -5,
                        "reduceProduct": -420,
                        "reduceSum": 6,
                        "reduceSumSquare": 99,
                    }[op],
                }
            )
            cases.append({"input": rnd(7, 13, dtype="int32"), "axes": [0]})
        else:
            cases.append({"input": typed("int32", [1]), "error": f"{op}: input must be float32"})
        if op == "reduceProduct":
            cases.append({"input": typed("int32", [65536, 65536, 3]), "y": 0})
        if op in ("reduceSum", "reduceL1"):
            cases.append({"input": typed("int8", [100, 27, 1]), "y": -128})
        options = {"low": low, "high": 1.5 if op == "reduceProduct" else 3}
        cases += [
            {"input": rnd(*shape, **options), **axes}
            for shape, axes in [
                ((7, 13), {}),
                ((1, 7, 7, 13), {"axes": [1, 2]}),
                ((1, 7, 7, 13), {"axes": [1, 2], "keepDimensions": True}),
                ((5, 1, 13), {"axes": [-1]}),
                ((3, 5, 7), {"axes": [1]}),
                ((2, 3, 2, 3, 2), {"axes": [0, 2, 4]}),
                ((1, 1), {}),
                ((7,), {"axes": [0]}),
                ((1, 1001) if op != "reduceProduct" else (1, 101), {"axes": [1]}),
            ]
        ]
        cases += [
            {"input": rnd(2, 3), "axes": [2], "error": f"{op}: axes must be axes of the input"},
            {"input": rnd(2, 3), "axes": [-3], "error": f"{op}: axes must be axes of the input"},
            {"input": rnd(2, 3), "axes": [0, -2], "error": f"{op}: axes names an axis twice"},
            {"input": rnd(2, 3), "axes": [0.5], "error": f"{op}: axes must hold whole numbers"},
        ]
        if op not in ("reduceMax", "reduceMin") and op in integers:
            cases.append(
                {"input": [True], "error": f"{op}: input must be float32, int32, uint8 or int8"}
            )
        write(op, cases)


def arguments():
    for op, pick in (("argMax", max), ("argMin", min)):
        find = lambda e: e.index(pick(e))
        x = some(2, 3, 4)
        cases = [
            {"input": x, "axis": axis, **keep, "y": reduce(find, x, [axis], bool(keep))}
            for axis in (0, 1, 2, -1)
            for keep in ({}, {"keepDimensions": True})
        ]
        cases += [
            {"input": x, "y": reduce(find, x, [0])},
            {"input": [1.0, 3.0, 3.0, 1.0], "axis": 0, "y": 1 if op == "argMax" else 0},
            {"input": [5.0, 0.0, NAN, -1.0, 9.0], "axis": 0, "y": 4 if op == "argMax" else 3},
            {"input": [NAN, 2.0, 1.0, NAN], "axis": 0, "y": 1 if op == "argMax" else 2},
            {"input": [NAN, NAN], "axis": 0, "y": 0},
            {"input": [7.0], "axis": 0, "y": 0},
            {
                "input": typed("int32", [[3, 9, 1], [16777217, 16777216, 16777218]]),
                "axis": 1,
                "y": [1, 2] if op == "argMax" else [2, 1],
            },
            {"input": typed("int8", [-128, 127]), "axis": 0, "y": 1 if op == "argMax" else 0},
            {
                "input": typed("uint8", [0, 255, 1]),
                "axis": 0,
                "outputDataType": "int32",
                "y": 1 if op == "argMax" else 0,
            },
            {
                "input": [[True, False], [False, True]],
                "axis": 1,
                "y": [0, 1] if op == "argMax" else [1, 0],
            },
            {"input": rnd(7, 13), "axis": 0},
            {"input": rnd(7, 13), "axis": 1},
            {"input": rnd(1, 3, 5, 7), "axis": 2},
            {"input": rnd(1, 1001), "axis": -1},
            {"input": rnd(0, 3), "axis": 1},
            {"input": rnd(2, 3), "axis": 2, "error": f"{op}: axis must be an axis of the input"},
            {"input": rnd(2, 3), "axis": 0.5, "error": f"{op}: axis must be a whole number"},
            {"input": 1.0, "axis": 0, "error": f"{op}: axis names an axis, but a scalar has none"},
            {"input": rnd(2, 0), "axis": 1, "error": f"{op}: the axis has no elements"},
            {
                "input": rnd(2),
                "axis": 0,
                "outputDataType": "int64",
                "error": f'{op}: outputDataType cannot be "int64"',
            },
        ]
        write(op, cases)


def along(f, x, axis):
    """f of each row along an axis; a row in gives a row out."""
    shape = shape_of(x)
    axis %= len(shape)
    result = {}
    for i in indices([1 if n == axis else size for n, size in enumerate(shape)]):
        places = [i[:axis] + (n,) + i[axis + 1 :] for n in range(shape[axis])]
        result.update(zip(places, f([at(x, p) for p in places])))
    return nest([result[i] for i in indices(shape)], shape)


def softmax_row(row):
    powers = [math.exp(x - max(row)) for x in row]
    return [p / math.fsum(powers) for p in powers]


def rows():
    x = some(2, 3, 4, high=5)
    cases = [
        {"input": x, "axis": axis, "y": along(softmax_row, x, axis)} for axis in (0, 1, 2, -1, -2)
    ]
    cases += [
        {"input": x, "y": along(softmax_row, x, 2)},
        {"input": [1000.0, 1001.0, 999.0], "y": softmax_row([1.0, 2.0, 0.0])},
        {"input": [-1000.0, -1000.0], "y": [0.5, 0.5]},
        {"input": [-INF, 0.0, 0.0], "y": [0, 0.5, 0.5]},
        {"input": [[1.0, NAN], [1.0, 1.0]], "y": [[NAN, NAN], [0.5, 0.5]]},
        {"input": [[3.0], [4.0]], "y": [[1], [1]]},
        *(
            {"input": rnd(*shape, low=-6, high=6), "axis": axis}
            for shape, axis in [
                ((7, 13), -1),
                ((7, 13), 0),
                ((1, 1001), 1),
                ((2, 3, 5, 7), 3),
                ((2, 3, 5, 7), 1),
                ((1,), 0),
                ((0, 3), 1),
                ((3, 0), 1),
            ]
        ),
        {"input": rnd(2, 3), "axis": 2, "error": "softmax: axis must be an axis of the input"},
        {"input": 1.0, "error": "softmax: axis names an axis, but a scalar has none"},
        {"input": typed("int32", [1]), "error": "softmax: input must be float32"},
    ]
    write("softmax", cases)

    def totals(exclusive=False, reversed=False):
        def f(row):
            row = row[::-1] if reversed else row
            sums = list(itertools.accumulate(row))
            sums = [0] + sums[:-1] if exclusive else sums
            return sums[::-1] if reversed else sums

        return f

    cases = []
    for options in (
        {},
        {"exclusive": True},
        {"reversed": True},
        {"exclusive": True, "reversed": True},
    ):
        for axis in (0, 1, -1):
            cases.append(
                {"input": x, "axis": axis, **options, "y": along(totals(**options), x, axis)}
            )
    cases += [
        {"input": [1.0, NAN, 2.0], "axis": 0, "y": [1, NAN, NAN]},
        {"input": x, "y": along(totals(), x, 0)},
        {"input": typed("int32", [1, 2, 3, 2147483647]), "axis": 0, "y": [1, 3, 6, -2147483643]},
        {"input": typed("uint8", [[200, 100], [1, 2]]), "axis": 1, "y": [[200, 44], [1, 3]]},
        {"input": rnd(7, 13), "axis": 0},
        {"input": rnd(7, 13), "axis": 1, "reversed": True},
        {"input": rnd(1, 1001), "axis": 1},
        {"input": rnd(0, 3), "axis": 0},
        {"input": rnd(7, dtype="int8"), "axis": 0, "exclusive": True},
        {
            "input": rnd(2, 3),
            "axis": -3,
            "error": "cumulativeSum: axis must be an axis of the input",
        },
        {
            "input": [True],
            "axis": 0,
            "error": "cumulativeSum: input must be float32, int32, uint8 or int8",
        },
    ]
    write("cumulativeSum", cases)

    def triangle(x, upper=True, diagonal=0):
        shape = shape_of(x)
        inside = lambda i: i[-1] - i[-2] >= diagonal if upper else i[-1] - i[-2] <= diagonal
        return nest([at(x, i) if inside(i) else 0 for i in indices(shape)], shape)

    cases = []
    for x in (some(3, 5), some(2, 4, 3)):
        for options in (
            {},
            {"upper": False},
            {"diagonal": 1},
            {"diagonal": -2},
            {"upper": False, "diagonal": 1},
            {"upper": False, "diagonal": -1},
            {"diagonal": 9},
            {"upper": False, "diagonal": 2147483647},
        ):
            cases.append({"input": x, **options, "y": triangle(x, **options)})
    cases += [
        {"input": typed("int32", [[1, 2], [3, 4]]), "y": [[1, 2], [0, 4]]},
        {"input": [[True, True], [True, True]], "upper": False, "y": [[True, False], [True, True]]},
        {"input": [[NAN, 1.0], [NAN, NAN]], "y": [[NAN, 1], [0, NAN]]},
        {"input": rnd(7, 13)},
        {"input": rnd(2, 3, 5, 7, dtype="int8"), "upper": False},
        {"input": rnd(0, 3)},
        {"input": rnd(3), "error": "triangular: input must have at least 2 dimensions"},
        {
            "input": rnd(3, 3),
            "diagonal": 0.5,
            "error": "triangular: diagonal must be a whole number",
        },
    ]
    write("triangular", cases)


# ---- Normalisations


def normalise(elements, epsilon=1e-5):
    mean = math.fsum(elements) / len(elements)
    variance = math.fsum((e - mean) ** 2 for e in elements) / len(elements)
    return [(e - mean) / math.sqrt(variance + epsilon) for e in elements]


def normalisations():
    def batch(x, mean, variance, scale=None, bias=None, axis=-1, epsilon=1e-5):
        shape, c = shape_of(x), axis % len(shape_of(x))
        y = [
            (at(x, i) - mean[i[c]])
            / math.sqrt(variance[i[c]] + epsilon)
            * (scale[i[c]] if scale else 1)
            + (bias[i[c]] if bias else 0)
            for i in indices(shape)
        ]
        return nest(y, shape)

    x = some(2, 2, 2, 3, high=4)
    given = {"mean": [0.5, -1.0, 0.25], "variance": [1.0, 0.25, 4.0]}
    scale, bias = {"scale": [1.5, -2.0, 0.5]}, {"bias": [0.25, 1.0, -3.0]}
    cases = [
        {"input": x, **given, **extra, "y": batch(x, **given, **extra)}
        for extra in (
            {},
            scale,
            bias,
            {**scale, **bias},
            {"epsilon": 0.001},
            {"epsilon": 0},
            {"axis": 3},
        )
    ]
    z = some(2, 3, 2)
    cases += [
        {
            "input": z,
            **given,
            **scale,
            **bias,
            "axis": 1,
            "y": batch(z, **given, **scale, **bias, axis=1),
        },
        {"input": x[0][0], **given, "axis": 1, "y": batch(x[0][0], **given)},
        {"input": [0.5, -0.5, 1.25], **given, "axis": 0, "y": batch([0.5, -0.5, 1.25], **given)},
        {
            "input": [[NAN, 1.0, 2.0]],
            **given,
            "y": [[NAN, batch([1.0], [-1.0], [0.25])[0], batch([2.0], [0.25], [4.0])[0]]],
        },
    ]
    for shape, axis in [((1, 5, 5, 13), -1), ((2, 7, 3), 1), ((3, 131), 1), ((7,), 0), ((0, 3), 1)]:
        n = shape[axis]
        cases.append(
            {
                "input": rnd(*shape),
                "mean": rnd(n),
                "variance": rnd(n, low=0.5, high=2),
                "axis": axis,
            }
        )
        cases.append(
            {
                "input": rnd(*shape),
                "mean": rnd(n),
                "variance": rnd(n, low=0.5, high=2),
                "scale": rnd(n),
                "bias": rnd(n),
                "axis": axis,
            }
        )
    cases += [
        {
            "input": rnd(2, 3),
            "mean": rnd(2),
            "variance": rnd(3),
            "error": "batchNormalization: mean must have one number for each channel",
        },
        {
            "input": rnd(2, 3),
            "mean": rnd(3),
            "variance": rnd(1, 3),
            "error": "batchNormalization: variance must have one number for each channel",
        },
        {
            "input": rnd(2, 3),
            "mean": rnd(3),
            "variance": rnd(3),
            "bias": rnd(),
            "error": "batchNormalization: bias must have one number for each channel",
        },
        {
            "input": rnd(2, 3),
            "mean": rnd(3),
            "variance": rnd(3),
            "axis": 2,
            "error": "batchNormalization: axis must be an axis of the input",
        },
        {
            "input": rnd(2, 3),
            "mean": rnd(3),
            "variance": rnd(3),
            "epsilon": -1,
            "error": "batchNormalization: epsilon must be a number of 0 or more",
        },
        {
            "input": rnd(2, 3),
            "mean": rnd(3),
            "error": "batchNormalization: the number of inputs is wrong",
        },
    ]
    write("batchNormalization", cases)

    def instance(x, scale=None, bias=None, epsilon=1e-5):
        b, h, w, c = shape_of(x)
        result = {}
        for n, k in indices([b, c]):
            places = [(n, i, j, k) for i, j in indices([h, w])]
            for p, v in zip(places, normalise([at(x, p) for p in places], epsilon)):
                result[p] = v * (scale[k] if scale else 1) + (bias[k] if bias else 0)
        return nest([result[i] for i in indices([b, h, w, c])], [b, h, w, c])

    x = some(2, 2, 3, 3, high=4)
    cases = [
        {"input": x, **extra, "y": instance(x, **extra)}
        for extra in ({}, scale, bias, {**scale, **bias}, {"epsilon": 0.5})
    ]
    far = each(lambda v: v + 4096, x)
    cases += [{"input": far, "y": instance(far)}, {"input": [[[[3.0, -1.0]]]], "y": [[[[0, 0]]]]}]
    cases += [
        {"input": rnd(*shape)}
        for shape in [(1, 7, 13, 5), (2, 5, 5, 131), (1, 1, 1, 1), (0, 2, 2, 3)]
    ]
    cases += [
        {"input": rnd(2, 3, 5, 7), "scale": rnd(7), "bias": rnd(7)},
        {"input": rnd(2, 3, 4), "error": "instanceNormalization: input must have 4 dimensions"},
        {
            "input": rnd(1, 2, 3, 4),
            "scale": rnd(3),
            "error": "instanceNormalization: scale must have one number for each channel",
        },
        {
            "input": rnd(1, 2, 3, 4),
            "epsilon": "NaN",
            "error": "instanceNormalization: epsilon must be a number of 0 or more",
        },
    ]
    write("instanceNormalization", cases)

    def layer(x, scale=None, bias=None, axes=None, epsilon=1e-5):
        shape = shape_of(x)
        axes = list(range(1, len(shape))) if axes is None else [a % len(shape) for a in axes]
        outside = [1 if i in axes else size for i, size in enumerate(shape)]
        result = {}
        for base in indices(outside):
            places = []
            for inner in indices([shape[a] for a in axes]):
                place = list(base)
                for a, n in zip(axes, inner):
                    place[a] = n
                places.append((tuple(place), inner))
            for (p, inner), v in zip(places, normalise([at(x, p) for p, _ in places], epsilon)):
                result[p] = v * (at(scale, inner) if scale is not None else 1) + (
                    at(bias, inner) if bias is not None else 0
                )
        return nest([result[i] for i in indices(shape)], shape)

    x = some(2, 3, 4, high=5)
    cases = [
        {"input": x, **extra, "y": layer(x, **extra)}
        for extra in [
            {},
            {"axes": [2]},
            {"axes": [-1], "epsilon": 0.25},
            {"axes": [0, 2]},
            {"axes": [0, 1, 2]},
            {"axes": []},
            {"scale": some(3, 4)},
            {"bias": some(3, 4)},
            {"scale": some(3, 4), "bias": some(3, 4, high=1)},
            {"scale": some(4), "bias": some(4, high=1), "axes": [2]},
            {"scale": some(4, 2), "bias": some(4, 2, low=0), "axes": [2, 0]},
            {"bias": 0.5, "axes": []},
        ]
    ]
    far = each(lambda v: v + 4096, x)
    cases += [
        {"input": far, "axes": [2], "y": layer(far, axes=[2])},
        {"input": 7.5, "y": 0},
        {"input": [1.0, 2.0], "y": [0, 0]},
    ]
    cases += [
        {"input": rnd(7, 13)},
        {"input": rnd(2, 5, 7), "scale": rnd(7), "bias": rnd(7), "axes": [2]},
        {"input": rnd(2, 3, 5, 7), "scale": rnd(7, 3), "bias": rnd(7, 3), "axes": [3, 1]},
        {"input": rnd(1, 1001)},
        {"input": rnd(0, 3)},
        {"input": rnd(3, 0)},
        {
            "input": rnd(2, 3),
            "scale": rnd(2),
            "error": "layerNormalization: scale must have the sizes of the normalised axes",
        },
        {
            "input": rnd(2, 3),
            "axes": [0, 1],
            "bias": rnd(3, 2),
            "error": "layerNormalization: bias must have the sizes of the normalised axes",
        },
        {
            "input": rnd(2, 3),
            "axes": [2],
            "error": "layerNormalization: axes must be axes of the input",
        },
        {
            "input": rnd(2, 3),
            "axes": [1, 1],
            "error": "layerNormalization: axes names an axis twice",
        },
        {"input": typed("int32", [[1]]), "error": "layerNormalization: input must be float32"},
    ]
    write("layerNormalization", cases)


# ---- Matrix products


def product(a, b):
    return [[math.fsum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def transpose(a):
    return [list(column) for column in zip(*a)]


def products():
    def gemm(
        a,
        b,
        c=None,
        alpha=1,
        beta=1,
        aTranspose=False,
        bTranspose=False,
        minValue=-INF,
        maxValue=INF,
    ):
        ab = product(transpose(a) if aTranspose else a, transpose(b) if bTranspose else b)
        y = each(lambda x: alpha * x, ab)
        if c is not None:
            y = broadcast(lambda u, v: u + beta * v, y, c)
        return each(lambda x: min(max(x, minValue), maxValue), y)

    a, b = some(3, 4), some(4, 5)
    flips = [
        {},
        {"aTranspose": True},
        {"bTranspose": True},
        {"aTranspose": True, "bTranspose": True},
    ]
    cases = []
    for flip in flips:
        ab = {
            "a": transpose(a) if "aTranspose" in flip else a,
            "b": transpose(b) if "bTranspose" in flip else b,
        }
        cases.append({**ab, **flip, "y": gemm(a, b)})
        cases.append(
            {
                **ab,
                "c": some(5),
                **flip,
                "alpha": 0.5,
                "beta": -2,
                "y": gemm(a, b, some(5), 0.5, -2),
            }
        )
    for c in (some(3, 5), some(1, 5), some(3, 1), some(1, 1), some(1), 0.75, some(5)):
        cases.append({"a": a, "b": b, "c": c, "y": gemm(a, b, c)})
    cases += [
        {
            "a": a,
            "b": b,
            "c": some(5),
            "minValue": 0,
            "maxValue": 2,
            "y": gemm(a, b, some(5), minValue=0, maxValue=2),
        },
        {"a": a, "b": b, "maxValue": 1, "y": gemm(a, b, maxValue=1)},
        {"a": a, "b": b, "c": some(5), "beta": 0, "y": gemm(a, b)},
        {"a": a, "b": b, "alpha": -3, "y": gemm(a, b, alpha=-3)},
        {"a": [[1.0, NAN], [1.0, 2.0]], "b": [[1.0], [1.0]], "minValue": 0, "y": [[NAN], [3]]},
        {
            "a": {"shape": [2, 0], "data": []},
            "b": {"shape": [0, 3], "data": []},
            "c": [1.0, 2.0, 3.0],
            "y": [[1, 2, 3], [1, 2, 3]],
        },
    ]
    for m, k, n in [
        (1, 7, 13),
        (7, 13, 1),
        (5, 131, 67),
        (1, 1, 1),
        (3, 784, 10),
        (0, 3, 2),
        (1, 1001, 65),
    ]:
        for flip in flips:
            ab = {
                "a": rnd(*((k, m) if "aTranspose" in flip else (m, k))),
                "b": rnd(*((n, k) if "bTranspose" in flip else (k, n))),
            }
            cases += [{**ab, **flip}, {**ab, "c": rnd(n), **flip, "minValue": 0, "maxValue": 6}]
    cases += [
        {"a": rnd(5, 7), "b": rnd(7, 13), "c": rnd(5, 13), "alpha": 0.5, "beta": 2},
        {"a": rnd(5, 7), "b": rnd(7, 13), "c": rnd(5, 1), "beta": -1},
        {
            "a": rnd(2, 3),
            "b": rnd(2, 3),
            "error": "gemm: the columns of a must match the rows of b",
        },
        {
            "a": rnd(2, 3),
            "b": rnd(4, 5),
            "aTranspose": True,
            "error": "gemm: the columns of a must match the rows of b",
        },
        {"a": rnd(3), "b": rnd(3, 2), "error": "gemm: a must be a matrix"},
        {"a": rnd(2, 3), "b": rnd(1, 3, 2), "error": "gemm: b must be a matrix"},
        {
            "a": rnd(2, 3),
            "b": rnd(3, 4),
            "c": rnd(2),
            "error": "gemm: c must stretch to the product",
        },
        {
            "a": rnd(2, 3),
            "b": rnd(3, 4),
            "c": rnd(1, 2, 4),
            "error": "gemm: c must stretch to the product",
        },
        {
            "a": rnd(2, 3),
            "b": rnd(3, 4),
            "minValue": 1,
            "maxValue": 0,
            "error": "gemm: minValue must not be above maxValue",
        },
        {
            "a": typed("int32", [[1]]),
            "b": typed("int32", [[1]]),
            "error": "gemm: a must be float32",
        },
    ]
    write("gemm", cases)

    def matmul(a, b):
        batch_a, batch_b = shape_of(a)[:-2], shape_of(b)[:-2]
        rank = max(len(batch_a), len(batch_b))
        widened = [[1] * (rank - len(s)) + s for s in (batch_a, batch_b)]
        batch = [max(sizes) for sizes in zip(*widened)]

        def matrix(x, sizes, index):
            for size, i in zip(sizes, index[rank - len(sizes) :]):
                x = x[i if size > 1 else 0]
            return x

        matrices = [product(matrix(a, batch_a, i), matrix(b, batch_b, i)) for i in indices(batch)]
        return nest(matrices, batch)

    cases = []
    for s, t in [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 2)),
        ((2, 3, 4), (4, 1)),
        ((3, 4), (2, 4, 2)),
        ((2, 2, 1, 4), (2, 4, 3)),
        ((2, 1, 3, 2), (1, 2, 2, 2)),
        ((1, 1), (1, 1)),
    ]:
        cases.append(
            {"a": some(*s), "b": some(*t, high=1), "y": matmul(some(*s), some(*t, high=1))}
        )
    cases += [
        {
            "a": typed("int32", [[1, 2], [3, -4]]),
            "b": typed("int32", [[5], [6]]),
            "y": [[17], [-9]],
        },
        {"a": typed("int32", [[65536, 1]]), "b": typed("int32", [[65536], [7]]), "y": [[7]]},
        {"a": [[NAN, 1.0], [2.0, 3.0]], "b": [[1.0], [1.0]], "y": [[NAN], [5]]},
        {
            "a": {"shape": [2, 0], "data": []},
            "b": {"shape": [0, 2], "data": []},
            "y": [[0, 0], [0, 0]],
        },
    ]
    for s, t in [
        ((7, 13), (13, 5)),
        ((1, 13), (13, 1)),
        ((5, 131), (131, 67)),
        ((2, 3, 7), (2, 7, 5)),
        ((2, 3, 7), (7, 5)),
        ((1, 8193), (8193, 2)),
        ((3, 5, 1, 7), (5, 7, 3)),
        ((0, 2, 3), (3, 4)),
        ((2, 1, 2, 3), (1, 3, 3, 2)),
    ]:
        cases.append({"a": rnd(*s), "b": rnd(*t)})
    cases += [
        {"a": rnd(7, 13, dtype="int32"), "b": rnd(13, 5, dtype="int32")},
        {
            "a": rnd(32, 784),
            "b": rnd(10, 784),
            "error": "matmul: the columns of a must match the rows of b",
        },
        {"a": rnd(3), "b": rnd(3, 2), "error": "matmul: a must have at least 2 dimensions"},
        {
            "a": rnd(2, 3, 4),
            "b": rnd(3, 4, 5),
            "error": "matmul: the shapes cannot be stretched to match",
        },
        {
            "a": rnd(2, 3),
            "b": rnd(3, 4, dtype="int32"),
            "error": "matmul: a and b must have one element type",
        },
        {
            "a": rnd(2, 3, dtype="uint8"),
            "b": rnd(3, 4, dtype="uint8"),
            "error": "matmul: a must be float32 or int32",
        },
    ]
    write("matmul", cases)


if __name__ == "__main__":
    unary_operators()
    binary_operators()
    reductions()
    arguments()
    rows()
    normalisations()
    products()
