"""Takes in what another system gives out, without making news of it; see docs/moving."""

from service.imports.files import FileCopier, MediaChoice
from service.imports.run import ImportOptions, ImportRefused, Progress, run_import
from service.imports.tally import ImportTally

__all__ = [
    "FileCopier",
    "ImportOptions",
    "ImportRefused",
    "ImportTally",
    "MediaChoice",
    "Progress",
    "run_import",
]
