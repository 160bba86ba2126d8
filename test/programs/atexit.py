"""Plays a program, given as JSON, with CPython's atexit. Its twin in this folder plays it with worker-atexit."""
import atexit
import json
import sys

program = json.loads(sys.argv[1])
functions = {}


def make(name, behaviour):
    def function(*args):
        print(name, *args, flush=True)
        if behaviour.get("unregister"):
            atexit.unregister(functions[behaviour["unregister"]])
        if behaviour.get("fails"):
            raise ValueError(name)

    return function


for name, behaviour in program["functions"].items():
    functions[name] = make(name, behaviour)
for step in program["steps"]:
    if step["do"] == "register":
        atexit.register(functions[step["name"]], *step["args"])
    else:
        atexit.unregister(functions[step["name"]])
if program["end"] == "raise":
    raise RuntimeError("uncaught")
if program["end"] is not None:
    sys.exit(program["end"])
