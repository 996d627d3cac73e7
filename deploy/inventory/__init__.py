"""The inventory: which hosts there are, what runs on them, and how they are reached."""

from deploy.inventory.layout import Layout, layout_for
from deploy.inventory.loader import load_environment
from deploy.inventory.models import (
    App,
    Environment,
    Freeze,
    Host,
    Role,
    Rollout,
    SecretSource,
    Settings,
    Ssh,
)
from deploy.inventory.provenance import explain
from deploy.inventory.schema import json_schema
from deploy.inventory.selection import frozen, select

__all__ = [
    "App",
    "Environment",
    "Freeze",
    "Host",
    "Layout",
    "Role",
    "Rollout",
    "SecretSource",
    "Settings",
    "Ssh",
    "explain",
    "frozen",
    "json_schema",
    "layout_for",
    "load_environment",
    "select",
]
