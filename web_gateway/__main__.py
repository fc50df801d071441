"""`python -m web_gateway` is `oneroom serve`."""

from web_gateway.start import serve

serve()
