"""One sandbox serves a whole class: nothing that an attempt does reaches the next one."""

import contextlib
import os
import time

import pytest

from helpers.coursework.grading import sandbox

LIMITS = sandbox.Limits(seconds=4, attempt=30, slack=2)

# What a hostile submission does, for the harm of whoever is graded next in the same sandbox.
HARM = {
    "leaves-files": "for place in ('/tmp', '/home/student', '/dev/shm'):\n"
                    "    open(place + '/was-here.py', 'w').write('x')",
    "overwrites": "import os, helpers\n"
                  "for place in ('/dev', '/', os.path.dirname(helpers.__file__),\n"
                  "              os.path.dirname(helpers.__file__) + '/coursework/exercises'):\n"
                  "    try:\n        open(place + '/was-here.py', 'w').write('x')\n"
                  "    except OSError:\n        pass",
    "signals": "import os, signal\nfor who in [*range(1, 60), 0, -1]:\n    try:\n"
               "        os.kill(who, signal.SIGKILL)\n    except OSError:\n        pass\n"
               "os.killpg(0, signal.SIGKILL)",
    "ends": "import os\nos._exit(1)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "forges": "import os\nfor fd in range(3, 60):\n    try:\n"
              "        os.write(fd, b'{\"value\": 1.0}\\n{\"ended\": 0}\\n' * 9)\n"
              "    except OSError:\n        pass",
    "hangs": "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass",
    "limits-others": "import resource, os\nfor who in range(1, 60):\n    try:\n"
                     "        resource.prlimit(who, resource.RLIMIT_CPU, (0, 0))\n"
                     "    except (OSError, ValueError):\n        pass",
    "traces": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
              "for who in range(1, 60):\n    libc.ptrace(16, who, 0, 0)",
    "patches": "import torch, helpers.coursework.calls as calls\n"
               "calls.Answer.__call__ = lambda *_: 0.0\ntorch.zeros = None",
}  # fmt: skip
LOOKS = """
import glob, os, torch
import helpers.coursework.calls as calls
left = [p for place in ("/tmp", "/home/student", "/dev", "/dev/shm", "/")
        for p in glob.glob(place + "/was-here*")]
def found(x):
    return float(len(left) + len(torch.zeros(2)) - 2 + x)
"""


@pytest.fixture(scope="module")
def box():
    """A sandbox that may serve several submissions, which is what `borrowed` keeps."""
    if why := sandbox.refusal():
        pytest.skip(why)
    with sandbox.Sandbox(LIMITS, "import torch") as box:
        box.attempt()
        if not box.apart:
            pytest.skip("no namespaces inside of bubblewrap here: a sandbox for each submission")
        yield box


@pytest.mark.parametrize("harm", HARM)
def test_what_one_attempt_does_the_next_does_not_notice(box, harm):
    """A new attempt in the same process: no trace, no delay, the right value."""
    process = box.process
    box.attempt()
    try:
        box.ask({"run": HARM[harm]})
    except sandbox.Died:
        assert harm in ("ends", "crashes", "hangs")
    box.attempt()
    assert box.ask({"run": LOOKS}) == {"done": True}
    assert box.ask({"call": "found", "arguments": [3], "forbidden": []}) == {"value": 3.0}
    assert box.process is process
    assert process.poll() is None


def test_an_attempt_sees_and_holds_nothing_of_the_process_that_made_it(box):
    """No right to be root of anything, no pipe but its own two, no way into its parents."""
    looks = """
import os

def opened(place):
    try:
        if place.endswith("fd"):
            return bool([os.readlink(f"{place}/{fd}") for fd in os.listdir(place)])
        return bool(open(place, "rb").read(1))
    except OSError:
        return False

def held():
    lines = open("/proc/self/status").read().splitlines()
    rights = [int(l.split()[1], 16) for l in lines if l[:6] in ("CapEff", "CapPrm", "CapAmb")]
    pipes = [fd for fd in range(256) if os.path.exists(f"/proc/self/fd/{fd}")]
    kinds = [os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in pipes]
    others = [p for p in os.listdir("/proc") if p.isdigit() and p != os.readlink("/proc/self")]
    into = [opened(f"/proc/{p}/{w}") for p in others for w in ("fd", "environ", "mem", "maps")]
    return [sum(rights), kinds.count("pipe"), kinds.count("socket"), sum(into), len(others) > 0]
"""
    box.attempt()
    assert box.ask({"run": looks}) == {"done": True}
    reply = box.ask({"call": "held", "arguments": [], "forbidden": []})
    assert reply["value"]["items"] == [0, 2, 0, 0, True]


def test_a_sandbox_is_kept_for_the_next_submission_and_not_after_a_failure():
    """The second gets the process of the first; one that an error passed through is closed."""
    if why := sandbox.refusal():
        pytest.skip(why)
    with sandbox.borrowed(LIMITS, "import math") as first:
        first.attempt()
        process, apart = first.process, first.apart
    with sandbox.borrowed(LIMITS, "import math") as second:
        second.attempt()
        assert (second.process is process) == apart
        process = second.process
    with contextlib.suppress(KeyError), sandbox.borrowed(LIMITS, "import math") as third:
        third.attempt()
        raise KeyError
    assert third.process is None
    assert process.poll() is not None or not apart


def test_a_sandbox_that_was_ended_meanwhile_is_begun_anew(box):
    os.killpg(box.process.pid, 9)
    time.sleep(0.05)
    box.attempt()
    assert box.ask({"run": "1"}) == {"done": True}
