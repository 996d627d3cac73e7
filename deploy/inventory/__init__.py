"""The inventory: which hosts there are, what runs on them, and how they are reached."""

from deploy.inventory.layout import Layout, ReleasesLayout, layout_for, releases_layout
from deploy.inventory.loader import load_environment
from deploy.inventory.models import (
    App,
    Environment,
    Freeze,
    Hook,
    Hooks,
    Host,
    Notification,
    Register,
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
    "Hook",
    "Hooks",
    "Host",
    "Layout",
    "Notification",
    "Register",
    "ReleasesLayout",
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
    "releases_layout",
    "select",
]
