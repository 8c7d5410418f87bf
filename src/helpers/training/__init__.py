"""Training: one loop for one network or many, its losses, and the trained network as a reading."""

from helpers.training.ensembles import Ensemble, batches
from helpers.training.following import Course, follow
from helpers.training.loop import OPTIMIZERS, History, train, train_many, trained
from helpers.training.losses import LOSSES, checked_loss
