"""`python -m oneroom_client join` and its like, without the server's part."""

from oneroom_client.cli import main

main(prog_name="oneroom")
