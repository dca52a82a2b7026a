"""SMILES and what RDKit says of them: tokens, canonical forms, bonds, fingerprints, drawings."""
