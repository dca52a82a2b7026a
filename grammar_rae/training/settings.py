"""How the training loop trains: what recipes say and what `training.loop.fit` takes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class Settings(BaseModel):
    """Settings of `training.loop.fit`, checked when they are made; frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    epochs: PositiveInt
    batch: PositiveInt
    optimizer: Literal["adam", "adamax"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    decay: float = Field(default=1.0, gt=0, le=1)  # of the rate, a step, beside the schedule
    schedule: Literal["plateau", "cosine", "trapezoid"] = "plateau"
    factor: float = Field(default=0.2, gt=0, le=1)  # of the rate at a plateau
    patience: int = Field(default=3, ge=0)  # epochs without a better validation loss that make a plateau
    floor: float = Field(default=1e-4, ge=0)  # least rate
    stop_after: PositiveInt | None = None  # epochs without a better validation loss
    clip: float | None = Field(default=None, gt=0)  # largest norm of the gradient
    average: float = Field(
        default=0.0, ge=0, lt=1
    )  # decay a step of the average of weights kept; 0: the weights
    epoch_examples: PositiveInt | None = None  # cuts an epoch short of a full pass, for more frequent checks
    by_length: bool = False  # batches of rows of about one length
    seed: int = Field(default=0, ge=0, lt=2**32)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
