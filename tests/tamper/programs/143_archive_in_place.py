# class: B17
# task: report
# tries: an archive with a traversing member where the output belongs
import io
import tarfile
import os

os.mkdir("out")
content = b'{"count": 3, "sum": 6}'
with tarfile.open("out/report.json", "w") as archive:
    for name in ("../out/report.json", "/workspace/out/report.json"):
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
print("3 6")
