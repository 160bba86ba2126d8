import atexit
import json
import sys
from time import perf_counter_ns

MOST = 1000
LONGEST = 300e6
LEAST = 20e6
count = int(sys.argv[1])
left = count
started = 0
figures = {}


def create():
    def handler():
        global left
        left -= 1
        if left == 0:
            print(json.dumps({**figures, "run": (perf_counter_ns() - started) / count}))

    return handler


spent = {"register": 0, "unregister": 0}
done = {"register": 0, "unregister": 0}
most = min(count, MOST)
while True:
    handlers = [create() for _ in range(count)]
    started = perf_counter_ns()
    for handler in handlers:
        atexit.register(handler)
    spent["register"] += perf_counter_ns() - started
    done["register"] += count
    started = perf_counter_ns()
    gone = 0
    while gone < most and (gone % 10 > 0 or perf_counter_ns() - started < LONGEST):
        atexit.unregister(handlers[gone])
        gone += 1
    spent["unregister"] += perf_counter_ns() - started
    done["unregister"] += gone
    if spent["register"] + spent["unregister"] >= LEAST or count > MOST:
        break
figures = {what: spent[what] / done[what] for what in spent}
for handler in handlers[:gone]:
    atexit.register(handler)
started = perf_counter_ns()
