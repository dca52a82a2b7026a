"""What can be said of generated strings of any kind: how many are valid, distinct, new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grammar_rae.evaluation.novelty import contains, hashes


def shares(
    canonical: Sequence[str | None], seen: np.ndarray | Sequence[str] | None = None
) -> dict[str, float | None]:
    """Shares of produced items, given each one's canonical form (None: invalid).

    `valid` = valid / produced, `unique` = distinct canonical / valid, `novel` = share of distinct canonical
    forms not in `seen` (canonical forms, or their hashes). None where there is nothing to take a share of, or
    nothing in `seen`.
    """
    forms = [form for form in canonical if form is not None]
    distinct = list(dict.fromkeys(forms))
    novel = None
    if seen is not None and len(seen) and distinct:
        stored = seen if isinstance(seen, np.ndarray) else hashes(seen)
        novel = float(1 - contains(stored, distinct).mean())
    return {
        "n": len(canonical),
        "valid": len(forms) / len(canonical) if canonical else None,
        "unique": len(distinct) / len(forms) if forms else None,
        "novel": novel,
    }
