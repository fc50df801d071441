from web_gateway.cli import main

main(prog_name="python -m web_gateway")
