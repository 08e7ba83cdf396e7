"""A fictional fund in three languages: values, fields and a script of nine slides for the tests of rendering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from workflow_orchestrator.fields import FieldSet, FieldSpec, KeySpec
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

THEME = Path(__file__).resolve().parents[4] / "include" / "themes" / "house"

STRATEGY = {
    "en": "The fund invests in shares of companies with headquarters or main business in Europe that pay a regular "
    "dividend. The managers select some sixty companies by the strength of their balance sheet and the cover of "
    "their dividend, and hold them for years rather than months.",
    "de": "Der Fonds investiert in Aktien von Unternehmen mit Sitz oder Schwerpunkt ihrer Geschäftstätigkeit in "
    "Europa, die regelmäßig eine Dividende ausschütten. Das Fondsmanagement wählt rund sechzig Unternehmen nach der "
    "Stärke ihrer Bilanz und der Deckung ihrer Dividende aus.",
    "fr": "Le fonds investit dans des actions de sociétés dont le siège ou l’activité principale se trouve en Europe "
    "et qui versent un dividende régulier. Les gérants retiennent une soixantaine de sociétés selon la solidité de "
    "leur bilan et la couverture de leur dividende.",
}
PERIODS = {
    "3m": ("3 months", "3 Monate", "3 mois", "2.41"),
    "6m": ("6 months", "6 Monate", "6 mois", "-1.18"),
    "1y": ("1 year", "1 Jahr", "1 an", "10.17"),
    "3y": ("3 years", "3 Jahre", "3 ans", "21.60"),
    "5y": ("5 years", "5 Jahre", "5 ans", "38.25"),
    "10y": ("10 years", "10 Jahre", "10 ans", "74.90"),
    "since_inception": ("Since launch", "Seit Auflegung", "Depuis la création", "112.43"),
}
MONTHS = ("1.81", "0.93", "2.28", "-1.27", "0.61", "-2.40", "3.12", "1.05", "1.66", "-0.74", "0.88", "1.93")
MONTH_NAMES = {
    "en": ("Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"),
    "de": ("Nov.", "Dez.", "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt."),
    "fr": ("nov.", "déc.", "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct."),
}
HOLDINGS = (
    ("Novalis Versorgung AG", "4.12"), ("Brandt & Söhne Industrie SE", "3.87"), ("Maison Aubrac SA", "3.55"),
    ("Helvetia Präzision Holding AG", "3.41"), ("Lindqvist Telekom AB", "3.08"), ("Banca Serra Verde S.p.A.", "2.96"),
    ("Oranje Logistics N.V.", "2.74"), ("Fjordkraft Energi ASA", "2.61"), ("Castlemere Insurance plc", "2.48"),
    ("Sociedad Ibérica de Aguas", "2.30"),
)
SINGLE = {
    "fund_name": (Kind.TEXT, ("Fund", "Fonds", "Fonds")),
    "share_class": (Kind.TEXT, ("Share class", "Anteilklasse", "Classe de parts")),
    "isin": (Kind.ISIN, ("ISIN", "ISIN", "ISIN")),
    "as_of_date": (Kind.DATE, ("Data as at", "Stand der Daten", "Données au")),
    "fund_strategy": (Kind.PARAGRAPH, ("Strategy", "Anlagestrategie", "Stratégie")),
    "monthly_performance": (Kind.PERCENT, ("1 month", "1 Monat", "1 mois")),
    "ytd_performance": (Kind.PERCENT, ("Year to date", "Seit Jahresbeginn", "Depuis le début de l’année")),
    "sharpe_ratio": (Kind.RATIO, ("Sharpe ratio", "Sharpe Ratio", "Ratio de Sharpe")),
    "volatility": (Kind.PERCENT, ("Volatility", "Volatilität", "Volatilité")),
    "max_drawdown": (Kind.PERCENT, ("Maximum drawdown", "Maximaler Verlust", "Perte maximale")),
    "sri": (Kind.INTEGER, ("Summary risk indicator", "Gesamtrisikoindikator", "Indicateur synthétique de risque")),
    "nav": (Kind.MONEY, ("Net asset value", "Nettoinventarwert", "Valeur liquidative")),
    "fund_size": (Kind.MONEY, ("Fund size", "Fondsvolumen", "Encours du fonds")),
    "ongoing_charges": (Kind.PERCENT, ("Ongoing charges (OCF)", "Laufende Kosten (OCF)", "Frais courants (OCF)")),
    "management_company": (Kind.TEXT, ("Management company", "Kapitalverwaltungsgesellschaft", "Société de gestion")),
    "benchmark": (Kind.TEXT, ("Benchmark", "Vergleichsindex", "Indice de référence")),
    "top_holdings_total": (Kind.PERCENT, ("Ten largest holdings", "Zehn größte Positionen", "Dix premières lignes")),
}
LANGUAGES = ("en", "de", "fr")
SIGNED = {"monthly_performance", "ytd_performance", "performance_data", "monthly_returns", "max_drawdown"}


def by_language(words: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(LANGUAGES, words, strict=True))


def fields() -> FieldSet:
    """The fields that the sample uses."""
    specs = [FieldSpec(name, kind, by_language(title), {}) for name, (kind, title) in SINGLE.items()]
    keys = {key: KeySpec(key, by_language(words[:3]), {}) for key, words in PERIODS.items()}
    percent = Kind.PERCENT
    performance = by_language(("Performance",) * 3)
    specs.append(FieldSpec("performance_data", percent, performance, {}, keyed="period", keys=keys))
    specs.append(FieldSpec("monthly_returns", percent, by_language(("Monthly returns",) * 3), {}, keyed="month"))
    specs.append(FieldSpec("top_holdings", percent, by_language(("Holdings",) * 3), {}, keyed="name"))
    return FieldSet(specs)


def value(name: str, kind: Kind, raw: str, *, key: str = "", page: int = 1, unit: str = "", scale: int = 0) -> Value:
    """A value whose evidence quotes it as it is given."""
    decimals = len(raw.partition(".")[2])
    plain: Decimal | date | str = raw
    if kind is Kind.DATE:
        plain = date.fromisoformat(raw)
    elif kind in (Kind.PERCENT, Kind.RATIO, Kind.MONEY, Kind.INTEGER):
        plain = Decimal(raw) * 10**scale
    return Value(name, kind, plain, Evidence(page, raw), Origin.OFFLINE, key, unit, decimals, scale)


def values(language: str = "en") -> ValueSet:
    """The values as a document in that language would give them."""
    percent = Kind.PERCENT
    found = [
        value("fund_name", Kind.TEXT, "Calder Ridge European Dividend Fund"),
        value("share_class", Kind.TEXT, "A (EUR) distributing"),
        value("isin", Kind.ISIN, "LU0000000018"),
        value("as_of_date", Kind.DATE, "2026-10-31"),
        value("fund_strategy", Kind.PARAGRAPH, STRATEGY[language]),
        value("monthly_performance", percent, "1.93", page=2),
        value("ytd_performance", percent, "7.08", page=2),
        value("sharpe_ratio", Kind.RATIO, "0.84", page=2),
        value("volatility", percent, "11.6", page=2),
        value("max_drawdown", percent, "-18.7", page=2),
        value("sri", Kind.INTEGER, "4"),
        value("nav", Kind.MONEY, "128.47", unit="EUR"),
        value("fund_size", Kind.MONEY, "412.6", unit="EUR", scale=6),
        value("ongoing_charges", percent, "1.42"),
        value("management_company", Kind.TEXT, "Calder Ridge Fund Management (Luxembourg) S.A."),
        value("benchmark", Kind.TEXT, "Continental Europe High Dividend Net Total Return Index"),
        value("top_holdings_total", percent, "31.12", page=2),
    ]
    found += [value("performance_data", percent, words[3], key=key, page=2) for key, words in PERIODS.items()]
    stamps = [f"2025-{month}" for month in (11, 12)] + [f"2026-{month:02d}" for month in range(1, 11)]
    found += [
        value("monthly_returns", percent, figure, key=stamp, page=2)
        for stamp, figure in zip(stamps, MONTHS, strict=True)
    ]
    found += [value("top_holdings", percent, weight, key=name, page=2) for name, weight in HOLDINGS]
    return ValueSet(found)


def shown_in(language: str) -> Callable[[Value], str]:
    """A plain written form of a value; the project's own is in the script package."""
    point = "." if language == "en" else ","
    gap = "" if language == "en" else "\u00a0"

    def shown(item: Value) -> str:
        if isinstance(item.value, date):
            month = {"en": " October ", "de": ". Oktober ", "fr": " octobre "}[language]
            return f"{item.value.day}{month}{item.value.year}"
        if isinstance(item.value, str):
            return item.value
        figure = f"{abs(item.value).scaleb(-item.scale):.{item.decimals}f}".replace(".", point)
        sign = "−" if item.value < 0 else "+" if item.field in SIGNED else ""
        if item.kind is Kind.PERCENT:
            return f"{sign}{figure}{gap}%"
        if item.kind is Kind.MONEY:
            unit = {"en": "million", "de": "Mio.", "fr": "millions"}[language] if item.scale == 6 else ""
            return f"€{figure} {unit}".strip() if language == "en" else f"{figure} {unit}".strip() + "\u00a0€"
        return f"{sign}{figure}"

    return shown


WORDS = {
    "kicker": ("Monthly fund report · October 2026", "Monatlicher Fondsbericht · Oktober 2026",
               "Rapport mensuel du fonds · octobre 2026"),
    "footer": (
        "Marketing communication. Past performance is not a reliable indicator of future results. The value of an "
        "investment can fall as well as rise.",
        "Marketingmitteilung. Die frühere Wertentwicklung ist kein verlässlicher Hinweis auf künftige Ergebnisse. Der "
        "Wert einer Anlage kann sowohl fallen als auch steigen.",
        "Communication publicitaire. Les performances passées ne préjugent pas des performances futures. La valeur "
        "d’un investissement peut baisser comme augmenter.",
    ),
    "source": (
        "Source: Calder Ridge European Dividend Fund factsheet, data as at 31 October 2026",
        "Quelle: Factsheet Calder Ridge European Dividend Fund, Stand 31. Oktober 2026",
        "Source : fiche du fonds Calder Ridge European Dividend Fund, données au 31 octobre 2026",
    ),
    "strategy": ("How the fund invests", "So investiert der Fonds", "Comment le fonds investit"),
    "figures": ("The fund gained 1.93% in October and 7.08% since the start of the year",
                "Der Fonds gewann im Oktober 1,93\u00a0% und seit Jahresbeginn 7,08\u00a0%",
                "Le fonds a gagné 1,93\u00a0% en octobre et 7,08\u00a0% depuis le début de l’année"),
    "periods": ("Performance over the standard periods", "Wertentwicklung über die üblichen Zeiträume",
                "Performance sur les périodes usuelles"),
    "months": ("Twelve months, one by one", "Zwölf Monate im Einzelnen", "Douze mois, un par un"),
    "risk": ("Risk is in the middle of the scale", "Das Risiko liegt in der Mitte der Skala",
             "Le risque se situe au milieu de l’échelle"),
    "holdings": ("The ten largest holdings", "Die zehn größten Positionen", "Les dix premières positions"),
    "facts": ("Costs and key facts", "Kosten und Eckdaten", "Frais et chiffres clés"),
    "notice": ("Important information", "Wichtige Hinweise", "Informations importantes"),
}
NOTICES = {
    "en": (
        "This is a marketing communication. Please refer to the prospectus and to the key information document "
        "before making any final investment decisions.",
        "Past performance is not a reliable indicator of future results. Returns may increase or decrease as a result "
        "of currency fluctuations.",
        "The value of an investment and the income from it can fall as well as rise, and you may get back less than "
        "you invested.",
        "A summary of investor rights is available in English from the management company. The management company may "
        "decide to end the arrangements made for the marketing of the fund.",
    ),
    "de": (
        "Dies ist eine Marketingmitteilung. Bitte lesen Sie den Verkaufsprospekt und das Basisinformationsblatt, bevor "
        "Sie eine endgültige Anlageentscheidung treffen.",
        "Die frühere Wertentwicklung ist kein verlässlicher Hinweis auf künftige Ergebnisse. Die Rendite kann infolge "
        "von Währungsschwankungen steigen oder fallen.",
        "Der Wert einer Anlage und die Erträge daraus können sowohl fallen als auch steigen; unter Umständen erhalten "
        "Sie weniger zurück, als Sie angelegt haben.",
        "Eine Zusammenfassung der Anlegerrechte ist in deutscher Sprache bei der Kapitalverwaltungsgesellschaft "
        "erhältlich, die beschließen kann, den Vertrieb des Fonds zu beenden.",
    ),
    "fr": (
        "Ceci est une communication publicitaire. Veuillez vous référer au prospectus et au document d’informations "
        "clés avant de prendre toute décision finale d’investissement.",
        "Les performances passées ne préjugent pas des performances futures. Le rendement peut augmenter ou diminuer "
        "en raison des fluctuations des taux de change.",
        "La valeur d’un investissement et les revenus qui en découlent peuvent baisser comme augmenter, et vous "
        "pourriez récupérer moins que votre mise.",
        "Un résumé des droits des investisseurs est disponible en français auprès de la société de gestion, qui peut "
        "décider de cesser la commercialisation du fonds.",
    ),
}
SAID: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "en": {
        "opening": (("Calder Ridge European Dividend Fund, share class A in euro: the monthly report.", ""),),
        "figures": (
            ("In October, the fund returned +1.93%.",
             "In October, the fund returned plus one point nine three per cent."),
            ("Since the start of the year, the return is +7.08%, and the Sharpe ratio is 0.84.",
             "Since the start of the year, the return is plus seven point zero eight per cent, and the Sharpe ratio is "
             "zero point eight four."),
        ),
        "periods": (
            ("Over one year to 31 October 2026, the fund returned +10.17%.",
             "Over one year to the thirty-first of October twenty twenty-six, the fund returned plus ten point one "
             "seven per cent."),
            ("Over five years it returned +38.25%.",
             "Over five years it returned plus thirty-eight point two five per cent."),
        ),
        "months": (("The strongest of the last twelve months was May, the weakest was April.", ""),),
        "risk": (
            ("The summary risk indicator is 4 on a scale from 1 to 7.",
             "The summary risk indicator is four on a scale from one to seven."),
            ("Volatility is 11.6%, and the maximum drawdown was −18.7%.",
             "Volatility is eleven point six per cent, and the maximum drawdown was minus eighteen point seven per "
             "cent."),
        ),
        "holdings": (
            ("The largest holding is Novalis Versorgung AG with 4.12%; the ten largest add up to 31.12%.",
             "The largest holding is Novalis Versorgung A G with four point one two per cent; the ten largest add "
             "up to thirty-one point one two per cent."),
        ),
        "facts": (
            ("Ongoing charges are 1.42% a year, and the fund holds €412.6 million.",
             "Ongoing charges are one point four two per cent a year, and the fund holds four hundred and twelve point "
             "six million euros."),
        ),
    },
    "de": {
        "opening": (("Calder Ridge European Dividend Fund, Anteilklasse A in Euro: der Monatsbericht.", ""),),
        "figures": (
            ("Im Oktober erzielte der Fonds +1,93\u00a0%.",
             "Im Oktober erzielte der Fonds plus eins Komma neun drei Prozent."),
        ),
        "periods": (
            ("Über ein Jahr erzielte der Fonds +10,17\u00a0%.",
             "Über ein Jahr erzielte der Fonds plus zehn Komma eins sieben Prozent."),
        ),
        "months": (("Der stärkste der letzten zwölf Monate war der Mai, der schwächste der April.", ""),),
        "risk": (("Der Gesamtrisikoindikator beträgt 4.", "Der Gesamtrisikoindikator beträgt vier."),),
        "holdings": (
            ("Die größte Position ist Novalis Versorgung AG mit 4,12\u00a0%.",
             "Die größte Position ist Novalis Versorgung AG mit vier Komma eins zwei Prozent."),
        ),
        "facts": (
            ("Die laufenden Kosten betragen 1,42\u00a0% im Jahr.",
             "Die laufenden Kosten betragen eins Komma vier zwei Prozent im Jahr."),
        ),
    },
    "fr": {
        "opening": (("Calder Ridge European Dividend Fund, classe A en euros : le rapport mensuel.", ""),),
        "figures": (
            ("En octobre, le fonds a gagné +1,93\u00a0%.",
             "En octobre, le fonds a gagné plus un virgule quatre-vingt-treize pour cent."),
        ),
        "periods": (
            ("Sur un an, le fonds a gagné +10,17\u00a0%.",
             "Sur un an, le fonds a gagné plus dix virgule dix-sept pour cent."),
        ),
        "months": (("Le meilleur des douze derniers mois est mai, le plus faible est avril.", ""),),
        "risk": (("L’indicateur synthétique de risque est de 4.",
                  "L’indicateur synthétique de risque est de quatre."),),
        "holdings": (
            ("La première ligne est Novalis Versorgung AG avec 4,12\u00a0%.",
             "La première ligne est Novalis Versorgung AG avec quatre virgule douze pour cent."),
        ),
        "facts": (
            ("Les frais courants sont de 1,42\u00a0% par an.",
             "Les frais courants sont de un virgule quarante-deux pour cent par an."),
        ),
    },
}
SHOWS: dict[str, tuple[SlideKind, tuple[str, ...]]] = {
    "opening": (SlideKind.TITLE, ("share_class", "isin", "as_of_date")),
    "strategy": (SlideKind.TEXT, ("fund_strategy",)),
    "figures": (SlideKind.FIGURES, ("monthly_performance", "ytd_performance", "performance_data.1y", "sharpe_ratio")),
    "periods": (SlideKind.BARS, tuple(f"performance_data.{key}" for key in PERIODS)),
    "months": (SlideKind.BARS, ()),
    "risk": (SlideKind.SCALE, ("sri", "volatility", "max_drawdown")),
    "holdings": (SlideKind.HOLDINGS, (*(f"top_holdings.{name}" for name, _ in HOLDINGS), "top_holdings_total")),
    "facts": (
        SlideKind.FIGURES,
        ("nav", "fund_size", "ongoing_charges", "management_company", "benchmark", "share_class"),
    ),
    "notice": (SlideKind.NOTICE, ()),
}


def script(language: str = "en", only: tuple[str, ...] = tuple(SHOWS)) -> Script:
    """The script of the sample, or some of its segments."""
    at = LANGUAGES.index(language)
    months = tuple(ref for ref in values(language) if ref.startswith("monthly_returns."))
    name = "Calder Ridge European Dividend Fund"
    segments = []
    for part in only:
        kind, shows = SHOWS[part]
        said = SAID[language].get(part) or tuple(
            (text, "") for text in (NOTICES[language][:2] if part == "notice" else (STRATEGY[language],))
        )
        segments.append(Segment(
            id=part, slide=kind, heading=name if part == "opening" else WORDS[part][at],
            sentences=tuple(Sentence(shown, spoken or shown) for shown, spoken in said),
            shows=months if part == "months" else shows,
            points=NOTICES[language] if part == "notice" else (),
        ))
    labels = dict(zip(months, MONTH_NAMES[language], strict=True))
    return Script(
        language=language, title=f"{name}, {WORDS['kicker'][at]}", subject=name, kicker=WORDS["kicker"][at],
        footer=WORDS["footer"][at], source=WORDS["source"][at], segments=tuple(segments), labels=labels,
    )
