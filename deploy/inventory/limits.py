"""What an inventory says of `invoke status`: from where on a machine's values are told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deploy.inventory.application import Model

Percent = Annotated[float, Field(ge=0, le=100)]


class Limits(Model):
    """From where on `invoke status` speaks of a machine."""

    disk_free: Percent = 10
    """Percent of the disk below which it is nearly full: a finding."""
    memory_free: Percent = 5
    """Percent of memory that is available, below which that is noted."""
    swap_used: Percent = 50
    """Percent of swap from which on that is noted."""
    load: Annotated[float, Field(gt=0)] = 2
    """Load of five minutes for each CPU, from which on that is noted."""
