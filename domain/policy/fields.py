"""Kinds of values that several parts of the policy have."""

from typing import Annotated

from pydantic import Field

Source = Annotated[str, Field(min_length=3)]
"""where a rule or a number comes from"""
Seconds = Annotated[float, Field(gt=0, le=400 * 86_400)]
