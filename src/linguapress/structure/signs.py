"""What lines look like that are laid out rather than written as prose: code without fences, YAML, XML, logs."""

from __future__ import annotations

from collections.abc import Iterator

import regex

LONGEST, LONGEST_ROW = 400, 2000  # characters of a line, and of one of a log or a CSV file
_LINE = regex.compile(r"[^\n]*+(?:\n|\Z)")
_WORDY = 8  # words of a value that is rather a sentence

LOG = regex.compile(
    r"[\[(<]?(?:\d{4}[-/]\d\d[-/]\d\d[T ]|\d\d?[-/]\w{2,3}[-/]\d{2,4}[: ]|\p{Lu}\p{Ll}\p{Ll} {1,2}\d\d? )?"
    r"\d\d:\d\d(?::\d\d)?[\w.,:+Z\])>-]*+\s(?=.{0,60}?(?:\[\w+\]\s|\w\[\d+\]|\b\w+=\S"
    r"|\b(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|NOTICE|CRITICAL|SEVERE)\b))"
    r"|\[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|CRITICAL)(?:\]|:\w|\s+[\[(]?\d{4}-)|\S+ \S+ \S+ \[\d\d/\p{L}{3}/\d{4}:"
)
_CODE = r"\w[(\[]|[;{(]$|==|\w_\w|\w\.\w+$|[\"'][)\];]*$"
_NAME = r"[\w$][\w$.:>-]*+(?:<[\w, ]+>)?"
_VALUE = r"[\"'\[{(@$&]|.*;$|.*\w[(\[]|\w+[._]\w|(?:[Tt]rue|[Ff]alse|None|null|nil)$|(?:new|await|lambda)\s"
_BEGINS = regex.compile(
    r"[)\]}]|</?[A-Za-z][\w:.-]*+(?:[\s/][^<>]*+)?(?:>|$)|<[?!][A-Za-z]|\"\"\"|'''|#!/|#\s?(?:include|define|ifn?def|endif|pragma)\b"
    rf"|{_NAME}\([^()]*+$|\.\w+\(|(?:async\s)?def\s+\w|(?:class|struct|enum|interface|trait|impl|object)\s+\w.*[:{{)]$"
    r"|class\s+\w+(?:\s+(?:extends|implements|<)|$)|import\s+(?:static\s+)?[\w.*{]+(?:\s+as\s+\w+|\s*,.*|.*\sfrom\s.*)?;?$"
    r"|from\s+[\w.]+\s+import\b|(?:package|using|namespace)\s+[\w.\\]+;?$|(?:else|try|finally|do|default)\s?[:{]$"
    r"|(?:if|elif|while|for|with|match|case|async|switch|unless)\b(?=.*(?::|then|do)$).*[()\[\]=<>_\"']|for\s[\w, ]+\sin\s\S+:$"
    r"|except\b[\w., ()]*:$|(?:break|continue|pass|raise|throw|yield|return|fi|done|esac|end)\s?;?$|return\s[\w.\-!]+;?$"
    rf"|(?:return|yield|raise|throw|await|assert|del|delete|echo|print|puts|export|case)\b(?=.*(?:{_CODE}))"
    r"|(?:public|private|protected|static|final|abstract|override|virtual|internal|export|const|let|var|val|fun|func|fn|function"
    r"|type|typedef|extern|unsigned|void|int|long|float|double|boolean|bool|char|[Ss]tring|auto|pub|local|declare)\b"
    rf"(?=.*(?:{_CODE}|\s:?=\s|=>|->))"
    r"|[\w.$*&#\[\]'\"]++(?:,\s[\w.]++)*+(?::\s[\w\[\], .|]+)?\s?(?:[-+*/%|&^?]|\*\*|//)?=(?![=~])\s?"
    rf"(?={_VALUE})|[\w$]*[_.#][\w$.#]*\s?[-+]?=\s?\S|[A-Z][A-Z0-9]*_[A-Z0-9_]*="
    r"|([\"'])[\w .$@/:-]{1,60}\1\s?(?::|=>)\s?(?:[\"'\[{\d-]|[Tt]rue|[Ff]alse|null|None)"
    r"|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|(?:ALTER|DROP) TABLE|FROM|WHERE|(?:[A-Z]+ ){0,2}JOIN|GROUP BY|ORDER BY"
    r"|HAVING|LIMIT|OFFSET|VALUES|SET|UNION|AND|OR|ON|WITH|CASE|WHEN|RETURNING)\b(?=$|\s.*[a-z0-9(*'\"])"
    r"|(?:[\w.]+\.)?\w+(?:Error|Exception)(?::|$)|File \".*\", line \d|at [\w.$<>]+\(|Traceback \(|Caused by: ",
    regex.A,
)
_ENDS = regex.compile(
    rf".*(?:\{{|[\w=:,(\[{{]\s?\[|[\w=:,(\[{{]\(|[;\"')\]\d]\s?\}}[;,)]*)$|{_NAME}\(.*\)\s?(?:[;,:{{]|[.=-].*)?$|.*\s=>\s.*[,;)]$"
    r"|[\w-]+\s?:\s\S.*;$|\w[\w.]*(?:\+\+|--)?;$|.*[\w\]][(\[=].*;$|.*[\"'];$|(?:\w[\w<>\[\],.?*&]*\s){1,3}\w+\s=\s.*;$"
    r"|([\"']).*\1,$",
    regex.A,
)
_MARKS = frozenset("{[(}]),;:")
_WITHIN = regex.compile(r"\w(?:->|::)\w|\s(?:&&|\|\||===?|!==?|[-+]=|:=)\s", regex.A)
_WEAK = regex.compile(
    r"//|/\*|\*/|#|--\s|<!--|@\w[\w.]*(?:\(.*)?$|[\w.$\[\]]+\s?[-+*/]?=\s?\S+;?$|\[\[?[a-z][\w.:\"-]*\]\]?$|-\s\S+$"
    r"|\$\s\w|.*\\$|\w+\s\w+;$|\"[^\"]*\"[)}]?;?$|[\w.&*]+,$",
    regex.A,
)
SURE = regex.compile(r"(?!<unk>).*(?:[;{>]|\):|[A-Za-z\d]\(.*\))$", regex.A)
COMMENT = regex.compile(r"//|/\*|\*|#|--\s|<!--")
KEY = regex.compile(r"(?:-\s)*+[\"']?(?P<key>[A-Za-z_$][\w./$-]*+)[\"']?:(?:\s++(?P<value>.*)|$)")


def lines_between(text: str, start: int, end: int) -> Iterator[regex.Match[str]]:
    """The lines between two places of a text, each with its end."""
    return (match for match in _LINE.finditer(text, start, end) if match.end() > match.start())


def plainness(body: str) -> float:
    """How plainly a line is laid out: 0, 0.5 or 1."""
    if len(body) > LONGEST:
        return float(len(body) <= LONGEST_ROW and LOG.match(body) is not None)
    if not body or (body[-1] in ".?!" and body[0].isupper() and " " in body):
        return 0.0
    if _BEGINS.match(body) or (body[-1] in _MARKS and _ENDS.match(body)) or _WITHIN.search(body) or LOG.match(body):
        return 1.0
    key = KEY.match(body)
    return 0.5 if _WEAK.match(body) or (key and (key["key"][0].islower() or not wordy(key["value"] or ""))) else 0.0


def wordy(value: str) -> bool:
    """Whether a value is rather a sentence, and its key who speaks it."""
    return value.rstrip("\"')]").endswith((".", "?", "!", "…")) or len(value.split()) >= _WORDY
