"""The empirical tangent kernel, side by side with its peers, in one run.

    python benchmarks/entk.py            # a few minutes on two idle cores; writes the book's table
    python benchmarks/entk.py --rounds 1 --cases dense-256 --no-save

Every case runs in a process of its own, once with one thread and once with two; inside it all
methods take turns, so that a busy minute hurts everyone alike. Time is the least over the rounds
(wall clock; CPU time beside it). The ratio is that time divided by ours: CPU time with one thread,
which does not count waiting for a busy machine, else wall clock.
Peak memory is the resident set's high-water mark above what stood before, the result included.
A method that needs too much memory or fails is listed with the reason.

- floor: the matrix products that the dense kernel cannot do without, and nothing else: forward,
  backward, and per layer A A^T and D D^T, one triangle in strips;
- ours: `helpers.tangent.empirical_ntk`;
- Jacobian: per-example gradients by `torch.func`, all parameters in one matrix J, then J J^T;
  "in blocks" takes the examples 32 at a time;
- tutorial: the Jacobian contraction of PyTorch's tutorial on neural tangent kernels (both
  arguments' Jacobians, layer by layer);
- nngeometry, neural-tangents (structured derivatives): the two libraries made for this.

Besides, one row per network of EXACT says how far the kernel is from neural-tangents in float64.
"""

import argparse
import ctypes
import gc
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 4.0  # seconds for all rounds of one method; slower ones get fewer, one at least
CASES = {
    **{f"dense-{w}": ([784, w, w, w, 1], 1000) for w in (64, 128, 256, 512, 1024, 2048, 4096)},
    "dense-256, 10 outputs": ([784, 256, 256, 256, 10], 256),
    "dense-1024, 10 outputs": ([784, 1024, 1024, 1024, 10], 256),
    "cnn": ([64, 64, 64], 200),
}
EXACT = {"dense, float64": ([784, 64, 64, 64, 10], 30), "cnn, float64": ([16, 16, 16], 10)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the tangent kernel against its peers.")
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-save", action="store_true", help="print, leave the book's table")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        case, threads = arguments.child
        if case in EXACT:
            print(json.dumps(exactness(case, int(threads))))
        else:
            print(json.dumps(measure(case, int(threads), arguments.rounds)))
        return
    rows = []
    for case, threads in itertools.product((*EXACT, *arguments.cases), arguments.threads):
        rows += in_child(case, threads, arguments.rounds)
        report(rows, save=not arguments.no_save)  # so that a run that breaks off is not lost


def in_child(case: str, threads: int, rounds: int) -> list[dict]:
    """The rows of one case, from a fresh process bound to as many cores as it has threads."""
    flags = "--xla_cpu_multi_thread_eigen=" + ("false" if threads == 1 else "true")
    env = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "XLA_FLAGS": f"{flags} intra_op_parallelism_threads={threads}",
    }
    command = [sys.executable, __file__, "--child", case, str(threads), "--rounds", str(rounds)]
    cores = set(sorted(os.sched_getaffinity(0))[-threads:])
    # A method that wants more memory than there is shall fail, and not take the machine with it.
    room = int(0.9 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))

    def prepare():
        os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_DATA, (room, room))

    done = subprocess.run(
        command,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=prepare,
    )
    if done.returncode:
        print(f"{case} with {threads} threads failed (exit {done.returncode})", file=sys.stderr)
        return []
    return json.loads(done.stdout.splitlines()[-1])


def report(rows: list[dict], *, save: bool) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows)
    with pd.option_context("display.width", 160, "display.max_rows", None):
        print(frame.to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    if save:
        from helpers import results

        path = results.save("entk-benchmark", frame, command="python benchmarks/entk.py")
        print(f"written to {path}")


# --- one case --------------------------------------------------------------------------------


def measure(case: str, threads: int, rounds: int) -> list[dict]:
    import numpy as np
    import torch
    from entk_methods import contestants

    torch.set_num_threads(threads)
    sizes, n = CASES[case]
    net, x = network(sizes, n, case)
    total = sum(p.numel() for p in net.parameters())
    methods, left_out = contestants(net, x, sizes, case, total)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    memory, differences = {}, {}
    reference = methods["ours"]()
    for name, method in list(methods.items()):
        try:
            method()  # the first call also compiles and warms up
            before = reset_peak()
            result = method()
        except (RuntimeError, MemoryError) as error:
            left_out[name] = f"failed: {str(error).splitlines()[0][-80:]}"
            del methods[name]
            continue
        memory[name] = peak() - before
        if result is not None:  # the floor returns nothing
            result = torch.tensor(np.asarray(result)).reshape(reference.shape)
            differences[name] = float((result - reference).abs().max() / reference.abs().max())
        del result
    for _ in range(rounds):
        for name, method in methods.items():
            if sum(wall for wall, _ in seconds[name]) < PATIENCE:
                wall, cpu = time.perf_counter(), time.process_time()
                method()
                seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    common = {"case": case, "examples": n, "parameters": total, "threads": threads}
    rows = [{**common, "method": name, "note": note} for name, note in left_out.items()]
    for name in methods:
        found = seconds[name]
        rows.append(
            {
                **common,
                "method": name,
                "seconds": min(wall for wall, _ in found),
                "cpu_seconds": min(cpu for _, cpu in found),
                "ratio_to_ours": least(found, threads) / least(seconds["ours"], threads),
                "memory_mb": memory[name] / 1e6,
                "difference": differences.get(name),
                "note": "",
            }
        )
    return rows


def least(rounds: list[tuple[float, float]], threads: int) -> float:
    """The least time: CPU time with one thread, else wall clock."""
    return min(cpu if threads == 1 else wall for wall, cpu in rounds)


def exactness(case: str, threads: int) -> list[dict]:
    """How far the kernel is from that of neural-tangents, both in float64."""
    import jax
    import numpy as np
    import torch
    from entk_methods import neural_tangents

    from helpers import tangent

    jax.config.update("jax_enable_x64", True)
    sizes, n = EXACT[case]
    net, x = network(sizes, n, case)
    net, x = net.double(), x.double()
    theirs = torch.tensor(np.asarray(neural_tangents(net, x)()))
    ours = tangent.empirical_ntk(net, x).reshape(theirs.shape)
    difference = float((ours - theirs).abs().max() / theirs.abs().max())
    total = sum(p.numel() for p in net.parameters())
    row = {"case": case, "examples": n, "parameters": total, "threads": threads}
    return [{**row, "method": "neural-tangents", "note": "", "difference": difference}]


def network(sizes: list[int], n: int, case: str):
    """The network under test and its inputs."""
    import torch
    from torch import nn

    from helpers import networks

    generator = torch.Generator().manual_seed(0)
    if not case.startswith("cnn"):
        return networks.mlp(sizes), torch.randn(n, sizes[0], generator=generator)
    net = networks.cnn(sizes)
    # Full-size maps throughout: the hardest case for a structured kernel.
    net = nn.Sequential(*(module for module in net if not isinstance(module, nn.AvgPool2d)))
    return net, torch.randn(n, 3, 32, 32, generator=generator)


# --- memory ----------------------------------------------------------------------------------


def reset_peak() -> int:
    """Reset the high-water mark of the resident set (Linux, glibc); bytes resident now."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # memory that was freed counts again when it is used
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def peak() -> int:
    return status("VmHWM")


def status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


if __name__ == "__main__":
    main()
