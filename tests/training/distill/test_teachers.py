"""Teachers: what they send, what they make of answers and failures."""

import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from fake_service import completion, hang_up, stall

from linguapress.errors import DistillationError, MissingExtra
from linguapress.training.distill.langchain_teacher import LangChainTeacher, langchain_teacher
from linguapress.training.distill.openai_teacher import OpenAITeacher
from linguapress.training.distill.teacher import (
    Reply,
    TeacherBusy,
    TeacherGarbled,
    TeacherRefused,
    TeacherUnusable,
    Usage,
    seconds,
)

KEY = "sk-secret-123"
MESSAGE = "Shorten:\n\n<m>\nthe cat\n</m>"


async def ask(service, **settings):
    teacher = OpenAITeacher("tiny", service.url, KEY, **settings)
    try:
        return await teacher.ask("system", MESSAGE)
    finally:
        await teacher.aclose()


async def test_a_request_and_its_answer(service):
    assert await ask(service, options={"temperature": 0.3}) == Reply("cat", Usage(100, 50))
    (body,), (headers,) = service.requests, service.headers
    assert body["model"] == "tiny"
    assert body["temperature"] == 0.3
    assert body["messages"] == [{"role": "system", "content": "system"}, {"role": "user", "content": MESSAGE}]
    assert headers["authorization"] == f"Bearer {KEY}"


async def test_the_key_comes_from_the_environment_and_may_be_missing(service, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " from-env\n")
    for key in (None, ""):
        teacher = OpenAITeacher("tiny", service.url, key)
        await teacher.ask("system", MESSAGE)
        await teacher.aclose()
    assert service.headers[0]["authorization"] == "Bearer from-env"
    assert "authorization" not in service.headers[1]


async def test_a_key_is_never_shown(service):
    assert KEY not in repr(OpenAITeacher("tiny", service.url, KEY))
    service.script[0] = 401, {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}
    with pytest.raises(TeacherUnusable, match="status 401: invalid_api_key Incorrect API key provided: ") as error:
        await ask(service)
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ((429, {"error": {"message": "slow down"}}), TeacherBusy),
        ((429, {"error": {"message": "pay first", "code": "insufficient_quota"}}), TeacherUnusable),
        ((500, b"oops"), TeacherBusy),
        ((503, {"error": "overloaded"}), TeacherBusy),
        ((404, {"error": {"message": "no such model"}}), TeacherUnusable),
        ((307, b"", {"location": "http://elsewhere/"}), TeacherUnusable),
        ((400, {"error": {"message": "too long"}}), TeacherRefused),
        ((400, [1]), TeacherRefused),
        (hang_up, TeacherBusy),
        (stall(1.0), TeacherBusy),
        ((200, b"<html>"), TeacherGarbled),
        ((200, b"\xff\xfe{"), TeacherGarbled),
        ((200, b"[" * 100_000), TeacherGarbled),
        ((200, b"no gzip", {"content-encoding": "gzip"}), TeacherGarbled),
        ((400, b"[" * 100_000), TeacherRefused),
        ((200, []), TeacherGarbled),
        ((200, {}), TeacherGarbled),
        ((200, {"choices": []}), TeacherGarbled),
        ((200, {"choices": [None]}), TeacherGarbled),
        ((200, {"choices": [{"message": None}]}), TeacherGarbled),
        ((200, completion(None)), TeacherGarbled),
        ((200, completion(" \n")), TeacherGarbled),
        ((200, completion([{"type": "text"}])), TeacherGarbled),
        ((200, completion("cut", reason="length")), TeacherRefused),
        ((200, completion("", reason="content_filter")), TeacherRefused),
        ((200, {"choices": [{"message": {"content": None, "refusal": "no"}}]}), TeacherRefused),
    ],
)
async def test_failures_are_told_apart(service, step, kind):
    service.script["always"] = step
    with pytest.raises(kind) as error:
        await ask(service, timeout=0.3)
    assert type(error.value) is kind


async def test_useless_answers_are_charged_all_the_same(service):
    service.script["always"] = 200, completion(None, 7, 3)
    with pytest.raises(TeacherGarbled) as error:
        await ask(service)
    assert error.value.usage == Usage(7, 3)


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "many"}, {"prompt_tokens": -1}])
async def test_an_odd_account_is_none(service, usage):
    service.script["always"] = 200, {**completion("cat"), "usage": usage}
    assert (await ask(service)).usage == Usage()


async def test_a_server_that_is_not_there(service):
    service.close()
    with pytest.raises(TeacherBusy, match="cannot be reached"):
        await ask(service)


async def test_a_key_that_is_none():
    with pytest.raises(TeacherUnusable, match="copy it anew") as error:
        await OpenAITeacher("tiny", key="sk-é").ask("system", MESSAGE)
    assert "sk-" not in str(error.value)


@pytest.mark.parametrize("url", ["ftp://x/v1", "127.0.0.1/v1", "http://", "http://a:b/"])
async def test_an_address_that_is_none(url):
    with pytest.raises(TeacherUnusable):
        await OpenAITeacher("tiny", url, "").ask("system", MESSAGE)


async def test_a_busy_service_says_for_how_long(service):
    service.script["always"] = 429, {}, {"retry-after": "7"}
    with pytest.raises(TeacherBusy) as error:
        await ask(service)
    assert error.value.retry_after == 7


def test_waiting_times():
    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    assert [seconds(value) for value in (None, "", "3.5", "-1", "soon")] == [None, None, 3.5, 0.0, None]
    assert 95 < seconds(soon) <= 100
    assert seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_options_are_part_of_the_name():
    assert len({OpenAITeacher("m", options=options).name for options in ({}, {"temperature": 0}, {"temperature": 1})}) == 3


async def test_httpx_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'linguapress\[distill\]'"):
        await OpenAITeacher("m", key="").ask("system", MESSAGE)


# LangChain


def scripted(*replies):
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    return GenericFakeChatModel(messages=iter(replies))


def answer(content, **facts):
    from langchain_core.messages import AIMessage

    return AIMessage(content, **facts)


async def test_a_chat_model_answers():
    usage = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
    blocks = [{"type": "text", "text": "the "}, {"type": "text", "text": "cat"}]
    model = scripted(answer("cat", usage_metadata=usage), answer(blocks))
    teacher = LangChainTeacher(model)
    assert await teacher.ask("system", MESSAGE) == Reply("cat", Usage(9, 4))
    assert (await teacher.ask("system", MESSAGE)).text == "the cat"
    assert teacher.name == "GenericFakeChatModel"


@pytest.mark.parametrize(("facts", "kind"), [({"finish_reason": "length"}, TeacherRefused), ({}, TeacherGarbled)])
async def test_a_chat_model_that_is_cut_off_or_silent(facts, kind):
    with pytest.raises(kind):
        await LangChainTeacher(scripted(answer("", response_metadata=facts))).ask("system", MESSAGE)


class Failing:
    model_name = "failing"

    def __init__(self, error):
        self.error = error

    async def ainvoke(self, messages):
        raise self.error


class StatusError(Exception):
    def __init__(self, status, headers=None):
        super().__init__("said")
        self.status_code = status
        self.response = type("Response", (), {"headers": headers or {}})()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StatusError(429, {"retry-after": "3"}), TeacherBusy),
        (StatusError(401), TeacherUnusable),
        (StatusError(422), TeacherRefused),
        (TimeoutError("slow"), TeacherBusy),
        (RuntimeError("odd"), TeacherBusy),
        (TypeError("a mistake"), TeacherUnusable),
    ],
)
async def test_a_providers_errors_are_told_apart(error, kind):
    pytest.importorskip("langchain_core")
    with pytest.raises(kind) as found:
        await LangChainTeacher(Failing(error)).ask("system", MESSAGE)
    assert getattr(found.value, "retry_after", None) == (3 if "429" in str(found.value) else None)


def test_a_factory_is_found_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "my_teacher.py").write_text(
        "class M:\n    async def ainvoke(self, m): ...\n\ndef make():\n    return M()\n\nmodel = M()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert langchain_teacher("my_teacher:make").name == langchain_teacher("my_teacher:model").name == "M"
    for spec in ("my_teacher:no", "no_such_module:make", "my_teacher", ":x"):
        with pytest.raises(DistillationError, match=r"cannot find .* langchain:package.module:factory"):
            langchain_teacher(spec)
    with pytest.raises(DistillationError, match="is no LangChain chat model"):
        LangChainTeacher("gpt")


async def test_langchain_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_core.messages", None)
    with pytest.raises(MissingExtra, match=r"pip install 'linguapress\[distill\]'"):
        await LangChainTeacher(Failing(TypeError())).ask("system", MESSAGE)
