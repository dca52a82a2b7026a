"""Encoders, decoders and priors, and the objectives that train them."""
