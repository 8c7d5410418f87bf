"""Reading 2: does a linear combination of one layer's features show the target?"""

from helpers.features.kernels import arc_cosine_kernel, conjugate_kernel
from helpers.features.readouts import (
    as_task,
    layer_features,
    linear,
    pixels,
    random_patches,
    random_readout_bits,
    readout,
)
