"""Tries to have the host read foreign files: links in every part of a path, by every kind."""

import os
import shutil

os.symlink("/etc/passwd", "link_to_file")
os.symlink("/etc", "link_to_folder")
os.makedirs("a/b")
os.symlink("/etc", "a/b/link")
os.symlink("..", "a/up")
os.symlink("/proc/1/root/etc", "magic")
os.symlink("loop", "loop")
os.symlink("nowhere", "dangling")
with open("plain", "w") as file:
    file.write("plain")
os.link("plain", "second_name")
shutil.copy("plain", "a/plain")
os.mkfifo("fifo")
os.mkfifo("a/fifo")
os.mkdir("folder")
