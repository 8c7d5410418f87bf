"""A process that may run anything: no network, no files but its own, bounded in every way.

bubblewrap gives the namespaces. Only what Python and the package need is there to be read: neither
the submissions nor the instructor's home, and of the package not what the exercises ask for.
"""

import contextlib
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import helpers
from helpers.coursework.grading import wire

PACKAGE = Path(helpers.__file__).parent
HIDDEN = PACKAGE / "coursework" / "exercises"
STARTING = 120.0  # seconds for Python to import torch on a busy machine
NO_BUBBLEWRAP = (
    "wanted bubblewrap (the command bwrap), received none that works here{why}: install it"
    " (Debian, Ubuntu: apt install bubblewrap; Ubuntu 24.04 may have to be told to allow it user"
    " namespaces; Windows: WSL; macOS: a Linux machine). Without it submissions would run as you,"
    " with your files and your network: --unsafe does that, on a machine that holds nothing"
    " of worth"
)


class Died(Exception):
    """The process in the sandbox ended, or was ended at its time limit."""


class CannotStart(RuntimeError):
    """No process could be started: the machine's fault and no student's."""


@dataclass(frozen=True)
class Limits:
    """What an attempt may use. seconds: one cell or call; attempt: all of an exercise; slack: what
    the grader waits beyond, until it kills.
    """

    seconds: float | int = 20
    attempt: float | int = 120
    slack: float | int = 5
    memory: int = 6 << 30  # bytes of address space; torch alone maps two
    disk: int = 64 << 20  # bytes in its home and in /tmp
    files: int = 256  # open at once


class Sandbox:
    """`with Sandbox(limits) as box:` then `box.attempt()`, `box.ask({...})`, `box.end()`.

    imports: trusted import statements, run once, before any attempt. apart: whether an attempt
    leaves nothing behind, so that the next may be another student's (`borrowed`).
    Raises Died from `ask` once the process is gone; `attempt` then starts another, or raises
    CannotStart.
    """

    def __init__(self, limits: Limits, imports: str = "", unsafe: bool = False):
        self.limits, self.imports, self.unsafe = limits, imports, unsafe
        self.process, self.orders, self.apart = None, None, False
        self.running, self.requests, self.replies, self.buffer = False, -1, -1, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def attempt(self):
        """Begin with a fresh child, in which no cell has run."""
        self.end()
        try:
            self._born()
        except Died:  # it may have been idle for long, and been ended
            self.close()
            try:
                self._born()
            except Died as error:
                self.close()
                raise CannotStart(f"no process could be started ({error}): grade again") from error
        self.running, self.buffer = True, b""
        self.deadline = time.monotonic() + self.limits.attempt + self.limits.slack

    def ask(self, message: dict) -> dict:
        """The reply to one request. Raises Died where there is none."""
        if not self.running:
            raise Died("the process had ended before")
        until = time.monotonic() + self.limits.seconds + self.limits.slack
        try:
            self._send({**message, "seconds": self.limits.seconds})
            return self._reply(min(until, self.deadline))
        except Died:
            self.end()
            raise

    def end(self):
        """End the attempt, whatever it is doing; the next one need not import torch again."""
        if not self.running:
            return
        self.running = False
        for pipe in (self.requests, self.replies):
            os.close(pipe)
        try:
            self._ordered({"end": True}, 10)
        except Died:
            self.close()

    def close(self):
        """Kill the process and all that it started: they share a namespace that ends with it."""
        if self.running:
            self.running = False
            for pipe in (self.requests, self.replies):
                os.close(pipe)
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.orders.close()
        self.process = None

    def _born(self):
        if self.process is None:
            self._start()
        _, pipes = self._ordered({"attempt": self.limits.disk}, 30)
        if len(pipes) != 2:
            raise Died("no pipes came")
        self.requests, self.replies = pipes
        os.set_blocking(self.requests, False)

    def _start(self):
        worker = [sys.executable, "-m", "helpers.coursework.grading.worker"]
        command = worker if self.unsafe else [*bubblewrap(self.limits), *worker]
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=ENVIRONMENT | {"HOME": "/home/student", "PYTHONPATH": str(PACKAGE.parent)},
            cwd=tempfile.gettempdir(), preexec_fn=self._bounded, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        try:
            self.apart = bool(self._ordered(None, STARTING)[0].get("apart"))
            self._ordered({"import": self.imports}, STARTING)
        except Died as error:
            self.close()
            raise CannotStart(f"no sandbox could be started ({error}): grade again") from error

    def _bounded(self):
        for what, most in {
            resource.RLIMIT_AS: self.limits.memory,
            resource.RLIMIT_NOFILE: self.limits.files,
            resource.RLIMIT_FSIZE: self.limits.disk,
            resource.RLIMIT_CORE: 0,
        }.items():
            resource.setrlimit(what, (most, most))

    def _ordered(self, order: dict | None, seconds: float | int) -> tuple[dict, list[int]]:
        """(answer of the process that runs no student's code, pipes that came with it)."""
        try:
            if order is not None:
                self.orders.sendall(wire.line(order))
            told, pipes = b"", []
            while not told.endswith(b"\n"):
                if not select.select([self.orders], [], [], seconds)[0]:
                    raise Died("no sign of life")
                part, more, *_ = socket.recv_fds(self.orders, 1 << 16, 2)
                if not part:
                    raise Died("the process ended")
                told, pipes = told + part, [*pipes, *more]
            return wire.message(told), pipes
        except (OSError, wire.Malformed) as error:
            raise Died(str(error)) from error

    def _send(self, message: dict):
        line = wire.line(message)
        rest = memoryview(struct.pack("!I", len(line)) + line)
        try:
            while rest:
                if not select.select([], [self.requests], [], self._left(self.deadline))[1]:
                    raise Died("it takes no more requests")
                rest = rest[os.write(self.requests, rest) :]
        except OSError as error:
            raise Died("the process ended itself") from error

    def _reply(self, deadline: float | int) -> dict:
        """The next line of the process as a message. Raises Died at the deadline, or at its end."""
        while b"\n" not in self.buffer:
            if not select.select([self.replies], [], [], self._left(deadline))[0]:
                raise Died(f"no answer within {self.limits.seconds:g} s")
            read = os.read(self.replies, 1 << 20)
            if not read:
                raise Died("the process ended itself")
            self.buffer += read
            if len(self.buffer) > wire.MOST_BYTES:
                raise Died(f"an answer of more than {wire.MOST_BYTES >> 20} MB")
        line, _, self.buffer = self.buffer.partition(b"\n")
        try:
            return wire.message(line)
        except wire.Malformed as error:
            raise Died(str(error)) from None

    def _left(self, deadline: float | int) -> float:
        return max(0.0, deadline - time.monotonic())


_kept = threading.local()


@contextlib.contextmanager
def borrowed(limits: Limits, imports: str = "", unsafe: bool = False) -> Iterator[Sandbox]:
    """A sandbox for one submission: the one kept from the last, where that left nothing behind.

    Importing torch is most of what an ordinary submission costs. A sandbox is kept for one thread
    of one process, as long as the limits and imports stay the same.
    """
    wanted, box = (limits, imports, unsafe), getattr(_kept, "box", None)
    if box is None or (box.limits, box.imports, box.unsafe) != wanted:
        if box is not None:
            box.close()
        box = Sandbox(limits, imports, unsafe)
    _kept.box = None
    try:
        yield box
        box.end()
        if box.apart and box.process is not None:
            _kept.box = box
    finally:
        if _kept.box is None:
            box.close()


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}  # fmt: skip


def bubblewrap(limits: Limits) -> list[str]:
    """The command in front of the worker's."""
    command = [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        # For the process that runs no student's code and gives each of its children a world: no
        # other may stand beside it, whose memory a child could write to.
        "--as-pid-1", "--cap-add", "CAP_SYS_ADMIN", "--uid", "65534", "--gid", "65534",
        "--hostname", "sandbox", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/usr", "/usr",
    ]  # fmt: skip
    for name in ("lib", "lib64", "lib32", "bin", "sbin"):
        path = Path("/") / name
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            command += ["--ro-bind", str(path), str(path)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        command += ["--ro-bind-try", path, path]
    # Before what is bound: Python or the package may stand in a folder of /tmp.
    for path in ("/tmp", "/home/student"):
        command += ["--size", str(limits.disk), "--tmpfs", path]
    for path in readable():
        command += ["--ro-bind", str(path), str(path)]
    command += ["--tmpfs", str(HIDDEN)]
    for path in (HIDDEN, "/dev", "/"):
        command += ["--remount-ro", str(path)]
    return [*command, "--chdir", "/home/student"]


def readable() -> list[Path]:
    """Python, its packages and this one: all that is bound besides /usr, none inside another."""
    names = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(PACKAGE)}
    names.add(str(Path(sys.executable).resolve().parents[1]))
    paths = sorted({Path(name) for name in names} | {Path(name).resolve() for name in names})
    kept: list[Path] = []
    for path in paths:
        if path != Path("/usr") and not any(path.is_relative_to(outer) for outer in [*kept]):
            kept.append(path)
    return [path for path in kept if not path.is_relative_to("/usr")]


def refusal() -> str:
    """Why no sandbox can be had here, or "" where it works."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return NO_BUBBLEWRAP.format(why="")
    tried = subprocess.run(
        [*bubblewrap(Limits()), "/usr/bin/env", "true"], capture_output=True, text=True,
        env=ENVIRONMENT, check=False,
    )  # fmt: skip
    if tried.returncode:
        return NO_BUBBLEWRAP.format(why=f" ({tried.stderr.strip()[:200]})")
    return ""
