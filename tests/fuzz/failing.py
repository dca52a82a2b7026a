"""A stand-in for the program, which fails as its first word says."""

import os
import sys

import numpy as np


def main():
    {"fine": int, "no": refuse, "crash": os.abort, "bug": {}.popitem, "fill": fill, "loop": loop}[
        sys.argv[1]
    ]()


def refuse():
    print("grammar-rae: no", file=sys.stderr)
    raise SystemExit(2)


def fill():
    return np.ones(1 << 30)


def loop():
    while True:
        pass
