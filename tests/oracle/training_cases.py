#!/usr/bin/env python3
"""Writes tests/ops/<operator>.json for random numbers, optimisers and cross-entropies. The known
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


if __name__ == "__main__":
    random_operators()
    optimisers()
    cross_entropies()
