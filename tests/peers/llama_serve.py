"""Serves one model with llama.cpp's own server until its standard input ends. Runs in that server's own environment.

python llama_serve.py tiny.gguf    prints the address once it listens
"""

from __future__ import annotations

import sys

import xllamacpp

SLOTS = 4
CONTEXT = 16_384  # shared by the slots


def main(model: str) -> None:
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.model_alias = {"tiny"}
    settings.n_ctx = CONTEXT
    settings.n_parallel = SLOTS
    # More threads would wait for each other longer than so small a model computes.
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.warmup = False
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    # Also when the tests are killed: the pipe then closes and the server goes with it.
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
