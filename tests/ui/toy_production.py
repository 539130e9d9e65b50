"""A production of a few seconds that stops at a real gate and leaves a real page: what the tests serve."""

from __future__ import annotations

import numpy as np
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, Field

from av_models.io.preview import encode_jpeg
from flows.review import Gate, ask
from tasks.artifacts import inline_picture, show_markdown
from tasks.quality import write_report
from tasks.stages import record_stages
from tasks.workspace import media_dir


class Production(BaseModel):
    """Few fields, of the kinds that the real one has."""

    script: str = Field(min_length=1)
    review: bool = True
    n_lines: int = 2


@task(cache_policy=NO_CACHE, persist_result=False)
def speak(text: str, seed: int) -> str:
    return f"{text} {seed}"


@flow(name="produce", persist_result=False)
def produce(production: Production) -> str:
    record_stages(speak)
    seeds, take = (7,) * production.n_lines, 1
    picture = encode_jpeg(np.full((24, 24, 3), (138, 59, 18), np.uint8))
    while True:
        spoken = [speak(production.script, seed) for seed in seeds]
        show_markdown("spoken", inline_picture(picture, "a dot") + "\n\n" + ", ".join(spoken), "what was spoken")
        decision = ask(
            Gate.SPEECH, "Listen to the lines.", take=take, review=production.review, n_lines=production.n_lines
        )
        if not decision.redo:
            break
        seeds, take = decision.reseed(seeds), take + 1
    page = write_report(media_dir() / "out" / "toy", production.model_dump(mode="json"))
    show_markdown("result", f"seeds {seeds}, page {page.name}", "the end")
    return f"{seeds}"
