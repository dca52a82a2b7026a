"""Posteriors, priors and decoded items as distributions: log-probabilities, samples, masks."""
