"""Voices, video providers and lexicons are read strictly, told early, and part of what a workflow is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from definition_sample import WORKFLOW, write_project

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.pronunciation import Pronunciation, load_pronunciation
from workflow_orchestrator.definition.rendering_file import load_rendering, rendering_json_schema
from workflow_orchestrator.definition.source import read_yaml
from workflow_orchestrator.errors import ConfigurationError, DefinitionError

GOOD = """format: 1
voices:
  warm:
    en: {polly: {voice: Amy, engine: neural, connection: aws, region: eu-west-2}}
    de: {openai: {connection: speech, model: tts-1, voice: alloy}}
    any: {offline: {prefer: [flite, espeak]}}
video_providers:
  host: {http_avatar: {vendor: heygen, connection: heygen, avatar: a1, within: 45m}}
  mood: {bedrock_async: {model: "luma.ray-v2:0", output: s3://clips/in, prompt: A harbour., region: us-west-2}}
"""
LEXICON = "format: 1\nwords:\n  UCITS: {say: you sits}\n  Alder Ridge: {say: older rich, ipa: ˈɔːldə rɪdʒ}\n"


def project(root: Path, *, rendering: str = GOOD, provider: str = "local", voice: str = "default") -> tuple[Path, Path]:
    text = WORKFLOW.replace("provider: local, voice: default", f"provider: {provider}, voice: {voice}")
    assert (provider, voice) == ("local", "default") or text != WORKFLOW
    folder, include = write_project(root, text)
    (include / "rendering.yaml").write_text(rendering)
    return folder, include


def test_names_of_the_file_are_known(tmp_path: Path) -> None:
    """A voice and a provider of the file load; a language without an entry takes `any`."""
    folder, include = project(tmp_path, provider="host", voice="warm")
    assert load_workflow(folder, include).steps
    settings = load_rendering(include)
    assert settings.engine("warm", "en").settings["voice"] == "Amy"
    assert settings.engine("warm", "fr").kind == "offline"
    assert settings.engine("default", "fr").kind == "offline"
    assert settings.video_providers["host"].within.total_seconds() == 45 * 60
    assert settings.video_providers["mood"].within.total_seconds() == 2 * 60 * 60


def test_the_file_and_its_schema_agree() -> None:
    """What an editor accepts is what the loader accepts, and the shipped file is good."""
    validator = jsonschema.Draft202012Validator(rendering_json_schema())
    validator.validate(read_yaml(GOOD).data)
    shipped = Path(__file__).resolve().parents[4] / "include"
    validator.validate(read_yaml(shipped / "rendering.yaml").data)
    assert "default" in load_rendering(shipped).voices
    committed = json.loads((shipped.parent / "docs" / "rendering.schema.json").read_text(encoding="utf-8"))
    assert committed == rendering_json_schema()


@pytest.mark.parametrize(
    ("provider", "voice", "words"),
    [
        ("hots", "warm", "there is no video provider 'hots' in include/rendering.yaml; did you mean 'host'?"),
        ("local", "worm", "there is no voice 'worm' in include/rendering.yaml; did you mean 'warm'?"),
    ],
)
def test_an_unknown_name_is_told_when_the_workflow_is_read(
    provider: str, voice: str, words: str, tmp_path: Path
) -> None:
    """With its place and what there is."""
    with pytest.raises(DefinitionError, match="WF065") as caught:
        load_workflow(*project(tmp_path, provider=provider, voice=voice))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("engine: neural", "engine: neurall", "did you mean 'neural'?"),
        ("voice: Amy, ", "", "the key 'voice' is missing"),
        ("any: {offline: {prefer: [flite, espeak]}}", "any: {espeak: {}}", "write offline: {prefer: [espeak]}"),
        ("  host:", "  local:", "WF035"),
        ("avatar: a1,", "avatar: a1, test: true,", "'test' goes with synthesia"),
        ("s3://clips/in", "clips", "is not s3://bucket/prefix"),
        ("voice: alloy", "voice: alloy, sample_rate: 22051", "no multiple of 25"),
        ("format: 1", "format: 2", "2 is not 1"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(old: str, new: str, words: str, tmp_path: Path) -> None:
    """By the workflow that is read, as by whoever renders."""
    folder, include = project(tmp_path, rendering=GOOD.replace(old, new, 1))
    with pytest.raises(DefinitionError) as caught:
        load_workflow(folder, include)
    assert words in caught.value.message
    assert "rendering.yaml:" in caught.value.message
    with pytest.raises(ConfigurationError):
        load_rendering(include)


def test_a_lexicon_is_part_of_the_definition(tmp_path: Path) -> None:
    """A changed pronunciation is another definition, and a wrong one does not load."""
    folder, include = project(tmp_path)
    before = load_workflow(folder, include).digest
    path = include / "prompts" / folder.name / "pronunciation.en.yaml"
    path.write_text(LEXICON)
    assert load_workflow(folder, include).digest != before
    path.write_text(LEXICON.replace("say:", "says:", 1))
    with pytest.raises(DefinitionError, match=r"pronunciation\.en\.yaml:3:\d+ WF010.*did you mean 'say'"):
        load_workflow(folder, include)


def test_only_whole_words_of_the_lexicon_change(tmp_path: Path) -> None:
    """The longest name first, across a no-break space too; captions keep what is written."""
    (tmp_path / "pronunciation.en.yaml").write_text(LEXICON.replace("words:", "words:\n  Alder: {say: older}"))
    lexicon = load_pronunciation(tmp_path, "en")
    text = "Alder\u00a0Ridge UCITS, Alder. UCITS2 and ucits stay."
    assert lexicon.applied(text) == "older rich you sits, older. UCITS2 and ucits stay."
    assert "".join(part.text for part in lexicon.parts(text)) == text
    assert [part.ipa for part in lexicon.parts(text) if part.ipa] == ["ˈɔːldə rɪdʒ"]
    assert load_pronunciation(tmp_path, "de") == Pronunciation()


@pytest.mark.parametrize(
    ("language", "entry", "words"),
    [
        ("en", "seven: {say: eight}", "'seven', which belongs to a figure"),
        ("en", "point: {say: dot}", "'point'"),
        ("en", "Fund: {say: fund one}", "'one'"),
        ("en", "Fund: {say: minus}", "'minus'"),
        ("en", "Fund: {say: 3i}", "'3'"),
        ("en", "Area 51: {say: area}", "'51'"),
        ("en", "million: {say: milyon}", "'million'"),
        ("en", "Fund: {say: '-up'}", "'-', which belongs"),
        ("en", "Fund: {say: '...'}", "has no letter"),
        ("de", "Komma: {say: Punkt}", "'komma'"),
        ("de", "Fonds: {say: drei}", "'drei'"),
        ("fr", "virgule: {say: point}", "'virgule'"),
        ("fr", "fonds: {say: deux}", "'deux'"),
        ("en", "Fund: {say: <break/>}", "plain words"),
        ("en", "Fund: {say: f, ipa: f<o}", "phonetic"),
    ],
)
def test_a_figure_is_never_respelt(language: str, entry: str, words: str, tmp_path: Path) -> None:
    """Neither the word nor its sound may be a part of a number; markup is none either."""
    (tmp_path / f"pronunciation.{language}.yaml").write_text(f"format: 1\nwords:\n  {entry}\n")
    with pytest.raises(DefinitionError, match=words):
        load_pronunciation(tmp_path, language)
