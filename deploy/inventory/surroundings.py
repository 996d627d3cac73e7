"""Settings of what stands around the app: a section for each built-in target of targets/."""

from __future__ import annotations

from deploy.inventory.application import Model
from deploy.inventory.settings_balancer import HaproxySettings, NginxBalancerSettings
from deploy.inventory.settings_boot import InitSettings, MonitSettings
from deploy.inventory.settings_logging import (
    LogrotateSettings,
    RsyslogSettings,
    SyslogNgSettings,
)
from deploy.inventory.settings_redis import RedisServerSettings, SentinelSettings


class Surroundings(Model):
    """Values for programs beside nginx; they count on hosts that have it among `programs`."""

    haproxy: HaproxySettings = HaproxySettings.model_construct()
    """Values for haproxy in front of the hosts that serve."""
    nginx_balancer: NginxBalancerSettings = NginxBalancerSettings.model_construct()
    """Values for nginx as the balancer in front of the hosts that serve."""
    redis_server: RedisServerSettings = RedisServerSettings.model_construct()
    """Values for a redis server."""
    sentinel: SentinelSettings = SentinelSettings.model_construct()
    """Values for a sentinel, which watches redis servers."""
    syslog_ng: SyslogNgSettings = SyslogNgSettings.model_construct()
    """Values for syslog-ng, which sends logs by HTTP."""
    rsyslog: RsyslogSettings = RsyslogSettings.model_construct()
    """Values for rsyslog, which sends logs by TLS syslog, or to Elasticsearch."""
    logrotate: LogrotateSettings = LogrotateSettings.model_construct()
    """Values for logrotate."""
    init: InitSettings = InitSettings.model_construct()
    """Values for the init script, which starts the app at boot where no systemd does."""
    monit: MonitSettings = MonitSettings.model_construct()
    """Values for monit, which starts the app where it does not run."""
