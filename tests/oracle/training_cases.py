#!/usr/bin/env python3
"""Writes tests/ops/<operator>.json for random numbers, optimisers, cross-entropies and recurrences. The known
answers come from the definitions, written out here once more, never from gesso. Run it from the
root of the repository after changing a case; then `npm run format`.
"""

import math

from op_cases import INF, NAN, flat, nest, rnd, shape_of, some, typed, write

# ---- Random numbers: Philox4x32-10, Salmon et al. 2011


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def unit(bits):
    return (bits >> 8) / 2**24


def uniform(shape, state, stream=0, low=0.0, high=1.0):
    seed, step = (word & 0xFFFFFFFF for word in state)

    def at(i):
        return unit(philox([i // 4, 0, step, 0], [seed, stream])[i % 4])

    return nest([low + (high - low) * at(i) for i in range(math.prod(shape))], shape)


def normal(shape, state, stream=0, mean=0.0, deviation=1.0):
    seed, step = (word & 0xFFFFFFFF for word in state)

    def at(i):
        a, b = philox([i // 2, 0, step, 0], [seed, stream])[i % 2 * 2 :][:2]
        return math.sqrt(-2 * math.log(1 - unit(a))) * math.cos(2 * math.pi * unit(b))

    return nest([mean + deviation * at(i) for i in range(math.prod(shape))], shape)


def random_operators():
    for op, f, low, high, options in (
        ("randomUniform", uniform, "minValue", "maxValue", {"low": -3, "high": 5}),
        ("randomNormal", normal, "mean", "deviation", {"mean": -3, "deviation": 5}),
    ):
        given = dict(zip((low, high), options.values()))
        cases = [
            {
                "state": typed("int32", state),
                "newShape": shape,
                **({"stream": stream} if stream else {}),
                "y": f(shape, state, stream),
            }
            for state, shape, stream in (
                ([0, 0], [9], 0),
                ([42, 7], [2, 3, 4], 0),
                ([42, 8], [5], 2147483647),
                ([-1, -2147483648], [3], 1),
                ([1, 1], [70], 3),
            )
        ]
        state = [5, 6]
        cases.append(
            {
                "state": typed("int32", state),
                "newShape": [2, 2],
                **given,
                "y": f([2, 2], state, 0, *options.values()),
            }
        )
        some_state = typed("int32", state)
        cases += [
            {"state": some_state, "y": f([], state)},
            {"state": some_state, "newShape": [0, 2], "y": {"shape": [0, 2], "data": []}},
            {"state": rnd(2, dtype="int32"), "newShape": [7, 131]},
            {"state": rnd(2, dtype="int32"), "newShape": [4, 4, 8], "stream": 9},
            {"state": [1, 2], "newShape": [2], "error": f"{op}: state must be int32"},
            {
                "state": typed("int32", [1]),
                "error": f"{op}: state must have two elements, a seed and a step",
            },
            {"state": some_state, "stream": -1, "error": f"{op}: stream must be 0 or more"},
            {"state": some_state, "stream": 0.5, "error": f"{op}: stream must be a whole number"},
            {"state": some_state, "newShape": [-2], "error": f"{op}: a size cannot be negative"},
            {
                "state": some_state,
                "newShape": [2.5],
                "error": f"{op}: the option newShape has the wrong kind of value",
            },
            {"state": some_state, low: "NaN", "error": f"{op}: {low} must be a finite number"},
            {
                "state": some_state,
                high: "Infinity",
                "error": f"{op}: {high} must be a finite number",
            },
        ]
        cases.append(
            {
                "state": some_state,
                "minValue": 2,
                "maxValue": 1,
                "error": "randomUniform: minValue must not be above maxValue",
            }
            if f is uniform
            else {
                "state": some_state,
                "deviation": -1,
                "error": "randomNormal: deviation must not be negative",
            }
        )
        write(op, cases)


# ---- Optimisers: each rule takes the states and the gradient of one element


def sgd(o, rate, step, g, w):
    return [w - rate * g]


def momentum(o, rate, step, g, w, v):
    v = o["momentum"] * v + g
    return [w - rate * (g + o["momentum"] * v if o["nesterov"] else v), v]


def adam(o, rate, step, g, w, m, v):
    m = o["beta1"] * m + (1 - o["beta1"]) * g
    v = o["beta2"] * v + (1 - o["beta2"]) * g * g
    m_hat, v_hat = m / (1 - o["beta1"] ** step), v / (1 - o["beta2"] ** step)
    decayed = w - rate * o["weightDecay"] * w
    return [decayed - rate * m_hat / (math.sqrt(v_hat) + o["epsilon"]), m, v]


def adamax(o, rate, step, g, w, m, u):
    m = o["beta1"] * m + (1 - o["beta1"]) * g
    u = max(o["beta2"] * u, abs(g))
    return [w - rate / (1 - o["beta1"] ** step) * m / (u + o["epsilon"]), m, u]


def rms_prop(o, rate, step, g, w, s, v, m):
    s = o["decay"] * s + (1 - o["decay"]) * g * g
    m = o["decay"] * m + (1 - o["decay"]) * g if o["centered"] else 0.0
    v = o["momentum"] * v + rate * g / math.sqrt(s - m * m + o["epsilon"])
    return [w - v, s, v, m]


def adagrad(o, rate, step, g, w, s):
    s = s + g * g
    return [w - rate * g / math.sqrt(s + o["epsilon"]), s]


def adadelta(o, rate, step, g, w, s, u):
    update = math.sqrt(u + o["epsilon"]) / math.sqrt(s + o["epsilon"]) * g
    s = o["rho"] * s + (1 - o["rho"]) * g * g
    u = o["rho"] * u + (1 - o["rho"]) * update * update
    return [w - rate * update, s, u]


ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
OPTIMISERS = {  # rule, what it remembers, whether it counts, options with defaults, others to try
    "sgd": (sgd, [], False, {}, []),
    "momentum": (
        momentum,
        ["velocity"],
        False,
        {"momentum": 0.9, "nesterov": False},
        [{"nesterov": True}, {"momentum": 0.5}, {"momentum": 0, "nesterov": True}],
    ),
    "adam": (
        adam,
        ["mean", "variance"],
        True,
        {**ADAM, "weightDecay": 0},
        [{"weightDecay": 0.125}, {"beta1": 0.5, "beta2": 0.75, "epsilon": 0.01}, {"beta1": 0}],
    ),
    "adamax": (adamax, ["mean", "norm"], True, ADAM, [{"beta1": 0.5, "beta2": 0.75}]),
    "rmsProp": (
        rms_prop,
        ["meanSquare", "velocity", "meanGradient"],
        False,
        {"decay": 0.9, "momentum": 0, "epsilon": 1e-7, "centered": False},
        [{"centered": True}, {"momentum": 0.5, "decay": 0.75}, {"epsilon": 0.25}],
    ),
    "adagrad": (adagrad, ["accumulator"], False, {"epsilon": 1e-7}, [{"epsilon": 0.5}]),
    "adadelta": (
        adadelta,
        ["accumulatedGradient", "accumulatedUpdate"],
        False,
        {"rho": 0.95, "epsilon": 1e-7},
        [{"rho": 0.5, "epsilon": 0.25}],
    ),
}
SQUARES = {"variance", "norm", "meanSquare", "accumulator", "accumulatedGradient"} | {
    "accumulatedUpdate"
}


def optimisers():
    for op, (rule, memory, counts, defaults, others) in OPTIMISERS.items():

        def inputs(shape, make):
            names = ["weight", *memory, "gradient"]
            given = {name: make(name, *shape) for name in names}
            return {**given, "rate": 0.125, **({"step": typed("int32", 3)} if counts else {})}

        def numbers(name, *shape):
            # What is centered subtracts the square of a mean, which must be the smaller one.
            if name in SQUARES:
                return some(*shape, low=1, high=3)
            return some(*shape, low=-0.5) if name == "meanGradient" else some(*shape)

        def randoms(name, *shape):
            if name in SQUARES:
                return rnd(*shape, low=1, high=3)
            return rnd(*shape)

        def answers(case, options):
            chosen = {**defaults, **options}
            step = case["step"]["data"] if counts else 1
            shape = shape_of(case["weight"])
            columns = [flat(case[name]) if shape else [case[name]] for name in ["weight", *memory]]
            gradient = flat(case["gradient"]) if shape else [case["gradient"]]
            rows = [
                rule(chosen, case["rate"], step, g, *states)
                for g, *states in zip(gradient, *columns)
            ]
            return [nest(list(column), shape) for column in zip(*rows)]

        cases = []
        for shape, options in [((7,), {}), ((2, 3), {}), ((), {})] + [((5,), o) for o in others]:
            case = {**inputs(shape, numbers), **options}
            cases.append({**case, "outputs": answers(case, options)})
        fresh = {name: [0.0, 0.0] for name in memory}
        case = {"weight": [1.0, 2.0], **fresh, "gradient": [4.0, -0.5], "rate": 0.5}
        if counts:
            case["step"] = typed("int32", 1)
        cases.append({**case, "outputs": answers(case, {})})
        for shape in [(7, 13), (1, 1001), (0, 3), (2, 1, 3)]:
            cases.append(inputs(shape, randoms))
        cases += [{**inputs((5, 7), randoms), **options} for options in others]

        def wrong(error, **changes):
            cases.append({**inputs((2,), randoms), **changes, "error": f"{op}: {error}"})

        for name in [*memory, "gradient"]:
            wrong(f"{name} must have the shape of the weight", **{name: rnd(3)})
        wrong("weight must be float32", weight=typed("int32", [1, 2]))
        wrong("rate must be float32", rate=typed("int32", 1))
        wrong("rate must have no dimensions", rate=[0.5, 0.5])
        if counts:
            wrong("step must be int32", step=3)
            wrong("step must have no dimensions", step=typed("int32", [1]))
        for name in ("beta1", "beta2", "decay", "momentum", "rho"):
            if name in defaults:
                wrong(f"{name} must be at least 0 and below 1", **{name: 1})
                wrong(f"{name} must be at least 0 and below 1", **{name: "NaN"})
        if "epsilon" in defaults:
            wrong("epsilon must be a number of 0 or more", epsilon=-1)
        if "weightDecay" in defaults:
            wrong("weightDecay must not be negative", weightDecay=-0.5)
        wrong('there is no option "learningRate"', learningRate=1)
        write(op, cases)


# ---- Cross-entropies


def softmax_row(x, labels):
    top = max(x)
    log_sum = math.log(sum(math.exp(v - top) for v in x))
    return -math.fsum(z * (v - top - log_sum) for v, z in zip(x, labels) if z != 0)


def sigmoid_element(x, z):
    return max(x, 0) - x * z + math.log1p(math.exp(-abs(x)))


def cross_entropies():
    op = "softmaxCrossEntropy"
    x, z = some(3, 5, low=-4, high=4), some(3, 5, low=0, high=1)
    far = [[1000.0, 0.0, -1000.0], [-INF, 2.0, 2.0]]
    far_labels = [[0.0, 0.0, 1.0], [0.0, 0.5, 0.5]]
    cases = [
        {"logits": x, "labels": z, "y": [softmax_row(*row) for row in zip(x, z)]},
        {"logits": x[0], "labels": [0, 0, 1, 0, 0], "y": softmax_row(x[0], [0, 0, 1, 0, 0])},
        {
            "logits": far,
            "labels": far_labels,
            "y": [softmax_row(*row) for row in zip(far, far_labels)],
        },
        {"logits": [[7.0]], "labels": [[1.0]], "y": [0]},
        {"logits": [[NAN, 1.0], [0.0, 1.0]], "labels": [[0, 1], [1, 0]], "y": [NAN, 1.31326169]},
        {
            "logits": {"shape": [2, 0], "data": []},
            "labels": {"shape": [2, 0], "data": []},
            "y": [0, 0],
        },
    ]
    for shape in [(7, 13), (2, 3, 4), (1, 1001), (5, 1), (0, 3)]:
        cases.append({"logits": rnd(*shape, low=-8, high=8), "labels": rnd(*shape, low=0)})
    cases += [
        {"logits": 1.0, "labels": 1.0, "error": f"{op}: logits must have at least 1 dimensions"},
        {
            "logits": rnd(2, 3),
            "labels": rnd(2),
            "error": f"{op}: labels must have the shape of the logits, a probability for each "
            "class",
        },
        {
            "logits": rnd(2, 3),
            "labels": rnd(2, 3, dtype="int32"),
            "error": f"{op}: labels must be float32",
        },
        {"logits": rnd(2), "labels": rnd(2), "axis": 0, "error": f'{op}: there is no option "axis"'},
    ]
    write(op, cases)

    op = "sigmoidCrossEntropy"
    y = nest([sigmoid_element(*e) for e in zip(flat(x), flat(z))], [3, 5])
    far, far_labels = [1000.0, -1000.0, 1000.0, -1000.0, 0.0], [1.0, 0.0, 0.0, 1.0, 0.5]
    cases = [
        {"logits": x, "labels": z, "y": y},
        {
            "logits": far,
            "labels": far_labels,
            "y": [sigmoid_element(*e) for e in zip(far, far_labels)],
        },
        {"logits": 0.5, "labels": 1.0, "y": sigmoid_element(0.5, 1)},
        {"logits": [NAN], "labels": [1.0], "y": [NAN]},
    ]
    for shape in [(7, 13), (2, 3, 4), (1, 1001), (0, 3)]:
        cases.append({"logits": rnd(*shape, low=-8, high=8), "labels": rnd(*shape, low=0)})
    cases += [
        {
            "logits": rnd(2, 3),
            "labels": rnd(3),
            "error": f"{op}: labels must have the shape of the logits, a probability for each",
        },
        {
            "logits": rnd(2, dtype="int32"),
            "labels": rnd(2),
            "error": f"{op}: logits must be float32",
        },
    ]
    write(op, cases)


# ---- Recurrences: numbers by their place, d for direction, t for time, b for batch


def activation(name):
    return {
        "elu": lambda x: x if x > 0 else math.expm1(x),
        "hardSigmoid": lambda x: min(max(0.2 * x + 0.5, 0.0), 1.0),
        "linear": lambda x: x,
        "relu": lambda x: max(x, 0.0),
        "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
        "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        "softsign": lambda x: x / (1 + abs(x)),
        "tanh": math.tanh,
    }[name]


def dot(xs, ys):
    return math.fsum(x * y for x, y in zip(xs, ys))


def zeros(*shape):
    return nest([0.0] * math.prod(shape), list(shape))


def lstm_step(at, f, x, h, c, weight, recurrent, bias, recurrent_bias, peephole):
    n = len(h)

    def gate(name, function, p=None):
        rows = range(at.index(name) * n, at.index(name) * n + n)
        return [
            function(
                dot(weight[r], x)
                + dot(recurrent[r], h)
                + (bias[r] if bias else 0)
                + (recurrent_bias[r] if recurrent_bias else 0)
                + (peephole[p * n + j] * c[j] if peephole and p is not None else 0)
            )
            for j, r in enumerate(rows)
        ]

    i, o, forget = gate("i", f[0], 0), gate("o", f[0], 1), gate("f", f[0], 2)
    g = gate("g", f[1])
    c = [forget[j] * c[j] + i[j] * g[j] for j in range(n)]
    kept = {"i": i, "o": o, "f": forget, "g": g}
    return [o[j] * f[2](c[j]) for j in range(n)], c, sum((kept[name] for name in at), [])


def gru_step(at, f, x, h, c, weight, recurrent, bias, recurrent_bias, reset_after):
    n = len(h)

    def part(rows, xs, biases, name):
        first = at.index(name) * n
        return [dot(rows[r], xs) + (biases[r] if biases else 0) for r in range(first, first + n)]

    def gate(name):
        both = zip(part(weight, x, bias, name), part(recurrent, h, recurrent_bias, name))
        return [f[0](a + b) for a, b in both]

    z, r = gate("z"), gate("r")
    if reset_after:
        fourth = part(recurrent, h, recurrent_bias, "n")
        reset = [a * b for a, b in zip(r, fourth)]
    else:
        fourth = [a * b for a, b in zip(r, h)]
        reset = part(recurrent, fourth, recurrent_bias, "n")
    new = [f[1](a + b) for a, b in zip(part(weight, x, bias, "n"), reset)]
    kept = {"z": z, "r": r, "n": new}
    h = [z[j] * h[j] + (1 - z[j]) * new[j] for j in range(n)]
    return h, c, sum((kept[name] for name in at), []) + fourth


def recurrence(op, case):
    """All that the operator computes, with what keepGates keeps."""
    lstm = op == "lstm"
    at = case.get("layout", "iofg" if lstm else "zrn")
    f = [activation(n) for n in case.get("activations", "sigmoid,tanh,tanh").split(",")]
    x, direction = case["input"], case.get("direction", "forward")
    steps, batch, n = len(x), len(x[0]), len(case["recurrentWeight"][0][0])
    directions = 2 if direction == "both" else 1
    hidden = case.get("initialHiddenState", zeros(directions, batch, n))
    cell = case.get("initialCellState", zeros(directions, batch, n))
    hidden, cell = [list(d) for d in hidden], [list(d) for d in cell]
    sequence = zeros(steps, directions, batch, n)
    cells = zeros(directions, steps, batch, n)
    gates = zeros(directions, steps, batch, 4 * n)
    for d in range(directions):
        last_first = direction == "backward" or d == 1
        for t in reversed(range(steps)) if last_first else range(steps):
            for b in range(batch):
                if case.get("mask", [[True] * batch] * steps)[t][b]:
                    options = [
                        case["weight"][d],
                        case["recurrentWeight"][d],
                        case["bias"][d] if "bias" in case else None,
                        case["recurrentBias"][d] if "recurrentBias" in case else None,
                    ]
                    if lstm:
                        options.append(case["peepholeWeight"][d] if "peepholeWeight" in case else 0)
                    else:
                        options.append(case.get("resetAfter", True))
                    hidden[d][b], cell[d][b], gates[d][t][b] = (lstm_step if lstm else gru_step)(
                        at, f, x[t][b], hidden[d][b], cell[d][b], *options
                    )
                sequence[t][d][b], cells[d][t][b] = hidden[d][b], cell[d][b]
    states = [hidden, cell] if lstm else [hidden]
    return {
        "last": states,
        "sequence": sequence,
        "gates": gates,
        "cells": cells,
        "outputs": states
        + ([sequence] if case.get("returnSequence") else [])
        + ([gates, cells][: 2 if lstm else 1] if case.get("keepGates") else []),
    }


def sizes_of(op, steps=3, batch=2, inputs=3, hidden=2, directions=1):
    rows = (4 if op == "lstm" else 3) * hidden
    return {
        "input": (steps, batch, inputs),
        "weight": (directions, rows, inputs),
        "recurrentWeight": (directions, rows, hidden),
        "bias": (directions, rows),
        "recurrentBias": (directions, rows),
        "peepholeWeight": (directions, 3 * hidden),
        "initialHiddenState": (directions, batch, hidden),
        "initialCellState": (directions, batch, hidden),
        "mask": (steps, batch),
    }


NEEDED = ["input", "weight", "recurrentWeight"]
SPARSE = {}  # in place of options: rows with little else than zeros
BIASES = ["bias", "recurrentBias"]
STATES = {"lstm": ["initialHiddenState", "initialCellState"], "gru": ["initialHiddenState"]}


def known(op, names, options=None, **sizes):
    shapes = sizes_of(op, **sizes)
    case = {}
    for i, name in enumerate(names):
        count = math.prod(shapes[name])
        values = flat(some(count + i, low=-1.0, high=1.0))[i:]
        case[name] = nest(values, list(shapes[name]))
    if "mask" in case:
        steps, batch = shapes["mask"]
        case["mask"] = [[(t + 2 * b) % 3 != 1 for b in range(batch)] for t in range(steps)]
    return {**case, **(options or {})}


def one_hot(case, inputs):
    """The case with rows of zeros in which one number, or none, stands out."""
    rows = [
        [[1.0 if i == 2 * t + b else 0.0 for i in range(inputs)] for b in range(2)]
        for t in range(3)
    ]
    rows[1][0] = [0.0] * inputs
    rows[2][1][5] = -0.5
    return {**case, "input": rows}


def random_case(op, names, options=None, **sizes):
    shapes = sizes_of(op, **sizes)
    case = {name: rnd(*shapes[name], low=-0.5, high=0.5) for name in names}
    if "mask" in case:
        case["mask"] = rnd(*shapes["mask"], dtype="bool")
    return {**case, **(options or {})}


def options_of(op):
    layouts = {"lstm": "ifgo", "gru": "rzn"}
    functions = {
        "lstm": ["relu,relu,relu", "hardSigmoid,tanh,linear", "softsign,elu,selu"]
        + ["sigmoid,softplus,softsign"],
        "gru": ["relu,relu", "hardSigmoid,linear", "softsign,elu", "sigmoid,selu"]
        + ["sigmoid,softplus"],
    }
    options = [{}, {"layout": layouts[op]}, {"direction": "backward"}, {"direction": "both"}]
    options += [{"activations": names} for names in functions[op]]
    if op == "gru":
        options += [{"resetAfter": False}, {"resetAfter": False, "direction": "both"}]
    return options


def recurrences(op):
    every = NEEDED + BIASES + STATES[op] + (["peepholeWeight"] if op == "lstm" else [])
    sequence = {"returnSequence": True}
    kept = {"returnSequence": True, "keepGates": True}
    calls = [(NEEDED, {}), (NEEDED, sequence), (NEEDED + ["bias"], sequence), (every, kept)]
    calls += [(every + ["mask"], kept), (NEEDED + ["mask"], {**sequence, "direction": "backward"})]
    calls += [(every + ["mask"], {**sequence, **options}) for options in options_of(op)]
    cases = []
    for names, options in calls:
        two = {"directions": 2} if options.get("direction") == "both" else {}
        case = known(op, names, options, **two)
        cases.append({**case, "outputs": recurrence(op, case)["outputs"]})
    case = one_hot(known(op, NEEDED + BIASES, sequence, inputs=9), inputs=9)
    cases.append({**case, "outputs": recurrence(op, case)["outputs"]})
    case = {**known(op, NEEDED), "steps": 3, "hiddenSize": 2}
    cases.append({**case, "outputs": recurrence(op, case)["outputs"]})
    shapes = [
        {"steps": 5, "batch": 7, "inputs": 13, "hidden": 11},
        {"steps": 1, "batch": 1, "inputs": 1, "hidden": 1},
        {"steps": 9, "batch": 70, "inputs": 4, "hidden": 16},
        {"steps": 2, "batch": 3, "inputs": 5, "hidden": 33},
    ]
    for size in shapes:
        cases.append(random_case(op, NEEDED + BIASES, sequence, **size))
    for options in options_of(op):
        two = {"directions": 2} if options.get("direction") == "both" else {}
        size = {"steps": 4, "batch": 3, "inputs": 2, "hidden": 5, **two}
        cases.append(random_case(op, NEEDED + BIASES, options, **size))
        cases.append(random_case(op, every + ["mask"], {**kept, **options}, **size))
    cases.append(random_case(op, every, {}, batch=0))

    gates = {"lstm": 4, "gru": 3}[op]
    rows = f"[directions, {gates} * hiddenSize"

    def wrong(error, **changes):
        case = {**random_case(op, every + ["mask"]), **changes}
        cases.append({**case, "error": f"{op}: {error}"})

    good = sizes_of(op)
    wrong("input must be float32", input=rnd(3, 2, 3, dtype="int32"))
    wrong("input must have the shape [steps, batch, inputSize]", input=rnd(3, 2))
    wrong("there must be at least one step", input=rnd(0, 2, 3))
    wrong(f"weight must have the shape {rows}, inputSize]", weight=rnd(1, 5, 3))
    wrong(f"recurrentWeight must have the shape {rows}, hiddenSize]", recurrentWeight=rnd(1, 7, 2))
    wrong(f"recurrentWeight must have the shape {rows}, hiddenSize]", recurrentWeight=rnd(8, 2))
    wrong("recurrentWeight must have a part for each direction", direction="both")
    wrong(f"bias must have the shape {rows}]", bias=rnd(gates * 2))
    wrong(f"recurrentBias must have the shape {rows}]", recurrentBias=rnd(1, 3))
    wrong(
        "initialHiddenState must have the shape [directions, batch, hiddenSize]",
        initialHiddenState=rnd(2, 2),
    )
    wrong("mask must have the shape [steps, batch]", mask=rnd(2, 3, dtype="bool"))
    wrong("mask must be bool or uint8", mask=rnd(*good["mask"]))
    wrong("steps must be the first size of input", steps=4)
    wrong("steps must be a whole number", steps=1.5)
    wrong("hiddenSize must be the last size of recurrentWeight", hiddenSize=3)
    wrong('direction cannot be "up"', direction="up")
    wrong('layout cannot be "ifog"', layout="ifog")
    count = {"lstm": 3, "gru": 2}[op]
    wrong(f"activations must name {count} functions", activations="sigmoid")
    wrong("activations holds an unknown name", activations="sigmoid,tangens,tanh")
    wrong("activations holds an unknown name", activations="")
    wrong("keepGates needs the states of every step too", keepGates=True)
    if op == "lstm":
        wrong(
            "peepholeWeight must have the shape [directions, 3 * hiddenSize]",
            peepholeWeight=rnd(1, 8),
        )
        wrong(
            "initialCellState must have the shape [directions, batch, hiddenSize]",
            initialCellState=rnd(1, 3, 2),
        )
    write(op, cases)


def cells(op):
    """A cell is a sequence of one step."""
    names = NEEDED + BIASES + STATES[op] + (["peepholeWeight"] if op == "lstm" else [])
    plain = {"initialHiddenState": "hiddenState", "initialCellState": "cellState"}

    def as_cell(case):
        first = {k: v for k, v in case.items() if k in STATES[op] + NEEDED}
        rest = {k: v for k, v in case.items() if k not in first}
        cell = {}
        for name, value in {**first, **rest}.items():
            if isinstance(value, dict):
                value = {**value, "random": value["random"][1:]}
            elif isinstance(value, list):
                value = value[0]
            cell[plain.get(name, name)] = value
        return cell

    cases = []
    for chosen, options in [(names, o) for o in options_of(op) if "direction" not in o] + [
        (NEEDED + STATES[op], {}),
        (NEEDED + STATES[op] + ["recurrentBias"], {}),
        (NEEDED + STATES[op] + ["bias"], {"hiddenSize": 2}),
    ]:
        case = known(op, chosen, options, steps=1)
        states = recurrence(op, case)["last"]
        cases.append({**as_cell(case), "outputs": [state[0] for state in states]})
    for options in options_of(op):
        if "direction" not in options:
            size = {"steps": 1, "batch": 5, "inputs": 7, "hidden": 11}
            cases.append(as_cell(random_case(op, names, options, **size)))
    cases.append(as_cell(random_case(op, names, {}, steps=1, batch=70, hidden=8)))

    cell, gates = op + "Cell", {"lstm": 4, "gru": 3}[op]

    def wrong(error, **changes):
        case = {**as_cell(random_case(op, names, {}, steps=1)), **changes}
        cases.append({**case, "error": f"{cell}: {error}"})

    rows = f"[{gates} * hiddenSize"
    wrong("input must be float32", input=rnd(2, 3, dtype="int32"))
    wrong("input must have the shape [batch, inputSize]", input=rnd(1, 2, 3))
    wrong(f"weight must have the shape {rows}, inputSize]", weight=rnd(3, 3))
    wrong(f"recurrentWeight must have the shape {rows}, hiddenSize]", recurrentWeight=rnd(5, 2))
    wrong("hiddenState must have the shape [batch, hiddenSize]", hiddenState=rnd(3, 2))
    wrong(f"bias must have the shape {rows}]", bias=rnd(3))
    wrong(f"recurrentBias must have the shape {rows}]", recurrentBias=rnd(1, 3))
    wrong("hiddenSize must be the last size of recurrentWeight", hiddenSize=3)
    wrong('layout cannot be "ifog"', layout="ifog")
    count = {"lstm": 3, "gru": 2}[op]
    wrong(f"activations must name {count} functions", activations="sigmoid")
    if op == "lstm":
        wrong("cellState must have the shape [batch, hiddenSize]", cellState=rnd(2, 3))
        wrong("peepholeWeight must have the shape [3 * hiddenSize]", peepholeWeight=rnd(8))
    write(cell, cases)


def derivative(f, x):
    """Of f by each number of a nested list, by central differences of two widths."""
    values, shape, result = flat(x), shape_of(x), []
    for i, v in enumerate(values):

        def at(h, i=i, v=v):
            return f(nest([*values[:i], v + h, *values[i + 1 :]], shape))

        wide, narrow = ((at(h) - at(-h)) / (2 * h) for h in (2e-4, 1e-4))
        result.append((4 * narrow - wide) / 3)
    return nest(result, shape)


def sum_of_products(xs, ys):
    return math.fsum(dot(flat(x), flat(y)) for x, y in zip(xs, ys))


def recurrence_gradients(op):
    lstm = op == "lstm"
    name = op + "Gradient"
    every = NEEDED + (["peepholeWeight"] if lstm else []) + STATES[op]
    kept = {"returnSequence": True, "keepGates": True}
    seeds = ["dHidden", "dCell", "dSequence"] if lstm else ["dHidden", "dSequence"]
    keeps = ["sequence", "gates", "cells"] if lstm else ["sequence", "gates"]
    cases = []

    def answers(case):
        """The operator's outputs, by finite differences of the recurrence."""
        forward = {k: v for k, v in case.items() if k not in seeds + keeps + ["forInput"]}
        dys = [case.get(seed) for seed in seeds]

        def loss(changed):
            all_outputs = recurrence(op, {**forward, **kept, **changed})["outputs"]
            pairs = [(y, dy) for y, dy in zip(all_outputs, dys) if dy is not None]
            return sum_of_products(*zip(*pairs))

        directions = len(forward["weight"])
        rows = len(forward["weight"][0])
        batch, n = len(forward["input"][0]), len(forward["recurrentWeight"][0][0])

        def by(key, otherwise=None):
            if key not in forward and otherwise is None:
                return []
            return derivative(lambda x: loss({key: x}), forward.get(key, otherwise))

        biases = ["bias"] if lstm else BIASES
        outputs = [by(key) for key in NEEDED]
        outputs += [by(key, zeros(directions, rows)) for key in biases]
        outputs += [by("peepholeWeight")] if lstm else []
        outputs += [by(key, zeros(directions, batch, n)) for key in STATES[op]]
        empty = {"shape": [0], "data": []}
        if case.get("forInput") is False:
            outputs[0] = empty
        return [empty if y == [] else y for y in outputs]

    def full(names, given, options, two):
        case = known(op, names, options, **two)
        if "inputs" in two:
            case = one_hot(case, **two)
        computed = recurrence(op, {**case, **kept})
        for key in keeps:
            case[key] = computed[key]
        shapes = {"dHidden": computed["last"][0], "dSequence": computed["sequence"]}
        if lstm:
            shapes["dCell"] = computed["last"][1]
        for key in given:
            shape = shape_of(shapes[key])
            case[key] = nest(flat(some(math.prod(shape) + 3))[3:], shape)
        order = every + keeps + ["mask"] + seeds
        return {k: case[k] for k in order if k in case} | options

    for names, given, options in [
        (NEEDED, seeds, {}),
        (NEEDED, ["dSequence"], {"forInput": False}),
        (NEEDED, ["dHidden"], {}),
        (NEEDED, ["dHidden"], SPARSE),
        (every, seeds, {"direction": "backward"}),
        (every + ["mask"], seeds, {"direction": "both"}),
        (every + ["mask"], seeds, {"layout": "ifgo" if lstm else "rzn"}),
    ] + ([] if lstm else [(every + ["mask"], seeds, {"resetAfter": False})]):
        two = {"directions": 2} if options.get("direction") == "both" else {}
        if options is SPARSE:
            two, options = {"inputs": 9}, {}
        case = full(names, given, options, two)
        cases.append({**case, "outputs": answers(case)})

    def shapes_with(steps=3, batch=2, inputs=3, hidden=2, directions=1):
        shapes = sizes_of(op, steps, batch, inputs, hidden, directions)
        state, sequence = (directions, batch, hidden), (steps, directions, batch, hidden)
        shapes.update(
            sequence=sequence,
            gates=(directions, steps, batch, 4 * hidden),
            cells=(directions, steps, batch, hidden),
            dHidden=state,
            dCell=state,
            dSequence=sequence,
            dGates=(directions, steps, batch, 4 * hidden),
            dCells=(directions, steps, batch, hidden),
        )
        return shapes

    def random_gradient(options=None, without=(), **sizes):
        names = NEEDED + keeps + every[3:] + ["mask"] + seeds + ["dGates"]
        names += ["dCells"] if lstm else []
        case = {}
        for key, shape in shapes_with(**sizes).items():
            if key in names and key not in without:
                case[key] = rnd(*shape, **({"dtype": "bool"} if key == "mask" else {}))
        order = {k: case[k] for k in names if k in case}
        return {**order, **(options or {})}

    for options in options_of(op):
        two = {"directions": 2} if options.get("direction") == "both" else {}
        size = {"steps": 4, "batch": 3, "inputs": 2, "hidden": 5, **two}
        cases.append(random_gradient(options, **size))
    optional = ["mask", *every[3:], "dGates", "dCells"]
    cases += [
        random_gradient({}, optional, steps=1, batch=1, inputs=1, hidden=1),
        random_gradient({}, optional, steps=5, batch=7, inputs=13, hidden=11),
        random_gradient({"forInput": False}, optional, steps=9, batch=70, inputs=4, hidden=16),
        random_gradient({"forWeights": False}, optional, steps=2, batch=3, inputs=5, hidden=33),
    ]

    def wrong(error, **changes):
        cases.append({**random_gradient(), **changes, "error": f"{name}: {error}"})

    states = "the shape [directions, batch, hiddenSize]"
    every_step = "the shape [steps, directions, batch, hiddenSize]"
    gates = "the shape [directions, steps, batch, 4 * hiddenSize]"
    wrong(f"sequence must have {every_step}", sequence=rnd(3, 2, 2))
    wrong(f"dSequence must have {every_step}", dSequence=rnd(2, 1, 2, 2))
    wrong(f"gates must have {gates}", gates=rnd(1, 3, 2, 6))
    wrong(f"dGates must have {gates}", dGates=rnd(1, 3, 2, 6))
    wrong(f"dHidden must have {states}", dHidden=rnd(2, 2))
    wrong("input must have the shape [steps, batch, inputSize]", input=rnd(3, 2))
    wrong("gates must be float32", gates=rnd(1, 3, 2, 8, dtype="int32"))
    if lstm:
        wrong("cells must have the shape [directions, steps, batch, hiddenSize]", cells=rnd(3, 2))
        wrong("dCells must have the shape [directions, steps, batch, hiddenSize]", dCells=rnd(3, 2))
        wrong(f"dCell must have {states}", dCell=rnd(2, 2))
    write(name, cases)


if __name__ == "__main__":
    random_operators()
    optimisers()
    cross_entropies()
    for operator in ("lstm", "gru"):
        recurrences(operator)
        cells(operator)
        recurrence_gradients(operator)
