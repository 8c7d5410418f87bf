"""The methods that benchmarks/entk.py times: ours, the floor below it, and the peers.

Each is a function without arguments that returns the kernel, (n, n) or (n, n, C, C), as an array.
Peers live in benchmarks/requirements.txt; one that is not installed is left out.
"""

import itertools
import sys
import types

MEMORY = 2e9  # bytes that one Jacobian may take
STRIP = 256  # rows of one product of the floor


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
    weights = [torch.randn(a, b) for a, b in itertools.pairwise(sizes)]
    forward = [torch.randn(n, d) for d in sizes[:-1]]
    backward = [torch.randn(n * outputs, d) for d in widths]

    def replay():
        for a, w in zip(forward, weights, strict=True):
            a @ w
        for d, w in zip(backward[1:], weights[1:-1], strict=True):
            d @ w.T
        for factor in (*forward, *backward):
            for start in range(0, len(factor), STRIP):
                factor[start : start + STRIP] @ factor[: start + STRIP].T

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
    """The same function in jax, its kernel by structured derivatives, compiled.

    In the precision of `net` and `x`, if jax has been told to allow float64.
    """
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
