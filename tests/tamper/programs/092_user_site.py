# class: A10
# task: report
# tries: writes usercustomize.py and a .pth file for processes to come
import os
import site

folder = site.getusersitepackages()
for place in (folder, "/workspace", "/tmp"):
    try:
        os.makedirs(place, exist_ok=True)
        for name in ("usercustomize.py", "sitecustomize.py"):
            with open(os.path.join(place, name), "w") as file:
                file.write("import os\nos._exit(0)\n")
        with open(os.path.join(place, "evil.pth"), "w") as file:
            file.write("import os; os._exit(0)\n")
    except OSError:
        pass
print("0 0")
