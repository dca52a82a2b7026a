"""Types of settings that several nets take: numbers of units, of layers and of steps, with what is beyond reason."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Size = Annotated[int, Field(ge=1, le=2**16)]  # units, filters, channels
Layers = Annotated[int, Field(ge=1, le=2**8)]
Blocks = Annotated[int, Field(ge=0, le=2**8)]  # layers that there may be none of
Count = Annotated[int, Field(ge=1, le=10**9)]
Components = Annotated[int, Field(ge=2, le=2**10)]  # of a mixture
Steps = Annotated[int, Field(ge=1, le=10**5)]  # of a derivation, characters of a string
Slack = Annotated[int, Field(ge=0, le=10**5)]
Sizes = Annotated[list[Size], Field(min_length=1, max_length=2**8)]  # one number a layer
