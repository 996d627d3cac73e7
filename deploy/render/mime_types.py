"""File extensions and their MIME types, as nginx.conf lists them."""

from __future__ import annotations

_TYPES = {
    "text/html": ("html", "htm"),
    "text/css": ("css",),
    "text/javascript": ("js", "mjs"),
    "text/plain": ("txt",),
    "text/csv": ("csv",),
    "text/markdown": ("md",),
    "text/xml": ("xml",),
    "application/json": ("json", "map"),
    "application/manifest+json": ("webmanifest",),
    "application/atom+xml": ("atom",),
    "application/rss+xml": ("rss",),
    "application/pdf": ("pdf",),
    "application/wasm": ("wasm",),
    "application/zip": ("zip",),
    "application/gzip": ("gz",),
    "font/woff": ("woff",),
    "font/woff2": ("woff2",),
    "font/ttf": ("ttf",),
    "font/otf": ("otf",),
    "image/svg+xml": ("svg",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/x-icon": ("ico",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg",),
    "video/mp4": ("mp4",),
    "video/webm": ("webm",),
}


def mime_types(further: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """MIME type to extensions; a type given in the inventory wins over the usual one."""
    types = {
        name: tuple(e for e in extensions if e not in further)
        for name, extensions in _TYPES.items()
    }
    for extension, name in further.items():
        types[name] = (*types.get(name, ()), extension)
    return {name: extensions for name, extensions in types.items() if extensions}
