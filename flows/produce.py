"""From a script to a signed video: the whole product, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, unmapped
from prefect.futures import PrefectFutureList
from prefect.task_runners import ThreadPoolTaskRunner

from av_models.domain.consent import Cast
from av_models.domain.dubbing import Dubbing
from av_models.domain.edit import Timeline
from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet, FaceTrack
from av_models.domain.production import MASTERS, Stage
from av_models.domain.speech import Alignment, CheckedSpeech
from av_models.domain.sync import LipSync, SyncGate, Wording
from av_models.io.output_folder import output_folder
from flows.parameters import Production
from flows.review import Decision, Gate, ask
from tasks.alignment import align
from tasks.consent import check_consent
from tasks.delivery import deliver, note_outputs
from tasks.dubbing import is_dubbed, measure_isochrony
from tasks.faces import gather_faces, start_tracking, track_faces
from tasks.inputs import Inputs, open_inputs
from tasks.mastering import preview_swap, write_master
from tasks.people import require_pair
from tasks.plates import match_plate
from tasks.progress import stopping_together, unwatched
from tasks.quality import measure_master, write_report
from tasks.review_cards import model_card, speech_card, swap_card
from tasks.script import check_roles, read_script, utterances
from tasks.self_check import check_conformed, check_speech, conformed_speeches, in_order
from tasks.shots import cut_shots
from tasks.sound import open_beds
from tasks.speech import synthesize
from tasks.stages import record_stages
from tasks.styling import Styled, follow_styles, read_style, voice_habits
from tasks.swapping import swap_shot
from tasks.sync import measure_clip, watch_lips
from tasks.sync_gate import judge_sync, refuse_master
from tasks.timing import fit_performance
from tasks.training import MIN_FACES, train_swapper

__all__ = ["produce"]

Made = dict[str, Any]
Steps = Generator[tuple[Stage, Made], None, Any]

# Two footages are tracked and a line is spoken at once. More would not help: heavy stages use all cores by themselves.
_THREADS = 3

record_stages(
    *(open_inputs, check_consent, read_script, read_style, voice_habits, synthesize, check_speech, align),
    *(measure_isochrony, track_faces, gather_faces, fit_performance, check_conformed, train_swapper, match_plate),
    *(cut_shots, swap_shot, preview_swap, write_master, measure_master, watch_lips, measure_clip),
)


@flow(
    name="produce",
    description="A script, a consented face and voice and an actor's footage become a finished, signed video.",
    flow_run_name="{production.script_name}",
    task_runner=ThreadPoolTaskRunner(max_workers=_THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def produce(production: Production) -> Path:
    """Make one video, or as much of it as `production.until` asks for; returns the page with everything measured.

    Finished stages are kept, so that a second run, or a run after an interruption, begins where it must.
    Results appear in the output folder when all is well; a run that fails leaves the earlier results alone.
    """
    made: Made = {}
    with stopping_together(), output_folder(production.out_dir, MASTERS) as folder:
        for stage, results in perform(production, folder):
            made |= results
            deliver(folder, stage, made)
            if stage is production.until:
                break
        _hold_to_sync(production, folder, made)
    note_outputs(production.out_dir, made["clearance"].consent_ids, made)
    return write_report(production.out_dir, production.model_dump(mode="json"), **_for_report(made))


def perform(production: Production, folder: Path) -> Iterator[tuple[Stage, Made]]:
    """All stages in the order of the day, each with what it made. folder: where that can be looked at meanwhile."""
    inputs = open_inputs(**production.inputs)
    clearance = check_consent(inputs.cast, production.purpose_in(inputs.language))
    beds = open_beds(production.sound.beds)
    read = read_script(inputs.text, inputs.language)
    roles = check_roles(read, inputs.cast)
    styled = follow_styles(read, inputs.cast, clearance, production.seed)
    script, notes = styled.script, (*styled.script.notes, *roles)
    yield Stage.SCRIPT, {"clearance": clearance, "script": script, "notes": notes}

    tracks = _start_tracking(inputs, production)
    speeches = yield from _speak(styled, inputs.cast, production, folder)
    alignments = align.map(speeches, unmapped(production.sound.aligner)).result()
    yield Stage.ALIGNMENT, {"alignments": tuple(alignments), "dubbing": _compare(inputs, tuple(alignments))}

    consent_ids = [clearance.consent_id(role) for role in ("source", "actor")]
    followed = tracks.result()
    require_pair(followed[0], followed[1], MIN_FACES)
    source, actor = gather_faces.map(followed, unmapped(production.face_size_px), consent_ids).result()
    yield Stage.FACES, {"source": source, "actor": actor}

    timeline = fit_performance(tuple(alignments), actor.track, production.fit, production.lips)
    heard = check_conformed.map(conformed_speeches(timeline.placements)).result()
    yield Stage.TIMELINE, {"timeline": timeline, "conformed": in_order(timeline.placements, heard)}

    model, shots, clips, take = yield from _swap(source, actor, timeline, inputs.source_words, production, folder)
    options = production.master_options(script.title, inputs.language, beds, take)
    master = write_master(timeline, clips, options, clearance, *inputs.footages)
    yield Stage.MASTER, {"master": master}

    quality = measure_master(master, model, shots, clips, options.loudness_lufs)
    yield Stage.REPORT, {"quality": quality, "reference": _own_clip(inputs)}


def _compare(inputs: Inputs, alignments: tuple[Alignment, ...]) -> Dubbing | None:
    """The script's sentences beside the actor's own, where it is a translation of them."""
    if not is_dubbed(inputs.actor_words, inputs.language):
        return None
    return measure_isochrony(alignments, inputs.cast.actor, inputs.actor_words)


def _own_clip(inputs: Inputs) -> LipSync | None:
    """Lips and sound of the actor's own clip, by the same measure; None if it has no sound or no lips to measure."""
    if inputs.cast.actor.audio is None:
        return None
    try:
        return measure_clip(inputs.cast.actor, Wording(inputs.actor_words, inputs.language))
    except MediaError:
        return None


def _hold_to_sync(production: Production, folder: Path, made: Made) -> None:
    """Tell what is beyond the limits of sync; QualityError where such a master is refused."""
    if "quality" not in made:
        return
    gate = production.sync_gate
    findings = judge_sync(made["quality"], gate, production.sync.limits, made["reference"])
    if findings and gate is SyncGate.FAIL:
        facts = production.model_dump(mode="json")
        refuse_master(folder, production.out_dir, findings, facts, **_for_report(made))


def _start_tracking(inputs: Inputs, production: Production) -> PrefectFutureList[FaceTrack]:
    """Source and actor side by side, while lines are spoken; nobody, if the run ends before faces are wanted."""
    footages = inputs.footages if Stage.ALIGNMENT.is_before(production.until) else ()
    return start_tracking(footages, production.face.backend, production.face.search_every, inputs.picks)


def _speak(styled: Styled, cast: Cast, production: Production, folder: Path) -> Steps:
    """Every line spoken and listened to, and spoken again with another seed for as long as the reviewer wants it."""
    seeds, take = (production.seed,) * len(styled.script.lines), 1
    while True:
        spoken = synthesize.map(utterances(styled.script, cast, seeds, styled.performances)).result()
        checked: list[CheckedSpeech] = check_speech.map(spoken).result()
        speeches = [one.speech for one in checked]
        yield Stage.SPEECH, {"speeches": tuple(speeches), "checked": tuple(checked)}
        verdict = _ask(production, Gate.SPEECH, take, partial(speech_card, checked, folder), len(seeds))
        if not verdict.redo:
            return speeches
        seeds, take = verdict.reseed(seeds), take + 1


def _swap(
    source: FaceSet, actor: FaceSet, timeline: Timeline, source_words: str, production: Production, folder: Path
) -> Steps:
    """Train, then paint all shots; again with a longer training for as long as the reviewer wants it."""
    options, take = production.training_options, 1
    while True:
        model = train_swapper(source, actor, options)
        yield Stage.MODEL, {"model": model}
        verdict = _ask(production, Gate.MODEL, take, partial(model_card, model, folder))
        if not verdict.redo:
            match = match_plate(model.weights, actor.track, production.swap.options)
            shots = tuple(cut_shots(timeline, model, match, source_words, production.swap.options))
            clips = tuple(swap_shot.map(shots).result())
            yield Stage.SWAP, {"clips": clips, "preview": preview_swap(clips, shots, timeline)}
            verdict = _ask(production, Gate.SWAP, take, partial(swap_card, clips, folder))
        if not verdict.redo:
            return model, shots, clips, take
        options, take = replace(options, budget_s=verdict.budget_s(options.budget_s), max_steps=0), take + 1


def _ask(production: Production, gate: Gate, take: int, card: Callable[[], str], n_lines: int = 0) -> Decision:
    """The reviewer's verdict; approved where nobody asked for a review."""
    if not production.review:
        return Decision()
    with unwatched():
        return ask(gate, card(), take=take, n_lines=n_lines)


def _for_report(made: Made) -> Made:
    names = ("clearance", "script", "speeches", "alignments", "source", "actor", "model", "master", "quality")
    return {name: made[name] for name in (*names, "checked", "conformed", "reference") if name in made}
