"""Pages in headless Chromium: what it finds wrong with them, how they look, and as a PDF."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip
LOOK = """
const frame = document.querySelector("iframe"), complaints = [];
frame.addEventListener("load", () => {
  const inside = frame.contentDocument, pictures = [...inside.querySelectorAll("svg, img")];
  const empty = pictures.filter(p => { const b = p.getBoundingClientRect(); return !b.width || !b.height; });
  const called = p => p.getAttribute("aria-label") || p.alt;
  const broken = [...inside.images].filter(i => !i.complete || !i.naturalWidth);
  document.body.textContent = JSON.stringify({
    pictures: pictures.length,
    seen: pictures.filter(p => p.getBoundingClientRect().bottom <= frame.contentWindow.innerHeight).map(called),
    empty: empty.length + broken.length,
    unnamed: pictures.filter(p => !called(p)).length,
    blank: [...inside.querySelectorAll("svg")].filter(s => !s.getBBox().width).length,
    fetched: frame.contentWindow.performance.getEntriesByType("resource").map(r => r.name),
    wide: inside.scrollingElement.scrollWidth - frame.contentWindow.innerWidth,
    scrolled: [...inside.querySelectorAll(".wide")].filter(w => w.scrollWidth > w.clientWidth).length,
    headings: [...inside.querySelectorAll("h1, h2")].map(h => h.textContent),
    text: inside.body.innerText,
  });
});
frame.srcdoc = JSON.parse(document.getElementById("page").textContent);
"""


@pytest.fixture(scope="session")
def chromium():
    """The browser's path; without one tests are skipped, and fail where CI is set."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI"):
        pytest.fail("no chromium; apt-get install -y chromium")
    if found is None:
        pytest.skip("needs chromium; apt-get install -y chromium")
    return found


def run(chromium, folder, *options):
    """Standard output and error of one run with a profile of its own."""
    command = [chromium, *QUIET, f"--user-data-dir={folder / 'profile'}", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


def look(chromium, folder, page, width):
    """What a browser `width` pixels wide finds: counts of pictures, those on the first screen, what was fetched, how
    much is too wide, how many tables must be scrolled to be seen whole.
    """
    content = json.dumps(page).replace("<", "\\u003c")
    checker = folder / "checker.html"
    checker.write_text(
        f'<!doctype html><meta charset="utf-8"><body><iframe style="width:{width}px;height:800px;border:0"></iframe>'
        f'<script type="application/json" id="page">{content}</script><script>{LOOK}</script>'
    )
    dom, log = run(chromium, folder, "--virtual-time-budget=20000", "--dump-dom", checker.as_uri())
    assert "CONSOLE" not in log, [line for line in log.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(re.search(r"<body>(.*)</body>", dom, re.DOTALL)[1]))


def as_pdf(chromium, folder, path):
    """How many sheets a page prints on."""
    out = folder / "page.pdf"
    run(chromium, folder, f"--print-to-pdf={out}", "--no-pdf-header-footer", path.as_uri())
    body = out.read_bytes()
    assert body.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", body))
