"""The empirical tangent kernel, side by side with its peers, in one run.

    python benchmarks/entk.py            # a few minutes on two idle cores; writes the book's table
    python benchmarks/entk.py --rounds 1 --cases dense-256 --no-save

Every case runs in a process of its own, once with one thread and once with two; inside it all
methods take turns, so that a busy minute hurts everyone alike. Time is the least over the rounds
(wall clock; CPU time beside it). The ratio is the median over rounds of the time divided by ours:
CPU time with one thread, which does not count waiting for a busy machine, else wall clock.
Peak memory is the resident set's high-water mark above what stood before, the result included.
A method that needs more than MEMORY for one Jacobian, or fails, is listed with the reason.

- floor: the matrix products that the dense kernel cannot do without, and nothing else: forward,
  backward, and per layer the tiles of A A^T and D D^T of one triangle;
- ours: `helpers.tangent.empirical_ntk`;
- Jacobian: per-example gradients by `torch.func`, all parameters in one matrix J, then J J^T;
  "in blocks" takes the examples 32 at a time;
- tutorial: the Jacobian contraction of PyTorch's tutorial on neural tangent kernels (both
  arguments' Jacobians, layer by layer);
- nngeometry, neural-tangents (structured derivatives): the two libraries made for this.

Peers live in benchmarks/requirements.txt; one that is not installed is left out.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path

MEMORY = 2e9
PATIENCE = 4.0  # seconds for all rounds of one method; slower ones get fewer rounds
CASES = {
    **{f"dense-{w}": ([784, w, w, w, 1], 1000) for w in (64, 256, 512, 1024)},
    "dense-4096": ([784, 4096, 4096, 4096, 1], 500),
    "dense-256, 10 outputs": ([784, 256, 256, 256, 10], 256),
    "dense-1024, 10 outputs": ([784, 1024, 1024, 1024, 10], 256),
    "cnn": ([64, 64, 64], 200),
}


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
        print(json.dumps(measure(case, int(threads), arguments.rounds)))
        return
    rows = []
    for case, threads in itertools.product(arguments.cases, arguments.threads):
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
    done = subprocess.run(
        command,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
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
        from helpers import stored

        path = stored.save("entk-benchmark", frame, command="python benchmarks/entk.py")
        print(f"written to {path}")


# --- one case --------------------------------------------------------------------------------


def measure(case: str, threads: int, rounds: int) -> list[dict]:
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    sizes, n = CASES[case]
    net, x = network(sizes, case)
    total = sum(p.numel() for p in net.parameters())
    methods, left_out = contestants(net, x, sizes, case, total)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    memory, differences = {}, {}
    reference = methods["ours"]()
    for name, method in list(methods.items()):
        before = reset_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result = method()
        except (RuntimeError, MemoryError) as error:
            left_out[name] = f"failed: {str(error).splitlines()[0][-80:]}"
            del methods[name]
            continue
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        memory[name] = peak() - before
        if result is not None:  # the floor returns nothing
            result = torch.tensor(np.asarray(result)).reshape(reference.shape)
            differences[name] = float((result - reference).abs().max() / reference.abs().max())
        # The first call also compiles and warms up; it only counts if it was too slow to repeat.
        seconds[name] = [] if spent[0] < PATIENCE else [spent]
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
        kind = 1 if threads == 1 else 0
        ratios = sorted(a[kind] / b[kind] for a, b in zip(found, seconds["ours"], strict=False))
        rows.append(
            {
                **common,
                "method": name,
                "seconds": min(wall for wall, _ in found),
                "cpu_seconds": min(cpu for _, cpu in found),
                "ratio_to_ours": ratios[len(ratios) // 2],
                "memory_mb": memory[name] / 1e6,
                "difference": differences.get(name),
                "note": "",
            }
        )
    return rows


def network(sizes: list[int], case: str):
    """The network under test and its inputs."""
    import torch
    from torch import nn

    from helpers import networks

    generator = torch.Generator().manual_seed(0)
    n = CASES[case][1]
    if not case.startswith("cnn"):
        return networks.mlp(sizes), torch.randn(n, sizes[0], generator=generator)
    net = networks.cnn(sizes)
    # Full-size maps throughout: the hardest case for a structured kernel.
    net = nn.Sequential(*(module for module in net if not isinstance(module, nn.AvgPool2d)))
    return net, torch.randn(n, 3, 32, 32, generator=generator)


def contestants(net, x, sizes, case: str, total: int):
    """Methods by name, and the ones that are left out with the reason."""
    from helpers import tangent

    outputs = net[-1].out_features
    methods = {"ours": lambda: tangent.empirical_ntk(net, x)}
    if not case.startswith("cnn"):
        methods["floor"] = floor(sizes, len(x))
    needed, left_out = 4.0 * len(x) * outputs * total, {}
    for name, method, factor in (
        ("Jacobian", lambda: one_product(net, x, None), 1.0),
        ("Jacobian, in blocks", lambda: one_product(net, x, 32), 1.0),
        ("tutorial", lambda: contraction(net, x), 2.0),
    ):
        if factor * needed > MEMORY:
            left_out[name] = f"needs {factor * needed / 1e9:.0f} GB"
        else:
            methods[name] = method
    for name, make in (("nngeometry", nngeometry), ("neural-tangents", neural_tangents)):
        try:
            methods[name] = make(net, x)
        except ImportError as error:
            left_out[name] = f"not installed ({error.name})"
    return methods, left_out


def floor(sizes: list[int], n: int):
    """The products that no dense kernel can do without, on operands that lie ready."""
    import torch

    outputs, widths = sizes[-1], sizes[1:-1]
    block = max(1, min(512 // outputs, max(64, -(-n // 4))))
    edges = [*range(0, n, block), n]
    weights = [torch.randn(a, b) for a, b in itertools.pairwise(sizes)]
    a_blocks = [[torch.randn(j - i, d) for i, j in itertools.pairwise(edges)] for d in sizes[:-1]]
    d_blocks = [
        [torch.randn((j - i) * outputs, d) for i, j in itertools.pairwise(edges)] for d in widths
    ]
    forward = [torch.randn(n, d) for d in sizes[:-1]]
    backward = [torch.randn(n * outputs, d) for d in sizes[1:]]

    def replay():
        for a, w in zip(forward, weights, strict=True):
            a @ w
        for d, w in zip(backward[1:], weights[1:], strict=True):
            d @ w.T
        for blocks in (*a_blocks, *d_blocks):
            for i, left in enumerate(blocks):
                for right in blocks[: i + 1]:
                    left @ right.T

    return replay


def per_example_jacobian(net, x, block):
    """The derivatives by each parameter tensor: (n, C, ...)."""
    import torch

    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def one(parameters, image):
        return torch.func.functional_call(net, parameters, (image[None],))[0]

    if net[-1].out_features == 1:
        gradient = torch.func.grad(lambda p, image: one(p, image)[0])
        found = torch.vmap(gradient, (None, 0), chunk_size=block)(parameters, x)
        return [part.unsqueeze(1) for part in found.values()]
    found = torch.vmap(torch.func.jacrev(one), (None, 0), chunk_size=block)(parameters, x)
    return list(found.values())


def one_product(net, x, block):
    import torch

    jacobian = torch.cat([part.flatten(2) for part in per_example_jacobian(net, x, block)], 2)
    n, c, _ = jacobian.shape
    jacobian = jacobian.flatten(0, 1)
    product = (jacobian @ jacobian.T).view(n, c, n, c).permute(0, 2, 1, 3)
    return product.squeeze((2, 3)) if c == 1 else product


def contraction(net, x):
    import torch

    pairs = zip(per_example_jacobian(net, x, None), per_example_jacobian(net, x, None), strict=True)
    shares = [torch.einsum("naf,mbf->nmab", a.flatten(2), b.flatten(2)) for a, b in pairs]
    return torch.stack(shares).sum(0)


def nngeometry(net, x):
    import torch
    from nngeometry.gram import GramMatrix

    data = torch.utils.data.TensorDataset(x, torch.zeros(len(x)))
    loader = torch.utils.data.DataLoader(data, batch_size=len(x))

    def kernel():
        # (C, n, C, n)
        return GramMatrix(net, loader).to_torch().permute(1, 3, 0, 2).detach()

    return kernel


def neural_tangents(net, x):
    """The same function in jax, its kernel by structured derivatives, compiled."""
    # Version 0.6.5 was written for jax 0.4.24. On later ones it needs two stand-ins: its
    # experimental part, which nothing here uses, and two names that jax moved.
    sys.modules.setdefault("neural_tangents.experimental", types.ModuleType("experimental"))
    import jax
    import neural_tangents as nt
    from jax import numpy as jnp
    from jax._src import source_info_util
    from jax.interpreters import ad
    from torch import nn

    ad.source_info_util, ad.config = source_info_util, jax.config
    layers = [m for m in net if isinstance(m, nn.Linear | nn.Conv2d)]
    # Parameters in the shapes that stax gives them: a transpose or a reshape in the function would
    # hide from neural-tangents that the layers are products and sums.
    parameters = []
    for layer in layers:
        weight, bias = layer.weight.detach(), layer.bias.detach()
        conv = isinstance(layer, nn.Conv2d)
        shapes = (weight, bias[None, :, None, None]) if conv else (weight.T, bias[None])
        parameters.append(tuple(jnp.asarray(p.contiguous().numpy()) for p in shapes))

    def function(parameters, images):
        h = images
        for layer, (weight, bias) in zip(layers, parameters, strict=True):
            if isinstance(layer, nn.Conv2d):
                h = jax.nn.relu(jax.lax.conv_general_dilated(h, weight, (1, 1), "SAME") + bias)
                continue
            h = h.mean((2, 3)) if h.ndim == 4 else h
            h = h @ weight + bias
            h = h if layer is layers[-1] else jax.nn.relu(h)
        return h

    structured = nt.NtkImplementation.STRUCTURED_DERIVATIVES
    kernel = jax.jit(
        nt.empirical_ntk_fn(function, trace_axes=(), vmap_axes=0, implementation=structured)
    )
    images = jnp.asarray(x.numpy())
    return lambda: kernel(images, None, parameters).block_until_ready()


# --- memory ----------------------------------------------------------------------------------


def reset_peak() -> int:
    """Reset the high-water mark of the resident set (Linux); bytes resident now."""
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def peak() -> int:
    return status("VmHWM")


def status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


if __name__ == "__main__":
    main()
