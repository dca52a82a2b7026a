"""What to write instead of habits from other notations of grammars: one hint a line."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_TERMINAL = "\0"  # stands for a quoted one, so that a quote that is left is not closed
GO_ON = "end the line before with \\ to go on here, or write the left side again, as in S -> 'a'"
_HABITS = (
    (r"^\|", GO_ON),
    (r"\\$", "nothing follows the \\ that the line goes on with; leave it out"),
    (r"^->", "write the name that the rule is for before the ->"),
    (r"^(?://|--|/\*|\(\*|;|REM\b)", "a comment begins with #"),
    (r"^%", "of the lines that begin with % only «%start NAME» is read"),
    (r"[‘’‚“”„`´«»]", "quote terminals with ' or \""),
    (r"^[^#]*?(?:::=|:=|-->|→|⟶|⇒|=>|<-|—>|–>)", "write -> between the left side and the right"),
    (r"^[\w/<>-]+\s*[=:]", "write -> between the left side and the right"),
    (r"^[\w/^<>-]*->", "put a blank before ->"),
    (r"(?:^|[\s|>])<[^<>]+>", "write names without < and >"),
    (r"#", "a comment stands on a line of its own"),
    (r"['\"]", "close the quote"),
    (r"\[\s*+\d*+(?:\.\d*+)?\s*+\]", "probabilities such as [0.5] are not read; leave them out"),
    (r"[;.,]\s*$", "a rule ends with its line; leave the last character out"),
    (rf"^{_TERMINAL}\s*->", "the left side is a name, without quotes"),
    (r"^[\w/^<>-]+(?:\s++(?!->)\S++)++\s++->", "one name stands on the left side"),
    (r"[*+?(){}\[\]]", "write options, groups and repetitions as rules of their own, and quote terminals"),
    (r"->", "quote terminals; a name is made of letters, digits and _"),
    (r"^", GO_ON),
)
_HINTS = tuple((re.compile(pattern), hint) for pattern, hint in _HABITS)


def hint(line: str) -> str:
    """What to do about a line that is no rule: for the first habit it shows; empty where it shows none."""
    bare = _QUOTED.sub(_TERMINAL, line)
    return next((text for pattern, text in _HINTS if pattern.search(bare)), "")
