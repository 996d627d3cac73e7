"""Jinja2 as this project uses it: strict, quoted by default, overridable by the project.

A fault of a template or a value names template, line and key.
"""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from deploy.errors import DeployError, ExitCode
from deploy.render.quoting import RefusedValue, single_quoted, verbatim

if TYPE_CHECKING:
    from jinja2 import FileSystemLoader
    from jinja2.sandbox import ImmutableSandboxedEnvironment

Quote = Callable[[Any], str]

_KEY = re.compile(r"{{-?\s*(.*?)\s*-?}}")
_SHARE = Path("share/actionhero-deploy/templates")


def render_template(
    name: str, values: Mapping[str, Any], quote: Quote, project: Path | None = None
) -> str:
    """The text of template `name` (relative to templates/), each value spelled by `quote`.

    `project` is a directory that may hold a templates/ of its own, else the working directory.
    Raises DeployError that names template, line and key.
    """
    return _render(_engine(quote, project or Path.cwd()), name, values)


def render_page(name: str, values: Mapping[str, Any], project: Path | None = None) -> str:
    """The same for HTML or SVG: every value is escaped. Raises DeployError, as render_template."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    engine = ImmutableSandboxedEnvironment(
        loader=_loader(project or Path.cwd()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return _render(engine, name, values)


def _render(engine: ImmutableSandboxedEnvironment, name: str, values: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError, TemplateSyntaxError  # only where something is rendered

    try:
        return engine.get_template(name).render(values)
    except TemplateSyntaxError as error:
        place = f"{error.filename or error.name}:{error.lineno}"
        raise _fault(f"{place}: {error.message}") from error
    except (TemplateError, RefusedValue, ArithmeticError, LookupError, TypeError) as error:
        raise _fault(_located(error, name)) from error


def find_template(name: str, project: Path | None = None) -> Path:
    """The file that stands for `name`: the project's own, else the one that came with us.

    Raises DeployError when there is none.
    """
    for directory in _directories(project or Path.cwd()):
        if (directory / name).is_file():
            return directory / name
    raise _fault(f"no template {name}")


def _engine(quote: Quote, project: Path) -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    engine = ImmutableSandboxedEnvironment(
        loader=_loader(project),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # no HTML: `finalize` quotes for nginx or JavaScript
        finalize=partial(_spell, quote),
    )
    engine.filters["verbatim"] = verbatim
    engine.filters["single_quoted"] = single_quoted
    return engine


def _loader(project: Path) -> FileSystemLoader:
    from jinja2 import FileSystemLoader

    return FileSystemLoader(_directories(project))


def _spell(quote: Quote, value: Any) -> str:
    """A value that is not there says so itself, in str(); `quote` would only see its type."""
    from jinja2 import Undefined

    return str(value) if isinstance(value, Undefined) else quote(value)


def _directories(project: Path) -> list[Path]:
    return [project / "templates", _packaged()]


def _packaged() -> Path:
    """templates/ of a checkout, or where a wheel puts it (also by `pip install --target`)."""
    root = Path(__file__).resolve().parents[2]
    places = [root / "templates", root / _SHARE, Path(sysconfig.get_path("data")) / _SHARE]
    return next((place for place in places if (place / "nginx/nginx.conf.j2").is_file()), places[0])


def _located(error: Exception, name: str) -> str:
    """`templates/nginx/nginx.conf.j2:12: key: what is wrong`; Jinja2 rewrites the traceback so."""
    frame = _template_frame(error.__traceback__)
    if frame is None:
        return f"{name}: {error}"
    file, line = frame
    keys = _KEY.findall(file.read_text("utf-8").splitlines()[line - 1])
    return f"{file}:{line}: {', '.join(keys) or 'statement'}: {error}"


def _template_frame(traceback: TracebackType | None) -> tuple[Path, int] | None:
    found = None
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            found = Path(file), traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def _fault(message: str) -> DeployError:
    return DeployError(
        message,
        step="render",
        hint="mend the value in the inventory, or the template",
        exit_code=ExitCode.USAGE,
    )
