"""Deployed entry points: decode, call a service, map errors."""

from firebase_functions import options

from functions.settings import REGION

# Set here because decorators read it as soon as any module of this package is imported.
options.set_global_options(
    region=REGION,
    memory=options.MemoryOption.MB_512,
    cpu=None,  # type: ignore[arg-type]  # as without this call, whose default is a fraction of a CPU
)
