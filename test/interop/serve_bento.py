"""Serves `FILE:SERVICE` with BentoML on a port, until its parent is gone or its time is up.

    python serve_bento.py FILE:SERVICE PORT

BentoML's workers have sessions of their own and outlive a parent that was killed.
"""

import os
import subprocess
import sys
import time

import psutil

LIFE_SECONDS = 300


def main(service, port):
    parent, ends_at = os.getppid(), time.monotonic() + LIFE_SECONDS
    command = [sys.executable, "-m", "bentoml", "serve", service, "--host", "127.0.0.1", "--port", port]
    server = subprocess.Popen(command)
    while server.poll() is None and os.getppid() == parent and time.monotonic() < ends_at:
        time.sleep(0.2)
    if server.poll() is None:
        for process in [*psutil.Process(server.pid).children(recursive=True), server]:
            process.kill()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
