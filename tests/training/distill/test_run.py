"""Asking: at once, paced, patient, resumable, never twice."""

import asyncio

import pytest
from fake_service import completion, deleted, hang_up, stall, text_of

from linguapress.errors import DistillationError, MissingExtra
from linguapress.training.distill.estimate import Prices
from linguapress.training.distill.ledger import Ledger
from linguapress.training.distill.openai_teacher import OpenAITeacher
from linguapress.training.distill.pace import Pace
from linguapress.training.distill.run import RunSettings, ask_all
from linguapress.training.distill.teacher import Reply, TeacherBusy, TeacherGarbled, TeacherRefused, TeacherUnusable, Usage

TEXTS = [f"the passage number {number}" for number in range(20)]
QUICK = {"first_wait": 0.001}


class Scripted:
    """A teacher in this process; ``script`` gives what happens at the nth call, or at each about a text."""

    def __init__(self, script=None, name="scripted"):
        self.name, self.script, self.asked, self.closed, self.now, self.most = name, script or {}, [], 0, 0, 0

    async def ask(self, system, message):
        text = text_of(message)
        number = len(self.asked)
        self.asked.append(text)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0)
            step = self.script.get(number, self.script.get(text, self.script.get("always")))
            if callable(step):
                step = step()
            if isinstance(step, BaseException):
                raise step
            return step or Reply(deleted(text), Usage(1000, 500))
        finally:
            self.now -= 1

    async def aclose(self):
        self.closed += 1


async def run(tmp_path, teacher, texts=TEXTS, progress=lambda tally: None, check=lambda text, reply: None, **settings):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        await asyncio.sleep(0)

    pace = Pace(None, lambda: sum(slept), sleep)
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        tally = await ask_all(texts, teacher, ledger, RunSettings(**{**QUICK, **settings}), progress, check, pace, sleep)
        return tally, ledger.entries, slept


async def test_every_text_is_asked_once_and_the_next_run_asks_none(tmp_path):
    teacher = Scripted()
    tally, entries, _ = await run(tmp_path, teacher, [*TEXTS, *TEXTS])
    assert sorted(teacher.asked) == sorted(TEXTS)
    assert (tally.answered, tally.failed, tally.tries, len(entries)) == (20, 0, 20, 20)
    tally, _, _ = await run(tmp_path, teacher)
    assert (tally.total, len(teacher.asked), teacher.closed) == (0, 20, 2)


async def test_another_teacher_is_asked_anew(tmp_path):
    await run(tmp_path, Scripted())
    other = Scripted(name="other")
    await run(tmp_path, other)
    assert len(other.asked) == 20


async def test_no_more_requests_at_once_than_allowed(tmp_path):
    teacher = Scripted()
    await run(tmp_path, teacher, concurrency=3)
    assert teacher.most == 3


async def test_a_crash_loses_at_most_the_calls_under_way(tmp_path):
    def crash(tally):
        if tally.answered == 7:
            raise MemoryError

    teacher = Scripted()
    with pytest.raises(MemoryError):
        await run(tmp_path, teacher, progress=crash, concurrency=4)
    first = len(teacher.asked)
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        assert first - 4 <= len(ledger.entries) <= first < 20
        done = len(ledger.entries)
    await run(tmp_path, teacher)
    assert len(teacher.asked) - first == 20 - done


async def test_busy_teachers_are_asked_again_after_as_long_as_they_say(tmp_path):
    teacher = Scripted({0: TeacherBusy("slow", 33.0), 1: TeacherBusy("again")})
    tally, entries, slept = await run(tmp_path, teacher, TEXTS[:1])
    assert (tally.tries, tally.answered, len(entries)) == (3, 1, 1)
    assert 33 in slept
    assert sum(seconds < 33 for seconds in slept) >= 1


async def test_who_stays_busy_is_left_for_the_next_run(tmp_path):
    teacher = Scripted({TEXTS[3]: TeacherBusy("overloaded")})
    tally, entries, _ = await run(tmp_path, teacher, attempts=3)
    assert (tally.failed, len(entries), tally.reasons) == (1, 19, {"overloaded": 1})
    assert teacher.asked.count(TEXTS[3]) == 3
    teacher.script = {}
    tally, entries, _ = await run(tmp_path, teacher)
    assert (tally.tries, len(entries)) == (1, 20)


async def test_a_wait_beyond_measure_is_not_waited_for(tmp_path):
    tally, _, slept = await run(tmp_path, Scripted({TEXTS[0]: TeacherBusy("tomorrow", 86400.0)}))
    assert tally.failed == 1
    assert not [seconds for seconds in slept if seconds > 600]


@pytest.mark.parametrize(("error", "tries"), [(TeacherRefused("no", Usage(5, 1)), 1), (TeacherGarbled("mumble", Usage(5, 1)), 4)])
async def test_what_is_refused_is_remembered_and_paid_again_only_on_demand(tmp_path, error, tries):
    teacher = Scripted({TEXTS[0]: error})
    tally, entries, _ = await run(tmp_path, teacher, TEXTS[:2], attempts=4)
    assert teacher.asked.count(TEXTS[0]) == tries
    assert tally.usage == Usage(1000 + 5 * tries, 500 + tries)
    assert [entry.error for entry in entries.values() if entry.reply is None] == [str(error)]
    teacher.script = {}
    assert (await run(tmp_path, teacher, TEXTS[:2]))[0].tries == 0
    tally, entries, _ = await run(tmp_path, teacher, TEXTS[:2], retry_failed=True)
    assert tally.tries == 1
    assert all(entry.reply for entry in entries.values())


async def test_an_unusable_teacher_ends_the_run_at_once(tmp_path):
    teacher = Scripted({"always": TeacherUnusable("status 401")})
    with pytest.raises(DistillationError, match="the teacher 'scripted' cannot be used: status 401"):
        await run(tmp_path, teacher, concurrency=4)
    assert len(teacher.asked) <= 4
    assert teacher.closed == 1


async def test_too_many_failures_in_a_row_end_the_run(tmp_path):
    teacher = Scripted({"always": TeacherRefused("bad option")})
    with pytest.raises(DistillationError, match=r"5 passages in a row failed, the last with: bad option; .*--retry-failed"):
        await run(tmp_path, teacher, patience=5, concurrency=1)
    assert len(teacher.asked) == 5


async def test_the_run_stops_at_its_cost_and_keeps_what_was_paid(tmp_path):
    teacher = Scripted()
    with pytest.raises(DistillationError, match=r"stopped at a cost of 0\.0100"):
        await run(tmp_path, teacher, concurrency=1, most_cost=0.0081, prices=Prices(1.0, 2.0))  # 0.002 a call
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        assert len(ledger.entries) == len(teacher.asked) == 5


async def test_the_cost_of_the_last_passage_stops_nothing(tmp_path):
    tally, _, _ = await run(tmp_path, Scripted(), TEXTS[:5], concurrency=1, most_cost=0.0081, prices=Prices(1.0, 2.0))
    assert (tally.answered, tally.cost) == (5, pytest.approx(0.01))


async def test_a_check_can_stop_the_run(tmp_path):
    def check(text, reply):
        assert reply == deleted(text)
        raise DistillationError("enough")

    with pytest.raises(DistillationError, match="enough"):
        await run(tmp_path, Scripted(), check=check, concurrency=1)
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        assert len(ledger.entries) == 1


async def test_tokens_are_counted_where_the_service_does_not_say(tmp_path):
    teacher = Scripted({"always": Reply("passage", Usage())})
    tally, entries, _ = await run(tmp_path, teacher, TEXTS[:1], count=lambda text: 1)
    assert tally.usage == Usage(2, 1)
    assert next(iter(entries.values())).tokens_in == 2


async def test_a_teacher_that_never_returns(tmp_path):
    class Stuck(Scripted):
        async def ask(self, system, message):
            await asyncio.sleep(60)

    tally, entries, _ = await run(tmp_path, Stuck(), TEXTS[:2], timeout=0.02, attempts=2)
    assert (tally.failed, tally.tries, entries) == (2, 4, {})
    assert tally.reasons == {"no answer within 0.02 s": 2}


async def test_a_service_with_every_illness_is_got_through(service, tmp_path):
    illnesses = [
        (429, {"error": {"message": "slow"}}, {"retry-after": "0.01"}),
        (500, b"oops"),
        hang_up,
        stall(0.4),
        (200, b"{"),
        (200, {"choices": []}),
        (200, completion(None)),
    ]
    service.script = dict(enumerate(illnesses))
    teacher = OpenAITeacher("tiny", service.url, "", timeout=0.2)
    with Ledger(tmp_path / "l") as ledger:
        tally = await ask_all(TEXTS, teacher, ledger, RunSettings(concurrency=3, first_wait=0.01))
    assert (tally.answered, tally.failed, tally.tries) == (20, 0, 27)
    assert service.most_at_once <= 4  # a stalled request that was given up still sits in the server
    assert {entry.reply for entry in ledger.entries.values()} == {deleted(text) for text in TEXTS}
    assert tally.usage == Usage(21 * 100, 21 * 50)


@pytest.mark.parametrize("settings", [{"concurrency": 0}, {"attempts": 0}, {"timeout": -1}, {"per_minute": 0}])
def test_settings_with_which_nothing_could_be_asked(settings):
    with pytest.raises(DistillationError, match=f"{next(iter(settings))} must be above 0"):
        RunSettings(**settings)


async def test_tenacity_without_its_extra(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tenacity", None)
    with pytest.raises(MissingExtra, match=r"pip install 'linguapress\[distill\]'"):
        await run(tmp_path, Scripted())
