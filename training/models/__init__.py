"""One file a model family: the only file that imports its library; fit(dataset, config, rng) gives arrays."""
