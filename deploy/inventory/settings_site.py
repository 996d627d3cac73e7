"""Knobs of a site beyond its files and its app: maintenance, caches, limits, brotli.

docs/nginx.md says why each default is what it is.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deploy.inventory.fields import Count, Knobs, Network, SafePath, Seconds, SecondsOrNone, Size

Expression = Annotated[str, Field(pattern=r"^[^\x00-\x20\x7f\"']*[^\x00-\x20\x7f\"'\\]$")]
"""A regular expression as PCRE has them, without spaces and quotes."""

YEAR = 31_536_000
"""Seconds: the most that RFC 2616 allowed, and all that caches agree on."""


class StaticSettings(Knobs):
    """What caches are told of static files; the app says it itself for its own answers."""

    max_age: SecondsOrNone = 60
    """Seconds for which a file is fresh, ActionHero's own default; 0: it is asked for each time."""
    immutable: Expression | None = (
        r"(?=[.-][0-9]*[a-f])(?=[.-][a-f]*[0-9])[.-][0-9a-f]{8,64}\.[a-z0-9.]+$"
    )
    """Regular expression of paths whose name has the content's hash in it; none: there are none."""
    immutable_max_age: Seconds = YEAR
    """Seconds for which those are fresh, and not even asked for when a page is reloaded."""


class MaintenanceSettings(Knobs):
    """The answer while `invoke maintenance.on` counts."""

    page: SafePath | None = None
    """HTML file on the host, outside of the app; else two plain sentences."""
    retry_after: Seconds = 300
    """Seconds after which clients and search engines are to come again."""
    allow: tuple[Network, ...] = ()
    """Addresses that pass all the same; whoever switches it on adds his own."""


class CacheSettings(Knobs):
    """Microcaching: answers that the app lets be shared are kept for a moment."""

    seconds: Seconds = 1
    """Seconds for which an answer is kept that says nothing of it itself."""
    path: SafePath | None = None
    """Directory of what is kept, which nginx makes; else /var/cache/nginx-SITE."""
    size: Size = "64m"
    """The most that is kept."""


class LimitSettings(Knobs):
    """How much one client's address may ask of the app; files are free."""

    requests: Count = 20
    """Requests a second, on average; what is above `burst` is answered 429."""
    burst: Count = 40
    """Requests that may come at once."""
    connections: Count | None = None
    """Requests and WebSockets at the same time; none: as many as it likes."""
    exempt: tuple[Network, ...] = ()
    """Addresses without a limit."""


class BrotliSettings(Knobs):
    """Compression by ngx_brotli, for clients that take it, with the types of `gzip`."""

    level: Annotated[int, Field(ge=0, le=11)] = 4
    """0 is fastest, 11 smallest; from 5 on it costs more CPU than gzip at its default."""
    module: SafePath = "/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so"
    """The module on the host; Debian's package is libnginx-mod-http-brotli-filter."""


class SiteSettings(Knobs):
    """The part of nginx' settings that is off, or has defaults of its own."""

    site: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")] | None = None
    """Name that upstream, zones, variables and the log format carry; else the app's name."""
    main: SafePath = "/etc/nginx/nginx.conf"
    """The nginx.conf that includes the file of the program `nginx_site`."""
    static: StaticSettings = StaticSettings.model_construct()
    """What caches (browsers, a CDN) are told of static files."""
    maintenance: MaintenanceSettings | None = MaintenanceSettings.model_construct()
    """The answer while `invoke maintenance.on` counts; none: it cannot be switched on."""
    cache: CacheSettings | None = None
    """Microcaching of the app's answers; off."""
    limits: LimitSettings | None = None
    """Limits for each client's address; off."""
    brotli: BrotliSettings | None = None
    """Brotli beside gzip; off, since the module has to be there."""
