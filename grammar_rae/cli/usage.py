"""What words a verb does not take: one line, as for every mistake, in place of Typer's page."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from grammar_rae.errors import DataError

UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or of the click inside newer Typers


class Verbs(TyperGroup):
    """Verbs whose words are checked before they run."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the verb that is named and exit. DataError where there is none of that name, or not with these words."""
        try:
            code = super().main(*args, **{**extra, "prog_name": "grammar-rae", "standalone_mode": False})
        except UsageError as error:
            raise DataError(_said(error)) from None
        except typer.Abort as stop:
            if isinstance(stop.__cause__, EOFError):
                raise DataError("the input ends too early") from stop
            sys.exit(130)
        sys.exit(code)


def _said(error: Any) -> str:
    """A usage error on one line; SystemExit where it is no error but help, which Typer has printed."""
    message = " ".join(error.format_message().split())
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), end="")
        sys.exit(error.exit_code)
    verb = "grammar-rae" if error.ctx is None else error.ctx.command_path
    return f"{message.rstrip('.')}; see {verb} --help"
