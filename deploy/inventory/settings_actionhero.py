"""Knobs of ActionHero's own configuration: where redis is, how tasks are worked, what is served.

docs/actionhero-config.md says why each default is what it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from deploy.inventory.fields import Count, EnvironmentName, HostName, Knobs, Port
from deploy.inventory.values import Name


class SentinelPlace(Knobs):
    """One sentinel."""

    host: HostName
    """Name or address of the sentinel, as the hosts reach it."""
    port: Port = 26379
    """TCP port of the sentinel."""


class NodePlace(Knobs):
    """One node of redis cluster; it names the others."""

    host: HostName
    """Name or address of the node, as the hosts reach it."""
    port: Port = 6379
    """TCP port of the node."""


class RedisPlace(Knobs):
    """A redis and how to log in: a server, or the primary that sentinels name."""

    host: HostName = "127.0.0.1"
    """Name or address of the redis server."""
    port: Port = 6379
    """TCP port of the redis server."""
    db: Annotated[int, Field(ge=0)] = 0
    """Database."""
    password_env: EnvironmentName | None = None
    """Variable of `env` or `secrets` with the password; none: REDIS_PASSWORD, if it is set."""
    tls: bool = False
    """Speak TLS to redis and its sentinels; from ActionHero 28 on REDIS_SSL says so, too."""
    sentinels: tuple[SentinelPlace, ...] = ()
    """Sentinels, asked in this order for the primary, in place of `host` and `port`."""
    sentinel_name: Name = "mymaster"
    """Name under which the sentinels know the primary."""
    sentinel_password_env: EnvironmentName | None = None
    """Variable of `env` or `secrets` that holds the sentinels' own password."""

    @model_validator(mode="after")
    def _has_one_place(self) -> RedisPlace:
        if self.sentinels and {"host", "port"} & self.model_fields_set:
            raise ValueError("sentinels name the primary: leave out host and port")
        return self


class RedisSettings(RedisPlace):
    """Redis, unless REDIS_HOST, REDIS_PORT, REDIS_DB and the password are in the environment."""

    db: Annotated[int, Field(ge=0)] = 0
    """Database for cache, chat and what is shared between the processes."""
    tasks_db: Annotated[int, Field(ge=0)] | None = None
    """Database for tasks; else the same as `db`."""
    cluster: tuple[NodePlace, ...] = ()
    """Nodes of redis cluster for cache and chat; tasks need a redis of their own (`tasks`)."""
    tasks: RedisPlace | None = None
    """A redis for tasks alone, which forgets nothing; REDIS_HOST and the like do not move it."""

    @model_validator(mode="after")
    def _keeps_tasks_together(self) -> RedisSettings:
        if self.cluster and (self.sentinels or {"host", "port", "db"} & self.model_fields_set):
            raise ValueError("a cluster has no sentinels, no host of its own and no databases")
        if self.cluster and self.tasks is None:
            raise ValueError(
                "node-resque changes several keys at once, which a cluster refuses: name a redis"
                " for them under redis.tasks"
            )
        if self.tasks and self.tasks_db is not None:
            raise ValueError("tasks have a redis of their own: its database is redis.tasks.db")
        return self


class TaskSettings(Knobs):
    """Background tasks; they run on roles with `serves: false` only."""

    scheduler: bool = True
    """Enqueue periodic and delayed tasks."""
    queues: tuple[Annotated[str, Field(min_length=1)], ...] = ("*",)
    """Queues to work, the most urgent first."""
    timeout: Count = 5000
    """Milliseconds between two looks into empty queues."""
    min_task_processors: Annotated[int, Field(ge=0)] = 1
    """Fewest jobs at a time in one process."""
    max_task_processors: Count = 10
    """Most jobs at a time in one process."""
    stuck_worker_timeout: Count | None = 3_600_000
    """Milliseconds without a heartbeat after which a worker counts as stuck; none: never."""
    retry_stuck_jobs: bool = False
    """Run the job of a stuck worker again."""


class LoggerSettings(Knobs):
    """ActionHero's own log: a file for each process in the app's log directory, JSON a line."""

    level: Literal["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"] = "info"
    """Least severe message that is logged, unless LOG_LEVEL is in the environment."""
    console: bool = False
    """Log to standard output as well, which goes to *.out: what is sent away is sent twice then."""
    max_string_length: Count = 100
    """Characters of a request's parameter that are logged."""


class ActionheroSettings(Knobs):
    """Values for ActionHero's configuration; docs/actionhero-config.md shows the files."""

    server_token_env: EnvironmentName = "SERVER_TOKEN"  # noqa: S105  # a name, no secret
    """Environment variable that holds the server token; declare it under `secrets`."""
    redis: RedisSettings = RedisSettings.model_construct()
    """Where redis is, unless the process's environment says otherwise."""
    tasks: TaskSettings = TaskSettings.model_construct()
    """How background tasks are worked."""
    logger: LoggerSettings | None = None
    """ActionHero's own log; none: the app's own config/logger stays. Not for 19."""
    boot_attempts: Annotated[int, Field(ge=2)] = 3
    """Attempts to listen; with one a stale socket file ends the process at once."""
    websocket: bool = True
    """Serve WebSockets on roles that serve."""
    tcp_port: Port | None = None
    """TCP port of ActionHero's raw socket server on roles that serve; none: off."""
    tcp_bind: HostName = "127.0.0.1"
    """Address that the raw socket server listens on."""
    extra: dict[
        Literal["general", "redis", "tasks", "logger", "web", "websocket", "socket"],
        dict[str, JsonValue],
    ] = Field(default={})
    """Further keys of a section in ActionHero's own spelling, laid over the rendered ones."""
