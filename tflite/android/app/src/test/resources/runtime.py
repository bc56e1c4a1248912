"""Runs a .tflite file for tests on a JVM, which has no LiteRT: a request a line, a result each."""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(sys.argv[1], num_threads=1)
runners = {name: interpreter.get_signature_runner(name) for name in ("convert", "predict")}
print("ready", flush=True)
for line in sys.stdin:
    name, inputs = json.loads(line)
    if not all(inputs.values()):
        raise ValueError("LiteRT's Java refuses arrays of length 0.")
    found = runners[name](**{key: np.array([ids], np.int32) for key, ids in inputs.items()})
    rows = found["sentences"][0] if name == "convert" else found["hanzi"][0][:, None]
    print(json.dumps([rows.tolist(), found["scores"][0].tolist()]), flush=True)
