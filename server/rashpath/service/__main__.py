"""`python -m rashpath.service`: the service with its settings from environment and file."""

import sys

from rashpath.service.main import report, serve
from rashpath.service.settings import SettingsError, load_settings


def main() -> int:
    """Serves until told to stop; returns the exit code."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return report(error)
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
