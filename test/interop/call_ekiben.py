"""Calls a server of Ekiben with BentoML's own client, and prints as JSON what came of it.

    python call_ekiben.py GROUP,GROUP… sync|async URL

GROUP is the name of a function below; each is run with the client of the named kind. Of one that raises, the facts are
what it raised.
"""

import asyncio
import inspect
import json
import pathlib
import pickle
import sys
import tempfile
import traceback

from bentoml import AsyncHTTPClient, SyncHTTPClient
from bentoml.exceptions import BentoMLException


async def settled(value):
    """The value of a call of either client."""
    return await value if inspect.isawaitable(value) else value


async def drained(stream):
    if inspect.isasyncgen(stream):
        return [piece async for piece in stream]
    return list(stream)


async def failure(call):
    """What a call raises, as facts."""
    try:
        value = call()
        if inspect.isgenerator(value) or inspect.isasyncgen(value):
            await drained(value)
        else:
            await settled(value)
    except BentoMLException as error:
        return {
            "type": type(error).__name__,
            "status": error.error_code.value,
            "body": json.loads(str(error)),
        }
    except Exception as error:
        return {"type": type(error).__name__, "message": str(error)}
    return None


def file_of(name, text):
    path = pathlib.Path(tempfile.mkdtemp()) / name
    path.write_text(text, encoding="utf-8")
    return path


async def keyword(client):
    return {
        "named": await settled(client.add(a=1, b=2)),
        "positional": await settled(client.order("one", "two")),
        "mixed": await settled(client.order("one", second="two", third=4)),
        "none": await settled(client.nothing()),
        "doc": client.add.__doc__,
        "isTask": hasattr(client.add, "submit"),
        "unknown": await failure(lambda: client.add(a=1, c=2)),
        "missing": await failure(lambda: client.add(a=1)),
    }


async def root(client):
    return {
        "text": await settled(client.shout("five")),
        "quoted": await settled(client.shout('"5"')),
        "list": await settled(client.total([1, 2, 3.5])),
        "record": await settled(client.tally({"a": 1, "b c": 2})),
        "undeclared": await settled(client.anything({"a": [1, None]})),
        "undeclaredNone": await settled(client.anything()),
        "loose": await settled(client.loose(given={"a": 1, "b": 2})),
    }


async def text(client):
    return {
        "default": await settled(client.greet(name="Ada")),
        "looksLikeJson": await settled(client.greet(name="5", greeting='{"a": 1}')),
        "unicode": await settled(client.greet(name="Zoë 🚉 駅弁", greeting="¡Hola")),
        "rootUnicode": await settled(client.shout("straße 🍱")),
        "maybe": [await settled(client.maybe(text="so")), await settled(client.maybe(text=None))],
        "bytes": list(await settled(client.bytes(length=3))),
    }


async def files(client):
    image, pages = file_of("image.png", "an image"), [file_of("1.txt", "one"), file_of("zwei é.txt", "two")]
    path = await settled(client.render(name="two words.txt", text="wörds"))
    foreign = await settled(client.render(name="été.txt", text=""))
    return {
        "scanned": await settled(client.scan(image=image, pages=pages, note="5")),
        "asNames": await settled(client.scan(image=str(image), pages=[str(pages[0])])),
        "optional": await settled(client.annotate(note="with", image=image)),
        "absent": await settled(client.annotate(note="without é")),
        "url": await failure(lambda: client.annotate(note="fetch", image="http://127.0.0.1:1/x.png")),
        "open": await failure(lambda: client.annotate(note="open", image=image.open("rb"))),
        "null": await failure(lambda: client.annotate(note="null", image=None)),
        "root": await failure(lambda: client.measure(image))
        if isinstance(client, AsyncHTTPClient)
        else client.measure(image),
        "answered": {"name": path.name, "text": path.read_text(encoding="utf-8"), "foreign": foreign.name},
    }


async def streams(client):
    words = ["to", "ken", "s 🚉"]
    return {
        "text": "".join(await drained(client.tokens(words=words))),
        "none": await drained(client.tokens(words=[])),
        "bytes": list(b"".join(await drained(client.pieces(count=4)))),
        "refused": await failure(lambda: client.refuses()),
        "broken": await failure(lambda: client.breaks()),
        "wrong": await failure(lambda: client.tokens(words=[1])),
    }


async def errors(client):
    async def status_of(method, path, **options):
        response = await settled(client.client.request(method, path, **options))
        return [response.status_code, response.json().get("code")]

    pickled = {"content-type": "application/vnd.bentoml+pickle"}
    return {
        "validation": await failure(lambda: client.add(a="one", b=2)),
        "refused": {status: await failure(lambda: client.fails(status=status)) for status in (401, 404, 409, 422, 429, 503)},
        "internal": await failure(lambda: client.broken()),
        "pickle": await status_of("POST", "/add", headers=pickled, content=pickle.dumps({"a": 1, "b": 2})),
        "task": await status_of("POST", "/add/submit", json={"a": 1, "b": 2}),
        "route": await status_of("POST", "/nowhere", json={}),
    }


async def names(client):
    return {
        "prefixed": await settled(client.api_request()),
        "called": await settled(client.call("request")),
        "own": (await settled(client.request("GET", "/livez"))).status_code,
    }


async def ready(client):
    return {"isReady": await settled(client.is_ready()), "added": await settled(client.add(1, 2))}


async def busy(client):
    """Needs the asynchronous client: one call is held while another is made."""
    first = asyncio.ensure_future(client.hold())
    while (await client.client.get("/held")).text != "1":
        await asyncio.sleep(0.01)
    refused = await failure(lambda: client.hold())
    await client.client.get("/let-go")
    return {"refused": refused, "held": await first}


async def late(client):
    return {"expired": await failure(lambda: client.think())}


async def concurrent(client):
    calls = [client.add(a=n, b=n) for n in range(50)] + [client.greet(name=str(n)) for n in range(50)]
    sums = await asyncio.gather(*calls, client.total(list(range(1000))))
    return {"sums": sums[:50], "greetings": len(set(sums[50:100])), "total": sums[100]}


async def facts_of(groups, client):
    found = {}
    for group in groups.split(","):
        try:
            found[group] = await globals()[group](client)
        except Exception:
            found[group] = {"raised": traceback.format_exc()}
    return found


async def main(groups, kind, url):
    options = {"server_ready_timeout": 60}
    # Says that it is about to ask whether the server is ready.
    print("asking", file=sys.stderr, flush=True)
    if kind == "async":
        async with AsyncHTTPClient(url, **options) as client:
            return await facts_of(groups, client)
    with SyncHTTPClient(url, **options) as client:
        return await facts_of(groups, client)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:4]))))
