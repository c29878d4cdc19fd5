"""What stands before a colon at the beginning of a line and is nobody's name: "Note", "Step 2", "Date of birth"."""

from __future__ import annotations

import regex

_WORDS = """
    a abstract accept achtung action activity address admission advantages advertencia advice age agenda aim alternative anmerkung
    answer antwort appendix approach args argument article assignment assumption attention audience aufgabe auteur author autor
    background bad based basis before beispiel benefit body bonus book born bug by caption case category cause caution challenge
    change chapter chorus city class code color colour comment company conclusion condition cons contact content context
    contributor copyright correct cost count country course credit criteria data database date datum day deadline default
    definition department description design detail diagnosis diet difference difficulty director disadvantages disclaimer
    document domanda download duration edit editor ejemplo email end ergebnis error esempio evidence example exception exemple
    exemplo exercise expected explanation fact false fax fazit features fecha feedback field figure file final finding first fix
    focus follow-up fonte footnote foreword format formula frage from fuente function funding future genre given goal good grade
    hint hinweis history home hour how hypothesis id idea image implementation importance important in include including incorrect
    info information ingredient input installation instruction interpretation introduction issue item job keyword kind label
    language last lemma length lesson level license limitation link list location lyric main material meaning measures message
    method methode methodology min mission mode model more motivation name news next no nota note number objectif objective
    objetivo observation occupation on option order organization origin other output overview paragraph param parameter part
    participant passage password patient pergunta phase phone photo picture place plan platform plot point population position
    practice pregunta premise prerequisites problem procedure process product program project pronunciation proof pros publisher
    purpose q quelle question quote range rate rating rationale reason received recipe recommendation reference related release
    remark remarque reply requirement response resposta respuesta result resultado resumen return review reward riassunto risk
    risposta risultato role round rule sample scene schedule scope score season second section see selected sentence serves
    serving setting setup side significance size skill solution source spec start state statement status step strength structure
    study subject subtitle success suggestion sum summary symptoms synopsis syntax table tag task team technique term test text
    thema theme theorem theory thesis third thought throw time timeline tip titel title titre to today topic total training
    translation treatment trivia true type unit update updated url usage use using value variables venue verdict verse version
    video view vocabulary warning weaknesses website week weight what when where why width winner wish word work year yes yield
    ziel zusammenfassung
    lösung réponse résultat résumé conclusión título примечание пример ответ вопрос результат вывод источник автор дата тема цель
    注 注意 例 例如 结果 結果 答案 问题 問題 说明 說明 备注 備考 时间 時間 日時 地点 地址 电话 摘要 要旨 关键词 来源 出典 作者
    著者 方法 结论 結論 背景 目的 提示 总结 标题 题目 内容 日期 特点 优点 缺点 原因 建议 步骤 定义 概述 名称 类型 用途 价格 网址
    位置 段落 请求 介绍 章节 图片 问 答 問 質問 回答 解答 例文 補足 参考
"""
_KEYS = frozenset(_WORDS.split())
_HAN = regex.compile(r"\p{Han}++")
_LONGEST_HAN = 8  # characters of a name in Chinese characters
_NUMBER = regex.compile(r"[\W\d_]+$")


def is_key(label: str) -> bool:
    """Whether the last word of a label is that of a key, a number behind it aside, or the first one before a small letter."""
    words = _NUMBER.sub("", label).split()
    if len(words) > 1 and len(words[-1]) == 1:  # Option A
        del words[-1]
    if not words or _known(words[-1]) or (_known(words[0]) and words[1].islower()):
        return True
    return _HAN.fullmatch(words[-1]) is not None and (len(label) > _LONGEST_HAN or words[-1][-2:] in _KEYS)


def _known(word: str) -> bool:
    small = word.casefold()
    return small in _KEYS or small.removesuffix("s") in _KEYS
