"""The same in Python: a question, the models it becomes, its answer, and the three objectives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import mipc

HERE = Path(__file__).resolve().parent

# A network is read once. Inputs are flat: its shape tells in which order.
network = mipc.read_network(HERE / "digits.onnx")
image = np.load(HERE / "three.npy").reshape(-1)
print(f"{network.path.name}: {list(network.input.shape)} -> {network.output.size} classes")

# A question: may the arg-max leave class 3 while every pixel moves by at most 1/16? Radii are
# rationals, because 0.1 is no float. Pixels stay between 0 and 1 unless a domain says otherwise.
question = mipc.Question(
    centre=image,
    perturbation=mipc.LInf(mipc.Fraction(1, 16)),
    requirement=mipc.ArgMax(label=3),
)
query = mipc.ask(network, question)

# Compiling bounds every neuron. A digit whose margin is surely negative cannot win; each of the
# others becomes a model, which mipc.write_files would write as MPS or LP with a sidecar.
compiled = mipc.compile_query(query)
for part in compiled.parts:
    state = "open" if part.is_open else "closed by bounds"
    print(f"  3 -> {part.target}: margin in [{part.lower:.2f}, {part.upper:.2f}], {state}")
for formulation in compiled.formulations:
    print(f"  model for {formulation.targets}: {formulation.model.size}")

# Verifying does it all in process. The objective decides what a solver looks for: any violation,
# the closest one, or the one with the largest margin. Only a replayed point is ever a violation.
for objective in ("feasibility", "closest", "worst"):
    answer = mipc.verify(mipc.ask(network, replace(question, objective=objective)), timeout=60)
    match answer.verdict:
        case mipc.Violated(witness):
            print(f"{objective}: a {witness.output.argmax()}, {answer.stage}")
            print(f"  ahead by {float(witness.exact_margin[0]):.6f}, in exact arithmetic")
            print(f"  largest pixel change {abs(witness.point - image).max():.6f}")
            print(f"  largest margin {answer.margin}, least distance {answer.distance}")
        case mipc.Robust(trust):
            print(f"{objective}: robust, on the word of {trust}")
        case mipc.Unknown(reason):
            print(f"{objective}: unknown, {reason}")
