"""Reads the small print that says how the figures of a page are to be taken.

"Performance for periods of more than one year is annualised."    → periods over a year are per annum
"12-month periods to 30 September (%)"                            → the years over the columns are no calendar years
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import PageLayout

_ANNUALISED = r"(?:annuali[sz]ed|average annual|annualisiert|p\.\s?a\.|pro jahr|annualisée?s?|cagr)"
_OVER_A_YEAR = (
    r"(?:(?:one|1) (?:year|yr) (?:and|or|&) (?:above|more|over|longer)|"
    r"(?:over|above|more than|greater than|longer than|exceeding|beyond|>) ?(?:one|1|a|12) (?:year|yr|months)|"
    r"(?:über|mehr als|länger als|ab) (?:ein(?:em|es)?|1|12) (?:jahr|monate)|"
    r"(?:supérieure?s? à|de plus d['’ ]|au[- ]delà d['’ ])\s?(?:un|1|12) (?:an|mois))"
)
_UNDER_A_YEAR = r"(?:(?:less|shorter) than|under|below) (?:one|1|a|12)[- ](?:year|months?)"
_ANNUALISED_NOTE = re.compile(rf"{_OVER_A_YEAR}[^.;]{{0,80}}?{_ANNUALISED}|{_ANNUALISED}[^.;]{{0,60}}?{_OVER_A_YEAR}")
# What is said of the periods under a year says the contrary of those over it.
_UNDER_NOTE = re.compile(
    rf"{_UNDER_A_YEAR}[^.;]{{0,40}}?\b(?:not (?:been )?annuali[sz]ed|unannuali[sz]ed)|"
    rf"\b(?:not (?:been )?annuali[sz]ed|unannuali[sz]ed)[^.;]{{0,40}}?{_UNDER_A_YEAR}|"
    rf"{_UNDER_A_YEAR}[^.;]{{0,40}}?cumulative[^;]{{0,40}}?\bother\b[^.;]{{0,60}}?{_ANNUALISED}"
)
_OTHER_MEASURE = re.compile(
    r"\b(?:rank\w*|quartile|percentile|volatility|standard deviation|tracking (?:error|difference)|draw-?downs?|sharpe|sortino|"
    r"beta|alpha|information ratio|correlation|flows?|yields?|dividends?|distributions?|turnover|exposure|duration|"
    r"contributions?|attribution|relative|excess|outperformance|"
    r"rang|volatilität|standardabweichung|ausschüttung(?:en)?|mittelzuflüsse|verlust|beitrag|beiträge|"
    r"classement|volatilité|écart|dividendes?|collecte|perte|surperformance)\b"
)
# What is paid in bit by bit: every figure of such a table is of the plan.
_SAVINGS = re.compile(
    r"\b(?:x?irr|sips?|systematic investment|savings? plans?|amount invested|(?:every|each|per) month|monthly (?:invest|sav|contrib)\w+|"
    r"sparpl[aä]n\w*|sparrate\w*|monatlich \w* ?(?:spar|anleg|einzahl)\w*|épargne programmée|versements? (?:mensuel|programmé)s?)\b"
)
# Returns, but of nobody, before what they cost, or of others: not what a holder of the fund had.
_OF_A_PLAN = re.compile(
    r"\b(?:hypothetical|simulat\w+|back-?test\w*|pro[- ]forma|illustrat\w+|scenarios?|stress(?:ed)?|targets?|assum\w+|forecasts?|"
    r"projections?|model portfolio|composite|representative account|(?:other|sister|related|similar) funds?|peers?|"
    r"hypothetisch\w*|szenari\w+|rückrechnung|zurückgerechnet\w*|prognose\w*|modellrechnung|(?:weitere|andere) fonds|"
    r"hypothétiques?|simul(?:é|ation)\w*|scénarios?|autres fonds|"
    r"gross of (?:all )?(?:fees|charges|costs)|before (?:all |any )?(?:fees|charges|costs)|gross (?:returns?|performance)|"
    r"vor (?:abzug )?(?:von |der |aller )?(?:kosten|gebühren)|bruts? de frais|avant frais)\b|\(gross\)|\bgross$"
)
# The words of costs also stand behind returns: "Performance after fees".
_COSTS = re.compile(r"\b(?:costs?|charges?|fees?|expenses?|kosten\w*|gebühren|frais|coûts?)\b")
_RETURNS = re.compile(r"\b(?:performances?|returns?|growth|wertentwicklung(?:en)?|renditen?|rendements?|kumuliert\w*|cumul\w*)\b")
_CALENDAR = re.compile(r"\b(?:calendar|kalenderj\w+|civiles?|full years?|volle\w* jahre?|années? pleines?)\b")
_NEGATED = re.compile(r"\b(?:not|never|nicht|pas|kein\w*)\b")
_ROLLING = re.compile(
    r"\b(?:12|twelve)[- ]?months?\b|\b12[- ]?monats|\b12[- ]monate|\bzwölf|\bdouze mois|\b12 mois|\brolling\b|\brollierend|"
    r"\bglissant|\b(?:year|years|period|periods) (?:to|ending|ended)\b|\bquarter"
)


def says_annualised(page: PageLayout) -> bool:
    """Whether the page says that returns over more than a year are per annum."""
    text = fold(page.page.shown)
    if _UNDER_NOTE.search(text):
        return True
    return any(not _NEGATED.search(match.group()) for match in _ANNUALISED_NOTE.finditer(text))


def is_rolling(folded: str) -> bool:
    """Whether a title is of periods of twelve months that do not end with the year."""
    return bool(_ROLLING.search(folded))


def is_of_plan(folded: str) -> bool:
    """Whether words say that returns are of a savings plan, simulated, aimed at or before costs: "Scheme returns (% XIRR)"."""
    return bool(_OF_A_PLAN.search(folded)) or is_of_savings(folded)


def is_of_savings(folded: str) -> bool:
    """Whether words are of a table of money that is paid in month by month: "Total amount invested"."""
    return bool(_SAVINGS.search(folded))


def is_of_whole_years(folded: str) -> bool:
    """Whether a title says itself that its years are those of the calendar."""
    return bool(_CALENDAR.search(folded))


def is_of_returns(titles: Sequence[str], names: Set[str]) -> bool:
    """Whether the folded titles of a table, the nearest first, leave it open that its figures are returns.

    The nearest title that says what they are decides: "Volatility (%)" and "Percentile rank (%)" have periods over them too.
    The words of the document's own name do not count: a fund may be of high yield or short duration.
    """
    for text in titles:
        title = " ".join(word for word in text.split() if word.strip(".,:()") not in names)
        if _OTHER_MEASURE.search(title) or is_of_plan(title):
            return False
        if _RETURNS.search(title):
            return True
        if _COSTS.search(title):
            return False
    return True
