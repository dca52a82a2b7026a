"""Properties, filters and set metrics of molecules: MOSES', GuacaMol's, FCD."""
