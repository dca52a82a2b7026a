"""What can be wrong with what a user gives; every message is one line: given, expected, what to do."""


class GrammarError(ValueError):
    """A grammar that cannot be used."""


class ParseError(ValueError):
    """A string the grammar or alphabet does not derive."""


class RecipeError(ValueError):
    """A recipe that cannot be built."""


class DataError(ValueError):
    """A file or data set that cannot be used."""
