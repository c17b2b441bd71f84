"""Sends an image to the reader, with nothing but Python's own library, and prints the text in it.

python3 upload.py IMAGE [URL]
"""

import json
import pathlib
import sys
import urllib.error
import urllib.request
import uuid

path = pathlib.Path(sys.argv[1])
url = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:3000/read"

boundary = uuid.uuid4().hex
head = f'--{boundary}\r\ncontent-disposition: form-data; name="image"; filename="{path.name}"\r\n\r\n'
body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
request = urllib.request.Request(url, body, {"content-type": f"multipart/form-data; boundary={boundary}"})
try:
    with urllib.request.urlopen(request) as answer:
        print(json.load(answer)["text"])
except urllib.error.HTTPError as refusal:
    sys.exit(json.load(refusal)["error"])
