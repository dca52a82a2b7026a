"""A trained model in use: generate, encode, decode, reconstruct, interpolate."""

from grammar_rae.model.model import Model, load

__all__ = ["Model", "load"]
