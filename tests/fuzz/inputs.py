"""Every kind of hostile input: `kind(chance, home)` gives the words of a command, and writes the file behind them."""

from hostile_files import arrays, images, run_folders
from hostile_settings import numbers, recipes
from hostile_texts import expressions, grammars, scores, sd_files, smiles, tables

KINDS = {
    "grammars": grammars,
    "SMILES": smiles,
    "SD files": sd_files,
    "tables": tables,
    "expressions and points": expressions,
    "recipes and --set": recipes,
    "run folders": run_folders,
    "arrays": arrays,
    "images": images,
    "scores": scores,
    "numeric options": numbers,
}
