"""What commands that learn are given, looked at before libraries are loaded that take seconds."""

from pathlib import Path

from features.workspace import Workspace
from training.config import read_config


def check_inputs(workspace: Path, *configs: Path | None) -> None:
    """
    Find out that there is a workspace and that the configurations can be read.

    Args:
        workspace: The folder.
        configs: Files; an absent one means the defaults.

    Raises:
        InputError: There is no workspace, or a configuration is wrong.
    """
    Workspace.open(workspace)
    for config in configs:
        read_config(config)
