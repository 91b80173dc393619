"""The worker: it folds the journal and writes what comes of it, each entry once."""
