"""Currencies as they are written beside a figure and as they are said."""

from __future__ import annotations

# A lone "$" or "¥" names several currencies, so only signs that name one are used; all others stand as their code.
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "US$"}

# code → language → (one, many)
_NAMES: dict[str, dict[str, tuple[str, str]]] = {
    "EUR": {"en": ("euro", "euros"), "de": ("Euro", "Euro"), "fr": ("euro", "euros")},
    "USD": {"en": ("US dollar", "US dollars"), "de": ("US-Dollar", "US-Dollar"),
            "fr": ("dollar américain", "dollars américains")},
    "GBP": {"en": ("pound sterling", "pounds sterling"), "de": ("Pfund Sterling", "Pfund Sterling"),
            "fr": ("livre sterling", "livres sterling")},
    "CHF": {"en": ("Swiss franc", "Swiss francs"), "de": ("Schweizer Franken", "Schweizer Franken"),
            "fr": ("franc suisse", "francs suisses")},
    "JPY": {"en": ("yen", "yen"), "de": ("Yen", "Yen"), "fr": ("yen", "yens")},
    "SEK": {"en": ("Swedish krona", "Swedish kronor"), "de": ("schwedische Krone", "schwedische Kronen"),
            "fr": ("couronne suédoise", "couronnes suédoises")},
    "NOK": {"en": ("Norwegian krone", "Norwegian kroner"), "de": ("norwegische Krone", "norwegische Kronen"),
            "fr": ("couronne norvégienne", "couronnes norvégiennes")},
    "DKK": {"en": ("Danish krone", "Danish kroner"), "de": ("dänische Krone", "dänische Kronen"),
            "fr": ("couronne danoise", "couronnes danoises")},
    "PLN": {"en": ("zloty", "zlotys"), "de": ("Zloty", "Zloty"), "fr": ("zloty", "zlotys")},
    "CZK": {"en": ("Czech koruna", "Czech korunas"), "de": ("tschechische Krone", "tschechische Kronen"),
            "fr": ("couronne tchèque", "couronnes tchèques")},
    "CAD": {"en": ("Canadian dollar", "Canadian dollars"), "de": ("kanadischer Dollar", "kanadische Dollar"),
            "fr": ("dollar canadien", "dollars canadiens")},
    "AUD": {"en": ("Australian dollar", "Australian dollars"), "de": ("australischer Dollar", "australische Dollar"),
            "fr": ("dollar australien", "dollars australiens")},
    "HKD": {"en": ("Hong Kong dollar", "Hong Kong dollars"), "de": ("Hongkong-Dollar", "Hongkong-Dollar"),
            "fr": ("dollar de Hong Kong", "dollars de Hong Kong")},
    "SGD": {"en": ("Singapore dollar", "Singapore dollars"), "de": ("Singapur-Dollar", "Singapur-Dollar"),
            "fr": ("dollar de Singapour", "dollars de Singapour")},
    "INR": {"en": ("Indian rupee", "Indian rupees"), "de": ("indische Rupie", "indische Rupien"),
            "fr": ("roupie indienne", "roupies indiennes")},
    "CNY": {"en": ("renminbi", "renminbi"), "de": ("Renminbi", "Renminbi"), "fr": ("renminbi", "renminbi")},
    "ZAR": {"en": ("rand", "rand"), "de": ("Rand", "Rand"), "fr": ("rand", "rands")},
}


def sign(code: str, language: str) -> str:
    """What stands beside a figure: a sign that names one currency only, else the ISO 4217 code.

    German and French text sets a sign for the euro alone; other currencies keep their code.
    """
    return _SIGNS.get(code, code) if language == "en" or code == "EUR" else code


def name(code: str, language: str, *, many: bool) -> str:
    """The currency in words; a currency without a name here is spelled out letter by letter."""
    names = _NAMES.get(code)
    return names[language][1 if many else 0] if names else " ".join(code)
