"""Densities fitted on codes after training, to draw from."""
