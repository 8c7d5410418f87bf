"""The process in the sandbox: it runs a student's cells and answers calls with plain data.

One process imports the package; a child of it, made anew for every attempt, runs the cells, so that
torch is imported once and attempts cannot touch each other: a child has namespaces of its own, sees
no other process and writes into file systems that end with it. Orders come over a socket that no
child holds; requests and replies of an attempt go through pipes of its own, which the socket hands
to the grader, as lines (`wire`). What the cells print goes nowhere. Nothing in here is trusted by
the grader: a reply is a claim about what an answer returns.
"""

import contextlib
import ctypes
import os
import platform
import re
import signal
import socket
import struct
import sys
import time

import torch

from helpers.coursework import calls
from helpers.coursework.grading import wire

MAGIC = re.compile(r"^(\s*)[%!].*$", re.M)
WRITABLE = (b"/tmp", b"/home/student", b"/dev/shm")
NEW_MOUNTS, NEW_IPC, NEW_PROCESSES = 0x00020000, 0x08000000, 0x20000000
RECURSIVE_PRIVATE = 0x4000 | 0x40000
GRACE = 1  # seconds for a child to end once its requests have
libc = ctypes.CDLL(None, use_errno=True)


class TimeUp(BaseException):
    """A cell or call that took too long; no `except Exception` of a student's stops it."""


def main():
    """Carry out orders until the socket closes: {"attempt": bytes of disk} forks a child for one,
    {"end": true} ends it.

    Before the first, {"import": source} brings in what the chapter's own cells import.
    """
    orders = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    torch.set_num_threads(1)
    if _machine():
        libc.prctl(4, 0, 0, 0, 0)  # what shares the user may not look into this process
    orders.sendall(wire.line({"ready": True, "apart": _can_be_apart()}))
    child = None
    while order := _order(orders):
        asked = wire.message(order)
        if "import" in asked:
            with contextlib.suppress(Exception):
                exec(asked["import"], {})
            orders.sendall(wire.line({"done": True}))
        elif "attempt" in asked:
            child = _Child(orders, asked["attempt"])
        elif child is not None:
            orders.sendall(wire.line({"ended": child.end()}))
            child = None


class _Child:
    """A process that serves one attempt, and the pipes to it, which go to the grader."""

    def __init__(self, orders, disk: int):
        requests, for_requests = os.pipe()
        from_replies, replies = os.pipe()
        from_born, born = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            for end in (orders.fileno(), for_requests, from_replies, from_born):
                os.close(end)
            _be_born(born, disk)
            _attempt(os.fdopen(requests, "rb", buffering=0), replies)
            os._exit(0)
        os.close(born)
        self.inner = int(os.read(from_born, 20) or self.process)
        os.close(from_born)
        socket.send_fds(orders, [wire.line({"begun": True})], [for_requests, from_replies])
        for end in (requests, replies, for_requests, from_replies):
            os.close(end)

    def end(self) -> int:
        """Its exit status; it is killed where it does not end by itself."""
        deadline = time.monotonic() + GRACE
        while not (found := os.waitpid(self.process, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                # The inner one first: its namespace, and all that is in it, ends with it.
                for process in {self.inner, self.process}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                found = os.waitpid(self.process, 0)
                break
            time.sleep(0.001)
        with contextlib.suppress(ChildProcessError):  # an inner one that outlived its parent
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        return os.waitstatus_to_exitcode(found[1])


def _be_born(born: int, disk: int):
    """Go on as the process that runs the student's code, in namespaces of its own if it can.

    Process ids are new for children only, so that there is one more: its parent waits for it.
    """
    if _apart(disk):
        if inner := os.fork():
            os.write(born, str(inner).encode())
            os.close(born)
            status = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
            os._exit(status if status >= 0 else 128 - status)
        os.setsid()  # signals to the group would reach its parents
    os.close(born)
    _without_capabilities()
    signal.signal(signal.SIGALRM, _stop)
    _alone()


def _apart(disk: int) -> bool:
    """Whether this process now has namespaces, and places to write to, that nobody else has."""
    if not _machine() or libc.unshare(NEW_PROCESSES | NEW_MOUNTS | NEW_IPC):
        return False
    size = f"size={disk},mode=1777".encode()
    if libc.mount(None, b"/", None, RECURSIVE_PRIVATE, None):
        return False
    return not any(libc.mount(b"tmpfs", place, b"tmpfs", 6, size) for place in WRITABLE)


def _can_be_apart() -> bool:
    """Whether an attempt leaves nothing behind here; then one sandbox may serve a whole class."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _apart(1 << 20) else 1)
    return os.waitpid(child, 0)[1] == 0


def _without_capabilities():
    """Give up what made the namespaces, for good."""
    if not _machine():
        return
    header = ctypes.create_string_buffer(struct.pack("II", 0x20080522, 0))
    none = ctypes.create_string_buffer(bytes(24))
    if libc.prctl(47, 4, 0, 0, 0) or libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "the capabilities were not given up")


def _attempt(requests, replies):
    """Run cells and call answers, each within its seconds, until the grader closes the pipe."""
    names = {"__name__": "__main__", "display": lambda *_, **__: None}
    sys.modules["__main__"].__dict__.update(names)
    names = sys.modules["__main__"].__dict__
    while line := _line(requests):
        asked = wire.message(line)
        reply = {}
        try:
            signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
            reply = _run(asked["run"], names) if "run" in asked else _called(asked, names)
        except TimeUp:
            told = f"wanted an end within {asked['seconds']:g} s: it took longer"
            reply = {"stopped": f"{told} (no answer came back)"}
        except SystemExit:
            reply = {"stopped": "wanted an answer, received a call of exit"}
        except BaseException as error:
            reply = {"stopped": f"{type(error).__name__}: {error}"[:500]}
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _send(replies, reply)


def _run(source, names):
    """Execute one cell; IPython's lines for pip and the shell are passed over."""
    exec(compile(MAGIC.sub(r"\1pass", source), "<cell>", "exec"), names)
    return {"done": True}


def _called(asked, names):
    """The value of an answer, encoded, or how it failed."""
    name, forbidden = asked["call"], tuple(asked["forbidden"])
    if name not in names:
        return {"missing": name}
    arguments = [wire.decoded(value, networks_too=True) for value in asked["arguments"]]
    try:
        return {"value": wire.encoded(calls.Answer(name, names[name], forbidden)(*arguments))}
    except calls.Open as stub:
        return {"open": str(stub)[:500]}
    except calls.Forbidden as used:
        return {"forbidden": str(used)[:500]}
    except calls.Stopped as error:
        return {"stopped": str(error)[:500]}


def _stop(*_):
    raise TimeUp


def _order(orders) -> bytes:
    """The next line on the socket; b"" once the grader is gone."""
    read = b""
    while not read.endswith(b"\n"):
        part = orders.recv(1 << 16)
        if not part:
            return b""
        read += part
    return read


def _line(requests) -> bytes:
    """The next line, behind its length in four bytes; b"" once the grader has closed the pipe."""
    read = bytearray()
    size = struct.unpack("!I", _exactly(requests, 4) or bytes(4))[0]
    while len(read) < size:
        part = requests.read(size - len(read))
        if not part:
            return b""
        read += part
    return bytes(read)


def _exactly(requests, count) -> bytes:
    read = b""
    while len(read) < count:
        part = requests.read(count - len(read))
        if not part:
            return b""
        read += part
    return read


def _send(replies, reply):
    rest = memoryview(wire.line(reply))
    while rest:
        rest = rest[os.write(replies, rest) :]


def _machine():
    """(number of its kind, of clone, of the calls that are refused), or None where not known.

    Refused: new processes; namespaces, tracing and keys, by which one could reach beyond.
    """
    if sys.platform != "linux":
        return None
    return {
        "x86_64": (0xC000003E, 56, [57, 58, 101, 248, 249, 250, 272, 308]),
        "aarch64": (0xC00000B7, 220, [97, 117, 217, 218, 219, 268]),
    }.get(platform.machine())


def _alone():
    """Forbid this process to start others; threads are allowed.

    A filter of system calls, because limits on processes do not bind root. Machines of an unknown
    kind go without it: there a namespace that ends with the attempt has to do.
    """
    if not _machine():
        return
    architecture, clone, refused = _machine()
    allow, deny, unknown, kill = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
    load, equal, set_, give = 0x20, 0x15, 0x45, 0x06

    def step(code, k, yes=0, no=0):
        return struct.pack("HBBI", code, yes, no, k)

    program = [step(load, 4), step(equal, architecture, 1, 0), step(give, kill), step(load, 0)]
    program += [step(set_, 0x40000000, 0, 1), step(give, deny)]  # the x32 calls of x86-64
    for number in refused:
        program += [step(equal, number, 0, 1), step(give, deny)]
    program += [step(equal, 435, 0, 1), step(give, unknown)]  # clone3: libc then tries clone
    program += [step(equal, clone, 0, 3), step(load, 16), step(set_, 0x10000, 1, 0)]
    program += [step(give, deny), step(give, allow)]
    code = ctypes.create_string_buffer(b"".join(program))
    filters = ctypes.create_string_buffer(struct.pack("HL", len(program), ctypes.addressof(code)))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


if __name__ == "__main__":
    main()
