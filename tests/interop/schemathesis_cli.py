"""The schemathesis command, with one parser of Python at a time: before 3.11.8 and 3.12.2 all threads count
the depth of what they parse together, and fail where two meet (CPython issue 106905)."""

import ast
import threading

ONE_AT_A_TIME = threading.RLock()
parse_in_any_thread = ast.parse


def parse(*arguments, **options):
    with ONE_AT_A_TIME:
        return parse_in_any_thread(*arguments, **options)


ast.parse = parse

from schemathesis.cli import schemathesis  # noqa: E402

if __name__ == "__main__":
    schemathesis()
