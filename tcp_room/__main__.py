from tcp_room.cli import main

main(prog_name="python -m tcp_room")
