"""CIFAR-10: where its photos are found, and the checksummed download."""
