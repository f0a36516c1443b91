"""No attack: a program beside one, which forks, writes a file and answers."""

import json
import subprocess

with open("file", "w") as file:
    file.write("x" * 100_000)
said = subprocess.run(["echo", "here"], capture_output=True, check=True).stdout
print(json.dumps({"said": said.decode().strip()}))
