"""What the command line does, as functions: a model's name and files in, a result out."""
