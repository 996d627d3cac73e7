"""Fabric's own way of running the stage: a ThreadingGroup, the script as the command.

python fabric_group.py SSH_CONFIG SCRIPT HOST...
"""

import sys
from pathlib import Path

from fabric import Config, ThreadingGroup  # type: ignore[import-untyped]

_config, _script, *_names = sys.argv[1:]
_group = ThreadingGroup(
    *_names, config=Config(runtime_ssh_path=_config), connect_kwargs={"allow_agent": False}
)
for _result in _group.run(Path(_script).read_text(), hide=True).values():
    print(_result.stdout)
_group.close()
