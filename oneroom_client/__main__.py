"""`python -m oneroom_client join` and its like, without the server's part."""

from oneroom_client.start import main

main()
