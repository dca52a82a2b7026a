"""Our models where other packages look for theirs: GuacaMol, MOSES, scikit-learn.

None of them is imported to be served, but for scikit-learn: GuacaMol 0.5.5 and MOSES 0.3.1 call methods by
name and check no class.
"""
