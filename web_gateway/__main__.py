"""`python -m web_gateway` is `oneroom serve`."""

import sys

from web_gateway.cli import main

flags = sys.argv[1:]
main(flags if flags[:1] == ["serve"] else ["serve", *flags], prog_name="python -m web_gateway")
