"""Types of settings that several nets take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

Sizes = Annotated[list[PositiveInt], Field(min_length=1)]  # one number a layer
