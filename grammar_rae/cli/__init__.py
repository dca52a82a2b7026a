"""The command line: one thin verb a library function.

A user's mistake is one line on standard error and exit code 2, never a traceback.
"""

from __future__ import annotations

import sys

try:
    import warnings
    from collections.abc import Callable
    from typing import Any

    import typer

    from grammar_rae.cli import evaluate, generate, grammar, listing, optimize, streams, train, walk
    from grammar_rae.cli.options import number
    from grammar_rae.cli.usage import Verbs
    from grammar_rae.errors import DataError, GrammarError, one_line, printable, spoken_as_options
    from grammar_rae.limits.lengths import LONGEST, allow
    from grammar_rae.memory import ran_out
    from grammar_rae.training.memory import keep_freed
except KeyboardInterrupt:  # nothing has begun
    sys.exit(130)

LINE = 1000  # characters of a message

app = typer.Typer(
    name="grammar-rae",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: tuple[Callable[..., None], ...] = (
    generate.generate,
    train.train,
    train.density,
    generate.reconstruct,
    generate.encode,
    generate.decode,
    walk.interpolate,
    walk.neighbours,
    evaluate.evaluate,
    optimize.optimize,
    listing.models,
    listing.recipes,
    listing.datasets,
)


@app.callback()
def common(
    longest: int = number(
        None, f"Characters that an item may have, {LONGEST:,} when not given; longer are rejected.", "longest"
    ),
) -> None:
    """Molecules and expressions drawn from context-free grammars, valid by construction."""
    if longest is not None:
        allow(longest)


for verb in VERBS:
    app.command()(verb)
app.add_typer(grammar.app, name="grammar")


def main() -> None:
    """The entry point of `grammar-rae`."""
    streams.prepare()
    warnings.showwarning = _warn
    keep_freed()
    try:
        try:
            with spoken_as_options():
                app()
        finally:
            streams.flush()
    except (ValueError, OSError, ModuleNotFoundError) as error:
        if isinstance(error, BrokenPipeError):
            sys.exit(0)
        sys.exit(_complain(error))
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        sys.exit(
            _complain(DataError(f"there is not enough memory ({one_line(error)}); ask for less at a time"))
        )
    except KeyboardInterrupt:
        sys.exit(130)


def _warn(message: Warning | str, category: type[Warning], *args: Any, **options: Any) -> None:
    """What the user should know, on one line; what only a developer should is left out."""
    if issubclass(category, UserWarning):
        print(f"grammar-rae: {_shown(str(message))}", file=sys.stderr)


def _shown(line: str) -> str:
    """A line as a terminal can show it; of one that holds a page of what was given, the beginning and the end."""
    return printable(line if len(line) <= LINE else f"{line[: LINE // 2]} … {line[-LINE // 2 :]}")


def _complain(error: Exception) -> int:
    """The message on one line, or one a defect; exit code 2."""
    if isinstance(error, OSError) and error.strerror:
        lines = [f"{error.filename or 'output'}: {error.strerror}"]
    else:
        lines = str(error).splitlines() if isinstance(error, GrammarError) else [str(error)]
        lines += [line for note in getattr(error, "__notes__", []) for line in note.splitlines()]
    print("grammar-rae:", "\n".join(map(_shown, lines)), file=sys.stderr)
    return 2
