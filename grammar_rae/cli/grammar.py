"""grammar show, check, sample, build: what is in a grammar, what is wrong with it, what it derives, a new one."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from grammar_rae.cli.options import apart, number
from grammar_rae.cli.output import show, show_frame

app = typer.Typer(help="Read, check, sample and build grammars.", no_args_is_help=True)
Json = typer.Option(False, "--json", help="Print JSON.")


@app.command(name="show")
def show_grammar(
    grammar: str = typer.Argument(..., help="A .cfg file, or the name of a shipped grammar."),
    steps: int = number(15, "Count derivations up to this many productions.", "max_steps", "--steps"),
    json: bool = Json,
) -> None:
    """Rules, nonterminals with their shortest derivations, numbers of derivations by steps."""
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.grammar.summary import describe, nonterminals, rules

    found = Grammar.read(grammar)
    if not json:
        show_frame(rules(found), False, "rules")
        show_frame(nonterminals(found), False, "nonterminals")
    show(describe(found, steps), json, found.name)


@app.command()
def check(
    grammar: str = typer.Argument(..., help="A .cfg file, or the name of a shipped grammar."),
    json: bool = Json,
    seed: int = number(0, "Of the search for two parses of one string.", "seed"),
) -> None:
    """Every defect with its line; a warning where sampling finds two parses of one string."""
    from grammar_rae.errors import GrammarError
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.grammar.sampling import find_ambiguity

    found = Grammar.read(grammar)
    ambiguous = left_out = None
    try:
        ambiguous = find_ambiguity(found, seed=seed)
    except GrammarError as error:
        left_out = str(error)
    warning = None if ambiguous is None else f"two parses of «{ambiguous[0]}»"
    productions = len(found.productions)
    if json:
        show(
            {"defects": 0, "productions": productions, "ambiguous": warning, "left_out": left_out},
            True,
        )
        return
    print(f"{found.name}: no defects, {productions} productions")
    if left_out is not None:
        print(f"left out, the search for two parses of one string: {left_out}")
    if ambiguous is not None:
        text, first, second = ambiguous
        print(f"warning: {warning}; the parser always returns the first\n  {first}\n  {second}")


@app.command()
def sample(
    grammar: str = typer.Argument(..., help="A .cfg file, or the name of a shipped grammar."),
    n: int = number(1000, "How many strings.", "n", "-n"),
    steps: int = number(50, "The most productions a derivation may take.", "max_steps", "--steps"),
    min_steps: int = number(1, "The fewest it may take.", "min_steps"),
    unique: bool = typer.Option(False, help="Every string once; stops after 20 n draws and says so."),
    out: str = typer.Option(
        "-", help=".txt, .smi, .csv or .parquet (.gz on text); standard output when not given."
    ),
    seed: int = number(0, "The same seed gives the same strings.", "seed"),
) -> None:
    """Strings whose derivations are drawn uniformly, every one of the allowed lengths equally likely; no model."""
    import pandas as pd

    from grammar_rae.chance import DRAWS
    from grammar_rae.files.tables import kind, write
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.grammar.sampling import distinct_strings, strings

    apart([grammar], out=out)
    kind(out)  # refuse a file nobody can write before the work is done
    draw = distinct_strings if unique else strings
    found = draw(Grammar.read(grammar), n, steps, seed, min_steps)
    write(out, pd.DataFrame({"string": found}))
    if len(found) < n:
        print(f"stopped after {DRAWS * n:,} draws: {len(found):,} different strings", file=sys.stderr)
    if out != "-":
        print(f"{out}: {len(found):,} strings, derivations of {min_steps} to {steps} steps")


@app.command()
def build(
    file: str = typer.Argument(
        ..., help="SMILES: .smi, .txt, .csv, .tsv, .parquet, .sdf, or - for standard input."
    ),
    out: Path = typer.Option(..., help="The grammar to write."),
    column: str = typer.Option(
        None, help="The column of a table that holds the SMILES, or its number; also as FILE:COLUMN."
    ),
) -> None:
    """`smiles.cfg` over the tokens of a file's own molecules, in canonical Kekulé form."""
    from grammar_rae.chemistry.smiles_grammar import write_grammar

    apart([file], out=out)
    sizes = write_grammar(file, out, column)
    print(f"{out}: {sizes['productions']} productions from {sizes['molecules']:,} molecules", end="")
    print(f", {sizes['rejected']:,} rows left out (see {out}.rejects.csv)" if sizes["rejected"] else "")
