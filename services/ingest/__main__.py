"""`python -m services.ingest`: the ingest as a process; its log goes to standard error as JSON lines."""

import sys

from pydantic import ValidationError

from services.domain.errors import RiqingError
from services.ingest.journal import log_as_json
from services.ingest.service import run_until_signalled


def main() -> int:
    """Run until told to stop; return the exit status."""
    log_as_json()
    try:
        run_until_signalled()
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        for problem in error.errors():
            print(f"riqing: setting {problem['loc'][0]}: {problem['msg']}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
