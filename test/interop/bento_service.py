"""A service of BentoML's own, with every form of input and answer that a client of ours has to know."""

from __future__ import annotations

import asyncio
import typing as t
from http import HTTPStatus
from pathlib import Path

import bentoml
import numpy as np
from bentoml.exceptions import BentoMLException, InvalidArgument, NotFound
from pydantic import BaseModel


class Point(BaseModel):
    x: float
    y: float = 0


@bentoml.service(traffic={"timeout": 30})
class Python:
    @bentoml.api
    def add(self, a: float, b: float = 1) -> float:
        return a + b

    @bentoml.api(route="/v1/greet")
    async def greet(self, name: str) -> str:
        return f"Hello, {name}!"

    @bentoml.api
    async def shout(self, text: str, /) -> str:
        return text.upper()

    @bentoml.api
    async def total(self, numbers: t.List[float], /) -> float:
        return sum(numbers)

    @bentoml.api
    async def flip(self, point: Point, /) -> Point:
        return Point(x=point.y, y=point.x)

    @bentoml.api
    async def scale(self, values: np.ndarray, by: float = 2) -> np.ndarray:
        return values * by

    @bentoml.api
    async def nothing(self) -> None:
        return None

    @bentoml.api
    async def raw(self) -> bytes:
        return bytes([0, 255])

    @bentoml.api
    async def scan(self, image: Path, pages: t.List[Path], note: str = "") -> t.List[str]:
        return [note, *(f"{path.name[-7:]} {path.read_text()}" for path in [image, *pages])]

    @bentoml.api
    async def measure(self, file: Path, /) -> int:
        return len(file.read_bytes())

    @bentoml.api
    async def render(self, text: str, ctx: bentoml.Context) -> Path:
        path = Path(ctx.temp_dir) / "rendered.txt"
        path.write_text(text)
        return path

    @bentoml.api
    async def tokens(self, words: t.List[str]) -> t.AsyncGenerator[str, None]:
        for word in words:
            yield word
            await asyncio.sleep(0)

    @bentoml.api
    async def refuses(self) -> t.AsyncGenerator[str, None]:
        raise NotFound("Nothing to tell")
        yield ""

    @bentoml.api
    async def endless(self) -> t.AsyncGenerator[str, None]:
        while True:
            yield "more "
            await asyncio.sleep(0.01)

    @bentoml.api
    async def fails(self, status: int) -> str:
        if status == 400:
            raise InvalidArgument("Out of paper")
        if status == 404:
            raise NotFound("Out of paper")
        if status == 500:
            raise RuntimeError("a secret")
        raise BentoMLException("Out of paper", error_code=HTTPStatus(status))

    @bentoml.api
    async def headers(self, ctx: bentoml.Context) -> t.Dict[str, str]:
        return dict(ctx.request.headers)


@bentoml.service(traffic={"timeout": 30, "max_concurrency": 1})
class Busy:
    @bentoml.api
    async def hold(self) -> t.AsyncGenerator[str, None]:
        yield "held"
        await asyncio.sleep(20)


@bentoml.service(traffic={"timeout": 1})
class Late:
    @bentoml.api
    async def think(self) -> str:
        await asyncio.sleep(20)
        return "too late"
