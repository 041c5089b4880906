"""Runs a program and writes down what it cost. Imports next to nothing, on purpose.

The kernel gives a new program the peak of whoever started it, if that was larger: measured from
here, a peak of more than this small process's is the program's own.

Run: python -I -S launcher.py RESULT PROGRAM ARGUMENT…
"""

import os
import sys
import time


def main(result: str, command: list[str]) -> None:
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.execvp(command[0], command)
    with open(f"{result}.pid", "w") as file:  # noqa: PTH123 (pathlib would be a heavy import)
        file.write(str(child))
    _, status, usage = os.wait4(child, 0)
    took_s = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime
    with open(result, "w") as file:  # noqa: PTH123
        file.write(f"{code} {cpu_s:.6f} {took_s:.6f} {usage.ru_maxrss}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
