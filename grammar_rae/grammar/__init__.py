"""Context-free grammars: notation, checks, exact counting, uniform sampling; parsing in a room of its own."""

from grammar_rae.grammar.grammar import Grammar

__all__ = ["Grammar"]
