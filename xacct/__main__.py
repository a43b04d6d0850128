"""``python -m xacct`` is the command ``xacct``."""

from xacct.cli import main

main()
