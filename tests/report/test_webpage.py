"""The page of an evaluation: everything in it, nothing fetched, nothing a user typed is markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import as_pdf, chromium, look

from grammar_rae.errors import DataError
from grammar_rae.evaluation.images.metrics import Curve
from grammar_rae.report.page import page
from grammar_rae.report.sets import ItemSet, LatentMap, Reference
from grammar_rae.tasks.evaluate import table
from grammar_rae.tasks.find import named

__all__ = ["chromium"]

MOLECULES = [
    "CCO", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "c1ccccc1C",
    "CC(=O)Nc1ccc(O)cc1", "C1CC1N", "O=C(O)c1ccccc1O", "CN(C)(C)(C)C", "c1cccc1", "C(", "C1CC", "", "c1ccccc1C",
]  # fmt: skip
OTHERS = ["CCN", "CCCC", "c1ccncc1", "C1CCCCC1O", "CC(=O)N", "c1ccc2ccccc2c1", "OCC(O)CO"]
EVIL = "<script>alert(1)</script>&\"'"


def molecules(name="a.smi"):
    items = table(MOLECULES, "molecules")
    chance = np.random.default_rng(0)
    place = LatentMap(
        "tiny", "logp", chance.normal(size=(14, 3)), items["logp"].to_numpy(), chance.normal(size=(9, 3))
    )
    return ItemSet(name, items, {"n": 14, "valid": 9 / 14, "unique": 0.9, "logp": 1.5, "mystery": 0.5}, place)


def reference():
    return Reference("others", table(OTHERS, "molecules"), 7, {"valid": 1.0, "unique": 0.8}, "its own items")


def expressions():
    items = table(["x", "x", "1/3+x", "sin(x*x)", "x+", "exp(exp(x))", "y"], "expressions")
    return ItemSet("e.txt", items, {"n": 7, "valid": 5 / 7, "best": 0.3})


def strings():
    items = table(["a", "ab", "abc", "", "ab"], "strings")
    return ItemSet("s.txt", items, {"n": 5, "valid": 0.8})


def images(name="run"):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    curves = {"gmm": Curve(np.linspace(0, 1, 5), np.linspace(1, 0, 5))}
    numbers = {"squared_error": 1.0, "frechet_classifier_gmm": 2.0, "f8_gmm": None}
    rows = table(pixels, "images")
    return ItemSet(name, rows, numbers, None, {"samples, gmm": pixels}, curves)


PAGES = {
    "images": lambda: page([images()], named("images")),
    "images side by side": lambda: page([images("a"), images("b")], named("images")),
    "molecules": lambda: page(
        [molecules()], named("molecules"), reference(), {"command": "grammar-rae evaluate"}
    ),
    "side by side": lambda: page(
        [molecules(f"{name}.smi") for name in ("a", "b", "a-rather-long-name-of-a-file-of-molecules", "d")],
        named("molecules"),
        reference(),
    ),
    "expressions": lambda: page([expressions()], named("expressions")),
    "strings": lambda: page([strings()], named("strings")),
    "evil": lambda: page(
        [ItemSet(EVIL, table([EVIL, "CCO", EVIL], "molecules"), {EVIL: 1.0, "valid": 1 / 3})],
        named("molecules"),
        Reference(EVIL, table(OTHERS, "molecules"), 7, {}, EVIL),
        {EVIL: EVIL},
    ),
    "evil strings": lambda: page([ItemSet(EVIL, table([EVIL, EVIL, ""], "strings"), {})], named("strings")),
    "nothing valid": lambda: page(
        [ItemSet("bad.smi", table(["C(", ""], "molecules"), {"valid": 0.0, "logp": None})],
        named("molecules"),
    ),
    "one molecule": lambda: page(
        [ItemSet("one.smi", table(["CCO"], "molecules"), {"valid": 1.0})], named("molecules"), reference()
    ),
}


class Reader(HTMLParser):
    """Tags, what they refer to, their names, and the words on the page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.names, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for key, value in attrs:
            if key in {"src", "href", "xlink:href", "srcset", "data", "action"}:
                self.links.append(value)
            elif key == "id":
                self.names.append(value)
            else:
                assert not key.startswith("on")

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_else(name):
    text = PAGES[name]()
    found = Reader(text)
    assert not {"script", "link", "iframe", "object", "base"} & set(found.tags)
    assert all(link.startswith(("#", "data:image/png")) for link in found.links)
    assert all(place.startswith("#") for place in re.findall(r"url\(([^)]*)\)", text))
    assert len(found.names) == len(set(found.names))
    assert {link[1:] for link in found.links if link[0] == "#"} <= set(found.names)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_finds_no_fault(chromium, tmp_path, name, width):
    found = look(chromium, tmp_path, PAGES[name](), width)
    assert found["fetched"] == [] and found["wide"] <= 0
    assert found["empty"] == found["blank"] == found["unnamed"] == 0
    if name in {"molecules", "side by side", "expressions", "strings", "one molecule", "images"}:
        assert found["pictures"] > 0
    if name.startswith("evil"):
        assert found["text"].count(EVIL) >= 3


def first_screen(name):
    """A page with more than enough of a kind for its first screen."""
    if name == "molecules":
        rows = table([f"C{'C' * n}OC1CCCCC1N" for n in range(20)], name)
        return page(
            [ItemSet("a.smi", rows, {"n": 20, "valid": 1.0, "unique": 1.0})], named(name), reference()
        )
    if name == "expressions":
        rows = table([f"x+{a}*sin(x/{b})" for a in (1, 2, 3) for b in (1, 2, 3)] + ["x", "1+x", "2*x"], name)
        return page([ItemSet("e.txt", rows, {"n": 12, "valid": 1.0, "best": 0.3})], named(name))
    return page([images()], named(name))


@pytest.mark.parametrize(("width", "distributions"), [(390, 0), (1280, 2)])
@pytest.mark.parametrize(
    ("name", "word", "wanted"),
    [("molecules", "Structure", 12), ("expressions", " over ", 12), ("images", "samples", 1)],
)
def test_the_first_screen_shows_what_there_is(chromium, tmp_path, name, word, wanted, width, distributions):
    seen = look(chromium, tmp_path, first_screen(name), width)["seen"]
    assert sum(word in words for words in seen) == wanted
    assert name == "images" or sum(words.startswith("Distribution") for words in seen) >= distributions


def test_tables_follow_what_there_is_to_look_at():
    titles = re.findall(r"<h2>([^<]*)</h2>", PAGES["molecules"]())
    assert titles[:4] == ["Typical", "Distributions", "Metrics", "Best by QED"]
    assert re.findall(r"<h2>([^<]*)</h2>", PAGES["images"]())[:2] == ["Samples, gmm", "Metrics"]


def test_faults_that_do_not_occur_and_scores_there_are_none_of_are_folded():
    rows = table(["CCO"], "molecules")
    numbers = {
        "valid": 1.0,
        "invalid_syntax": 0.0,
        "rejected": 0,
        "fcd": None,
        "invalid_valence": 0.5,
        "sa_w1": 0.0,
    }
    text = page([ItemSet("a", rows, numbers)], named("molecules"))
    folds = re.findall(r"<details><summary>([^<]*)</summary>(.*?)</details>", text)
    assert [summary for summary, _ in folds] == [
        "Faults that do not occur: bad syntax, rejected rows",
        "Without a score here: FCD",
    ]
    outside = re.sub(r"<details>.*?</details>", "", text)
    assert "bad valence" in outside and "SA distance" in outside and "bad syntax" not in outside
    assert "0.00 %" in folds[0][1] and "–" in folds[1][1]
    side = page(
        [ItemSet("a", rows, numbers), ItemSet("b", rows, {"fcd": 1.5, "rejected": 3})], named("molecules")
    )
    assert "Without a score" not in side and "do not occur: bad syntax<" not in side


def test_the_checks_can_fail(chromium, tmp_path):
    bad = (
        "<!doctype html><body><p style='width:2000px'>wide</p><img alt='x' src='data:image/png;base64,AAAA'>"
        "<svg width='9' height='9'></svg>"
    )
    found = look(chromium, tmp_path, bad, 360)
    assert found["wide"] > 0 and found["empty"] == found["blank"] == found["unnamed"] == 1
    with pytest.raises(AssertionError, match="Uncaught"):
        look(chromium, tmp_path, "<!doctype html><body><script>nothing()</script>", 360)


def test_a_page_prints(chromium, tmp_path):
    (tmp_path / "a.html").write_text(PAGES["molecules"]())
    assert as_pdf(chromium, tmp_path, tmp_path / "a.html") >= 2


def test_everything_measured_is_on_the_page():
    text = " ".join(Reader(PAGES["molecules"]()).words)
    for word in ("a.smi", "9 of 14", "mystery", "0.500", "64.29 %", "80.00 %", "its own items", "Typical"):
        assert word in text
    for title in ("Distributions", "Most novel", "Scaffolds", "Not valid, and why", "Latent space", "again"):
        assert title in text
    assert "ring bond 1 not closed" in text and "Explicit valence" in text
    text = " ".join(Reader(PAGES["expressions"]()).words)
    assert "sin(x*x)" in text and "Best expressions" in text and "position" in text


@pytest.mark.parametrize(("names", "width"), [("a", 390), ("a", 1280), ("ab", 390), ("ab", 1280)])
def test_lists_and_words_push_no_value_out_of_sight(chromium, tmp_path, names, width):
    numbers = {
        "squared_error": 224.833,
        "log_likelihood": -285.637,
        "active_units": 56,
        "units": 56,
        "kl_by_dimension": [0.25] * 56,
        "not_covered": "line 3: '*' is not among the model's atoms; " * 3,
        "other": [0.125] * 56,
    }
    rows = table(np.zeros((2, 8, 8, 1), np.uint8), "images")
    found = look(
        chromium, tmp_path, page([ItemSet(name, rows, numbers) for name in names], named("images")), width
    )
    assert found["scrolled"] == 0 and found["wide"] <= 0
    assert found["text"].count("0.25 0.25 0.25 …") == len(names)


def test_the_best_of_a_row_is_bold():
    good, bad = ({"valid": share, "fcd": share} for share in (0.9, 0.1))
    rows = table(["CCO"], "molecules")
    text = page([ItemSet("a", rows, good), ItemSet("b", rows, bad)], named("molecules"))
    assert re.findall(r"<b>([^<]*)</b>", text) == ["90.00 %", "0.100"]


def test_a_score_there_is_none_of():
    with pytest.raises(DataError, match="no score 'price' to rank by; there are logp"):
        page([molecules()], named("molecules"), score="price")


def test_letters_stand_out_from_the_paper():
    """Contrast of WCAG 2.1, level AA: 4.5 for text, in the light and in the dark theme."""
    themes = re.findall(r":root \{(.*?)\}", PAGES["strings"](), re.DOTALL)
    assert len(themes) == 3  # light, dark, print
    for theme in themes[:2]:
        colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6});", theme))
        for name in colours.keys() - {"paper", "line", "reference", "fault"}:
            wanted = 4.5 if name in {"ink", "quiet"} else 3.0  # pictures need 3
            assert contrast(colours[name], colours["paper"]) >= wanted, name


def contrast(*colours):
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [
        colour[i : i + len(colour) // 3] * (6 // len(colour)) for i in range(0, len(colour), len(colour) // 3)
    ]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(p, 16) / 255 for p in parts)
    ]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))
