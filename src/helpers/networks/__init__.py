"""Small random networks, made of plain PyTorch modules, and the gate that all readings share.

Every network is an `nn.Sequential`, nested or not, of `nn.Linear`, `nn.Conv2d`, pooling,
`nn.Flatten` and pointwise modules, so that each reading can take it apart layer by layer:
`layers(net)` does, and refuses everything else by name. `mlp` and `cnn` draw such networks; a
pruned one holds `MaskedLinear` and `MaskedConv2d` layers (`pruning.masked` makes them).
"""

from helpers.networks.masked import (
    MaskedConv2d,
    MaskedLinear,
    effective,
    kept_places,
    mask_layer,
    masks_of,
    parameter_count,
    parameter_vector,
    weights,
)
from helpers.networks.models import (
    ACTIVATIONS,
    BIAS_STD,
    GAINS,
    PARAMETERIZATIONS,
    Scale,
    cnn,
    initialise,
    mlp,
    transferred,
    weight_std,
)
from helpers.networks.sequence import (
    LAYERS,
    POINTWISE,
    POOLING,
    WEIGHTED,
    activations,
    chosen_activations,
    dense_layers,
    flat,
    hidden_layers,
    layer_position,
    layers,
    outputs,
)
from helpers.networks.turning import turned
