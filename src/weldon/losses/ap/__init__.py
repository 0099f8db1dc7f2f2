"""Average precision as the objective: the exact ranking loss, in a batch or over the whole training set."""
