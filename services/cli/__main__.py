"""`python -m services.cli`: the command `riqing` where it is not on the path."""

from services.cli.main import main

main()
