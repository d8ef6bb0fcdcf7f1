"""Process defaults that must stand before NumPy or MLflow is first imported; what the caller has set wins."""

import os
from collections.abc import MutableMapping
from types import MappingProxyType

PROCESS_DEFAULTS = MappingProxyType(
    {
        "OPENBLAS_NUM_THREADS": "1",  # two OpenBLAS pools beside OpenMP's threads cost more than they give
        "MKL_NUM_THREADS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",  # MLflow's own defaults block for minutes while its server is down
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runner triples the memory of `mlflow ui`
    }
)


def set_process_defaults(environment: MutableMapping[str, str] | None = None) -> None:
    """
    Set every default that *environment* (this process's, if None) does not state yet.

    >>> environment = {"OPENBLAS_NUM_THREADS": "4"}
    >>> set_process_defaults(environment)
    >>> environment["OPENBLAS_NUM_THREADS"], environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]
    ('4', '1')
    """
    target = os.environ if environment is None else environment
    for name, value in PROCESS_DEFAULTS.items():
        target.setdefault(name, value)
