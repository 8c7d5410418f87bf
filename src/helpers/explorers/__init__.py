"""Figures that answer: in JupyterLab, in Colab, and on the published page without a kernel.

- `prune.explorer(net, ...)`: cut the weights of a 3-h-1 network until it computes a target;
- `predict.curve(...)`, `predict.choice(...)`: say what you expect before you see the result;
- `hunt.explorer(...)`: how good is the best of m random neurons?
- `dial.explorer()`: when does a network leave its linearisation behind?
"""
