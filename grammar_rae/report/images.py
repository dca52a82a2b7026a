"""Images as PNG files: one, several side by side, a folder of them; or as an array in an `.npz`."""

from __future__ import annotations
